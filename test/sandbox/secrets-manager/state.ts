import { AwsError } from './aws-error.ts';
import { listSecrets, listSecretVersionIds } from './operations/listing.ts';
import { deleteSecret, describeSecret, restoreSecret, tagResource, untagResource } from './operations/metadata.ts';
import { batchGetSecretValue, getSecretValue } from './operations/read.ts';
import { cancelRotateSecret, rotateSecret } from './operations/rotate.ts';
import { updateSecretVersionStage } from './operations/stages.ts';
import { createSecret, putSecretValue, updateSecret } from './operations/write.ts';
import { scheduleNext } from './schedule.ts';
import {
  CURRENT,
  holderOf,
  PENDING,
  type Replica,
  type RotationEnd,
  type RotationRun,
  type Secret,
  type Version,
} from './secret.ts';
import { fromSnapshot, toSnapshot } from './snapshot.ts';
import { type AwsResponse, arnPrefix, findSecret, type RotateRequest, type World } from './world.ts';

export interface StateOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A new id each time, 32 to 64 characters: it becomes a version id where a call brings no token. */
  readonly randomId: () => string;
  /** @default 'eu-central-1' */
  readonly region?: string;
  /** @default '123456789012' */
  readonly accountId?: string;
  /** May Secrets Manager invoke this function for this secret? @default every one */
  readonly canInvoke?: (functionArn: string, secretArn: string) => boolean;
  /** Called at the end of each RotateSecret that starts or continues something. @default nothing; a driver sets it */
  readonly onRotate?: (request: RotateRequest) => void;
  /** What the throw-away version of RotateImmediately=false holds. @default 'copy' */
  readonly testVersion?: 'copy' | 'empty';
}

type Operation = (world: World, input: unknown) => AwsResponse;

const OPERATIONS: ReadonlyMap<string, Operation> = new Map([
  ['CreateSecret', createSecret],
  ['GetSecretValue', getSecretValue],
  ['BatchGetSecretValue', batchGetSecretValue],
  ['PutSecretValue', putSecretValue],
  ['UpdateSecret', updateSecret],
  ['UpdateSecretVersionStage', updateSecretVersionStage],
  ['DescribeSecret', describeSecret],
  ['ListSecretVersionIds', listSecretVersionIds],
  ['ListSecrets', listSecrets],
  ['TagResource', tagResource],
  ['UntagResource', untagResource],
  ['RotateSecret', rotateSecret],
  ['CancelRotateSecret', cancelRotateSecret],
  ['DeleteSecret', deleteSecret],
  ['RestoreSecret', restoreSecret],
]);

/** `open`, or why a rotation cannot go on: its version lost its label, its secret is gone, or one of {@link RotationEnd}. */
export type RotationStanding = 'open' | 'label-gone' | 'secret-gone' | RotationEnd;

/** How far back a version without a label is safe from being purged (Secrets Manager's user guide). */
const PURGE_AGE_MS = 86_400_000;

/**
 * Secrets Manager as a pure, synchronous model of one account in one Region. A call that throws has changed nothing.
 * Every label lies on one version at most; a secret with a value has exactly one AWSCURRENT, never with AWSPREVIOUS on it.
 */
export class SecretsManagerState {
  /** Replaceable, since a driver is made after its state. */
  onRotate: ((request: RotateRequest) => void) | undefined;
  readonly #world: World;

