import { constraint, invalidParameter, invalidRequest } from '../aws-error.ts';
import { Input } from '../input.ts';
import type { Replica, Secret } from '../secret.ts';
import { type AwsResponse, arnPrefix, compact, findSecret, liveSecret, seconds, type World } from '../world.ts';

const MAX_TAGS = 50;
const DAY_MS = 86_400_000;
const WINDOW_DAYS = { min: 7, max: 30 } as const;

/** Tags of a create or tag call. @throws AwsError for a key given twice or reserved to AWS. */
export function readTags(input: Input): Map<string, string> | undefined {
  const entries = input.objects('Tags', { min: 0, max: MAX_TAGS }, ['Key', 'Value']);
  if (entries === undefined) return undefined;
  const tags = new Map<string, string>();
  for (const entry of entries) {
    const key = entry.requiredString('Key', { max: 128 });
    if (key.toLowerCase().startsWith('aws:')) throw invalidParameter(`Tag key ${key} uses the reserved prefix aws:.`);
    if (tags.has(key)) throw invalidParameter(`Tag key ${key} is given twice.`);
    tags.set(key, entry.string('Value', { min: 0, max: 256 }) ?? '');
  }
  return tags;
}

export function readReplicas(input: Input): Replica[] {
  const regions = input.objects('AddReplicaRegions', { max: 50 }, ['Region', 'KmsKeyId']) ?? [];
  return regions.map((entry) => ({ Region: entry.requiredString('Region', { max: 128 }), Status: 'InSync' }));
}

export function describeSecret(world: World, raw: unknown): AwsResponse {
  const secret = findSecret(world, new Input(raw, ['SecretId']).secretId());
  const labelled = [...secret.versions.values()].filter((version) => version.stages.length > 0);
  return compact({
    ...description(secret),
    VersionIdsToStages:
      labelled.length === 0
        ? undefined
        : Object.fromEntries(labelled.map((version) => [version.id, [...version.stages]])),
    ReplicationStatus: secret.replicas.length === 0 ? undefined : secret.replicas,
  });
}

/** What DescribeSecret and ListSecrets say alike. A key without a value is left out, RotationEnabled before the first rotation too. */
export function description(secret: Secret): AwsResponse {
  const rotation = secret.rotation;
  const rotates = rotation?.enabled === true;
  return compact({
    ARN: secret.arn,
    Name: secret.name,
    Description: secret.description,
    KmsKeyId: secret.kmsKeyId,
    RotationEnabled: rotation?.enabled,
    RotationLambdaARN: rotation?.functionArn,
    RotationRules: rotation?.rules,
    LastRotatedDate: rotates ? date(secret.rotatedAt) : undefined,
    LastChangedDate: seconds(secret.changedAt),
    LastAccessedDate: date(secret.accessedAt),
    DeletedDate: date(secret.deletion?.requestedAt),
    NextRotationDate: rotates ? date(rotation.nextAt) : undefined,
    Tags: secret.tags.size === 0 ? undefined : [...secret.tags].map(([Key, Value]) => ({ Key, Value })),
    CreatedDate: seconds(secret.createdAt),
    PrimaryRegion: secret.replicas.length === 0 ? undefined : secret.arn.split(':')[3],
  });
}

export function tagResource(world: World, raw: unknown): AwsResponse {
  const input = new Input(raw, ['SecretId', 'Tags']);
  const secretId = input.secretId();
  const tags = readTags(input);
  if (tags === undefined) throw constraint('tags', 'Member must not be null');
  const secret = liveSecret(world, secretId);
  const merged = new Map([...secret.tags, ...tags]);
  if (merged.size > MAX_TAGS) throw invalidParameter(`A secret can have at most ${MAX_TAGS} tags.`);
  secret.tags = merged;
  secret.changedAt = world.now();
  return {};
}

export function untagResource(world: World, raw: unknown): AwsResponse {
  const input = new Input(raw, ['SecretId', 'TagKeys']);
  const secretId = input.secretId();
  const keys = input.strings('TagKeys', { min: 0, max: MAX_TAGS }, { max: 128 });
  if (keys === undefined) throw constraint('tagKeys', 'Member must not be null');
  const secret = liveSecret(world, secretId);
  for (const key of keys) secret.tags.delete(key);
  secret.changedAt = world.now();
  return {};
}

export function deleteSecret(world: World, raw: unknown): AwsResponse {
  const input = new Input(raw, ['SecretId', 'RecoveryWindowInDays', 'ForceDeleteWithoutRecovery']);
  const secretId = input.secretId();
  const force = input.boolean('ForceDeleteWithoutRecovery') ?? false;
  const days = input.integer('RecoveryWindowInDays');
  if (force && days !== undefined)
    throw invalidParameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");
  if (days !== undefined && (days < WINDOW_DAYS.min || days > WINDOW_DAYS.max))
    throw invalidParameter(`RecoveryWindowInDays must be between ${WINDOW_DAYS.min} and ${WINDOW_DAYS.max} days.`);
  const secret = findOrPretend(world, secretId, force);
  const now = world.now();
  if ('pretended' in secret) return { ARN: secret.pretended, Name: secretId, DeletionDate: seconds(now) };
  if (force) {
    world.secrets.delete(secret.name);
    return { ARN: secret.arn, Name: secret.name, DeletionDate: seconds(now) };
  }
  if (secret.deletion !== undefined)
    throw invalidRequest(
      "You can't perform this operation on the secret because it was already scheduled for deletion.",
    );
  secret.deletion = { requestedAt: now, dueAt: now + (days ?? WINDOW_DAYS.max) * DAY_MS };
  return { ARN: secret.arn, Name: secret.name, DeletionDate: seconds(secret.deletion.dueAt) };
}

/** A forced delete of a secret that does not exist succeeds in shape, with an ARN of its own making. */
function findOrPretend(world: World, secretId: string, force: boolean): Secret | { readonly pretended: string } {
  try {
    return findSecret(world, secretId);
  } catch (error) {
    if (!force) throw error;
    const arn = secretId.startsWith('arn:') ? secretId : `${arnPrefix(world)}${secretId}-000000`;
    return { pretended: arn };
  }
}

export function restoreSecret(world: World, raw: unknown): AwsResponse {
  const secret = findSecret(world, new Input(raw, ['SecretId']).secretId());
  secret.deletion = undefined;
  return { ARN: secret.arn, Name: secret.name };
}

const date = (milliseconds: number | undefined): number | undefined =>
  milliseconds === undefined ? undefined : seconds(milliseconds);
