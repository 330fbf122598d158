/** Whether the world outside (Streamkap, Secrets Manager) differs from before the call that failed. */
export type Changed = 'no' | 'yes' | 'unknown';

/** What a caller that sees the error needs to decide; never holds a secret or text that a server sent unread. */
export interface KeyringErrorFacts {
  /** Stable, upper snake case; docs and alarms refer to it. */
  readonly code: string;
  /** One line: what happened, naming inputs and ids. */
  readonly message: string;
  readonly changed: Changed;
  /** May the same call be made again, unaltered, with a chance to succeed? */
  readonly retryable: boolean;
  /** What to do next, as a sentence. */
  readonly remedy: string;
  /** Streamkap's X-Request-Id or AWS's request id, where there was one. */
  readonly requestId?: string | undefined;
}

/**
 * The root of every error this product throws on purpose. It answers: was anything changed, may it be tried again, what next.
 * Causes are not chained: the text of a foreign error may quote a secret (JSON.parse, zod and HTTP clients all do).
 */
export class KeyringError extends Error {
  /** Written out in each class: after minification a class has another name. */
  override readonly name: string = 'KeyringError';
  readonly code: string;
  readonly changed: Changed;
  readonly retryable: boolean;
  readonly remedy: string;
  readonly requestId: string | undefined;

  constructor(facts: KeyringErrorFacts) {
    super(facts.message);
    this.code = facts.code;
    this.changed = facts.changed;
    this.retryable = facts.retryable;
    this.remedy = facts.remedy;
    this.requestId = facts.requestId;
  }
}

/** An input, setting or file that breaks a rule. Nothing was called, nothing changed. */
export class InputError extends KeyringError {
  override readonly name = 'InputError';

  /** @param input the name as the user wrote it; @param problem what is wrong, without the value where that may be secret; @param rule what would be right */
  constructor(input: string, problem: string, rule: string) {
    super({ code: 'INVALID_INPUT', message: `${input}: ${problem}`, changed: 'no', retryable: false, remedy: rule });
  }
}

/** Streamkap refused, failed or did not answer. */
export class StreamkapError extends KeyringError {
  override readonly name = 'StreamkapError';
  /** HTTP status; undefined when no answer came. */
  readonly status: number | undefined;
  /** Seconds the server asked to wait, from Retry-After. */
  readonly retryAfterSeconds: number | undefined;

  constructor(facts: KeyringErrorFacts & { status?: number | undefined; retryAfterSeconds?: number | undefined }) {
    super(facts);
    this.status = facts.status;
    this.retryAfterSeconds = facts.retryAfterSeconds;
  }
}

/** Secrets Manager (or the way to it) refused, failed or did not answer. */
export class SecretStoreError extends KeyringError {
  override readonly name = 'SecretStoreError';
}

/** Making a key did not come to its end; the secret's intent tells the next run where to go on. */
export class ProvisioningError extends KeyringError {
  override readonly name = 'ProvisioningError';
}

/** A rotation step that did not do what it should; Secrets Manager may call it again. */
export class RotationError extends KeyringError {
  override readonly name = 'RotationError';
}
