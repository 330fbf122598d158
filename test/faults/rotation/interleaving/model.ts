import { createHash } from 'node:crypto';
import { CallLog } from '../../../sandbox/call-log.ts';
import { MemoryKafkaUsers } from '../../../sandbox/kafka-users.ts';
import { AwsError } from '../../../sandbox/secrets-manager/aws-error.ts';
import { RotationDriver } from '../../../sandbox/secrets-manager/rotation-driver.ts';
import type { RotationEvent, RotationStep } from '../../../sandbox/secrets-manager/rotation-events.ts';
import { SecretsManagerState } from '../../../sandbox/secrets-manager/state.ts';
import { inProcessStreamkap } from '../../../sandbox/streamkap/in-process.ts';
import { StreamkapState } from '../../../sandbox/streamkap/state.ts';

/** One call of a process to the outside, as data. */
export type Call =
  | { readonly to: 'aws'; readonly operation: string; readonly input: Record<string, unknown> }
  | {
      readonly to: 'streamkap';
      readonly method: string;
      readonly path: string;
      readonly body: string | undefined;
    }
  | { readonly to: 'kafka'; readonly username: string; readonly password: string }
  | { readonly to: 'clock'; readonly milliseconds: number };

/** What the process gets. `lost`: the connection broke, or it gave up waiting. */
export type Result =
  | { readonly kind: 'aws'; readonly response: Record<string, unknown> }
  | { readonly kind: 'aws-error'; readonly name: string; readonly message: string }
  | { readonly kind: 'http'; readonly status: number; readonly body: string }
  | { readonly kind: 'login'; readonly outcome: 'accepted' | 'rejected' }
  | { readonly kind: 'woken' }
  | { readonly kind: 'lost' };

export const SECRET = 'keyring/orders';
export const TOKEN = versionId('second');
export const HOST = 'https://api.streamkap.test';
export const FIRST = versionId('first');
const FIRST_PASSWORD = 'First-Password!0000000000000001';
const ADMIN = { clientId: 'admin-client-id', clientSecret: 'admin-client-secret-0123456789' };

const REFUSALS = new Set(['InvalidRequestException', 'InvalidParameterException', 'ResourceExistsException']);

