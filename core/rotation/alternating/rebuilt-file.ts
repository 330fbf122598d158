import type { KafkaCredentialFile } from '../../credential-file.ts';
import { aclsOf, hasApi } from '../../streamkap/key-reading.ts';
import type { ProjectKeyDetail } from '../../streamkap/schemas.ts';
import * as errors from './errors.ts';
import type { PairMember } from './pair.ts';

/**
 * The idle key's file when it is stored nowhere any more: everything but the passwords is in the pair's tags, the key's detail, or
 * like the current key's. Assumed, because undocumented: the proxy endpoint is the bootstrap address.
 * @returns the file with an empty password: a new one is to be set
 * @throws RotationError API_SECRET_LOST, IDLE_FILE_NOT_REBUILDABLE
 */
export function rebuiltFile(
  key: ProjectKeyDetail,
  idle: PairMember,
  current: KafkaCredentialFile,
): KafkaCredentialFile {
  if (hasApi(key)) throw errors.apiSecretLost(key.id);
  const username = idle.username ?? key.kafka_username;
  if (!username || !key.kafka_proxy_endpoint) throw errors.notRebuildable(key.id);
  return {
    type: 'streamkap_project_key',
    project_key_id: key.id,
    project: current.project,
    api: null,
    kafka: {
      ...{ username, password: '', bootstrap_servers: key.kafka_proxy_endpoint },
      security_protocol: current.kafka.security_protocol ?? 'SASL_SSL',
      sasl_mechanism: current.kafka.sasl_mechanism ?? 'PLAIN',
      schema_registry_url: key.schema_proxy_endpoint ?? null,
    },
    kafka_acls: aclsOf(key).map((acl) => ({ ...acl })),
    ...(key.created_at ? { created_at: key.created_at } : {}),
  };
}
