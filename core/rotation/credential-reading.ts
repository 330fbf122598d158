import type { SecretVersion, VersionSelector } from '../secret-store.ts';
import type { CredentialOrigin, Strategy } from './strategy.ts';
import type { VersionReading } from './version-reading.ts';

/** What is under AWSCURRENT. */
export interface CurrentCredential<Value> {
  readonly versionId: string;
  readonly stages: readonly string[];
  readonly value: Value;
}

/** The credentials in a secret's versions. */
export class CredentialReading<Value> {
  readonly #reading: VersionReading;
  readonly #strategy: Pick<Strategy<Value>, 'parse' | 'requireSuccessor'>;

  constructor(reading: VersionReading, strategy: Pick<Strategy<Value>, 'parse' | 'requireSuccessor'>) {
    this.#reading = reading;
    this.#strategy = strategy;
  }

  /** @throws RotationError when no version is current, or its value is no such credential */
  async current(secretId: string): Promise<CurrentCredential<Value>> {
    const version = await this.#reading.current(secretId);
    return { versionId: version.versionId, stages: version.stages, value: this.parse(version, 'current') };
  }

  /** @returns undefined when the version stays without a value, or is no such credential at all */
  async in(secretId: string, versionId: string): Promise<Value | undefined> {
    return this.#ifAny(await this.#reading.find(secretId, versionId));
  }

  /**
   * The credential that `current` followed.
   * @returns undefined when it is missing, or no such credential at all: provisioning leaves its intent under AWSPREVIOUS
   */
  async before(secretId: string, at: VersionSelector, current: Value): Promise<Value | undefined> {
    const version = await this.#reading.look(secretId, at);
    return this.#ifAny(version, (previous) => this.#strategy.requireSuccessor(previous, current));
  }

  /** @throws RotationError when the value is no such credential */
  parse(version: SecretVersion, role: CredentialOrigin['role']): Value {
    return this.#strategy.parse(version.value, { role, secretId: version.arn });
  }

  /** @param check throws for one that is not meant */
  #ifAny(version: SecretVersion | undefined, check?: (value: Value) => void): Value | undefined {
    if (!version) return undefined;
    try {
      const value = this.parse(version, 'previous');
      check?.(value);
      return value;
    } catch {
      return undefined;
    }
  }
}
