import type { CredentialFile } from '../core/credential-file.ts';
import { kafkaConnection } from '../core/credential-file.ts';
import { encodeCredentials } from '../core/padded-base64.ts';
import type { ProvisioningResult } from '../core/provisioning/ports.ts';
import type { Job } from './job.ts';

/** What a run came to. */
export interface Delivery {
  readonly result: 'created' | 'found' | 'adopted' | 'updated' | 'rotated' | 'planned';
  readonly file: CredentialFile;
  /** As Streamkap said, lower case; `unverified` where it was not asked. */
  readonly status: string;
  readonly secretArn: string;
  readonly secretVersionId: string;
  /** ISO 8601, of an ephemeral key. */
  readonly expiresAt?: string;
  /** Of an updated key: whether its Kafka user is new. */
  readonly kafkaAdded?: boolean;
}

/** @returns what provisioning came to, as a delivery */
export function deliveryOf(
  {
    outcome,
    file,
    secretArn,
    versionId,
  }: Omit<ProvisioningResult, 'outcome'> & { readonly outcome: Delivery['result'] },
  status: string,
): Delivery {
  return { result: outcome, file, status, secretArn, secretVersionId: versionId };
}

/** The outputs that action.yml declares; all are always set, empty where they do not apply. */
export function outputsOf(delivery: Delivery): Record<string, string> {
  const { result, file, status, secretArn, secretVersionId, expiresAt = '' } = delivery;
  const kafka = file.kafka ? kafkaConnection(file.kafka) : undefined;
  return {
    credentials: encodeCredentials(file),
    result,
    created: String(result === 'created'),
    'project-key-id': file.project_key_id,
    status,
    'kafka-username': kafka?.username ?? '',
    'kafka-password': kafka?.password ?? '',
    'kafka-bootstrap-servers': kafka?.bootstrapServers ?? '',
    'kafka-security-protocol': kafka?.securityProtocol ?? '',
    'kafka-sasl-mechanism': kafka?.mechanism ?? '',
    'schema-registry-url': file.kafka?.schema_registry_url ?? '',
    'api-client-id': file.api?.client_id ?? '',
    'api-client-secret': file.api?.client_secret ?? '',
    'api-url': file.api?.api_url ?? '',
    'secret-arn': secretArn,
    'secret-version-id': secretVersionId,
    'expires-at': expiresAt,
  };
}

/** The variables of `export-env`, without the prefix; what the credential lacks is left out. */
export function variablesOf(file: CredentialFile, host: string): Record<string, string> {
  const kafka = file.kafka ? kafkaConnection(file.kafka) : undefined;
  return {
    PROJECT_KEY: encodeCredentials(file),
    HOST: host,
    ...(file.api ? { CLIENT_ID: file.api.client_id, SECRET: file.api.client_secret } : {}),
    ...(kafka
      ? {
          KAFKA_BOOTSTRAP_SERVERS: kafka.bootstrapServers,
          KAFKA_USERNAME: kafka.username,
          KAFKA_PASSWORD: kafka.password,
          KAFKA_SECURITY_PROTOCOL: kafka.securityProtocol,
          KAFKA_SASL_MECHANISM: kafka.mechanism,
        }
      : {}),
  };
}

/**
 * Hands the credential to later steps. Every secret in it was masked before; the file comes first, because it alone can fail.
 * @returns what later steps got it as, for people
 * @throws KeyringError CONFIG_FILE_NOT_WRITTEN; nothing was handed out then
 */
export async function deliver(job: Job, delivery: Delivery): Promise<string[]> {
  const { runner, inputs } = job;
  const variables = Object.fromEntries(
    Object.entries(variablesOf(delivery.file, inputs.streamkapHost)).map(([name, value]) => [
      `${inputs.envPrefix}${name}`,
      value,
    ]),
  );
  if (inputs.configFile) {
    const { deliverConfigFile } = await import('./config-file.ts');
    const changed = delivery.result === 'found' ? 'no' : 'yes';
    deliverConfigFile(job, inputs.configFile, { credential: delivery.file, variables, changed });
  }
  for (const [name, value] of Object.entries(outputsOf(delivery))) runner.setOutput(name, value);
  if (inputs.exportEnv) {
    for (const [name, value] of Object.entries(variables)) runner.exportVariable(name, value);
  }
  return [
    'outputs',
    ...(inputs.exportEnv ? [`variables ${inputs.envPrefix}*`] : []),
    ...(inputs.configFile ? [`file ${inputs.configFile.path}`] : []),
  ];
}
