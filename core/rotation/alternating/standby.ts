import { createHash } from 'node:crypto';
import { hasKafka, type KafkaCredentialFile } from '../../credential-file.ts';
import { SecretStoreError } from '../../errors.ts';
import { putSurely } from '../../provisioning/durable-write.ts';
import { CREATED_LABEL } from '../../provisioning/provision.ts';
import { contentOf } from '../../provisioning/situation.ts';
import type { Absence, SecretStore, SecretVersion } from '../../secret-store.ts';
import * as errors from './errors.ts';

/** On the idle key's file once it was given a password that nobody uses: for people, who see labels. */
const RETIRED_LABEL = 'KEYRING_RETIRED';
/** Begins the ids of such versions: a label can be taken off the current one by an attempt that is late, its id cannot. */
const RETIRED_ID = 'retired-';

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
  /** The version that was current when it was last read. */
  #current: string | undefined;

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
    if (typeof version !== 'string') this.#current = version.versionId;
    const at = standbyFileIn(version, this.name);
    if (at) this.#secretSeen(at.file);
    return at;
  }

  /**
   * Stores the idle key's file with a password that nobody will use, in place of what was read last: where a rotation has put
   * another file there since, that stays. Of several that saw the same version one wins, so the caller reads again.
   * @param seen the version that the password follows
   */
  async retire(file: KafkaCredentialFile, seen: string): Promise<void> {
    const versionId = `${RETIRED_ID}${versionOf(`retired:${seen}`).slice(RETIRED_ID.length)}`;
    const version = { secretId: this.name, versionId, value: JSON.stringify(file) };
    const from = this.#current;
    await putSurely(this.#store, { ...version, stages: [RETIRED_LABEL] });
    if (from === undefined) return;
    const move = { secretId: this.name, label: 'AWSCURRENT', from, to: versionId };
    await this.#store.move(move).catch((error: unknown) => {
      if (!(error instanceof SecretStoreError) || error.changed === 'no') throw error;
    });
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

/**
 * @param version what was read under AWSCURRENT of the standby secret
 * @returns undefined when it holds nothing yet, or the intent of a birth that is not finished
 * @throws RotationError STANDBY_NOT_FOUND, STANDBY_MISMATCH for what is neither that nor the file of a key with a Kafka user
 */
export function standbyFileIn(version: SecretVersion | Absence, standby: string): StandbyFile | undefined {
  if (version === 'no-secret') throw errors.standbyMissing(standby);
  if (version === 'no-value') return undefined;
  const content = contentOf(version);
  if (content.state === 'intent') return undefined;
  if (content.state === 'foreign') throw errors.standbyMismatch(standby, content.problem);
  if (!hasKafka(content.file)) throw errors.standbyMismatch(standby, 'it has no kafka section');
  const { versionId, stages, readAt, createdAt } = version;
  return {
    ...{ file: content.file, versionId, ageMs: Math.max(0, readAt - createdAt) },
    ...{ asBorn: stages.includes(CREATED_LABEL), retired: versionId.startsWith(RETIRED_ID) },
  };
}

/** @returns the id of the one version that may be written for a cause: 64 hex digits */
function versionOf(cause: string): string {
  return createHash('sha256').update(`streamkap-keyring:${cause}`).digest('hex');
}
