import { type KafkaCredentialFile, withKafkaPassword } from '../../credential-file.ts';
import { StreamkapError } from '../../errors.ts';
import type { SecretDescription, SecretVersion } from '../../secret-store.ts';
import type { CredentialReading } from '../credential-reading.ts';
import { loginUnknown, outOfTime, wrongStrategy } from '../errors.ts';
import type { KafkaLogin } from '../kafka-login.ts';
import { refusalOf } from '../refusals.ts';
import { CURRENT, holderOf, PENDING, PREVIOUS } from '../situation.ts';
import type { Proof } from '../strategy.ts';
import type { TimeBudget } from '../time-budget.ts';
import type { VersionReading } from '../version-reading.ts';
import * as errors from './errors.ts';
import { findIdleFile } from './idle-file.ts';
import { pairOf } from './pair.ts';
import { IdleKey, type PairApi } from './pair-keys.ts';
import type { StandbyFile, StandbySecret } from './standby.ts';

type File = KafkaCredentialFile;

export interface RetirementPorts {
  readonly reading: VersionReading;
  readonly credentials: CredentialReading<File>;
  readonly standby: (secretName: string) => StandbySecret;
  readonly logins: KafkaLogin;
  /** @param deadline milliseconds since the epoch: no call lasts longer */
  readonly streamkap: (deadline: number) => PairApi;
  readonly newPassword: () => string;
  /** Milliseconds a change may take to reach the brokers. */
  readonly propagationMs: number;
  readonly budget: TimeBudget;
}

export interface Retired {
  readonly outcome: 'retired' | 'already-retired' | 'not-yet';
  /** What the previous password is good for now, where it was tried. */
  readonly proof?: Proof;
}

const HOUR_MS = 3_600_000;
/** Time that must be there before a change is begun, in milliseconds: the least it gets, and the logins that prove it. */
const NEEDS = { change: 2_000, proof: 8_000 } as const;
/** No change is sent later than this after its password was about to be stored, in milliseconds. */
const SEND_WITHIN_MS = 60_000;
/**
 * A change to the idle key may still arrive until this long after its password was stored: so long no rotation takes the key. Its
 * createSecret reads the standby secret after AWSPENDING is there, and a retirement looks for AWSPENDING after it wrote to the
 * standby secret: one of the two always sees the other.
 */
const RETIREMENT_SETTLES_MS = 300_000;

/** @throws RotationError RETIRE_UNDER_WAY while a retirement's change to the idle key may still arrive */
export function requireSettled(at: StandbyFile | undefined): void {
  if (at?.retired && at.ageMs < RETIREMENT_SETTLES_MS) throw errors.retireUnderWay();
}

/** Puts an end to the password that was current before: the idle key gets one that nobody is told. The current key is only read. */
export class Retirement {
  readonly #ports: RetirementPorts;

  constructor(ports: RetirementPorts) {
    this.#ports = ports;
  }

