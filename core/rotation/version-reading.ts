import { backoffMs, type Clock } from '../clock.ts';
import type { SecretDescription, SecretReader, SecretVersion, VersionSelector } from '../secret-store.ts';
import { notProvisioned, pendingMissing, type RotationTarget, secretGone } from './errors.ts';

/** Right after a write a read may miss; looked for this often, with these pauses in milliseconds. */
const LOOKS = 4;
const PAUSE = { first: 100, max: 400 } as const;

/** Reads versions where they must exist. Every read is by version id but for AWSCURRENT's, whose id is what is asked for. */
export class VersionReading {
  readonly #store: SecretReader;
  readonly #clock: Clock;

  constructor(store: SecretReader, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** @throws RotationError SECRET_NOT_FOUND */
  async describe(secretId: string): Promise<SecretDescription> {
    const description = await this.#store.describe(secretId);
    if (description === 'no-secret') throw secretGone(secretId);
    return description;
  }

  /** @throws RotationError NOT_PROVISIONED when no version is current */
  async current(secretId: string): Promise<SecretVersion> {
    const version = await this.#store.read(secretId);
    if (version === 'no-secret') throw secretGone(secretId);
    if (version === 'no-value') throw notProvisioned(secretId, 'no value');
    return version;
  }

  /** @returns undefined when the version has no value, or not yet: one look */
  async peek(secretId: string, versionId: string): Promise<SecretVersion | undefined> {
    return await this.look(secretId, { versionId });
  }

  /** {@link peek} at a version by id or label. */
  async look(secretId: string, at: VersionSelector): Promise<SecretVersion | undefined> {
    const version = await this.#store.read(secretId, at);
    if (version === 'no-secret') throw secretGone(secretId);
    return version === 'no-value' ? undefined : version;
  }

  /** @returns undefined when the version stays without a value for a bounded time */
  async find(secretId: string, versionId: string): Promise<SecretVersion | undefined> {
    for (let look = 0; ; look++) {
      const version = await this.peek(secretId, versionId);
      if (version || look === LOOKS - 1) return version;
      await this.#clock.sleep(backoffMs(look, PAUSE));
    }
  }

  /** @throws RotationError PENDING_MISSING */
  async pending({ secretId, token }: RotationTarget): Promise<SecretVersion> {
    const version = await this.find(secretId, token);
    if (!version) throw pendingMissing({ secretId, token });
    return version;
  }
}
