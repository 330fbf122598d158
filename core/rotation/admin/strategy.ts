import { backoffMs } from '../../clock.ts';
import { KeyringError, StreamkapError } from '../../errors.ts';
import type { ClientCredentials } from '../../streamkap/client-credentials.ts';
import type { AdminCredential, AdminCredentialSource } from '../../streamkap/token.ts';
import { mismatch } from '../errors.ts';
import type { Applied, Change, CredentialOrigin, Making, Proof, Strategy, Succession } from '../strategy.ts';
import type { TimeBudget } from '../time-budget.ts';
import { type AdminSecretValue, parseAdminSecret, requireSamePlace, withCredential } from './admin-secret.ts';
import * as errors from './errors.ts';
import { differenceOf, type Identity, identify, proofOf } from './identity.ts';
import { MAKING_NEEDS_MS, makeCredential } from './make-credential.ts';
import { type StoredCredentials, type Swept, sweep } from './sweep.ts';

/** Streamkap as far as rotating a client credential needs it. */
export type CredentialApi = Pick<ClientCredentials, 'whoami' | 'list' | 'create' | 'delete'>;

export interface AdminPorts {
  /** @param deadline milliseconds since the epoch: no call lasts longer */
  readonly streamkap: (credentials: AdminCredentialSource, deadline: number) => CredentialApi;
  /** The credential that is current, read when it is first needed and anew when asked for fresh. */
  readonly current: AdminCredentialSource;
  readonly stored: () => Promise<StoredCredentials>;
  /** Where credentials are sent; a credential file that names another host is refused. */
  readonly host: string;
  /** Tells this secret's credentials from those of another, in their markers. */
  readonly fingerprint: string;
  /** @returns letters and digits that no other attempt gets */
  readonly nonce: () => string;
  /** Called before a secret is used for anything, so that it can be kept out of logs. */
  readonly secretSeen: (secret: string) => void;
  /** What was cleaned up, or the code of what kept it from being. Must not throw. */
  readonly swept: (result: Swept | { readonly code: string }) => void;
}

/** Milliseconds a new credential may take until every part of Streamkap accepts it. Undocumented; it is given out as live. */
const SPREAD_MS = 30_000;
const PAUSE = { first: 500, max: 4_000 } as const;
/** Cleaning up takes this long at most, in milliseconds, and leaves that much for what comes after it. */
const SWEEP = { longest: 20_000, reserve: 3_000, least: 2_000 } as const;

type Value = AdminSecretValue;

/**
 * The credential that everything else here is managed with. The next one is made beside it and works from birth, so nothing is put
 * in force, nobody is cut off, and a failure has nothing to take back: the current one always works, and so does the previous one
 * until the next rotation. Streamkap tells the new secret once, before it can be stored: what is lost there is found again by the
 * marker in its description, and deleted.
 */
export class AdminStrategy implements Strategy<Value> {
  readonly name = 'admin';
  readonly findsLeftovers = true;
  readonly makesOutside = true;
  readonly #ports: AdminPorts;

  constructor(ports: AdminPorts) {
    this.#ports = ports;
  }

