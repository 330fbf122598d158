import { SecretStoreError } from '../errors.ts';
import type { LabelMove, SecretStore } from '../secret-store.ts';
import { currentMoved, type RotationTarget } from './errors.ts';
import { CURRENT, holderOf, LIVE, PENDING, ROLLED_BACK, TURN, UNSENT } from './situation.ts';
import type { VersionReading } from './version-reading.ts';

/** A move whose answer was lost, or that lost a race, is looked at and made again this often. */
const TRIES = 3;

/** The moves of staging labels that a rotation makes. Each is a compare-and-swap; nothing is ever forced. */
export class LabelMoves {
  readonly #store: SecretStore;
  readonly #reading: VersionReading;

  constructor(store: SecretStore, reading: VersionReading) {
    this.#store = store;
    this.#reading = reading;
  }

  /**
   * AWSCURRENT to the token's version; AWSPREVIOUS follows by itself, and AWSPENDING is Secrets Manager's to take away.
   * @param from the version that was seen to be current
   * @throws RotationError CURRENT_MOVED when neither `from` nor the token's version is current any more
   */
  async promote({ secretId, token }: RotationTarget, from: string): Promise<void> {
    const lost = await this.#move({ secretId, label: CURRENT, from, to: token });
    if (lost === 'moved') return;
    const { versions } = await this.#reading.describe(secretId);
    if (holderOf(versions, CURRENT) === token) return;
    throw lost === 'elsewhere' ? currentMoved({ secretId, token }) : lost;
  }

  /**
   * KEYRING_UNSENT from the token's version to the current one (8 to 9). Of all attempts with one token, at most one is told true;
   * none may be, where the answer was lost.
   */
  async claim({ secretId, token }: RotationTarget, currentId: string): Promise<boolean> {
    for (let tries = 1; ; tries++) {
      const result = await this.#move({ secretId, label: UNSENT, from: token, to: currentId });
      if (result === 'moved') return true;
      if (result === 'elsewhere') return false;
      if (tries === TRIES) throw result;
    }
  }

  /** KEYRING_UNSENT to the current version from wherever it is: the pending value was found in force (9). */
  async vouch(target: RotationTarget, currentId: string): Promise<void> {
    await this.#place(UNSENT, { ...target, token: currentId });
  }

  /** The attempt that claimed it failed: until setSecret has seen the value work, it is not to be finished (9 to 1). */
  async retract({ secretId }: RotationTarget, currentId: string): Promise<void> {
    await this.#move({ secretId, label: UNSENT, from: currentId });
  }

  /** @returns takes the turn that is next now: true for one, of all that looked before it was taken */
  async nextTurn({ secretId, token }: RotationTarget): Promise<() => Promise<boolean>> {
    const from = holderOf((await this.#reading.describe(secretId)).versions, TURN);
    const flip = { secretId, label: TURN, from, ...(from === token ? {} : { to: token }) };
    return async () => {
      const result = await this.#move(flip);
      if (result instanceof SecretStoreError) throw result;
      return result === 'moved';
    };
  }

  /** Durable before anything is put back: the token's password must not be sent again, and must stay stored. */
  async recordRolledBack(target: RotationTarget): Promise<void> {
    await this.#place(ROLLED_BACK, target);
  }

  /** Keeps a version from being purged whose password is in force although no AWS label says so. */
  async recordLive(target: RotationTarget): Promise<void> {
    await this.#place(LIVE, target);
  }

  /** After a way back only: the next rotation starts with a new token. */
  async clearPending({ secretId, token }: RotationTarget): Promise<void> {
    const result = await this.#move({ secretId, label: PENDING, from: token });
    if (result instanceof SecretStoreError) throw result;
  }

  /** Brings one of our labels to the token's version from wherever it is. */
  async #place(label: string, target: RotationTarget): Promise<void> {
    for (let tries = 1; ; tries++) {
      const { versions } = await this.#reading.describe(target.secretId);
      const from = holderOf(versions, label);
      if (from === target.token) return;
      const result = await this.#move({ secretId: target.secretId, label, from, to: target.token });
      if (result === 'moved') return;
      if (tries === TRIES) throw result === 'elsewhere' ? currentMoved(target) : result;
    }
  }

  /** @returns the error when nobody knows whether it was made @throws SecretStoreError when it was not */
  async #move(move: LabelMove) {
    try {
      return await this.#store.move(move);
    } catch (error) {
      if (error instanceof SecretStoreError && error.changed !== 'no') return error;
      throw error;
    }
  }
}
