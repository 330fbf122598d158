import { invalidParameter, invalidRequest, tokenInUse } from '../aws-error.ts';
import { Input } from '../input.ts';
import { scheduleNext } from '../schedule.ts';
import {
  CURRENT,
  checkStages,
  detach,
  effectiveStages,
  moveLabel,
  PENDING,
  type Secret,
  type SecretValue,
  sameValue,
  type Version,
} from '../secret.ts';
import { type AwsResponse, addSecret, compact, liveSecret, present, type World } from '../world.ts';
import { readReplicas, readTags } from './metadata.ts';

export function createSecret(world: World, raw: unknown): AwsResponse {
  const input = new Input(raw, [
    'Name',
    'ClientRequestToken',
    'Description',
    'KmsKeyId',
    'SecretBinary',
    'SecretString',
    'Tags',
    'AddReplicaRegions',
    'ForceOverwriteReplicaSecret',
  ]);
  const name = input.name();
  const token = input.token() ?? world.randomId();
  const value = input.value();
  const description = input.string('Description', { min: 0, max: 2048 });
  const kmsKeyId = input.string('KmsKeyId', { min: 0, max: 2048 });
  const tags = readTags(input) ?? new Map<string, string>();
  const replicas = readReplicas(input);
  const existing = present(world, name);
  const version = existing?.versions.get(token);
  if (existing !== undefined && existing.deletion === undefined && version?.value !== undefined) {
    if (value === undefined || !sameValue(version.value, value)) throw tokenInUse(token, existing.arn);
    return { ARN: existing.arn, Name: existing.name, VersionId: token };
  }
  const secret = addSecret(world, name);
  Object.assign(secret, { description, kmsKeyId, tags, replicas });
  if (value !== undefined) storeValue(world, secret, { token, value, stages: [CURRENT], rotationToken: undefined });
  return compact({
    ARN: secret.arn,
    Name: secret.name,
    VersionId: value === undefined ? undefined : token,
    ReplicationStatus: replicas.length === 0 ? undefined : replicas,
  });
}

export function putSecretValue(world: World, raw: unknown): AwsResponse {
  const input = new Input(raw, [
    'SecretId',
    'ClientRequestToken',
    'SecretBinary',
    'SecretString',
    'VersionStages',
    'RotationToken',
  ]);
  const secretId = input.secretId();
  const token = input.token() ?? world.randomId();
  const value = input.value();
  const stages = input.strings('VersionStages', { max: 20 }, { max: 256 }) ?? [CURRENT];
  const rotationToken = input.string('RotationToken', { min: 36, max: 256 });
  const secret = liveSecret(world, secretId);
  if (value === undefined) throw invalidRequest('You must provide either SecretString or SecretBinary.');
  const version = storeValue(world, secret, { token, value, stages, rotationToken });
  return compact({
    ARN: secret.arn,
    Name: secret.name,
    VersionId: version.id,
    VersionStages: version.stages.length === 0 ? undefined : [...version.stages],
  });
}

export function updateSecret(world: World, raw: unknown): AwsResponse {
  const input = new Input(raw, [
    'SecretId',
    'ClientRequestToken',
    'Description',
    'KmsKeyId',
    'SecretBinary',
    'SecretString',
  ]);
  const secretId = input.secretId();
  const token = input.token() ?? world.randomId();
  const value = input.value();
  const description = input.string('Description', { min: 0, max: 2048 });
  const kmsKeyId = input.string('KmsKeyId', { min: 0, max: 2048 });
  const secret = liveSecret(world, secretId);
  if (value !== undefined) storeValue(world, secret, { token, value, stages: [CURRENT], rotationToken: undefined });
  if (description !== undefined) secret.description = description;
  if (kmsKeyId !== undefined) secret.kmsKeyId = kmsKeyId;
  if (description !== undefined || kmsKeyId !== undefined) secret.changedAt = world.now();
  return compact({ ARN: secret.arn, Name: secret.name, VersionId: value === undefined ? undefined : token });
}

interface Write {
  readonly token: string;
  readonly value: SecretValue;
  readonly stages: readonly string[];
  readonly rotationToken: string | undefined;
}

/** Stores a value under a version id: a version's value is set once; the same value again changes nothing, not even labels. */
function storeValue(world: World, secret: Secret, write: Write): Version {
  const known = secret.versions.get(write.token);
  const run = secret.run?.ended === undefined ? secret.run : undefined;
  if (run !== undefined && write.rotationToken !== undefined && write.rotationToken !== run.rotationToken)
    throw invalidParameter('The RotationToken does not belong to the rotation under way.');
  if (known?.value !== undefined) {
    if (!sameValue(known.value, write.value)) throw tokenInUse(write.token, secret.arn);
    return known;
  }
  const stages = effectiveStages(secret, write.stages);
  checkStages(secret, stages, known);
  const now = world.now();
  const version: Version = known ?? {
    id: write.token,
    stages: [],
    value: undefined,
    createdAt: now,
    accessedAt: undefined,
    origin: 'put',
  };
  version.value = write.value;
  version.createdAt = now;
  secret.versions.set(version.id, version);
  secret.changedAt = now;
  if (stages.includes(CURRENT) && !stages.includes(PENDING)) detach(secret, PENDING);
  for (const label of stages) moveLabel(secret, label, version);
  // The schedule takes any new current value for a rotation, whoever wrote it.
  if (stages.includes(CURRENT)) scheduleNext(secret, now);
  if (run === undefined) return version;
  if (version.id !== run.token) {
    if (stages.includes(CURRENT)) run.ended = 'manual-put';
  } else if (run.requireRotationToken && write.rotationToken === undefined) run.ended = 'foreign-fill';
  return version;
}
