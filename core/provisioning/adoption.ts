import {
  type CredentialFile,
  type KafkaCredentialFile,
  type KafkaCredentials,
  kafkaConnection,
} from '../credential-file.ts';
import { ProvisioningError } from '../errors.ts';
import { tryNewPassword } from '../login-probe/new-password.ts';
import type { ProjectKeyDetail } from '../streamkap/schemas.ts';
import { type Intent, requestedAcls } from './intent.ts';
import { waitUntilActive } from './keys.ts';
import type { Making, MakingPorts, MakingRequest } from './making.ts';
import { type KeyApi, LIMITS, type ProvisioningRequest } from './ports.ts';

type AdoptionPorts = MakingPorts<CredentialFile> & { readonly streamkap: Pick<KeyApi, 'setKafkaPassword'> };

/**
 * Rebuilds the credential file of a Kafka-only key whose create answer was lost: everything in it is either in the intent or in
 * the key's detail.
 * @throws ProvisioningError when the detail has no endpoint
 */
export function rebuildFile(intent: Intent, key: ProjectKeyDetail): KafkaCredentialFile {
  return {
    type: 'streamkap_project_key',
    project_key_id: key.id,
    project: { ...(key.service_id ? { service_id: key.service_id } : {}) },
    api: null,
    kafka: rebuildKafka(intent, key),
    kafka_acls: requestedAcls(intent.requested),
    ...(key.created_at ? { created_at: key.created_at } : {}),
  };
}

/** Assumed, because undocumented: the proxy endpoint is the bootstrap address, over SASL_SSL with PLAIN. */
export function rebuildKafka(
  { username, password }: Pick<Intent, 'username' | 'password'>,
  key: ProjectKeyDetail,
): KafkaCredentials {
  if (!key.kafka_proxy_endpoint || username === null || password === null) {
    throw unadoptable(key.id, 'Streamkap names no Kafka endpoint for it');
  }
  return {
    username,
    password,
    bootstrap_servers: key.kafka_proxy_endpoint,
    security_protocol: 'SASL_SSL',
    sasl_mechanism: 'PLAIN',
    schema_registry_url: key.schema_proxy_endpoint ?? null,
  };
}

/** @returns `failed` when Streamkap could not finish the key */
export async function adoptKey(
  ports: AdoptionPorts,
  intent: Intent,
  { id, stillOurs, verifyLogin }: MakingRequest & { id: string },
): Promise<Making<CredentialFile> | 'failed'> {
  const key = await waitUntilActive(ports, id);
  if (key === 'failed') return 'failed';
  const file = rebuildFile(intent, key);
  ports.report.secretSeen(file);
  const isProven = await proveAdopted(ports, file, { verifyLogin, stillOurs });
  return isProven ? { file, outcome: 'adopted', clean: false } : { outcome: 'overtaken' };
}

/**
 * Proves by a login that the rebuilt file is the key's; when it is not accepted, the intent's own password is set once more.
 * Nothing is deleted on failure: another run may have stored this very key.
 * @param stillOurs read just before the password is set: an overtaken run must not touch the key
 * @returns false when the intent is not current any more
 * @throws ProvisioningError ADOPTION_UNPROVEN
 */
export async function proveAdopted(
  ports: Pick<AdoptionPorts, 'probe' | 'clock' | 'report' | 'streamkap'>,
  file: KafkaCredentialFile,
  { verifyLogin, stillOurs }: Pick<ProvisioningRequest, 'verifyLogin'> & { stillOurs: () => Promise<boolean> },
): Promise<boolean> {
  if (verifyLogin === 'never') return true;
  const { probe, clock } = ports;
  const request = { ...kafkaConnection(file.kafka), timeoutMs: LIMITS.loginMs };
  if ((await probe(request)).outcome === 'accepted') return true;
  if (!(await stillOurs())) return false;
  await ports.streamkap.setKafkaPassword(file.project_key_id, file.kafka.password);
  const progress = (line: string) => ports.report.progress(line);
  const login = await tryNewPassword(request, { clock, probe, progress });
  if (login.outcome === 'accepted') return true;
  if (login.outcome === 'unknown' && verifyLogin === 'auto') {
    ports.report.warning(`The adopted project key ${file.project_key_id} could not be tried: ${login.code}`);
    return true;
  }
  throw unadoptable(file.project_key_id, `the login of ${request.username} is ${login.outcome} (${login.code})`);
}

function unadoptable(id: string, why: string): ProvisioningError {
  return new ProvisioningError({
    code: 'ADOPTION_UNPROVEN',
    message: `The project key ${id} was made by an earlier run, but ${why}`,
    changed: 'unknown',
    retryable: true,
    remedy: `Nothing was deleted. Look at the key in Streamkap; if it is not wanted, delete it there and run again.`,
  });
}
