import { backoffMs } from '../clock.ts';
import { SecretStoreError } from '../errors.ts';
import { CURRENT, holderOf, PENDING, ROLLED_BACK } from '../rotation/situation.ts';
import type { SecretDescription } from '../secret-store.ts';
import * as errors from './errors.ts';
import type { Rotated, RotationOrder, RotationOrderPorts } from './ports.ts';
import { labelsText, STAGE_WORDS, type Stage, stageOf } from './stage.ts';
import { tell } from './tell.ts';

const POLL = { first: 500, max: 3_000 } as const;
/** How long a read may lag behind a write, in milliseconds: assumed, AWS gives no figure. */
const LAG_MS = 10_000;
/** Milliseconds of silence after which a line says that nothing went wrong, and between such lines. */
const QUIET_MS = { atFirst: 2_000, between: 10_000 } as const;
const READS = 5;

/** A secret whose rotation can begin. */
interface Rotatable<Credential> {
  readonly secret: SecretDescription & { readonly rotationFunction: string };
  readonly current: Credential;
  readonly versionId: string;
}

/** A rotation that was started. */
export type Started<Credential> = Omit<Rotatable<Credential>, 'versionId'> & { readonly token: string };

/**
 * Has a secret rotated and waits for the end of it. Nothing is changed here: the rotation function does all the work.
 * @throws RotationError SECRET_NOT_FOUND, NOT_PROVISIONED, ROTATION_NOT_CONFIGURED, ROTATION_DISABLED, ROTATION_PENDING before
 * anything began; ROTATION_UNFINISHED, ROTATION_ROLLED_BACK, ROTATION_ABANDONED with what labels and logins tell
 */
export async function rotate<Credential>(
  ports: RotationOrderPorts<Credential>,
  order: RotationOrder,
): Promise<Rotated<Credential>> {
  const started = await startRotation(ports, order.secretId);
  await new Watch(ports, order, started).untilDone();
  const { secret, token, current: before } = started;
  const after = ports.parse(await readNew(ports, secret.arn, token));
  return { before, after, secretArn: secret.arn, token, functionArn: secret.rotationFunction, tags: secret.tags };
}

/**
 * Has a rotation begun, and does not wait for its end.
 * @throws RotationError as {@link rotate} before anything began
 */
export async function startRotation<Credential>(
  ports: RotationOrderPorts<Credential>,
  secretId: string,
): Promise<Started<Credential>> {
  const { secret, current } = await requireRotatable(ports, secretId);
  const started = { current, token: ports.randomId(), secret };
  try {
    await ports.starter.rotate(secretId, started.token);
  } catch (error) {
    await throwUnlessBegun(ports, error, { ...started, secretId });
  }
  ports.progress(`rotation of ${secretId} began, with version ${started.token}`);
  return started;
}

type ReadPorts<Credential> = Pick<RotationOrderPorts<Credential>, 'store' | 'parse' | 'check' | 'login'>;

/**
 * Reads what has to be there before a rotation can begin.
 * @throws RotationError SECRET_NOT_FOUND, NOT_PROVISIONED, ROTATION_NOT_CONFIGURED, ROTATION_DISABLED, ROTATION_PENDING
 */
export async function requireRotatable<Credential>(
  ports: ReadPorts<Credential>,
  secretId: string,
): Promise<Rotatable<Credential>> {
  const version = await ports.store.read(secretId);
  if (version === 'no-secret') throw errors.secretMissing(secretId);
  if (version === 'no-value') throw errors.notProvisioned(secretId);
  const current = ports.parse(version.value);
  ports.check(current);
  const description = await ports.store.describe(secretId);
  if (description === 'no-secret') throw errors.secretMissing(secretId);
  const { rotationFunction, rotationEnabled } = description;
  if (!rotationFunction) throw errors.notConfigured(secretId);
  if (!rotationEnabled) throw errors.disabled(secretId);
  const rotatable = { current, versionId: version.versionId, secret: { ...description, rotationFunction } };
  await requireNonePending(ports, { ...rotatable, secretId });
  return rotatable;
}

/** AWSPENDING beside AWSCURRENT is what a finished rotation leaves behind. */
async function requireNonePending<Credential>(
  ports: ReadPorts<Credential>,
  { secret, current, secretId }: Omit<Started<Credential>, 'token'> & { readonly secretId: string },
): Promise<void> {
  const token = holderOf(secret.versions, PENDING);
  if (token === undefined || secret.versions[token]?.includes(CURRENT)) return;
  const labels = labelsText(secret.versions, token);
  const login = await tell(ports, { secretId, current, pending: token });
  throw errors.pending({ secretId, token, labels, functionArn: secret.rotationFunction, tell: login });
}

