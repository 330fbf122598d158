import type { KafkaCredentialFile } from '../credential-file.ts';
import { type RotationError, StreamkapError } from '../errors.ts';
import { statusOf } from '../streamkap/schemas.ts';
import * as errors from './errors.ts';
import { isBusy, keyGone, keyNotActive, refusalOf } from './refusals.ts';
import type { PasswordApi, SingleStrategy } from './single.ts';
import type { Applied, Change, ClaimedCredential, PendingCredential, Proof } from './strategy.ts';

/** Time that must be there before something is begun, in milliseconds. */
const NEEDS = {
  /** The least a password change gets. */
  change: 2_000,
  /** Kept back from every change, for the login that proves it. */
  proof: 4_000,
  /** Kept back from waiting for the new password, where there is that much: time to put the old one back. */
  wayBack: 8_000,
} as const;

/** How often a change is sent when Streamkap asks to come back later. */
const MAX_SENDS = 3;

type File = KafkaCredentialFile;

/**
 * One attempt to change a key's password in place. Below, C, P and V are the current, the pending and the previous password, R is
 * the one that Streamkap accepts. Nothing but logins tells what R is: C accepted means R = C, since a user has one password.
 *
 * What leads to a change, and nothing else does: C accepted; or C and P refused and V accepted; or all three refused beyond the
 * time a change takes to spread, with ON_DRIFT=heal. An `unknown` leads to an error that changes nothing.
 */
export class InPlaceChange {
  readonly #strategy: SingleStrategy;
  readonly #change: Change<File>;
  /** When P was last sent by this attempt. */
  #sentAt: number | undefined;

  constructor(strategy: SingleStrategy, change: Change<File>) {
    this.#strategy = strategy;
    this.#change = change;
  }

  async run(): Promise<Applied> {
    const ofCurrent = await this.#login(this.#change.current);
    // The clean case asks once: where C works P cannot, so it is tried only where a change may be on its way.
    if (ofCurrent.outcome === 'accepted') return await this.#fromCurrent();
    const next = await this.#change.pending();
    const ofPending = await this.#login(next.value);
    if (ofPending.outcome === 'accepted') return { outcome: 'applied', proof: ofPending };
    const unclear = [ofCurrent, ofPending].find((proof) => proof.outcome === 'unknown');
    if (next.wayBackRecorded) {
      if (unclear) throw errors.rollbackUnproven('Kafka could not be asked');
      return await this.#resumeWayBack(next.value);
    }
    if (unclear) throw errors.loginUnknown(unclear, 'no');
    return await this.#fromNeither(next);
  }

  /** R = C. */
  async #fromCurrent(): Promise<Applied> {
    const streamkap = this.#streamkap();
    await this.#requireActive(streamkap);
    const next = await this.#claim();
    if (next.wayBackRecorded) return { outcome: 'rolled-back' };
    if (this.#strategy.isSame(this.#change.current, next.value)) throw errors.pendingIsCurrent();
    return next.first
      ? await this.#send(next.value, streamkap)
      : await this.#afterEarlierChange(next.value, { streamkap, ofCurrent: 'accepted' });
  }

  /** P may be sent from here on. Not taken when no time is left, so that the next attempt need not wait. */
  async #claim(): Promise<ClaimedCredential<File>> {
    if (this.#change.budget.left() < NEEDS.change + NEEDS.proof) throw errors.outOfTime();
    return await this.#change.claim();
  }