  parse(text: string, origin: CredentialOrigin): Value {
    const value = parseAdminSecret(text, { ...origin, host: this.#ports.host });
    this.#ports.secretSeen(value.credential.clientSecret);
    return value;
  }

  async makePending(current: Value, { budget, token }: Pick<Making<Value>, 'budget' | 'token'>): Promise<string> {
    const { fingerprint, nonce, secretSeen } = this.#ports;
    const { clientId } = current.credential;
    const api = this.#asCurrent(current.credential, budget.deadline - MAKING_NEEDS_MS.store);
    const marker = { token, nonce: `${fingerprint}-${nonce()}` };
    const made = await makeCredential({ api, clientId, marker, budget });
    secretSeen(made.secret);
    return withCredential(current, { clientId: made.client_id, clientSecret: made.secret });
  }

  /** The only deletion in createSecret. When it fails, the marker finds the credential later. */
  async discard(made: Value, budget: TimeBudget): Promise<void> {
    const { clientId } = made.credential;
    try {
      await this.#ports.streamkap(this.#ports.current, budget.deadline).delete(clientId);
      this.#ports.swept({ deleted: [{ clientId, reason: 'orphan' }], left: [] });
    } catch (error) {
      this.#ports.swept({ deleted: [], left: [{ clientId, code: codeOf(error) }] });
    }
  }

  requireSuccessor(current: Value, pending: Value): void {
    requireSamePlace(current, pending);
  }

  isSame(one: Value, other: Value): boolean {
    return (
      one.credential.clientId === other.credential.clientId &&
      one.credential.clientSecret === other.credential.clientSecret
    );
  }

  /** Sends nothing: finds that the pending credential works, or that it never will. */
  async apply(change: Change<Value>): Promise<Applied> {
    const { current, budget } = change;
    const { value } = await change.pending();
    if (this.isSame(current, value)) throw errors.pendingIsCurrent();
    let proof = await this.#proof(value, budget, current.credential);
    if (proof.outcome === 'rejected') {
      const { clientId } = value.credential;
      if (!(await this.#isListed(clientId, current, budget)))
        return { outcome: 'unusable', why: `it does not list the client credential ${clientId} any more` };
      proof = await this.#patientProof(value, budget, current.credential);
    }
    if (proof.outcome === 'accepted') return { outcome: 'applied', proof };
    throw proof.outcome === 'rejected' ? errors.pendingRejected() : errors.unknown(proof);
  }

  /**
   * A token for it, and the same tenant and service as the current credential's.
   * @throws RotationError for all but accepted, and refused at the first look: what follows from that the caller finds out
   */
  async prove(value: Value, { budget, patient }: { budget: TimeBudget; patient: boolean }): Promise<Proof> {
    const proof = await (patient ? this.#patientProof(value, budget) : this.#proof(value, budget));
    if (proof.outcome === 'unknown') throw errors.unknown(proof);
    if (proof.outcome === 'accepted') return proof;
    if (patient) throw errors.pendingRejected();
    const current = await this.#ports.current.get(false);
    if (current.clientId === value.credential.clientId) throw errors.currentRejected();
    return proof;
  }

  /** Whatever happens here, the rotation is done; what is left over is found again. */
  async afterMove(facts: Pick<Succession<Value>, 'current' | 'budget'>): Promise<void> {
    const { stored, fingerprint, swept } = this.#ports;
    const { budget } = facts;
    const deadline = budget.endOf(SWEEP.longest, SWEEP.reserve);
    if (deadline - budget.clock.now() < SWEEP.least) {
      swept({ code: 'OUT_OF_TIME' });
      return;
    }
    try {
      const api = this.#asCurrent((await facts.current()).credential, deadline);
      swept(await sweep({ api, stored, fingerprint, budget }));
    } catch (error) {
      swept({ code: codeOf(error) });
    }
  }

  /** It is meant to go on working. */
  async retireEvidence(outgoing: Value, budget: TimeBudget): Promise<Proof> {
    return proofOf(await this.#identify(outgoing.credential, budget));
  }

  async #patientProof(value: Value, budget: TimeBudget, current?: AdminCredential): Promise<Proof> {
    const end = budget.endOf(SPREAD_MS);
    for (let look = 0; ; look++) {
      const proof = await this.#proof(value, budget, current);
      const waitMs = backoffMs(look, PAUSE);
      if (proof.outcome === 'accepted' || budget.clock.now() + waitMs >= end) return proof;
      await budget.clock.sleep(waitMs);
    }
  }

  /**
   * @throws RotationError PENDING_MISMATCH when the credential works, but for another tenant or service; CURRENT_REJECTED when
   * there is nothing to compare it with
   */
  async #proof(value: Value, budget: TimeBudget, known?: AdminCredential): Promise<Proof> {
    const identity = await this.#identify(value.credential, budget);
    if (!identity.whoami) return proofOf(identity);
    const current = known ?? (await this.#ports.current.get(false));
    if (current.clientId === value.credential.clientId) return proofOf(identity);
    const own = await identify(this.#asCurrent(current, budget.deadline), budget);
    if (own.outcome === 'rejected') throw errors.currentRejected();
    if (!own.whoami) return proofOf(own);
    const field = differenceOf(own.whoami, identity.whoami);
    if (field) throw mismatch(field);
    return proofOf(identity);
  }

  #identify(credential: AdminCredential, budget: TimeBudget): Promise<Identity> {
    const itself = { get: () => Promise.resolve(credential) };
    return identify(this.#ports.streamkap(itself, budget.deadline), budget);
  }

  async #isListed(clientId: string, current: Value, budget: TimeBudget): Promise<boolean> {
    try {
      const listed = await this.#asCurrent(current.credential, budget.deadline).list();
      return listed.some((credential) => credential.client_id === clientId);
    } catch (error) {
      throw error instanceof StreamkapError ? errors.refusalOfAdmin(error) : error;
    }
  }

  /** Calls as a credential that was read a moment ago, and as what is current by then if Streamkap refuses it. */
  #asCurrent(credential: AdminCredential, deadline: number): CredentialApi {
    const { current, streamkap } = this.#ports;
    return streamkap({ get: (fresh) => (fresh ? current.get(true) : Promise.resolve(credential)) }, deadline);
  }
}

function codeOf(error: unknown): string {
  return error instanceof KeyringError ? error.code : 'INTERNAL';
}
