import type { Duplex } from 'node:stream';
import { LoginFailure, type SystemCode } from './login.ts';
import { encodeRequest, FrameAssembler, FrameReader } from './wire.ts';

/** Node's names for certificates that are out of their time or for somebody else; every other complaint is about trust. */
const EXPIRED = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);
const HOSTNAME = new Set(['ERR_TLS_CERT_ALTNAME_INVALID', 'HOSTNAME_MISMATCH']);
const CERTIFICATE = /CERT|ISSUER|CRL|LEAF_SIGNATURE|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH/;
/** setTimeout fires at once beyond this. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** One connection that asks one thing at a time. Everything it awaits ends with a LoginFailure when the peer or the clock says so. */
export class BrokerConnection {
  readonly #socket: Duplex;
  readonly #secured = Promise.withResolvers<void>();
  readonly #failed = Promise.withResolvers<never>();
  readonly #assembler = new FrameAssembler();
  #answer: PromiseWithResolvers<Buffer> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #correlationId = 0;

  /** @param socket a TLS stream that emits `secureConnect` once the peer's certificate has been checked */
  constructor(socket: Duplex, timeoutMs: number) {
    this.#socket = socket;
    this.#failed.promise.catch(() => {});
    socket.once('secureConnect', () => this.#secured.resolve());
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => this.#failed.reject(new LoginFailure(codeOf(error))));
    socket.on('end', () => this.#failed.reject(new LoginFailure('ECONNRESET')));
    socket.on('close', () => this.#failed.reject(new LoginFailure('ECONNRESET')));
    this.expireAfter(timeoutMs);
  }

  /** Resolves when the peer is known to be the host that was meant. */
  secured(): Promise<void> {
    return this.orFailure(this.#secured.promise);
  }

  /** @returns the answer to one request, read up to its correlation id */
  async ask(api: { readonly apiKey: number; readonly apiVersion: number }, body: Buffer): Promise<FrameReader> {
    const correlationId = ++this.#correlationId;
    const answer = Promise.withResolvers<Buffer>();
    this.#answer = answer;
    this.#socket.write(encodeRequest(api, { correlationId, body }));
    const reader = new FrameReader(await this.orFailure(answer.promise));
    if (reader.int32() !== correlationId) throw new LoginFailure('PROTOCOL');
    return reader;
  }

  /** The result of `work`, or the connection's failure when that comes first. */
  orFailure<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#failed.promise]);
  }

  /** Sets the connection's end anew, counted from now. */
  expireAfter(milliseconds: number): void {
    clearTimeout(this.#timer);
    const delay = Math.min(Math.max(milliseconds, 0), MAX_TIMER_MS);
    this.#timer = setTimeout(() => this.#failed.reject(new LoginFailure('TIMEOUT')), delay);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    try {
      if (!this.#answer) throw new LoginFailure('PROTOCOL');
      const frame = this.#assembler.push(chunk);
      if (!frame) return;
      this.#answer.resolve(frame);
      this.#answer = undefined;
    } catch (error) {
      this.#failed.reject(error);
    }
  }
}

/** @returns the code to report for what a socket, TLS or the name lookup threw; never its text */
export function codeOf(error: unknown): LoginFailure['code'] {
  if (error instanceof LoginFailure) return error.code;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (HOSTNAME.has(code)) return 'TLS_HOSTNAME';
  if (EXPIRED.has(code)) return 'TLS_EXPIRED';
  if (/^(?:EPROTO$|ERR_SSL_|ERR_TLS_)/.test(code)) return 'TLS_FAILED';
  if (CERTIFICATE.test(code)) return 'TLS_UNTRUSTED';
  if (code === 'ETIMEDOUT') return 'TIMEOUT';
  if (code === 'EPIPE') return 'ECONNRESET';
  return isSystemCode(code) ? code : 'CONNECTION_FAILED';
}

function isSystemCode(code: string): code is SystemCode {
  return /^E(?!RR_)[A-Z0-9_]{2,30}$/.test(code);
}