  /**
   * @param afterMs how long the previous password may live; 0 for at once. Milliseconds
   * @throws RotationError ROTATION_UNDER_WAY, ROTATION_DUE, NO_PREVIOUS_KEY before anything was changed; RETIRE_UNPROVEN
   */
  async run(secretId: string, afterMs: number): Promise<Retired> {
    const { reading, credentials, streamkap, budget } = this.#ports;
    const secret = await reading.describe(secretId);
    requireAlternating(secret);
    const version = await reading.current(secretId);
    requireQuiet(secret, version);
    const current = credentials.parse(version, 'current');
    const pair = pairOf(secret, current);
    if (!pair) throw errors.pairMissing(secret.name);
    const idle = IdleKey.of(pair, streamkap(budget.deadline - NEEDS.proof));
    const standby = this.#ports.standby(secret.name);
    const previous = () => credentials.before(secret.arn, { stage: PREVIOUS }, current);
    const found = await findIdleFile({
      ...{ pair, current, standby, previous, currentToken: version.versionId },
      detail: () => idle.detail(),
    });
    const { at } = found;
    // Another key's file there may be what a rotation since then has left: what lies there now is replaced only if none has.
    if (!at) {
      // Another retirement that came first has its own password there, and may be sending it.
      const now = await standby.read();
      if (now?.retired && now.file.project_key_id === idle.id) throw errors.rotationUnderWay(standby.name);
      requireQuiet(await reading.describe(secretId), version);
    }
    if (!at?.retired && afterMs > 0 && (!at || at.asBorn || at.ageMs < afterMs)) return { outcome: 'not-yet' };
    if (at?.retired && (await this.#isDone(at.file))) return { outcome: 'already-retired' };
    const old = at?.retired || found.isRebuilt ? await previous() : found.file;
    await idle.detail().catch(asRefusal);
    const begunAt = budget.clock.now();
    const stored = await this.#store(standby, found.file, { at, seen: at?.versionId ?? version.versionId });
    await this.#send(idle, stored, { secretId, version, begunAt });
    return { outcome: 'retired', ...(old?.project_key_id === idle.id ? await this.#refused(old) : {}) };
  }

  /** Retired before, and the change got through. @throws RotationError LOGIN_UNKNOWN */
  async #isDone(file: File): Promise<boolean> {
    const proof = await this.#ports.logins.once(file, this.#ports.budget);
    if (proof.outcome === 'unknown') throw loginUnknown(proof, 'no');
    return proof.outcome === 'accepted';
  }

  /** The password first, so that it is stored before Streamkap hears of it. One that was stored and did not arrive stays. */
  async #store(
    standby: StandbySecret,
    file: File,
    { at, seen }: { at: StandbyFile | undefined; seen: string },
  ): Promise<File> {
    const next = at?.retired ? file : withKafkaPassword(file, this.#ports.newPassword());
    await standby.retire(next, seen);
    const now = await standby.read();
    if (!now?.retired || now.file.project_key_id !== file.project_key_id) throw errors.rotationUnderWay(standby.name);
    // One that died had stored it: rotations keep off the key for a time that begins with the storing.
    return now.ageMs > SEND_WITHIN_MS
      ? await this.#store(standby, now.file, { at: now, seen: now.versionId })
      : now.file;
  }

  /** Looks once more that no rotation has begun; from here on none takes the key while this may arrive. */
  async #send(
    idle: IdleKey,
    file: File,
    { secretId, version, begunAt }: { secretId: string; version: SecretVersion; begunAt: number },
  ): Promise<void> {
    const { reading, logins, budget, propagationMs } = this.#ports;
    const secret = await reading.describe(secretId);
    requireQuiet(secret, version);
    const isLate = budget.clock.now() - begunAt > SEND_WITHIN_MS;
    if (isLate || budget.left() < NEEDS.change + NEEDS.proof) throw outOfTime();
    const lost = await idle.setPassword(file.kafka.password).then(() => undefined, streamkapError);
    if (lost?.changed === 'no') throw refusalOf(lost, 'no');
    const proof = await logins.until(file, budget, budget.endOf(propagationMs, NEEDS.proof / 2));
    if (proof.outcome !== 'accepted') throw errors.retireUnproven(`the new one is ${proof.outcome}`, lost?.requestId);
  }

  /** One user, one password: with the new one accepted, the old one is refused, which is looked at once. */
  async #refused(old: File): Promise<{ readonly proof: Proof }> {
    const proof = await this.#ports.logins.once(old, this.#ports.budget);
    if (proof.outcome !== 'rejected') throw errors.retireUnproven(`it is ${proof.outcome}`);
    return { proof };
  }
}

function requireAlternating({ arn, tags }: SecretDescription): void {
  const tagged = tags['streamkap:strategy'];
  if (tagged !== 'alternating') throw wrongStrategy({ secretId: arn, tagged: tagged ?? 'none', own: 'alternating' });
}

/**
 * @param version what was current when it began
 * @throws RotationError while a rotation is under way, or due within the hour, by AWS's clock
 */
function requireQuiet({ name, versions, rotationEnabled, nextRotationAt }: SecretDescription, version: SecretVersion) {
  const [current, pending] = [holderOf(versions, CURRENT), holderOf(versions, PENDING)];
  if (current !== version.versionId || (pending !== undefined && pending !== current)) {
    throw errors.rotationUnderWay(name);
  }
  const dueAt = nextRotationAt ?? Number.POSITIVE_INFINITY;
  if (rotationEnabled && dueAt - version.readAt < HOUR_MS) throw errors.rotationDue(name);
}

function streamkapError(error: unknown): StreamkapError {
  if (error instanceof StreamkapError) return error;
  throw error;
}

function asRefusal(error: unknown): never {
  throw error instanceof StreamkapError ? refusalOf(error, 'no') : error;
}
