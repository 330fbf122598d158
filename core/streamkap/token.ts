import type { Clock } from '../clock.ts';
import { StreamkapError } from '../errors.ts';

export interface AdminCredential {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Where the admin credential comes from. */
export interface AdminCredentialSource {
  /** @param fresh true after a refusal: it may have been rotated, so it is read again where it is kept */
  get(fresh: boolean): Promise<AdminCredential>;
}

/** Tokens are renewed this long before they end. */
const RENEW_EARLY_MS = 60_000;

interface Token {
  readonly value: string;
  /** Milliseconds since the epoch. */
  readonly goodUntil: number;
  /** What it was exchanged for. */
  readonly credential: AdminCredential;
}

/**
 * One access token at a time, renewed by exchanging the client credential again. Refresh tokens are left alone: they rotate, and
 * only 100 may live at once. However many callers wait, one exchange is under way.
 */
export class TokenHolder {
  readonly #source: AdminCredentialSource;
  readonly #clock: Clock;
  readonly #exchange: (credential: AdminCredential) => Promise<{ token: string; seconds: number }>;
  #credential: AdminCredential | undefined;
  #token: Token | undefined;
  #pending: Promise<string> | undefined;

  constructor(
    source: AdminCredentialSource,
    clock: Clock,
    exchange: (credential: AdminCredential) => Promise<{ token: string; seconds: number }>,
  ) {
    this.#source = source;
    this.#clock = clock;
    this.#exchange = exchange;
  }

  get(): Promise<string> {
    if (this.#token && this.#clock.now() < this.#token.goodUntil) return Promise.resolve(this.#token.value);
    return this.#once(() => this.#obtain(false));
  }

  /**
   * After a call was refused with `refused`.
   * @returns a token worth trying, or undefined when it would be the same credential that is not allowed to
   */
  async renew(refused: string, when: 'always' | 'only-if-credential-changed'): Promise<string | undefined> {
    if (this.#token && this.#token.value !== refused) return this.#token.value;
    const credential = await this.#source.get(true);
    // Others were refused too; one of them may have been quicker.
    if (this.#token && this.#token.value !== refused) return this.#token.value;
    if (when === 'only-if-credential-changed' && same(this.#token?.credential, credential)) return undefined;
    this.#credential = credential;
    return this.#once(() => this.#obtain(true));
  }

  #once(obtain: () => Promise<string>): Promise<string> {
    this.#pending ??= obtain().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #obtain(credentialIsFresh: boolean): Promise<string> {
    this.#credential ??= await this.#source.get(false);
    try {
      return await this.#exchanged(this.#credential);
    } catch (error) {
      const refused = error instanceof StreamkapError && (error.status === 401 || error.status === 403);
      if (!refused || credentialIsFresh) throw error;
      const fresh = await this.#source.get(true);
      if (same(this.#credential, fresh)) throw error;
      this.#credential = fresh;
      return await this.#exchanged(fresh);
    }
  }

  async #exchanged(credential: AdminCredential): Promise<string> {
    const { token, seconds } = await this.#exchange(credential);
    this.#token = { value: token, goodUntil: this.#clock.now() + seconds * 1000 - RENEW_EARLY_MS, credential };
    return token;
  }
}

function same(a: AdminCredential | undefined, b: AdminCredential): boolean {
  return a?.clientId === b.clientId && a.clientSecret === b.clientSecret;
}
