import type { KafkaCredentialFile } from '../../credential-file.ts';
import { StreamkapError } from '../../errors.ts';
import { hasPermissionsOnly } from '../../streamkap/key-reading.ts';
import type { ProjectKeyDetail } from '../../streamkap/schemas.ts';
import { answerLost, loginUnknown, outOfTime } from '../errors.ts';
import type { KafkaLogin } from '../kafka-login.ts';
import { isBusy, refusalOf } from '../refusals.ts';
import type { Applied, Change, PendingCredential, Proof } from '../strategy.ts';
import * as errors from './errors.ts';
import { apiAccessDiffers, differenceOf, fieldsOf } from './grants.ts';
import type { Pair } from './pair.ts';
import { activeKey, IdleKey, type PairApi } from './pair-keys.ts';

/** Time that must be there before a change is begun, in milliseconds: the least it gets, and the login that proves it. */
const NEEDS = { change: 2_000, proof: 4_000 } as const;
/** How often a change is sent when Streamkap asks to come back later. */
const MAX_SENDS = 3;

type File = KafkaCredentialFile;

export interface IdleKeyChangePorts {
  readonly logins: Pick<KafkaLogin, 'once' | 'until'>;
  /** @param deadline milliseconds since the epoch: no call lasts longer */
  readonly streamkap: (deadline: number) => PairApi;
  /** Milliseconds a change may take to reach the brokers. */
  readonly propagationMs: number;
  readonly loginCheck: 'required' | 'best-effort';
}

/**
 * One attempt to put the pending password in force on the idle key, made equal to the current one first. The current key is only
 * looked at, so there is nothing to take back, whatever fails: the next attempt goes on where this one stopped.
 */
export class IdleKeyChange {
  readonly #ports: IdleKeyChangePorts;
  readonly #change: Change<File>;
  readonly #pair: Pair;
  readonly #idle: IdleKey;
  readonly #api: PairApi;
  /** When P was last sent by this attempt. */
  #sentAt: number | undefined;

  constructor(ports: IdleKeyChangePorts, change: Change<File>, pair: Pair) {
    this.#ports = ports;
    this.#change = change;
    this.#pair = pair;
    // Every call ends early enough for a login after it.
    this.#api = ports.streamkap(change.budget.deadline - NEEDS.proof);
    this.#idle = IdleKey.of(pair, this.#api);
  }

  async run(): Promise<Applied> {
    await this.#equalise();
    this.#requireTime();
    const { value, first } = await this.#change.claim();
    this.#requireIdle(value);
    const proof = await this.#ports.logins.once(value, this.#change.budget);
    // A key as it was born, or what an earlier attempt sent.
    if (proof.outcome === 'accepted') return { outcome: 'applied', proof };
    if (proof.outcome === 'unknown') throw loginUnknown(proof, 'no');
    return first ? await this.#send(value) : await this.#afterEarlierChange(value);
  }