/** A lost answer is no refusal, and another rotation may have begun between the look and the call. */
async function throwUnlessBegun<Credential>(
  ports: RotationOrderPorts<Credential>,
  error: unknown,
  started: Started<Credential> & { readonly secretId: string },
): Promise<void> {
  if (!(error instanceof SecretStoreError)) throw error;
  const mayHaveBegun = error.changed === 'unknown' || error.code === 'ROTATION_PENDING';
  const now = mayHaveBegun ? await ports.store.describe(started.secretId) : 'no-secret';
  if (now === 'no-secret') throw error;
  if (now.versions[started.token]) return;
  if (error.code === 'ROTATION_PENDING') {
    await requireNonePending(ports, {
      ...started,
      secret: { ...now, rotationFunction: started.secret.rotationFunction },
    });
  }
  throw error;
}

/** Looks at the labels until the token's version is current. */
class Watch<Credential> {
  readonly #ports: RotationOrderPorts<Credential>;
  readonly #order: RotationOrder;
  readonly #started: Started<Credential>;
  readonly #startedAt: number;
  #saidAt: number;
  #said: Stage | undefined;
  #wasSeen = false;

  constructor(ports: RotationOrderPorts<Credential>, order: RotationOrder, started: Started<Credential>) {
    this.#ports = ports;
    this.#order = order;
    this.#started = started;
    this.#startedAt = ports.clock.now();
    this.#saidAt = this.#startedAt;
  }

  async untilDone(): Promise<void> {
    const { clock } = this.#ports;
    const { token } = this.#started;
    const end = this.#startedAt + this.#order.waitMs;
    let versions: SecretDescription['versions'] = this.#started.secret.versions;
    for (let looks = 0; ; looks++) {
      versions = (await this.#look()) ?? versions;
      const stage = this.#stageIn(versions);
      if (stage === 'done') return;
      if (stage === 'stopped') throw await this.#stopped(versions);
      const pauseMs = backoffMs(looks, POLL);
      if (clock.now() + pauseMs > end) {
        const standing = await this.#standing(versions, token);
        throw errors.unfinished(standing, Math.round(this.#order.waitMs / 1000), STAGE_WORDS[stage]);
      }
      this.#say(stage);
      await clock.sleep(pauseMs);
    }
  }

  /** @returns undefined when AWS could not be asked: the rotation goes on all the same */
  async #look(): Promise<SecretDescription['versions'] | undefined> {
    try {
      const secret = await this.#ports.store.describe(this.#started.secret.arn);
      if (secret === 'no-secret') throw errors.secretMissing(this.#order.secretId);
      return secret.versions;
    } catch (error) {
      if (error instanceof SecretStoreError && error.retryable) return undefined;
      throw error;
    }
  }

  /** A version that was never seen may just not be shown yet. */
  #stageIn(versions: SecretDescription['versions']): Stage {
    const stage = stageOf(versions, this.#started.token);
    if (versions[this.#started.token]) this.#wasSeen = true;
    const isLag = !this.#wasSeen && this.#ports.clock.now() - this.#startedAt < LAG_MS;
    return stage === 'stopped' && isLag ? 'begun' : stage;
  }

  #say(stage: Stage): void {
    const now = this.#ports.clock.now();
    const isLate = now - this.#startedAt >= QUIET_MS.atFirst;
    if (!isLate || (stage === this.#said && now - this.#saidAt < QUIET_MS.between)) return;
    this.#said = stage;
    this.#saidAt = now;
    const seconds = Math.round((now - this.#startedAt) / 1000);
    this.#ports.progress(`rotation of ${this.#order.secretId} after ${seconds} s: ${STAGE_WORDS[stage]}`);
  }

  async #stopped(versions: SecretDescription['versions']): Promise<Error> {
    const rolledBack = versions[this.#started.token]?.includes(ROLLED_BACK) === true;
    return errors.stopped(await this.#standing(versions, undefined), rolledBack);
  }

  async #standing(versions: SecretDescription['versions'], pending: string | undefined): Promise<errors.Standing> {
    const { secret, current, token } = this.#started;
    const { secretId } = this.#order;
    const login = await tell(this.#ports, { secretId, current, pending });
    return { secretId, token, functionArn: secret.rotationFunction, labels: labelsText(versions, token), tell: login };
  }
}

/** Right after the label moved, a read may still miss the version. */
async function readNew<Credential>(
  { store, clock }: RotationOrderPorts<Credential>,
  secretId: string,
  token: string,
): Promise<string> {
  for (let reads = 0; reads < READS; reads++) {
    const version = await store.read(secretId, { versionId: token });
    if (typeof version !== 'string') return version.value;
    await clock.sleep(backoffMs(reads, POLL));
  }
  throw errors.unreadable(secretId, token);
}
