import type { CallLog, FaultAction } from '../call-log.ts';
import type { KafkaUsers } from '../kafka-users.ts';
import { type KafkaRequest, parseRequest } from './requests.ts';
import { apiVersionsResponse, ERRORS, frame, saslAuthenticateResponse, saslHandshakeResponse } from './responses.ts';
import { type SaslConversation, type SaslStep, startConversation } from './sasl-server.ts';

/** What to do with the connection after a frame. `hang`: stay connected and never answer anything again. */
export type Reaction =
  | { readonly kind: 'answer' | 'answer-and-close'; readonly bytes: Buffer }
  | { readonly kind: 'close' | 'reset' | 'hang' };

export interface SessionOptions {
  readonly users: KafkaUsers;
  readonly log: CallLog;
  readonly mechanisms: readonly string[];
}

/** The same words for a wrong password and for an unknown user, so that nobody can list users. */
const REFUSAL = 'Authentication failed: Invalid username or password';
const GARBAGE = Buffer.from('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n');
const CLOSE: Reaction = { kind: 'close' };

/** One connection's way from its first byte to a login. Does no input or output of its own. */
export class KafkaSession {
  readonly #options: SessionOptions;
  #conversation: SaslConversation | undefined;
  /** Since SaslHandshake v0 the client sends bare tokens. */
  #bareTokens = false;
  #login: { username: string; fault: FaultAction | undefined } | undefined;
  #user: string | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Who is logged in. */
  get user(): string | undefined {
    return this.#user;
  }

  /** @throws MalformedRequest where a broker would hang up */
  receive(bytes: Buffer): Reaction {
    if (this.#bareTokens) {
      return this.#authenticate(bytes, (error, token) => (error === ERRORS.none ? answer(frame(token)) : CLOSE));
    }
    const request = parseRequest(bytes);
    switch (request.api) {
      case 'apiVersions':
        return this.#conversation ? CLOSE : answer(apiVersionsResponse(request));
      case 'saslHandshake':
        return this.#handshake(request);
      case 'saslAuthenticate':
        return this.#authenticate(request.token, (error, token) => {
          const message = error === ERRORS.none ? null : REFUSAL;
          return closingOnError(error, saslAuthenticateResponse(request, { error, message, token }));
        });
    }
  }

  /** The connection is gone. A login that was begun and never decided leaves its trace. */
  ended(): void {
    if (this.#login) this.#record(this.#login.username, 'abandoned');
    this.#user = undefined;
  }

  #handshake(request: KafkaRequest & { api: 'saslHandshake' }): Reaction {
    const { mechanisms, users } = this.#options;
    const offered = mechanisms.includes(request.mechanism);
    const conversation = offered ? startConversation(request.mechanism, users) : undefined;
    const outOfTurn = this.#conversation !== undefined || this.#user !== undefined;
    let error: number = conversation ? ERRORS.none : ERRORS.unsupportedSaslMechanism;
    if (outOfTurn) error = ERRORS.illegalSaslState;
    if (error === ERRORS.none) {
      this.#conversation = conversation;
      this.#bareTokens = request.version === 0;
    }
    return closingOnError(error, saslHandshakeResponse(request, { error, mechanisms }));
  }

  #authenticate(token: Buffer, reply: (error: number, token: Buffer) => Reaction): Reaction {
    const nothing = Buffer.alloc(0);
    if (!this.#conversation) return reply(ERRORS.illegalSaslState, nothing);
    const step = this.#conversation(token);
    this.#login ??= { username: step.username, fault: this.#options.log.take('kafka', 'login') };
    const { fault } = this.#login;
    if (fault && fault.kind !== 'propagation' && (fault.when === 'before' || step.kind !== 'continue')) {
      if (fault.when === 'after') this.#decide(step);
      this.#record(step.username, fault.kind);
      return spoilt(fault);
    }
    if (step.kind === 'continue') return reply(ERRORS.none, step.token);
    this.#decide(step);
    this.#record(step.username, step.kind);
    return step.kind === 'accepted' ? reply(ERRORS.none, step.token) : reply(ERRORS.saslAuthenticationFailed, nothing);
  }

  #decide(step: SaslStep): void {
    if (step.kind === 'accepted') this.#user = step.username;
    this.#conversation = undefined;
    this.#bareTokens = false;
  }

  /** A login changes nothing that anybody could see later, so it never counts as having taken effect. */
  #record(target: string, outcome: string): void {
    this.#login = undefined;
    this.#options.log.record({ service: 'kafka', operation: 'login', target, outcome, tookEffect: false });
  }
}

function spoilt(fault: Exclude<FaultAction, { kind: 'propagation' }>): Reaction {
  switch (fault.kind) {
    case 'drop':
      return { kind: 'reset' };
    case 'hang':
      return { kind: 'hang' };
    case 'status':
      return { kind: 'answer-and-close', bytes: GARBAGE };
  }
}

function answer(bytes: Buffer): Reaction {
  return { kind: 'answer', bytes };
}

function closingOnError(error: number, bytes: Buffer): Reaction {
  return { kind: error === ERRORS.none ? 'answer' : 'answer-and-close', bytes };
}