  /**
   * Another attempt may have sent P and died, or be sending it now: sent again only when it did not arrive in the time that a
   * change takes, and C is what it was before.
   */
  async #afterEarlierChange(
    pending: File,
    { streamkap, ofCurrent }: { readonly streamkap: PasswordApi; readonly ofCurrent: 'accepted' | 'rejected' },
  ): Promise<Applied> {
    const takeTurn = await this.#change.nextTurn();
    const proof = await this.#poll(pending, this.#half());
    if (proof.outcome === 'accepted') return { outcome: 'applied', proof };
    if (proof.outcome === 'unknown') throw errors.loginUnknown(proof, 'no');
    const now = await this.#login(this.#change.current);
    if (now.outcome === 'unknown') throw errors.loginUnknown(now, 'no');
    if (now.outcome !== ofCurrent) throw errors.unsettled();
    const next = await takeTurn();
    if (next.wayBackRecorded) throw errors.rollbackUnproven('another attempt is taking the change back');
    return await this.#send(next.value, streamkap);
  }

  /** Neither C nor P works: somebody else changed it, or a change of ours is still on its way. */
  async #fromNeither({ value, mayHaveBeenSent }: PendingCredential<File>): Promise<Applied> {
    if (await this.#isPreviousInUse(value)) {
      this.#change.signal({
        kind: 'previous-in-use',
        detail: 'Kafka accepts the previous password, not the current one',
      });
    } else {
      const proof = await this.#poll(
        value,
        this.#change.budget.endOf(this.#strategy.settings.propagationMs, NEEDS.change + NEEDS.proof),
      );
      if (proof.outcome === 'accepted') return { outcome: 'applied', proof };
      if (proof.outcome === 'unknown') throw errors.loginUnknown(proof, 'no');
      const ofCurrent = await this.#login(this.#change.current);
      if (ofCurrent.outcome === 'unknown') throw errors.loginUnknown(ofCurrent, 'no');
      if (ofCurrent.outcome === 'accepted') throw errors.unsettled();
      const arrived = await this.#arrivedMeanwhile(value);
      if (arrived) return arrived;
      const detail = 'Kafka accepts neither the current nor the pending password';
      this.#change.signal({ kind: 'drift', detail });
      if (this.#strategy.settings.onDrift === 'abandon') throw errors.drift(mayHaveBeenSent);
    }
    const streamkap = this.#streamkap();
    await this.#requireActive(streamkap);
    const next = await this.#claim();
    if (next.wayBackRecorded) throw errors.rollbackUnproven('another attempt is taking the change back');
    return next.first
      ? await this.#send(next.value, streamkap)
      : await this.#afterEarlierChange(next.value, { streamkap, ofCurrent: 'rejected' });
  }

  /** One login, once: V is the password most likely to be refused. */
  async #isPreviousInUse(pending: File): Promise<boolean> {
    const previous = await this.#change.previous();
    if (!previous || [pending, this.#change.current].some((file) => this.#strategy.isSame(file, previous)))
      return false;
    return (await this.#login(previous)).outcome === 'accepted';
  }

  /** The only way to Streamkap's password. P was read from the store by the call before. */
  async #send(pending: File, streamkap: PasswordApi): Promise<Applied> {
    for (let sends = 1; ; sends++) {
      if (this.#change.budget.left() < NEEDS.change + NEEDS.proof) throw errors.outOfTime();
      let failure: StreamkapError | undefined;
      try {
        this.#sentAt = this.#change.budget.clock.now();
        await streamkap.setKafkaPassword(pending.project_key_id, pending.kafka.password);
      } catch (error) {
        if (!(error instanceof StreamkapError)) throw error;
        failure = error;
      }
      if (failure?.changed !== 'no') return await this.#settle(pending, failure);
      const next = await this.#afterRefusal(failure, pending, sends);
      if ('outcome' in next) return next;
      if (next.wayBackRecorded) throw errors.rollbackUnproven('another attempt is taking the change back');
    }
  }

  /** After a 4xx. "Unchanged" takes a refused login as well. @returns P, read anew, when it may be sent again */
  async #afterRefusal(
    refusal: StreamkapError,
    pending: File,
    sends: number,
  ): Promise<Applied | PendingCredential<File>> {
    const waitMs = isBusy(refusal) && sends < MAX_SENDS ? (refusal.retryAfterSeconds ?? Number.NaN) * 1000 : Number.NaN;
    const { budget } = this.#change;
    const mayWait = budget.left() > waitMs + NEEDS.change + NEEDS.proof;
    const takeTurn = mayWait ? await this.#change.nextTurn() : undefined;
    if (mayWait) await budget.clock.sleep(waitMs);
    const proof = await this.#login(pending);
    if (proof.outcome === 'accepted') return { outcome: 'applied', sentAt: this.#sentAt, proof };
    const unchanged = proof.outcome === 'rejected';
    if (takeTurn && unchanged) return await takeTurn();
    if (refusal.status === 422 && unchanged) return { outcome: 'unusable', why: refusal.message };
    throw refusalOf(refusal, unchanged ? 'no' : 'unknown');
  }

  /** Streamkap confirmed the change, or its answer was lost. Only a login tells. */
  async #settle(pending: File, lost: StreamkapError | undefined): Promise<Applied> {
    const { budget, current } = this.#change;
    const { propagationMs, loginCheck } = this.#strategy.settings;
    const end = Math.max(
      budget.endOf(propagationMs, NEEDS.wayBack),
      Math.min(budget.endOf(propagationMs), this.#half()),
    );
    const proof = await this.#poll(pending, end);
    if (proof.outcome === 'accepted') return { outcome: 'applied', sentAt: this.#sentAt, proof };
    if (proof.outcome === 'unknown') {
      if (!lost && !proof.wasRejected && loginCheck === 'best-effort')
        return { outcome: 'applied', sentAt: this.#sentAt, proof };
      throw lost ? errors.answerLost(proof, lost.requestId) : errors.loginUnknown(proof, 'yes');
    }
    const ofCurrent = await this.#login(current);
    switch (ofCurrent.outcome) {
      case 'accepted':
        throw lost ? errors.answerLost(proof, lost.requestId) : errors.notApplied();
      case 'unknown':
        throw errors.loginUnknown(ofCurrent, lost ? 'unknown' : 'yes');
      case 'rejected':
        return (await this.#arrivedMeanwhile(pending)) ?? (await this.#wayBack(pending, errors.wayBackNotBegun));
    }
  }

  /** P was refused, then C: P may have come into force between the two. */
  async #arrivedMeanwhile(pending: File): Promise<Applied | undefined> {
    const proof = await this.#login(pending);
    if (proof.outcome === 'unknown') throw errors.loginUnknown(proof, 'unknown');
    return proof.outcome === 'accepted' ? { outcome: 'applied', sentAt: this.#sentAt, proof } : undefined;
  }

  /**
   * P never worked and C does not any more. The record comes first, so that no retry sends P again and both stay stored.
   * @param noTime what to end in where too little is left: without a record, the next attempt is not bound to the way back
   */
  async #wayBack(pending: File, noTime: () => RotationError): Promise<Applied> {
    const { budget } = this.#change;
    if (budget.left() < NEEDS.change + NEEDS.proof) throw noTime();
    const current = await this.#change.recordWayBack();
    const refusal = await this.#streamkap()
      .setKafkaPassword(current.project_key_id, current.kafka.password)
      .then(() => undefined, streamkapError);
    const proof =
      refusal?.changed === 'no'
        ? await this.#login(current)
        : await this.#poll(current, budget.endOf(this.#strategy.settings.propagationMs));
    if (proof.outcome === 'accepted') return { outcome: 'rolled-back' };
    const late = await this.#login(pending);
    if (late.outcome === 'accepted' && refusal?.changed === 'no')
      return { outcome: 'applied', sentAt: this.#sentAt, proof: late };
    throw errors.rollbackUnproven(refusal?.message ?? `the old password is ${proof.outcome}`);
  }

  /** An earlier attempt decided for the way back; C and P are refused, so its change may be on its way. */
  async #resumeWayBack(pending: File): Promise<Applied> {
    const proof = await this.#poll(this.#change.current, this.#half());
    if (proof.outcome === 'accepted') return { outcome: 'rolled-back' };
    const late = await this.#login(pending);
    if (late.outcome === 'accepted') return { outcome: 'applied', proof: late };
    if (proof.outcome === 'unknown') throw errors.rollbackUnproven('Kafka could not be asked');
    return await this.#wayBack(pending, () => errors.rollbackUnproven('no time was left for it'));
  }

  /** Streamkap refuses to edit a key in any other state; asking first tells a deleted key from a refused change. */
  async #requireActive(streamkap: PasswordApi): Promise<void> {
    const id = this.#change.current.project_key_id;
    const key = await streamkap.getProjectKey(id).catch((error: unknown) => {
      throw error instanceof StreamkapError ? refusalOf(error, 'no') : error;
    });
    if (!key) throw keyGone(id);
    if (statusOf(key) !== 'active') throw keyNotActive(id, key.status);
  }

  /** Every call ends early enough for a login after it. */
  #streamkap(): PasswordApi {
    return this.#strategy.ports.streamkap(this.#change.budget.deadline - NEEDS.proof);
  }

  #login(file: File): Promise<Proof> {
    return this.#strategy.login(file, this.#change.budget);
  }

  #poll(file: File, end: number): Promise<Proof> {
    return this.#strategy.poll(file, this.#change.budget, end);
  }

  /** Half of what is left, or less where a change spreads faster. */
  #half(): number {
    const { budget } = this.#change;
    return budget.endOf(Math.min(this.#strategy.settings.propagationMs, budget.left() / 2));
  }
}

function streamkapError(error: unknown): StreamkapError {
  if (error instanceof StreamkapError) return error;
  throw error;
}
