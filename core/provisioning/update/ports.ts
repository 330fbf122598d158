import type { CredentialFile } from '../../credential-file.ts';
import type { StreamkapClient } from '../../streamkap/client.ts';
import type { ProvisioningPorts, ProvisioningRequest } from '../ports.ts';
import type { WantedKey } from './differences.ts';
import type { CurrentFile } from './lock.ts';

/** Streamkap as far as changing a key needs it. */
export type ChangeApi = Pick<
  StreamkapClient,
  'getProjectKey' | 'changeProjectKey' | 'addCapability' | 'setKafkaPassword'
>;

/** Everything that an update touches outside itself. */
export type UpdatePorts = Omit<ProvisioningPorts, 'streamkap'> & { readonly streamkap: ChangeApi };

export interface UpdateRequest
  extends Pick<ProvisioningRequest, 'secretId' | 'run' | 'takeOverAfterMs' | 'verifyLogin'> {
  readonly wanted: WantedKey;
  /** The current version as it was read a moment ago. */
  readonly found: CurrentFile;
}

export interface UpdateResult {
  /** `found` when nothing had to be changed. */
  readonly outcome: 'updated' | 'found';
  readonly file: CredentialFile;
  readonly secretArn: string;
  readonly versionId: string;
  /** A Kafka user that nobody has logged in with yet. */
  readonly kafkaAdded: boolean;
  /** As sentences' ends: what differs and no call of Streamkap's can change. */
  readonly unchangeable: readonly string[];
}
