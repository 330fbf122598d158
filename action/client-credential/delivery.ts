import type { ClientCredentialFile } from '../../core/client-credential-file.ts';
import { encodeCredentials } from '../../core/padded-base64.ts';
import type { Job } from '../job.ts';
import { summarySection } from '../summary.ts';
import type { ClientCredentialInputs } from './inputs.ts';

/** What a run came to. */
export interface CredentialDelivery {
  readonly result: 'created' | 'found' | 'adopted';
  readonly file: ClientCredentialFile;
  /** `active` where Streamkap was asked and lists it, else `unverified`. */
  readonly status: 'active' | 'unverified';
  readonly secretArn: string;
  readonly secretVersionId: string;
}

/** What is about project keys stays empty, and so is not overlooked where a workflow expects one. */
const OF_PROJECT_KEYS = [
  ...['project-key-id', 'kafka-username', 'kafka-password', 'kafka-bootstrap-servers', 'kafka-security-protocol'],
  ...['kafka-sasl-mechanism', 'schema-registry-url', 'expires-at'],
];

/** The outputs that action.yml declares. */
function outputsOf({ result, file, status, secretArn, secretVersionId }: CredentialDelivery, host: string) {
  return {
    ...Object.fromEntries(OF_PROJECT_KEYS.map((name) => [name, ''])),
    credentials: encodeCredentials(file),
    result,
    created: String(result === 'created'),
    status,
    'api-client-id': file.client_id,
    'api-client-secret': file.client_secret,
    'api-url': host,
    'secret-arn': secretArn,
    'secret-version-id': secretVersionId,
  };
}

/** Hands the credential to later steps, and says so in the summary. Every secret in it was masked before. */
export function deliverCredential(
  { runner, inputs }: Pick<Job<ClientCredentialInputs>, 'runner' | 'inputs'>,
  delivery: CredentialDelivery,
): void {
  const { streamkapHost: host, envPrefix: prefix, exportEnv } = inputs;
  const { file } = delivery;
  for (const [name, value] of Object.entries(outputsOf(delivery, host))) runner.setOutput(name, value);
  const variables = { HOST: host, CLIENT_ID: file.client_id, SECRET: file.client_secret };
  if (exportEnv) {
    for (const [name, value] of Object.entries(variables)) runner.exportVariable(`${prefix}${name}`, value);
  }
  runner.summarize(
    summarySection(delivery.result, [
      ['Client credential', file.client_id],
      ['Status', delivery.status],
      ['Roles', (file.roles ?? []).map(({ id, name }) => name ?? id).join(', ')],
      ['Project', file.service_id ?? ''],
      ['Secret', delivery.secretArn],
      ['Version of the secret', delivery.secretVersionId],
      ['API', host],
      ['Handed out as', ['outputs', ...(exportEnv ? [`variables ${prefix}*`] : [])].join(', ')],
    ]),
  );
}