  /** ACLs, safe list and roles of the current key, where the idle one has others. */
  async #equalise(): Promise<void> {
    const [active, idle] = await this.#details();
    const difference = differenceOf(active, idle);
    if (!difference) return;
    if (difference.stuck.length > 0) throw errors.grantsNotCopied(this.#idle.id, difference.stuck);
    // The guards come before the first thing that is changed.
    this.#requireIdle((await this.#change.pending()).value);
    this.#requireTime();
    const lost = await this.#idle.setGrants(difference.copy).then(() => undefined, streamkapError);
    if (lost?.changed === 'no') throw refusalOf(lost, 'no');
    const rest = differenceOf(...(await this.#details()));
    if (rest && lost) throw errors.grantsUncertain(lost.requestId);
    if (rest) throw errors.grantsNotCopied(this.#idle.id, fieldsOf(rest));
  }

  /** @throws RotationError for keys that can never be equal */
  async #details(): Promise<[ProjectKeyDetail, ProjectKeyDetail]> {
    try {
      const active = await activeKey(this.#api, this.#pair.activeId);
      const idle = await this.#idle.detail();
      if (hasPermissionsOnly(active)) throw errors.permissionsNotCopyable(active.id);
      if (apiAccessDiffers(active, idle)) throw errors.apiAccessDiffers(idle.id);
      const service = this.#change.current.project.service_id ?? active.service_id;
      if ((idle.service_id ?? service) !== service) throw errors.notTheIdleKey('service_id');
      return [active, idle];
    } catch (error) {
      throw error instanceof StreamkapError ? refusalOf(error, 'no') : error;
    }
  }

  /** Another attempt may have sent it and died: sent again only when it did not arrive in the time that a change takes. */
  async #afterEarlierChange(pending: File): Promise<Applied> {
    const { logins, propagationMs } = this.#ports;
    const { budget } = this.#change;
    const takeTurn = await this.#change.nextTurn();
    const proof = await logins.until(pending, budget, budget.endOf(Math.min(propagationMs, budget.left() / 2)));
    if (proof.outcome === 'accepted') return { outcome: 'applied', proof };
    if (proof.outcome === 'unknown') throw loginUnknown(proof, 'no');
    await takeTurn();
    return await this.#send(pending);
  }

  /** The only way to Streamkap's password. P was read from the store by the last call there; a version never changes. */
  async #send(pending: File): Promise<Applied> {
    for (let sends = 1; ; sends++) {
      this.#requireTime();
      this.#sentAt = this.#change.budget.clock.now();
      const failure = await this.#idle.setPassword(pending.kafka.password).then(() => undefined, streamkapError);
      if (failure?.changed !== 'no') return await this.#settle(pending, failure);
      const next = await this.#afterRefusal(failure, pending, sends);
      if ('outcome' in next) return next;
    }
  }

  /** After a 4xx. "Unchanged" takes a refused login as well. @returns P, read anew, when it may be sent again */
  async #afterRefusal(
    refusal: StreamkapError,
    pending: File,
    sends: number,
  ): Promise<Applied | PendingCredential<File>> {
    const { budget } = this.#change;
    const waitMs = isBusy(refusal) && sends < MAX_SENDS ? (refusal.retryAfterSeconds ?? Number.NaN) * 1000 : Number.NaN;
    const mayWait = budget.left() > waitMs + NEEDS.change + NEEDS.proof;
    const takeTurn = mayWait ? await this.#change.nextTurn() : undefined;
    if (mayWait) await budget.clock.sleep(waitMs);
    const proof = await this.#ports.logins.once(pending, budget);
    if (proof.outcome === 'accepted') return { outcome: 'applied', sentAt: this.#sentAt, proof };
    const unchanged = proof.outcome === 'rejected';
    if (takeTurn && unchanged) return await takeTurn();
    if (refusal.status === 422 && unchanged) return { outcome: 'unusable', why: refusal.message };
    if (refusal.status === 404) throw errors.idleKeyGone(this.#idle.id);
    throw refusalOf(refusal, unchanged ? 'no' : 'unknown');
  }

  /** Streamkap confirmed the change, or its answer was lost. Only a login tells. */
  async #settle(pending: File, lost: StreamkapError | undefined): Promise<Applied> {
    const { logins, propagationMs, loginCheck } = this.#ports;
    const { budget } = this.#change;
    const proof = await logins.until(pending, budget, budget.endOf(propagationMs));
    const untried = proof.outcome === 'unknown' && !proof.wasRejected;
    const enough = untried && !lost && loginCheck === 'best-effort';
    if (proof.outcome === 'accepted' || enough) return { outcome: 'applied', sentAt: this.#sentAt, proof };
    throw lost ? answerLost(proof, lost.requestId) : notProven(proof);
  }

  /** A value decides where a password goes: it must be the other one of the recorded pair, not just another. */
  #requireIdle(pending: File): void {
    const { id, username } = this.#pair.idle;
    if (pending.project_key_id !== id) throw errors.notTheIdleKey('project_key_id');
    if (username !== undefined && pending.kafka.username !== username) throw errors.notTheIdleKey('username');
  }

  #requireTime(): void {
    if (this.#change.budget.left() < NEEDS.change + NEEDS.proof) throw outOfTime();
  }
}

const notProven = (proof: Proof) =>
  proof.outcome === 'rejected' ? errors.idleRejected(proof) : loginUnknown(proof, 'yes');

function streamkapError(error: unknown): StreamkapError {
  if (error instanceof StreamkapError) return error;
  throw error;
}
