/**
 * Secrets Manager's rotation contract: four steps, each callable again at any time, with nothing kept between them but what is
 * stored. It knows versions and labels (situation.ts numbers what it may meet) and leaves everything else to a {@link Strategy}.
 *
 * A clean rotation by `single`, every step in a process of its own:
 *
 * | step         | Secrets Manager                                                  | Streamkap         | logins                     |
 * | ------------ | ---------------------------------------------------------------- | ----------------- | -------------------------- |
 * | createSecret | Describe, Get current, Put                                       |                   |                            |
 * | setSecret    | Get current, Get admin secret, Claim, Get token (last before the PATCH) | token, GET, PATCH | current, pending    |
 * | testSecret   | Get token                                                        |                   | pending                    |
 * | finishSecret | Describe, Move; Get previous                                     |                   | previous, after the move   |
 *
 * 11 calls of Secrets Manager, 4 logins, 1 PATCH. From the PATCH's answer to the move: login, Get, login, Describe, Move.
 * So testSecret and setSecret look at the labels that come with the value, not at DescribeSecret; createSecret puts before it looks.
 * Claim moves KEYRING_UNSENT to the current version (8, 9): one attempt alone may send the password at once, any other first waits
 * for it to arrive; and where it is not, nothing is finished.
 */
import type { Clock } from '../clock.ts';
import { putSurely } from '../provisioning/durable-write.ts';
import type { SecretDescription, SecretStore } from '../secret-store.ts';
import { CredentialReading, type CurrentCredential } from './credential-reading.ts';
import * as errors from './errors.ts';
import { LabelMoves } from './label-moves.ts';
import type { RotationMemory } from './rotation-memory.ts';
import { CURRENT, holderOf, MADE, PENDING, PREVIOUS, UNSENT } from './situation.ts';
import { FinishedMeanwhile, StoredChange } from './stored-change.ts';
import type { Applied, Proof, RotationSignal, Strategy } from './strategy.ts';
import type { TimeBudget } from './time-budget.ts';
import { TokenGuard } from './token-guard.ts';
import { VersionReading } from './version-reading.ts';

export const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
export type Step = (typeof STEPS)[number];

/** One call of Secrets Manager's. */
export interface StepRequest extends errors.RotationTarget {
  readonly step: Step;
  /** Goes into the Put that fills the pending version, and nowhere else. */
  readonly rotationToken?: string | undefined;
}

export interface ProtocolPorts {
  readonly store: SecretStore;
  readonly clock: Clock;
  readonly memory: RotationMemory;
  /** Must not throw. */
  readonly signal: (signal: RotationSignal) => void;
}

/** What a step did; ids, codes and times only. */
export interface StepReport {
  readonly outcome: 'made' | 'found' | 'applied' | 'in-force' | 'proven' | 'unproven' | 'moved' | 'already-current';
  readonly proof?: Proof;
  /** When this call sent the change, milliseconds since the epoch. */
  readonly sentAt?: number;
  /** When this call moved the label, milliseconds since the epoch. */
  readonly movedAt?: number;
  /** Milliseconds from sending the change to the moved label, where one process did both. */
  readonly consumerGapMs?: number;
  /** What the outgoing credential is good for after the move; `unknown` when it could not be tried. */
  readonly outgoing?: Proof;
}

/** Evidence is left out when less time than this is left, in milliseconds. */
const EVIDENCE_NEEDS_MS = 2_000;

const NOT_TRIED: Proof = { outcome: 'unknown', code: 'NOT_TRIED', milliseconds: 0 };

export class RotationProtocol<Value> {
  readonly #strategy: Strategy<Value>;
  readonly #ports: ProtocolPorts;
  readonly #budget: TimeBudget;
  readonly #unprovenAllowed: boolean;
  readonly #reading: VersionReading;
  readonly #credentials: CredentialReading<Value>;
  readonly #labels: LabelMoves;
  readonly #guard: TokenGuard<Value>;

  /** @param options.unprovenAllowed testSecret passes when the credential could not be tried; refused never passes */
  constructor(
    strategy: Strategy<Value>,
    ports: ProtocolPorts,
    { budget, unprovenAllowed }: { readonly budget: TimeBudget; readonly unprovenAllowed: boolean },
  ) {
    this.#strategy = strategy;
    this.#ports = ports;
    this.#budget = budget;
    this.#unprovenAllowed = unprovenAllowed;
    this.#reading = new VersionReading(ports.store, ports.clock);
    this.#credentials = new CredentialReading(this.#reading, strategy);
    this.#labels = new LabelMoves(ports.store, this.#reading);
    const { signal } = ports;
    this.#guard = new TokenGuard({ strategy, reading: this.#reading, labels: this.#labels, budget, signal });
  }

