import { AwsError, invalidParameter, invalidRequest, notFound } from '../aws-error.ts';
import { Input } from '../input.ts';
import { CURRENT, holderOf, type Secret } from '../secret.ts';
import { type AwsResponse, compact, day, liveSecret, seconds, type World } from '../world.ts';

export function getSecretValue(world: World, raw: unknown): AwsResponse {
  const input = new Input(raw, ['SecretId', 'VersionId', 'VersionStage']);
  const secretId = input.secretId();
  const versionId = input.versionId('VersionId');
  const stage = input.string('VersionStage', { max: 256 });
  return readValue(world, liveSecret(world, secretId), { versionId, stage });
}

/** Ids only: the filters of BatchGetSecretValue are not modelled. A secret that cannot be read is an entry of Errors. */
export function batchGetSecretValue(world: World, raw: unknown): AwsResponse {
  const input = new Input(raw, ['SecretIdList', 'Filters', 'MaxResults', 'NextToken']);
  const ids = input.strings('SecretIdList', { max: 20 }, { max: 2048 });
  if (ids !== undefined && input.has('Filters'))
    throw invalidParameter('Either SecretIdList or Filters must be provided, but not both.');
  if (ids === undefined) throw invalidParameter('SecretIdList is needed: this stand-in has no batch read by filter.');
  if (input.has('MaxResults') || input.has('NextToken'))
    throw invalidParameter('MaxResults and NextToken need Filters.');
  const values: AwsResponse[] = [];
  const errors: AwsResponse[] = [];
  for (const id of ids)
    try {
      values.push(readValue(world, liveSecret(world, id), { versionId: undefined, stage: undefined }));
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      errors.push({ SecretId: id, ErrorCode: error.code, Message: error.message });
    }
  return { SecretValues: values, Errors: errors };
}

interface Selector {
  readonly versionId: string | undefined;
  readonly stage: string | undefined;
}

function readValue(world: World, secret: Secret, { versionId, stage }: Selector): AwsResponse {
  const label = stage ?? CURRENT;
  const missing = notFound(
    versionId === undefined ? `secret value for staging label: ${label}` : `secret value for VersionId: ${versionId}`,
  );
  const version = versionId === undefined ? holderOf(secret, label) : secret.versions.get(versionId);
  if (version === undefined) throw missing;
  if (versionId !== undefined && stage !== undefined && !version.stages.includes(stage))
    throw invalidRequest('You provided a VersionStage that is not associated to the provided VersionId.');
  if (version.value === undefined) throw missing;
  version.accessedAt = day(world.now());
  secret.accessedAt = version.accessedAt;
  return compact({
    ARN: secret.arn,
    Name: secret.name,
    VersionId: version.id,
    SecretString: version.value.kind === 'string' ? version.value.text : undefined,
    SecretBinary: version.value.kind === 'binary' ? version.value.base64 : undefined,
    VersionStages: version.stages.length === 0 ? undefined : [...version.stages],
    CreatedDate: seconds(version.createdAt),
  });
}
