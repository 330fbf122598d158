import type { CredentialReading, CurrentCredential } from './credential-reading.ts';
import * as errors from './errors.ts';
import type { LabelMoves } from './label-moves.ts';
import { CURRENT, MADE, PREVIOUS, UNSENT } from './situation.ts';
import type {
  Change,
  ClaimedCredential,
  PendingCredential,
  RotationSignal,
  SecretFacts,
  Strategy,
} from './strategy.ts';
import type { TimeBudget } from './time-budget.ts';
import type { TokenGuard } from './token-guard.ts';
import type { VersionReading } from './version-reading.ts';

interface Parts<Value> {
  readonly strategy: Pick<Strategy<Value>, 'requireSuccessor'>;
  readonly reading: VersionReading;
  readonly credentials: CredentialReading<Value>;
  readonly labels: LabelMoves;
  readonly guard: TokenGuard<Value>;
  /** Must not throw. */
  readonly signal: (signal: RotationSignal) => void;
}

interface Subject<Value> {
  readonly target: errors.RotationTarget;
  readonly current: CurrentCredential<Value>;
  readonly budget: TimeBudget;
}

/** The token's version became current while this attempt was about to send its password: nothing is left to do. */
export class FinishedMeanwhile extends Error {}

/** The change from the version that is current to the token's, for a strategy that knows neither. */
export class StoredChange<Value> implements Change<Value> {
  readonly current: Value;
  readonly budget: TimeBudget;
  readonly signal: (signal: RotationSignal) => void;
  readonly #parts: Parts<Value>;
  readonly #target: errors.RotationTarget;
  readonly #currentId: string;
  #claimed = false;
  #vouchedFor: boolean;

  constructor(parts: Parts<Value>, { target, current, budget }: Subject<Value>) {
    this.#parts = parts;
    this.#target = target;
    this.#currentId = current.versionId;
    this.#vouchedFor = current.stages.includes(UNSENT);
    this.current = current.value;
    this.budget = budget;
    this.signal = parts.signal;
  }

  /** The pending value is in force: finishSecret may have it (9). */
  async vouch(): Promise<void> {
    if (!this.#vouchedFor) await this.#parts.labels.vouch(this.#target, this.#currentId);
  }

  /** Takes back what {@link claim} said, as far as that can be done: the step fails for a better reason. */
  async retract(): Promise<void> {
    if (this.#claimed) await this.#parts.labels.retract(this.#target, this.#currentId).catch(() => {});
  }

  secret(): Promise<SecretFacts> {
    return this.#parts.reading.describe(this.#target.secretId);
  }

  /** The value is stored, its labels still ask for the change, it is for the same target. */
  async pending(): Promise<PendingCredential<Value>> {
    const { reading, guard, credentials, strategy } = this.#parts;
    const { secretId, token } = this.#target;
    const version = await reading.find(secretId, token);
    const stages = version?.stages ?? (await reading.describe(secretId)).versions[token];
    const situation = await guard.situation(this.#target, stages, version);
    if (situation === 'current') throw new FinishedMeanwhile();
    if (!version) throw errors.pendingMissing(this.#target);
    const value = credentials.parse(version, 'pending');
    strategy.requireSuccessor(this.current, value);
    if (!version.stages.includes(MADE)) throw errors.pendingForeign(this.#target);
    const mayHaveBeenSent = !version.stages.includes(UNSENT);
    return { value, wayBackRecorded: situation === 'rolling-back', mayHaveBeenSent };
  }

  /** The label first: whoever dies after it has the next attempt wait for what may have been sent. */
  async claim(): Promise<ClaimedCredential<Value>> {
    const first = await this.#parts.labels.claim(this.#target, this.#currentId);
    this.#claimed ||= first;
    this.#vouchedFor ||= first;
    return { ...(await this.pending()), first };
  }

  async nextTurn(): Promise<() => Promise<PendingCredential<Value>>> {
    const take = await this.#parts.labels.nextTurn(this.#target);
    return async () => {
      if (!(await take())) throw errors.anotherSends();
      return await this.pending();
    };
  }

  previous(): Promise<Value | undefined> {
    return this.#parts.credentials.before(this.#target.secretId, { stage: PREVIOUS }, this.current);
  }

  async recordWayBack(): Promise<Value> {
    const { labels, reading, credentials } = this.#parts;
    await labels.recordRolledBack(this.#target);
    const version = await reading.find(this.#target.secretId, this.#currentId);
    if (!version?.stages.includes(CURRENT)) throw errors.currentMoved(this.#target);
    return credentials.parse(version, 'current');
  }
}
