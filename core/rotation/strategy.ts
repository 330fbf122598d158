import type { TimeBudget } from './time-budget.ts';

/** What a login, or whatever else proves a credential, showed. `unknown` never means wrong. */
export interface Proof {
  readonly outcome: 'accepted' | 'rejected' | 'unknown';
  /** Why not accepted: an upper-case code, no text of a server's. */
  readonly code?: string;
  readonly broker?: string;
  readonly milliseconds: number;
  /** With `unknown`: Kafka refused the password a moment before. Never as good as one that could not be tried. */
  readonly wasRejected?: true;
}

/** Something that people should hear of, whether or not the step succeeds. */
export interface RotationSignal {
  readonly kind: 'drift' | 'previous-in-use' | 'live-without-label';
  readonly detail: string;
}

/** The pending credential at the moment it was read. */
export interface PendingCredential<Value> {
  readonly value: Value;
  /** True once it was decided that this value must never be put in force again. */
  readonly wayBackRecorded: boolean;
  /** Whether an attempt has claimed the right to send it: it may be what is in force, or what spoiled it. */
  readonly mayHaveBeenSent: boolean;
}

/** The pending credential, about to be sent. */
export interface ClaimedCredential<Value> extends PendingCredential<Value> {
  /**
   * True for one attempt at most, of all that are made with one token, at once or one after the other: nobody has sent it before.
   * False: somebody may have, and it may be on its way.
   */
  readonly first: boolean;
}

/** One change from the current credential to the pending one, as a strategy sees it. Where they are stored it does not know. */
export interface Change<Value> {
  readonly current: Value;
  readonly budget: TimeBudget;
  secret(): Promise<SecretFacts>;
  /**
   * Reads the pending credential from where it is durable, and checks that the change may still be made. To be called right before
   * the pending credential is put in force, each time but the first, which is {@link claim}'s.
   */
  pending(): Promise<PendingCredential<Value>>;
  /** Makes it durable that the pending credential may be in force from now on, then reads it as {@link pending} does. */
  claim(): Promise<ClaimedCredential<Value>>;
  /**
   * To be called before waiting for a change that may be on its way.
   * @returns what is to be called after the wait, instead of {@link pending}, when the pending credential shall be sent again: it
   * throws a RotationError where another attempt was faster
   */
  nextTurn(): Promise<() => Promise<PendingCredential<Value>>>;
  /** The credential before the current one, when it is known and for the same target. */
  previous(): Promise<Value | undefined>;
  /**
   * Makes it durable that the pending credential must not be put in force again, then reads the current one, which may be put back
   * after this and not before.
   * @throws RotationError when the current credential is not the one any more that the change began with
   */
  recordWayBack(): Promise<Value>;
  signal(signal: RotationSignal): void;
}

/** How a change ended when it did not end in an error. */
export type Applied =
  /**
   * The pending credential is in force. An `unknown` proof only where settings allow it. `sentAt`: when this attempt sent it,
   * milliseconds since the epoch; undefined when an earlier one had.
   */
  | { readonly outcome: 'applied'; readonly sentAt?: number | undefined; readonly proof: Proof }
  /** The pending credential did not work; the current one is in force again, proven. */
  | { readonly outcome: 'rolled-back' }
  /** The pending credential will never be taken; nothing was changed. */
  | { readonly outcome: 'unusable'; readonly why: string };

/** What says where a credential is kept, and what was written on it there: no value. */
export interface SecretFacts {
  readonly arn: string;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** What may be looked at when the next credential is made. */
export interface Making<Value> {
  /** Which rotation it is for: the same in every replay. */
  readonly token: string;
  readonly secret: SecretFacts;
  /** What made the current credential so: the token of the rotation before, where there was one. */
  readonly currentToken: string;
  readonly budget: TimeBudget;
  /** The credential before the current one, when it is known and the current one may follow it. */
  previous(): Promise<Value | undefined>;
}

/** What is true once the successor is the current credential. */
export interface Succession<Value> {
  readonly secret: SecretFacts;
  /** False right after the move, true when the successor was found to be current already. */
  readonly replayed: boolean;
  /** The credential before the current one, when it is known and of this kind. Whether the current one may follow it is not checked. */
  outgoing(): Promise<Value | undefined>;
  current(): Promise<Value>;
  /** Which rotation this is: the same in every replay. */
  readonly token: string;
  readonly budget: TimeBudget;
}

export type StrategyName = 'single' | 'alternating' | 'admin';

/** Where a text was read; for errors. */
export interface CredentialOrigin {
  readonly role: 'current' | 'pending' | 'previous';
  readonly secretId: string;
}

/**
 * What kind of credential is rotated, and how it is put in force. Knows the target (Streamkap, Kafka) and nothing of versions and
 * labels. Every method may be called again at any time, by another process, for the same change.
 */
export interface Strategy<Value> {
  readonly name: StrategyName;
  /** Consumers have the outgoing credential, and it stays good: they notice no change, and a live one under another label is no drift. */
  readonly outgoingStaysValid?: boolean;
  /** A live credential that no label keeps is found and ended after a later rotation: it is no loss, and needs no label. */
  readonly findsLeftovers?: boolean;
  /** @throws RotationError when the text is no such credential; it quotes nothing */
  parse(text: string, origin: CredentialOrigin): Value;
  /** True for what lies under KEYRING_INTENT when the current credential lacks what it brings or is about to bring. */
  isUnfinishedUpdate?(labelled: string, current: Value): boolean;
  /** {@link makePending} makes one more outside each time it is called: a value that is stored is looked for first. */
  readonly makesOutside?: boolean;
  /**
   * Repairs, before that, what an earlier rotation left half done.
   * @returns the text of the credential that shall follow; it is not in force yet, and the caller may throw it away
   */
  makePending(current: Value, facts: Making<Value>): Promise<string>;
  /** Another credential is stored in place of one that {@link makePending} gave, which nobody will ever use. */
  discard?(made: Value, budget: TimeBudget): Promise<void>;
  /** @throws RotationError unless `pending` may follow `current`: the same target, nothing else than the secret part changed */
  requireSuccessor(current: Value, pending: Value): void;
  /** True when both are the same credential, secret part included. */
  isSame(one: Value, other: Value): boolean;
  /** Puts the pending credential in force, or finds that it is, or takes it back. */
  apply(change: Change<Value>): Promise<Applied>;
  /** @param patient false: one look. True: until accepted, as long as a change may take to spread. Changes nothing */
  prove(value: Value, options: { readonly budget: TimeBudget; readonly patient: boolean }): Promise<Proof>;
  /**
   * The successor is current, now or already before a replay: completes what has to follow. An error fails the step and takes
   * nothing back; the replay comes here again. Left out, it costs no call.
   */
  afterMove?(facts: Succession<Value>): Promise<void>;
  /** After the move: what the outgoing credential is good for now. Evidence only; changes nothing. */
  retireEvidence(outgoing: Value, budget: TimeBudget): Promise<Proof>;
}
