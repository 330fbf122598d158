import type { CredentialFile } from '../core/credential-file.ts';
import type { ProvisioningResult } from '../core/provisioning/ports.ts';
import {
  type Difference,
  differencesOf,
  type KnownKey,
  knownByDetail,
  knownByFile,
  type WantedKey,
} from '../core/provisioning/update/differences.ts';
import type { SecretStore, SecretTagger } from '../core/secret-store.ts';
import { type ProjectKeyDetail, statusOf } from '../core/streamkap/schemas.ts';
import { requireRightKey } from './check-delivery.ts';
import type { EnsureInputs } from './inputs.ts';
import { type Job, portsOf, runName } from './job.ts';
import type { KeyInputs } from './key-inputs.ts';
import { type Delivery, deliveryOf } from './outputs.ts';
import { tagSecret } from './secret-tags.ts';
import { prepareKey, requestOf } from './streamkap.ts';

/** A key that was found, and whose secret. */
interface Found {
  readonly found: ProvisioningResult;
  readonly store: SecretStore & SecretTagger;
}

/**
 * Hands out a key that was there. What differs from the inputs is changed with `update`, else reported: Streamkap is asked only where
 * its answer is wanted anyway.
 */
export async function existingKey(job: Job, inputs: EnsureInputs, { found, store }: Found): Promise<Delivery> {
  requireRightKey(inputs, found.file);
  if (inputs.change.update) return await update(job, inputs, { found, store });
  const key = inputs.verifyLogin === 'always' ? await askKey(job, found.file) : undefined;
  for (const { sentence, remedy } of reportedDifferences(found.file, key, inputs)) {
    const hint = remedy === 'none' ? '' : ' (update: true changes it)';
    warnOf(job, {
      secretId: inputs.secretId,
      file: found.file,
      sentence: `${sentence}; it is handed out as it is${hint}`,
    });
  }
  return deliveryOf(found, key ? statusOf(key) : 'unverified');
}

/** Access that is missing is an error of its own. */
function reportedDifferences(
  file: CredentialFile,
  key: ProjectKeyDetail | undefined,
  { key: asked, change }: EnsureInputs,
): Difference[] {
  const roles = key ? heldRoles(asked, key) : comparableRoles(asked, file);
  const wanted = { ...requestOf(asked, roles), aclsGiven: change.aclsGiven };
  const differences = differencesOf(key ? knownOf(file, key) : knownByFile(file), wanted);
  return differences.filter(({ remedy }) => remedy === 'none' || !('add' in remedy));
}

/** @returns what is known of a key by Streamkap, and of its access by the file: only that can be handed out */
export function knownOf(file: CredentialFile, key: ProjectKeyDetail): KnownKey {
  const { hasApi, username, hasSchemaRegistry } = knownByFile(file);
  return { ...knownByDetail(key), hasApi, username, ...(hasSchemaRegistry === undefined ? {} : { hasSchemaRegistry }) };
}

/** @returns the roles asked for, as ids where the key has them: those it has not differ by whatever name */
function heldRoles({ roles }: KeyInputs, key: ProjectKeyDetail): string[] | undefined {
  const held = (key.roles ?? []).map((role) => (typeof role === 'string' ? { id: role } : role));
  const idOf = (word: string) =>
    held.find(
      ({ id, key: short, name }) => [id, short].includes(word) || String(name).toLowerCase() === word.toLowerCase(),
    )?.id;
  return roles.length > 0 ? roles.map((word) => idOf(word) ?? word) : undefined;
}

/** A file has ids, inputs may have names: without Streamkap, only ids and a different number of roles can be told. */
function comparableRoles({ roles }: KeyInputs, { api }: CredentialFile): string[] | undefined {
  const had = api?.roles ?? [];
  const comparable = roles.length !== had.length || roles.every((role) => had.includes(role));
  return comparable && roles.length > 0 ? [...roles] : undefined;
}

async function update(job: Job, inputs: EnsureInputs, { found, store }: Found): Promise<Delivery> {
  const { file, secretArn: arn, versionId } = found;
  const [{ updateKey }, wanted] = await Promise.all([
    import('../core/provisioning/update/update.ts'),
    wantedKey(job, inputs),
  ]);
  const updated = await updateKey(
    { ...portsOf(job), streamkap: job.streamkap, store },
    {
      secretId: inputs.secretId,
      wanted,
      found: { arn, versionId, file },
      run: runName(job.environment),
      takeOverAfterMs: inputs.waitTimeoutSeconds * 1000,
      verifyLogin: inputs.verifyLogin,
    },
  );
  for (const sentence of updated.unchangeable) {
    const unchanged = `${sentence}, which cannot be changed; it is handed out as it is`;
    warnOf(job, { secretId: inputs.secretId, file, sentence: unchanged });
  }
  if (updated.kafkaAdded) await tagSecret(job, updated, store);
  return { ...deliveryOf(updated, 'active'), kafkaAdded: updated.kafkaAdded };
}

/** @returns what the inputs ask for, names resolved to ids by Streamkap */
export async function wantedKey(
  { streamkap }: { readonly streamkap: Parameters<typeof prepareKey>[0] },
  { key, change }: Pick<EnsureInputs, 'key' | 'change'>,
): Promise<WantedKey> {
  return { ...(await prepareKey(streamkap, key)), aclsGiven: change.aclsGiven };
}

function warnOf(
  { runner }: Job,
  { secretId, file, sentence }: { secretId: string; file: CredentialFile; sentence: string },
) {
  runner.warning(`${secretId} holds the project key ${file.project_key_id}, and ${sentence}`);
}

async function askKey({ streamkap }: Job, file: CredentialFile): Promise<ProjectKeyDetail> {
  const key = await streamkap.getProjectKey(file.project_key_id);
  if (key) return key;
  const { keyDeleted } = await import('../core/provisioning/update/errors.ts');
  throw keyDeleted(file.project_key_id);
}