/** The strict models of both services with one rotation registered; one snapshot for the two. Their time stands still. */
export class Model {
  readonly #users = new MemoryKafkaUsers();
  readonly #secrets = new SecretsManagerState({ now: () => 0, randomId: () => versionId('other') });
  readonly #streamkap = new StreamkapState({
    ...{ now: () => 0, randomId: () => versionId('streamkap'), kafkaUsers: this.#users, admin: ADMIN },
    ...{ bootstrapServers: 'broker.example:9092', apiBaseUrl: HOST },
  });
  readonly #transport = inProcessStreamkap({ state: this.#streamkap, log: new CallLog() });
  readonly #driver = new RotationDriver({
    ...{ state: this.#secrets, pendingAfterSuccess: 'left', maxSequences: 1 },
    invoke: async () => {},
  });
  #accessToken = '';
  #arn = '';

  /** A key whose file is current, a rotation begun; and an admin's token, so that every later snapshot has it. */
  async open(): Promise<void> {
    const kafka = { username: 'orders', password: FIRST_PASSWORD, kafka_acls: [], is_create_schema_registry: false };
    const file = this.#streamkap.seedProjectKey({ name: 'orders', kafka_config: kafka } as never);
    const SecretString = JSON.stringify(file);
    this.#secrets.call('CreateSecret', { Name: SECRET, ClientRequestToken: FIRST, SecretString });
    const functionArn = 'arn:aws:lambda:eu-central-1:123456789012:function:rotate-password';
    this.#arn = this.#driver.rotate(SECRET, { clientRequestToken: TOKEN, functionArn }).arn;
    const body = JSON.stringify({ client_id: ADMIN.clientId, secret: ADMIN.clientSecret });
    const answer = await this.#send('POST', '/auth/access-token', body);
    this.#accessToken = (JSON.parse(answer.body) as { accessToken: string }).accessToken;
  }

  eventOf(step: RotationStep, token = TOKEN): RotationEvent {
    return this.#driver.eventFor({ arn: this.#arn, token }, step);
  }

  /** Somebody else's write to the secret, refused or not. */
  meddle(operation: 'PutSecretValue' | 'RotateSecret' | 'UpdateSecretVersionStage', input: object): void {
    const result = this.#aws({ to: 'aws', operation, input: { SecretId: SECRET, ...input } });
    if (result.kind === 'aws-error' && !REFUSALS.has(result.name)) throw new Error(result.message);
  }

  /** Carries out one call. */
  async apply(call: Call): Promise<Result> {
    switch (call.to) {
      case 'aws':
        return this.#aws(call);
      case 'streamkap': {
        const { status, body } = await this.#send(call.method, call.path, call.body);
        return { kind: 'http', status, body };
      }
      case 'kafka': {
        const accepted = this.#users.passwordOf(call.username) === call.password;
        return { kind: 'login', outcome: accepted ? 'accepted' : 'rejected' };
      }
      case 'clock':
        return { kind: 'woken' };
    }
  }

  /** As the service may do after a success. */
  removePending(): void {
    const labels = this.#secrets.labels(SECRET)[TOKEN] ?? [];
    if (!labels.includes('AWSPENDING') || !labels.includes('AWSCURRENT')) return;
    this.#secrets.call('UpdateSecretVersionStage', {
      ...{ SecretId: SECRET, VersionStage: 'AWSPENDING', RemoveFromVersionId: TOKEN },
    });
  }

  /** What Kafka accepts. */
  get accepted(): string | undefined {
    return this.#users.passwordOf('orders');
  }

  get current(): string | undefined {
    return passwordIn(this.#secrets.valueOf(SECRET));
  }

  get pending(): string | undefined {
    return passwordIn(this.#secrets.valueOf(SECRET, { versionId: TOKEN }));
  }

  get labels(): Readonly<Record<string, readonly string[]>> {
    return this.#secrets.labels(SECRET);
  }

  /** What Streamkap was told last. */
  get told(): string | undefined {
    return this.#streamkap.kafkaPasswordOf('orders');
  }

  /** The value in a version, AWSCURRENT's by default. */
  valueOf(token?: string): string | undefined {
    return this.#secrets.valueOf(SECRET, token === undefined ? {} : { versionId: token });
  }

  /** Passwords under any label that keeps a version for its value's sake. */
  get stored(): (string | undefined)[] {
    const labelled = Object.entries(this.labels).filter(([, stages]) =>
      stages.some((label) => label !== 'KEYRING_MADE'),
    );
    return labelled.map(([id]) => passwordIn(this.#secrets.valueOf(SECRET, { versionId: id })));
  }

  snapshot(): string {
    return JSON.stringify([this.#secrets.snapshot({ dates: false }), this.#streamkap.snapshot()]);
  }

  restore(snapshot: string): void {
    const [secrets, streamkap] = JSON.parse(snapshot) as [string, string];
    this.#secrets.restore(secrets);
    this.#streamkap.restore(streamkap);
  }

  async #send(method: string, path: string, body: string | undefined) {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${this.#accessToken}` };
    return await this.#transport({ method: method as 'GET', url: `${HOST}${path}`, headers, body, timeoutMs: 1 });
  }

  #aws({ operation, input }: Extract<Call, { to: 'aws' }>): Result {
    try {
      return { kind: 'aws', response: this.#secrets.call(operation, input) };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return { kind: 'aws-error', name: error.code, message: error.message };
    }
  }
}

export function versionId(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 36);
}

export function passwordIn(value: string | undefined): string | undefined {
  return value === undefined ? undefined : (JSON.parse(value) as { kafka?: { password?: string } }).kafka?.password;
}
