import { DescribeSecretCommand, ListSecretsCommand, type SecretListEntry } from '@aws-sdk/client-secrets-manager';
import { awsError } from '../aws-error.ts';
import type { SecretsManagerCaller } from '../aws-secret-store.ts';
import type { AuditedSecret, SecretFacts } from './inventory.ts';

/** Secrets Manager's largest page; its quota is on calls, not on secrets. */
const PAGE = 100;

/**
 * Every secret of the account and Region that is not scheduled for deletion, page by page.
 * @throws SecretStoreError AWS_ACCESS_DENIED, AWS_THROTTLED and what else AWS answers
 */
export async function* listSecrets(client: SecretsManagerCaller): AsyncGenerator<AuditedSecret> {
  let next: string | undefined;
  do {
    const page = await client
      .send(new ListSecretsCommand({ MaxResults: PAGE, ...(next ? { NextToken: next } : {}) }))
      .catch((error: unknown) => {
        throw awsError(error, { action: 'ListSecrets', secretId: '*' });
      });
    for (const entry of page.SecretList ?? []) yield auditedSecret(entry);
    next = page.NextToken;
  } while (next);
}

function auditedSecret(entry: SecretListEntry): AuditedSecret {
  return {
    arn: entry.ARN ?? '',
    name: entry.Name ?? '',
    tags: Object.fromEntries((entry.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value])),
    versions: entry.SecretVersionsToStages ?? {},
    rotationEnabled: entry.RotationEnabled ?? false,
    rotatable: entry.RotationLambdaARN !== undefined,
    createdAt: entry.CreatedDate?.getTime(),
    lastRotatedAt: entry.LastRotatedDate?.getTime(),
    nextRotationAt: entry.NextRotationDate?.getTime(),
    replicated: entry.PrimaryRegion !== undefined,
  };
}

/** Lists do not say how replicas do, so only a secret that has some is described. @returns those that are not in step */
export async function replicasBehind(
  client: SecretsManagerCaller,
  { arn, replicated }: AuditedSecret,
): Promise<SecretFacts['behind']> {
  if (!replicated) return undefined;
  const { ReplicationStatus: replicas = [] } = await client
    .send(new DescribeSecretCommand({ SecretId: arn }))
    .catch((error: unknown) => {
      throw awsError(error, { action: 'DescribeSecret', secretId: arn });
    });
  return replicas
    .filter(({ Status }) => Status !== 'InSync')
    .map(({ Region: region = '', Status: status = '' }) => ({ region, status }));
}