  /** @throws RotationError, SecretStoreError or StreamkapError: the step failed, and says what became of the world */
  async run(request: StepRequest): Promise<StepReport> {
    switch (request.step) {
      case 'createSecret':
        return await this.#createSecret(request);
      case 'setSecret':
        return await this.#setSecret(request);
      case 'testSecret':
        return await this.#testSecret(request);
      case 'finishSecret':
        return await this.#finishSecret(request);
    }
  }

  /** Makes the next value durable. A value that is there under the token is the one, whoever put it there first. */
  async #createSecret({ rotationToken, ...target }: StepRequest): Promise<StepReport> {
    const { secretId, token } = target;
    const description = await this.#reading.describe(secretId);
    this.#guard.requireStrategy(description);
    if (!description.rotationEnabled) throw errors.rotationDisabled(secretId);
    const situation = await this.#guard.situation(target, description.versions[token]);
    if (situation === 'current') return { outcome: 'already-current' }; // 3
    if (situation !== 'pending') return { outcome: 'found' }; // 2, 8
    const current = await this.#credentials.current(secretId); // 7
    if (current.versionId === token) return { outcome: 'already-current' }; // 3
    await this.#guard.requireNoUpdate(description, current);
    if (this.#strategy.makesOutside && (await this.#reading.peek(secretId, token))) return { outcome: 'found' };
    const value = await this.#makePending(target, description, current);
    const stored = await putSurely(this.#ports.store, {
      ...{ secretId, versionId: token, value, rotationToken },
      stages: [PENDING, MADE, UNSENT],
    });
    if (stored === 'stored') return { outcome: 'made' };
    await this.#reading.pending(target);
    await this.#discard(target, value);
    return { outcome: 'found' };
  }

  #makePending(
    { token }: errors.RotationTarget,
    secret: SecretDescription,
    { value: current, versionId: currentToken }: CurrentCredential<Value>,
  ): Promise<string> {
    return this.#strategy.makePending(current, {
      ...{ token, secret, currentToken, budget: this.#budget },
      previous: () => this.#credentials.before(secret.arn, { stage: PREVIOUS }, current),
    });
  }

  /** Another's value lies under the token: what this attempt made is stored nowhere. */
  async #discard({ secretId }: errors.RotationTarget, made: string): Promise<void> {
    if (!this.#strategy.discard) return;
    await this.#strategy.discard(this.#strategy.parse(made, { role: 'pending', secretId }), this.#budget);
  }

  /** Puts the stored value in force. */
  async #setSecret(target: StepRequest): Promise<StepReport> {
    const current = await this.#credentials.current(target.secretId); // 7
    if (current.versionId === target.token) return { outcome: 'already-current' }; // 3
    const change = this.#changeOf(target, current);
    const applied = await this.#apply(change);
    if (applied.outcome !== 'applied') await change.retract();
    switch (applied.outcome) {
      case 'finished-meanwhile':
        return { outcome: 'already-current' }; // 3
      case 'applied':
        await change.vouch(); // 9
        if (applied.sentAt === undefined) return { outcome: 'in-force', proof: applied.proof };
        this.#ports.memory.sent(target.token, applied.sentAt);
        return { outcome: 'applied', proof: applied.proof, sentAt: applied.sentAt };
      case 'rolled-back':
        await this.#labels.clearPending(target);
        throw errors.rolledBack(target.secretId);
      case 'unusable':
        throw errors.pendingUnusable(target, applied.why);
    }
  }

  async #apply(change: StoredChange<Value>): Promise<Applied | { readonly outcome: 'finished-meanwhile' }> {
    try {
      return await this.#strategy.apply(change);
    } catch (error) {
      if (error instanceof FinishedMeanwhile) return { outcome: 'finished-meanwhile' };
      await change.retract();
      throw error;
    }
  }

  /** Proves the stored value. Never changes anything, so a test at deploy time, of a copy of the current value, is like any other. */
  async #testSecret(target: StepRequest): Promise<StepReport> {
    const version = await this.#reading.find(target.secretId, target.token);
    if (!version) return await this.#testWithoutValue(target);
    const situation = await this.#guard.situation(target, version.stages, version);
    if (situation === 'current') return { outcome: 'already-current' }; // 3
    if (situation === 'unsent') throw errors.neverSet(target); // 8
    const pending = this.#credentials.parse(version, 'pending');
    const options = { budget: this.#budget, patient: false };
    let proof = await this.#strategy.prove(pending, options);
    if (proof.outcome === 'rejected') {
      const current = await this.#credentials.current(target.secretId);
      if (this.#strategy.isSame(current.value, pending)) throw errors.currentRejected();
      this.#strategy.requireSuccessor(current.value, pending);
      proof = await this.#strategy.prove(pending, { ...options, patient: true });
      if (proof.outcome === 'rejected') throw errors.pendingRejected();
      // Refused a moment ago: that it cannot be tried any more is no reason to pass it.
      if (proof.outcome === 'unknown') throw errors.loginUnknown(proof, 'no');
    }
    return this.#tested(proof);
  }

  /** RotateImmediately=false tests a throw-away version; it has been seen with a copy of the current value, and may have none. */
  async #testWithoutValue(target: StepRequest): Promise<StepReport> {
    const description = await this.#reading.describe(target.secretId);
    this.#guard.requireStrategy(description);
    const situation = await this.#guard.situation(target, description.versions[target.token]);
    if (situation === 'current') return { outcome: 'already-current' }; // 3
    const current = await this.#credentials.current(target.secretId); // 7
    const proof = await this.#strategy.prove(current.value, { budget: this.#budget, patient: false });
    if (proof.outcome === 'rejected') throw errors.currentRejected();
    return this.#tested(proof);
  }

  #tested(proof: Proof): StepReport {
    if (proof.outcome === 'unknown' && !this.#unprovenAllowed) throw errors.loginUnknown(proof, 'no');
    return { outcome: proof.outcome === 'accepted' ? 'proven' : 'unproven', proof };
  }

  /** Moves AWSCURRENT, completes what follows it, then looks once at what the outgoing credential is still good for. */
  async #finishSecret(target: StepRequest): Promise<StepReport> {
    const { clock, memory } = this.#ports;
    const description = await this.#reading.describe(target.secretId);
    this.#guard.requireStrategy(description);
    const situation = await this.#guard.situation(target, description.versions[target.token]);
    if (situation === 'current') {
      await this.#afterMove(target, description);
      return { outcome: 'already-current' };
    }
    const outgoing = holderOf(description.versions, CURRENT);
    if (outgoing === undefined) throw errors.notProvisioned(target.secretId, 'no value'); // 7
    const isMade = holderOf(description.versions, MADE) === target.token;
    if (!isMade || holderOf(description.versions, UNSENT) !== outgoing) throw errors.neverSet(target); // 1, 8
    const isDoubtful = situation === 'rolling-back' || !description.rotationEnabled; // 2
    if (isDoubtful) await this.#proveAgain(target, description.rotationEnabled);
    await this.#labels.promote(target, outgoing);
    const movedAt = clock.now();
    const sentAt = memory.sentAt(target.token);
    const gap = sentAt === undefined || this.#strategy.outgoingStaysValid ? {} : { consumerGapMs: movedAt - sentAt };
    const afterMove = await this.#afterMove(target, description);
    return { outcome: 'moved', movedAt, ...gap, outgoing: await this.#lookAtOutgoing(afterMove) };
  }

  /**
   * 3.
   * @param secret as it was described before the move, if there was one now
   * @returns the credential that was current before the token's, read once for whoever asks
   */
  async #afterMove(
    { secretId, token }: StepRequest,
    secret: SecretDescription,
  ): Promise<() => Promise<Value | undefined>> {
    const replayed = holderOf(secret.versions, CURRENT) === token;
    const versionId = holderOf(secret.versions, replayed ? PREVIOUS : CURRENT);
    let read: Promise<Value | undefined> | undefined;
    const outgoing = async () => {
      read ??= versionId === undefined ? Promise.resolve(undefined) : this.#credentials.in(secretId, versionId);
      return await read;
    };
    await this.#strategy.afterMove?.({
      ...{ secret, token, replayed, outgoing, budget: this.#budget },
      current: async () => this.#credentials.parse(await this.#reading.pending({ secretId, token }), 'current'),
    });
    return outgoing;
  }

  /** Where the order of steps does not vouch for the value, a login does. */
  async #proveAgain(target: StepRequest, rotationEnabled: boolean): Promise<void> {
    const pending = this.#credentials.parse(await this.#reading.pending(target), 'pending');
    const proof = await this.#strategy.prove(pending, { budget: this.#budget, patient: false });
    if (proof.outcome === 'accepted') return;
    if (!rotationEnabled) throw errors.rotationDisabled(target.secretId);
    throw proof.outcome === 'rejected' ? errors.pendingRejected() : errors.loginUnknown(proof, 'no');
  }

  /** Evidence never fails a rotation. */
  async #lookAtOutgoing(outgoing: () => Promise<Value | undefined>): Promise<Proof> {
    if (this.#budget.left() < EVIDENCE_NEEDS_MS) return NOT_TRIED;
    try {
      const value = await outgoing();
      return value === undefined ? NOT_TRIED : await this.#strategy.retireEvidence(value, this.#budget);
    } catch {
      return NOT_TRIED;
    }
  }

  #changeOf(target: StepRequest, current: CurrentCredential<Value>): StoredChange<Value> {
    const parts = {
      ...{ strategy: this.#strategy, reading: this.#reading, credentials: this.#credentials },
      ...{ labels: this.#labels, guard: this.#guard, signal: this.#ports.signal },
    };
    return new StoredChange(parts, { target, current, budget: this.#budget });
  }
}
