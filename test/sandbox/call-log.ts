/** The services the sandbox stands in for. */
export type Service = 'streamkap' | 'secretsmanager' | 'lambda' | 'kafka';

/** One call that reached a stand-in. Holds names and ids only: the log is readable over HTTP and must not leak a password. */
export interface Call {
  readonly seq: number;
  readonly service: Service;
  /** `POST /project-keys`, `PATCH /project-keys/{id}`, `GetSecretValue`, `Invoke`, `login`. */
  readonly operation: string;
  /** The key id, secret name, function or Kafka username the call is about. */
  readonly target: string;
  /** HTTP status, AWS error code, `ok`, `Unhandled` (the function threw), `accepted`, `rejected`, or the fault's kind when a fault decided. */
  readonly outcome: string;
  /** True when the call changed state. */
  readonly tookEffect: boolean;
}

/**
 * What a scripted fault does to a call. `before`: the call has no effect. `after`: it takes effect, then the answer is spoilt.
 * `drop` resets the connection, `hang` never answers (the connection stays open), `status` answers an error.
 */
export type FaultAction =
  | { readonly kind: 'drop' | 'hang'; readonly when: 'before' | 'after' }
  | {
      readonly kind: 'status';
      readonly when: 'before' | 'after';
      /** Streamkap: the status. Secrets Manager: 400 or 5xx with `code`. */
      readonly status: number;
      /** AWS's error code, e.g. ThrottlingException. */
      readonly code?: string;
      /** Raw body for Streamkap, default a JSON `{detail}`; AWS's message for Lambda. */
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The call takes effect at once and is answered as usual; only Streamkap's password change knows it: logins see it later. */
  | { readonly kind: 'propagation'; readonly delayMs: number };

export interface Fault {
  readonly service: Service;
  /** An operation as in {@link Call}, or `*`. */
  readonly operation: string;
  /** How many matching calls pass first. @default 0 */
  readonly skip?: number;
  /** How many calls it hits. @default 1 */
  readonly times?: number;
  readonly action: FaultAction;
}

/** The log of all calls in the order they were decided, and the faults waiting for theirs. One instance a sandbox. */
export class CallLog {
  readonly calls: Call[] = [];
  #faults: { fault: Fault; skip: number; times: number }[] = [];

  script(fault: Fault): void {
    this.#faults.push({ fault, skip: fault.skip ?? 0, times: fault.times ?? 1 });
  }

  clearFaults(): void {
    this.#faults = [];
  }

  /** The fault that hits this call, if any; counts it down. */
  take(service: Service, operation: string): FaultAction | undefined {
    for (const entry of this.#faults) {
      if (entry.fault.service !== service || (entry.fault.operation !== '*' && entry.fault.operation !== operation))
        continue;
      if (entry.skip > 0) {
        entry.skip--;
        continue;
      }
      if (entry.times <= 0) continue;
      entry.times--;
      return entry.fault.action;
    }
    return undefined;
  }

  record(call: Omit<Call, 'seq'>): void {
    this.calls.push({ seq: this.calls.length + 1, ...call });
  }

  /** Calls of one operation, optionally only those that changed something. */
  of(service: Service, operation: string): Call[] {
    return this.calls.filter((call) => call.service === service && call.operation === operation);
  }
}
