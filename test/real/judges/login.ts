/** One login as a foreign client is asked to make it. */
export interface LoginAttempt {
  /** Comma-separated `host:port` list. */
  readonly bootstrap: string;
  readonly username: string;
  readonly password: string;
  /** `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`. */
  readonly mechanism: string;
  /** PEM file of the CA to trust; without it the client trusts the system's store only. */
  readonly caFile?: string | undefined;
}

/**
 * What a judge saw. `rejected` only when the broker itself refused the credentials; everything else that is no success
 * is `unknown`, an unsupported mechanism too: it says nothing about the password.
 */
export interface LoginVerdict {
  readonly outcome: 'accepted' | 'rejected' | 'unknown';
  /** The client's own words or code, one line. */
  readonly detail: string;
}
