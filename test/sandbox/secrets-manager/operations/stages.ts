import { invalidParameter, invalidRequest, notFound } from '../aws-error.ts';
import { Input } from '../input.ts';
import { CURRENT, checkStages, detach, holderOf, moveLabel, type Secret, type Version } from '../secret.ts';
import { type AwsResponse, liveSecret, type World } from '../world.ts';

export function updateSecretVersionStage(world: World, raw: unknown): AwsResponse {
  const input = new Input(raw, ['SecretId', 'VersionStage', 'RemoveFromVersionId', 'MoveToVersionId']);
  const secretId = input.secretId();
  const label = input.requiredString('VersionStage', { max: 256 });
  const removeFrom = input.versionId('RemoveFromVersionId');
  const moveTo = input.versionId('MoveToVersionId');
  const secret = liveSecret(world, secretId);
  const holder = holderOf(secret, label);
  if (removeFrom === undefined && moveTo === undefined)
    throw invalidParameter('You must provide RemoveFromVersionId, MoveToVersionId, or both.');
  if (removeFrom !== undefined && holder?.id !== removeFrom)
    throw invalidParameter(`Staging label ${label} is not attached to version ${removeFrom}.`);
  if (holder !== undefined && removeFrom === undefined)
    throw invalidParameter(
      `The parameter RemoveFromVersionId can't be empty. Staging label ${label} is currently attached to version ${holder.id}, so you must explicitly reference that version in RemoveFromVersionId.`,
    );
  if (moveTo === undefined) {
    if (label === CURRENT)
      throw invalidParameter(
        `You can only move staging label ${CURRENT} to a different secret version. It can't be completely removed.`,
      );
    detach(secret, label);
  } else moveLabel(secret, label, moveTarget(secret, label, moveTo));
  secret.changedAt = world.now();
  return { ARN: secret.arn, Name: secret.name };
}

/** A label of a version without a value is RotateSecret's business alone; AWS's own answer here is not known. */
function moveTarget(secret: Secret, label: string, id: string): Version {
  const target = secret.versions.get(id);
  if (target === undefined) throw notFound(`secret version: ${id}`);
  if (target.value === undefined && label === CURRENT)
    throw invalidRequest(`Version ${id} has no value, so it can't have ${CURRENT}.`);
  checkStages(secret, [label], target);
  return target;
}