  constructor(options: StateOptions) {
    this.onRotate = options.onRotate;
    this.#world = {
      secrets: new Map(),
      region: options.region ?? 'eu-central-1',
      accountId: options.accountId ?? '123456789012',
      now: options.now,
      randomId: options.randomId,
      canInvoke: options.canInvoke ?? (() => true),
      onRotate: (request) => this.onRotate?.(request),
      testVersion: options.testVersion ?? 'copy',
    };
  }

  /**
   * One API call. @param operation as in X-Amz-Target, e.g. `PutSecretValue` @param input AWS JSON 1.1 (binary as base64)
   * @returns AWS JSON 1.1, dates in seconds since the epoch @throws AwsError
   */
  call(operation: string, input: unknown): AwsResponse {
    const run = OPERATIONS.get(operation);
    if (run === undefined) throw new AwsError('UnknownOperationException', `No operation ${operation}.`);
    return run(this.#world, input);
  }

  now(): number {
    return this.#world.now();
  }

  get region(): string {
    return this.#world.region;
  }

  randomId(): string {
    return this.#world.randomId();
  }

  /** The whole state; equal states give equal strings. @param options `dates: false` leaves out every date. */
  snapshot(options: { readonly dates?: boolean } = {}): string {
    return toSnapshot(this.#world.secrets, options.dates ?? true);
  }

  restore(snapshot: string): void {
    fromSnapshot(this.#world.secrets, snapshot);
  }

  /** Staging labels by version id, deprecated versions with an empty list. @throws AwsError when the secret is unknown. */
  labels(secretId: string): Record<string, string[]> {
    const { versions } = findSecret(this.#world, secretId);
    return Object.fromEntries([...versions.values()].map(({ id, stages }) => [id, [...stages]]));
  }

  /** The text under a version id or a label (default AWSCURRENT), for assertions: does not count as an access. */
  valueOf(secretId: string, at: { readonly versionId?: string; readonly stage?: string } = {}): string | undefined {
    const secret = findSecret(this.#world, secretId);
    const value = (
      at.versionId === undefined ? holderOf(secret, at.stage ?? CURRENT) : secret.versions.get(at.versionId)
    )?.value;
    return value?.kind === 'string' ? value.text : value?.base64;
  }

  /** The name behind a name or ARN, or undefined when there is no such secret. */
  nameOf(secretId: string): string | undefined {
    return this.#find(secretId)?.name;
  }

  /** What IAM sees where there is no such secret (yet): the six characters come with the secret. */
  arnWithoutSuffix(secretId: string): string {
    if (secretId.startsWith('arn:')) return secretId;
    return `${arnPrefix(this.#world)}${secretId}`;
  }

  /** DescribeSecret that is nobody's call, for what decides about calls. @throws AwsError */
  describe(secretId: string): AwsResponse {
    return describeSecret(this.#world, { SecretId: secretId });
  }

  /** ARNs of the functions that rotate secrets, or did. */
  rotationFunctions(): string[] {
    const arns = [...this.#world.secrets.values()].map(({ rotation }) => rotation?.functionArn ?? '');
    return [...new Set(arns)].filter((arn) => arn !== '');
  }

  /** Brings about what only time or AWS itself can: dates in milliseconds, the standing of replicas. */
  arrange(
    secretId: string,
    facts: {
      readonly createdAt?: number;
      readonly changedAt?: number;
      readonly rotatedAt?: number;
      readonly nextRotationAt?: number;
      readonly replicas?: readonly Replica[];
    },
  ): void {
    const secret = findSecret(this.#world, secretId);
    const { nextRotationAt, ...own } = facts;
    Object.assign(secret, own);
    if (nextRotationAt !== undefined && secret.rotation !== undefined) secret.rotation.nextAt = nextRotationAt;
  }

  /** Drops versions that have no label and are older than a day, as the service does in its own time. */
  purgeDeprecated(): void {
    for (const secret of this.#world.secrets.values())
      for (const version of secret.versions.values())
        if (version.stages.length === 0 && this.now() - version.createdAt > PURGE_AGE_MS)
          secret.versions.delete(version.id);
  }

  /** From now on the model tells the function's write to the pending version from anybody else's. */
  openRotation(secretId: string, run: Omit<RotationRun, 'ended'>): void {
    findSecret(this.#world, secretId).run = { ...run, ended: undefined };
  }

  /** Can the rotation with this token go on? */
  standing(secretId: string, token: string): RotationStanding {
    const secret = this.#find(secretId);
    if (secret === undefined || secret.deletion !== undefined) return 'secret-gone';
    if (secret.run?.token === token && secret.run.ended !== undefined) return secret.run.ended;
    const stages = secret.versions.get(token)?.stages ?? [];
    return stages.includes(PENDING) || stages.includes(CURRENT) ? 'open' : 'label-gone';
  }

  /** Ends what {@link openRotation} began. `rotated` sets the date and the schedule; `stripPending` takes the label off the token's version. */
  closeRotation(
    secretId: string,
    token: string,
    how: { readonly rotated: boolean; readonly stripPending: boolean },
  ): void {
    const secret = this.#find(secretId);
    if (secret === undefined) return;
    if (secret.run?.token === token) secret.run = undefined;
    const version: Version | undefined = secret.versions.get(token);
    if (how.stripPending && version !== undefined) version.stages = version.stages.filter((stage) => stage !== PENDING);
    if (!how.rotated) return;
    secret.rotatedAt = this.now();
    scheduleNext(secret, this.now());
  }

  #find(secretId: string): Secret | undefined {
    try {
      return findSecret(this.#world, secretId);
    } catch {
      return undefined;
    }
  }
}
