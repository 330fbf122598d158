import type { Clock } from '../../core/clock.ts';
import { KeyringError } from '../../core/errors.ts';
import type { HttpRequest, HttpResponse, HttpTransport } from '../../core/http.ts';
import { StreamkapClient, type StreamkapClientOptions } from '../../core/streamkap/client.ts';
import type { AdminCredential } from '../../core/streamkap/token.ts';

export const HOST = 'https://api.streamkap.test';
export const ADMIN: AdminCredential = { clientId: 'admin-client', clientSecret: 'admin-secret-0000' };
export const TOKEN_CALL = 'POST /auth/access-token';

/** A clock that only sleeping moves. */
export class VirtualClock implements Clock {
  time: number;
  readonly sleeps: number[] = [];

  constructor(time = 1_000_000) {
    this.time = time;
  }

  now(): number {
    return this.time;
  }

  async sleep(milliseconds: number): Promise<void> {
    this.sleeps.push(milliseconds);
    this.time += milliseconds;
  }
}

/** What a scripted server does with a call: answer, fail as a connection does, or work it out from the request. */
export type Turn = HttpResponse | Error | ((request: HttpRequest) => HttpResponse | Promise<HttpResponse>);

export function answer(status: number, body: unknown = '', headers: Record<string, string> = {}): HttpResponse {
  return { status, headers, body: typeof body === 'string' ? body : JSON.stringify(body) };
}

export function lost(code: string): Error {
  return Object.assign(new Error(`${code} while sending hunter2-hunter2`), { code });
}

/** A server that answers calls in the order of a script; a call beyond the script fails the test. */
export class ScriptedStreamkap {
  readonly requests: HttpRequest[] = [];
  readonly #turns: Turn[];
  readonly #tokenTurns: Turn[];
  #tokens = 0;

  /** @param tokenTurns answers to the token call; when they are used up, it gives out one token after another */
  constructor(turns: readonly Turn[], tokenTurns: readonly Turn[] = []) {
    this.#turns = [...turns];
    this.#tokenTurns = [...tokenTurns];
  }

  readonly transport: HttpTransport = async (request) => {
    this.requests.push(request);
    const turn = nameOf(request) === TOKEN_CALL ? (this.#tokenTurns.shift() ?? this.#nextToken()) : this.#turns.shift();
    if (turn === undefined) throw new Error(`unexpected call: ${nameOf(request)}`);
    if (turn instanceof Error) throw turn;
    return typeof turn === 'function' ? await turn(request) : turn;
  };

  /** Method and path of every call, in order. */
  get calls(): string[] {
    return this.requests.map(nameOf);
  }

  get leftOver(): number {
    return this.#turns.length;
  }

  #nextToken(): HttpResponse {
    return answer(200, { accessToken: `token-${++this.#tokens}`, expiresIn: 3600 });
  }
}

export function nameOf({ method, url }: HttpRequest): string {
  return `${method} ${url.slice(HOST.length)}`;
}

export function clientOver(
  transport: HttpTransport,
  options: Partial<Omit<StreamkapClientOptions, 'transport'>> = {},
): StreamkapClient {
  return new StreamkapClient({
    host: HOST,
    credentials: { get: async () => ADMIN },
    clock: new VirtualClock(),
    random: () => 0.5,
    redact: (text) => text,
    transport,
    ...options,
  });
}

/** @returns the KeyringError that the call ends with; anything else fails the test */
export async function errorOf(call: Promise<unknown>): Promise<KeyringError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof KeyringError) return error;
    throw error;
  }
  throw new Error('the call succeeded');
}
