import type * as z from 'zod/mini';
import type { Clock } from '../clock.ts';
import { InputError, StreamkapError } from '../errors.ts';
import type { HttpResponse, HttpTransport } from '../http.ts';
import { describeIssues, parseJson } from '../json.ts';
import {
  type CallNature,
  errorOfAnswer,
  errorOfShape,
  errorOfSilence,
  isPassing,
  isSuccess,
  type Redact,
} from './answer.ts';
import * as schemas from './schemas.ts';
import { type AdminCredentialSource, TokenHolder } from './token.ts';

/** How long one call may take before it is given up on, in milliseconds; making a Kafka user and its proxies is slow. */
const TIMEOUT_MS = { GET: 10_000, POST: 60_000, PATCH: 30_000, DELETE: 30_000 } as const;

/** A read is repeated for this long when the caller set no deadline, in milliseconds. */
const READ_PATIENCE_MS = 30_000;
const RETRY = { first: 500, max: 8_000 } as const;

export interface StreamkapClientOptions {
  /** Checked by parseStreamkapHost. */
  readonly host: string;
  readonly credentials: AdminCredentialSource;
  readonly transport: HttpTransport;
  readonly clock: Clock;
  /** 0 (included) to 1 (excluded), for jitter. */
  readonly random: () => number;
  readonly redact: Redact;
  /** Milliseconds since the epoch after which no call is started or waited for. @default none */
  readonly deadline?: number;
}

/** One call and how its answer is read. */
export interface ApiCall<T> {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** The path with ids templated, as errors show it. */
  readonly route: string;
  readonly body?: unknown;
  readonly read: (value: unknown) => { value: T } | { problem: string };
}

/**
 * Calls of Streamkap's API, whatever they are about. Reads are repeated on passing failures until the deadline; calls that change
 * something are sent once. Every error says whether something changed and holds the request id, never a body.
 */
export class StreamkapCalls {
  readonly #options: StreamkapClientOptions;
  readonly #token: TokenHolder;

