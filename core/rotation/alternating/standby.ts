import { createHash } from 'node:crypto';
import { hasKafka, type KafkaCredentialFile } from '../../credential-file.ts';
import { putSurely } from '../../provisioning/durable-write.ts';
import { CREATED_LABEL } from '../../provisioning/provision.ts';
import { contentOf } from '../../provisioning/situation.ts';
import type { SecretStore } from '../../secret-store.ts';
import * as errors from './errors.ts';

/** On the idle key's file once it was given a password that nobody uses. */
export const RETIRED_LABEL = 'KEYRING_RETIRED';

/** The file in the standby secret. */
export interface StandbyFile {
  readonly file: KafkaCredentialFile;
  readonly versionId: string;
  /** Milliseconds since it was stored, by the store's clock alone. */
  readonly ageMs: number;
  /** Nobody has used it since the key was made. */
  readonly asBorn: boolean;
  readonly retired: boolean;
}

/** The secret beside the rotated one in which the idle key's file lies. The stack makes it, empty. */
export class StandbySecret {
  readonly name: string;
  readonly #store: SecretStore;
  readonly #secretSeen: (file: KafkaCredentialFile) => void;

  /** @param secretSeen called with a file before it is given to anybody */
  constructor(secretName: string, store: SecretStore, secretSeen: (file: KafkaCredentialFile) => void) {
    this.name = `${secretName}/standby`;
    this.#store = store;
    this.#secretSeen = secretSeen;
  }

  /**
   * @returns undefined when it holds nothing yet, or the intent of a birth that is not finished
   * @throws RotationError STANDBY_NOT_FOUND, STANDBY_MISMATCH for what is neither file nor intent
   */
  async read(): Promise<StandbyFile | undefined> {
    const version = await this.#store.read(this.name);
    if (version === 'no-secret') throw errors.standbyMissing(this.name);
    if (version === 'no-value') return undefined;
    const content = contentOf(version);
    if (content.state === 'intent') return undefined;
    if (content.state === 'foreign') throw errors.standbyMismatch(this.name, content.problem);
    if (!hasKafka(content.file)) throw errors.standbyMismatch(this.name, 'it has no kafka section');
    this.#secretSeen(content.file);
    const { versionId, stages, readAt, createdAt } = version;
    return {
      ...{ file: content.file, versionId, ageMs: Math.max(0, readAt - createdAt) },
      ...{ asBorn: stages.includes(CREATED_LABEL), retired: stages.includes(RETIRED_LABEL) },
    };
  }

  /**
   * Stores the idle key's file with a password that nobody will use, in place of the version `seen`. Of several that saw the same
   * version one wins. @returns `taken` when another did
   */
  async retire(file: KafkaCredentialFile, seen: string): Promise<'stored' | 'taken'> {
    const stages = ['AWSCURRENT', RETIRED_LABEL];
    const versionId = versionOf(`retired:${seen}`);
    return await putSurely(this.#store, { secretId: this.name, versionId, value: JSON.stringify(file), stages });
  }

  /**
   * Makes the file of the key that was current until the rotation with `token` the standby's. Safe to repeat: the version id is the
   * token's, so a repetition finds its own value there.
   */
  async keep(outgoing: KafkaCredentialFile, token: string): Promise<void> {
    const versionId = versionOf(`standby:${token}`);
    await putSurely(this.#store, { secretId: this.name, versionId, value: JSON.stringify(outgoing) });
  }
}

/** @returns the id of the one version that may be written for a cause: 64 hex digits */
function versionOf(cause: string): string {
  return createHash('sha256').update(`streamkap-keyring:${cause}`).digest('hex');
}
