/** One login to try. The field names are those of `kafkaConnection()` in core/credential-file.ts. */
export interface LoginRequest {
  /** Comma-separated `host:port`, IPv6 addresses in brackets. */
  readonly bootstrapServers: string;
  readonly username: string;
  readonly password: string;
  /** `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`; anything else is `unknown` without a connection. */
  readonly mechanism: string;
  /** `SASL_SSL`; anything else is `unknown` without a connection: the password must not travel in the clear. */
  readonly securityProtocol: string;
  /** Milliseconds for the whole probe, all brokers together. */
  readonly timeoutMs: number;
  /**
   * Milliseconds a broker may take until it is ready for the credentials.
   * @default an equal share of what is left of `timeoutMs` for each broker not yet tried
   */
  readonly perBrokerTimeoutMs?: number;
}

/**
 * What one login showed. `rejected` means that Kafka itself said SASL_AUTHENTICATION_FAILED (error code 58) to the credentials.
 * Whatever else went wrong is `unknown`: a safe list, a firewall or a proxy look like a network failure and say nothing about
 * the password. Holds no text that a server sent.
 */
export type LoginResult =
  | { readonly outcome: 'accepted'; readonly broker: string; readonly milliseconds: number }
  | {
      readonly outcome: 'rejected';
      readonly code: 'SASL_AUTHENTICATION_FAILED';
      readonly broker: string;
      readonly milliseconds: number;
    }
  | {
      readonly outcome: 'unknown';
      /** See {@link LoginCode}; a system error code (ENOTFOUND, ECONNREFUSED) as it is. */
      readonly code: string;
      /** The broker that was tried last, where one was. */
      readonly broker?: string;
      readonly milliseconds: number;
    };

/** The codes of our own for an `unknown` outcome. */
export type LoginCode =
  /** Malformed `bootstrapServers`: nothing was connected to. */
  | 'INVALID_BOOTSTRAP_SERVERS'
  /** A NUL in username or password, which PLAIN cannot carry: nothing was connected to. */
  | 'INVALID_CREDENTIALS'
  | 'UNSUPPORTED_PROTOCOL'
  /** A mechanism that this probe does not speak: nothing was connected to. */
  | 'UNSUPPORTED_MECHANISM'
  /** A mechanism that the broker does not offer (Kafka error 33): no credentials were sent. */
  | 'UNSUPPORTED_SASL_MECHANISM'
  /** Kafka error 34. Any other Kafka error code n is `KAFKA_ERROR_n`. */
  | 'ILLEGAL_SASL_STATE'
  | `KAFKA_ERROR_${number}`
  | 'TIMEOUT'
  /** The peer closed or reset the connection; which of the two it was depends on what the kernel had unread. */
  | 'ECONNRESET'
  /** The broker's certificate comes from no authority that is trusted here. */
  | 'TLS_UNTRUSTED'
  | 'TLS_EXPIRED'
  /** The certificate is for another host. */
  | 'TLS_HOSTNAME'
  /** No TLS conversation came about, for instance because the port speaks something else. */
  | 'TLS_FAILED'
  /** The broker's bytes are no answer to what was asked. */
  | 'PROTOCOL'
  /** A SCRAM server that does not know the password either: an impostor, or a proxy with another copy. */
  | 'SERVER_SIGNATURE'
  | 'CONNECTION_FAILED';

/** As Node names a failed system call or look-up: ECONNREFUSED, ENOTFOUND, EAI_AGAIN. */
export type SystemCode = `E${string}`;

/** Ends an attempt inside the probe; has a code and nothing else, so that no secret can be in it. */
export class LoginFailure extends Error {
  readonly code: LoginCode | 'SASL_AUTHENTICATION_FAILED' | SystemCode;

  constructor(code: LoginFailure['code']) {
    super(code);
    this.name = 'LoginFailure';
    this.code = code;
  }
}