  constructor(options: StreamkapClientOptions, token?: TokenHolder) {
    this.#options = options;
    this.#token =
      token ?? new TokenHolder(options.credentials, options.clock, (credential) => this.#exchange(credential));
  }

  /** @returns calls with the same token that end by `deadline`, milliseconds since the epoch */
  until(deadline: number): StreamkapCalls {
    return new StreamkapCalls({ ...this.#options, deadline }, this.#token);
  }

  async make<T>(call: ApiCall<T>): Promise<T> {
    const nature = { operation: `${call.method} ${call.route}`, changes: call.method !== 'GET' };
    const response = await this.#authorised(call, nature);
    const result = call.read(response.body === '' ? undefined : parseJson(response.body));
    if ('problem' in result) throw errorOfShape(nature, response, result.problem);
    return result.value;
  }

  /** @returns undefined when Streamkap has nothing under that path */
  async makeUnlessGone<T>(call: ApiCall<T>): Promise<T | undefined> {
    try {
      return await this.make(call);
    } catch (error) {
      if (error instanceof StreamkapError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** A refused token is renewed once and the call made again: a 401 means that it had no effect. */
  async #authorised<T>(call: ApiCall<T>, nature: CallNature): Promise<HttpResponse> {
    const token = await this.#token.get();
    try {
      return await this.#send(call, nature, token);
    } catch (error) {
      if (!(error instanceof StreamkapError) || (error.status !== 401 && error.status !== 403)) throw error;
      const renewed = await this.#token.renew(token, error.status === 403 ? 'only-if-credential-changed' : 'always');
      if (renewed === undefined) throw error;
      return await this.#send(call, nature, renewed);
    }
  }

  #send<T>(call: ApiCall<T>, nature: CallNature, token: string): Promise<HttpResponse> {
    const attempt = () =>
      this.#transfer(nature, {
        method: call.method,
        path: call.path,
        headers: { authorization: `Bearer ${token}` },
        body: call.body,
      });
    return nature.changes ? attempt() : this.#repeat(attempt);
  }

  async #exchange(credential: { clientId: string; clientSecret: string }): Promise<{ token: string; seconds: number }> {
    const nature = { operation: 'POST /auth/access-token', changes: false };
    const body = { client_id: credential.clientId, secret: credential.clientSecret };
    const response = await this.#transfer(nature, { method: 'POST', path: '/auth/access-token', headers: {}, body });
    const result = schemas.accessToken.safeParse(parseJson(response.body));
    const token = result.success ? (result.data.accessToken ?? result.data.access_token) : undefined;
    if (!result.success || !token) throw errorOfShape(nature, response, 'no access token in it');
    return { token, seconds: result.data.expiresIn ?? 0 };
  }

  async #transfer(
    nature: CallNature,
    call: { method: 'GET' | 'POST' | 'PATCH' | 'DELETE'; path: string; headers: Record<string, string>; body: unknown },
  ): Promise<HttpResponse> {
    const { host, transport, redact } = this.#options;
    const timeoutMs = Math.min(nature.changes ? TIMEOUT_MS[call.method] : TIMEOUT_MS.GET, this.#remainingMs());
    if (timeoutMs <= 0) throw outOfTime(nature);
    const response = await transport({
      method: call.method,
      url: `${host}${call.path}`,
      headers: { accept: 'application/json', 'content-type': 'application/json', ...call.headers },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      timeoutMs,
    }).catch((cause: unknown) => {
      throw errorOfSilence(nature, cause);
    });
    if (!isSuccess(response)) throw errorOfAnswer(nature, response, redact);
    return response;
  }

  /** Full jitter, Retry-After honoured, never beyond the deadline. */
  async #repeat(attempt: () => Promise<HttpResponse>): Promise<HttpResponse> {
    const { clock, random, deadline } = this.#options;
    const end = Math.min(deadline ?? Number.POSITIVE_INFINITY, clock.now() + READ_PATIENCE_MS);
    for (let tries = 0; ; tries++) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof StreamkapError) || !isPassing(error)) throw error;
        const jittered = Math.min(RETRY.max, RETRY.first * 2 ** tries) * random();
        const waitMs = error.retryAfterSeconds === undefined ? jittered : error.retryAfterSeconds * 1000;
        if (clock.now() + waitMs >= end) throw error;
        await clock.sleep(waitMs);
      }
    }
  }

  #remainingMs(): number {
    const { deadline, clock } = this.#options;
    return deadline === undefined ? Number.POSITIVE_INFINITY : deadline - clock.now();
  }
}

function outOfTime(nature: CallNature): StreamkapError {
  return new StreamkapError({
    code: 'OUT_OF_TIME',
    message: `No time left for ${nature.operation}`,
    changed: 'no',
    retryable: true,
    remedy: 'Run again; if it happens each time, allow more time.',
  });
}

/** @throws InputError for an id that no encoding keeps from meaning another path: URLs resolve `..`, also as `%2e%2e` */
export function pathOf(collection: string, id: string, input: string): { path: string; route: string } {
  if (/^\.{0,2}$/.test(id)) throw new InputError(input, `"${id}" is no id`, 'Give the id as Streamkap shows it.');
  return { path: `${collection}/${encodeURIComponent(id)}`, route: `${collection}/{id}` };
}

/** Reads an answer by its schema. */
export function shaped<T extends z.core.$ZodType>(
  schema: T & { safeParse: (value: unknown) => z.core.util.SafeParseResult<z.output<T>> },
) {
  return (value: unknown) => {
    const result = schema.safeParse(value);
    return result.success ? { value: result.data } : { problem: describeIssues(result.error.issues) };
  };
}

/** For calls whose answer proves nothing, empty bodies included. */
export function anything(): { value: undefined } {
  return { value: undefined };
}
