import type { CredentialFile } from '../core/credential-file.ts';
import { InputError } from '../core/errors.ts';
import { noSuchArn } from '../core/provisioning/errors.ts';
import { PROJECT_KEY_FORMAT } from '../core/provisioning/kind.ts';
import { readSituation } from '../core/provisioning/situation.ts';
import {
  type Difference,
  differencesOf,
  type KnownKey,
  type WantedKey,
} from '../core/provisioning/update/differences.ts';
import * as errors from '../core/provisioning/update/errors.ts';
import { INTENT_LABEL } from '../core/provisioning/update/update-intent.ts';
import { updatedFile } from '../core/provisioning/update/updated-file.ts';
import type { SecretDescription, SecretVersion } from '../core/secret-store.ts';
import { hasApi } from '../core/streamkap/key-reading.ts';
import { type ProjectKeyDetail, statusOf } from '../core/streamkap/schemas.ts';
import { requireRightKey } from './check-delivery.ts';
import type { Look, Plan, StreamkapReader } from './dry-run.ts';
import { knownOf, wantedKey } from './existing-key.ts';
import type { MakingModeInputs } from './inputs.ts';
import { alreadyThere, requireMakeable, warnOfPowerlessKey } from './new-key.ts';

/** @returns what a run that makes or updates a key would do, by the state of its secret */
export async function planMaking(look: Look, inputs: MakingModeInputs): Promise<Plan> {
  const { secretId } = inputs;
  if (secretId === null) return { lines: [...(await newKey(look, inputs)), ...unstoredLines(inputs)] };
  const store = await look.openStore();
  const situation = await readSituation(store, secretId, PROJECT_KEY_FORMAT);
  switch (situation.state) {
    case 'absent':
      if (secretId.startsWith('arn:')) throw noSuchArn(secretId);
      return { lines: [`+ secret ${secretId}`, ...(await newKey(look, inputs))] };
    case 'empty':
      return { lines: [`~ secret ${secretId}: gets its first value`, ...(await newKey(look, inputs))] };
    case 'intent': {
      if (situation.intent.withdrawn) return { lines: [`~ secret ${secretId}`, ...(await newKey(look, inputs))] };
      const { name, run } = situation.intent;
      await wantedKey(look, inputs);
      return { lines: [`~ secret ${secretId}: the project key ${JSON.stringify(name)}, begun by ${run}, is finished`] };
    }
    case 'file':
      look.report.secretSeen(situation.file);
      if (inputs.mode === 'create') throw alreadyThere(secretId, situation.file);
      return await existing(look, { inputs, version: situation.version, file: situation.file });
  }
}

function unstoredLines(inputs: MakingModeInputs): string[] {
  const ephemeral = inputs.mode === 'create' && inputs.ephemeral !== null;
  return [ephemeral ? '- the same key, when the job ends' : '~ its credential is stored nowhere'];
}

const NO_KEY: KnownKey = { id: '', hasApi: false, username: null, toolProfile: '', allowedTools: [], blockedTools: [] };

async function newKey(look: Look, inputs: MakingModeInputs): Promise<string[]> {
  requireMakeable(inputs);
  warnOfPowerlessKey(look, inputs.key);
  const wanted = await wantedKey(look, inputs);
  await requireFreeNames(look, wanted, {
    usernameWillDiffer: inputs.mode === 'create' && inputs.ephemeral?.usernameDerived === true,
  });
  const { name, requested } = wanted;
  const described = requested.description === '' ? [] : [`+ description ${JSON.stringify(requested.description)}`];
  const registry = requested.kafka?.is_create_schema_registry ? ['+ schema registry'] : [];
  const more = differencesOf(NO_KEY, wanted).flatMap(({ lines }) => lines);
  return [`+ project key ${JSON.stringify(name)}`, ...described, ...more, ...registry];
}

/** Usernames are taken in a whole tenant, of which a list may show a part: free here is no promise. */
async function requireFreeNames(
  { streamkap, runner }: Look,
  { name, username }: WantedKey,
  { usernameWillDiffer = false, own = '' } = {},
): Promise<void> {
  const others = (await streamkap.listProjectKeys()).filter(({ id }) => id !== own);
  const taken = others.find((key) => username !== null && key.kafka_username?.toLowerCase() === username);
  if (taken && !usernameWillDiffer) {
    const problem = `"${username}" is the Kafka user of the project key ${JSON.stringify(taken.name)} (${taken.id})`;
    throw new InputError('kafka-username', problem, 'Choose another one, or delete that key.');
  }
  if (own === '' && others.some((key) => key.name === name))
    runner.warning(`There is a project key ${JSON.stringify(name)} already; Streamkap may refuse another of that name`);
}

interface Existing {
  readonly inputs: Extract<MakingModeInputs, { mode: 'ensure' }>;
  readonly version: SecretVersion;
  readonly file: CredentialFile;
}

async function existing(look: Look, { inputs, version, file }: Existing): Promise<Plan> {
  requireRightKey(inputs, file);
  const wanted = await wantedKey(look, inputs);
  const key = await askKey(look.streamkap, file);
  const found = { file, status: statusOf(key), secretArn: version.arn, secretVersionId: version.versionId };
  const differences = differencesOf(knownOf(file, key), wanted);
  const changes = differences.filter(({ remedy }) => remedy !== 'none');
  if (!inputs.change.update) return { found, lines: [], withUpdate: differences.flatMap(({ lines }) => lines) };
  const follows = updatedFile(file, key) !== file;
  if (changes.length === 0 && !follows) return { found, lines: differences.flatMap(({ lines }) => lines) };
  const unfinished = await requireChangeable(look, { inputs, version, key });
  const adds = changes.some(({ remedy }) => remedy !== 'none' && 'add' in remedy);
  if (adds && !unfinished) await requireAddable(look, { key, changes, wanted });
  const lines = [
    ...(unfinished ? [`~ an update of the key that was begun is finished first`] : []),
    ...differences.flatMap((difference) => difference.lines),
    `~ secret ${inputs.secretId}: gets the file that is true then`,
  ];
  return { found, adds, lines };
}

/** @returns whether an update was begun and not finished @throws what keeps any update from beginning */
async function requireChangeable(
  look: Look,
  { inputs, version, key }: Pick<Existing, 'inputs' | 'version'> & { key: ProjectKeyDetail },
): Promise<boolean> {
  const status = statusOf(key);
  if (status !== 'active' && status !== 'creating') throw errors.keyNotActive(key.id, status);
  const secret = await (await look.openStore()).describe(inputs.secretId);
  if (secret === 'no-secret') return false;
  if (secret.tags['streamkap:strategy'] === 'alternating') throw errors.takesTurns(inputs.secretId);
  const elsewhere = (label: string) => isElsewhere(secret, label, version.versionId);
  if (elsewhere('AWSPENDING')) throw errors.rotationPending(inputs.secretId);
  return elsewhere(INTENT_LABEL);
}

function isElsewhere({ versions }: SecretDescription, label: string, versionId: string): boolean {
  return Object.entries(versions).some(([id, stages]) => id !== versionId && stages.includes(label));
}

/** @throws for access that the key has at Streamkap, its secret stored nowhere, and for a Kafka user of another key */
async function requireAddable(
  look: Look,
  { key, changes, wanted }: { key: ProjectKeyDetail; changes: readonly Difference[]; wanted: WantedKey },
): Promise<void> {
  const adds = (access: string) =>
    changes.some(({ remedy }) => remedy !== 'none' && 'add' in remedy && remedy.add === access);
  if (adds('api') && hasApi(key)) throw errors.apiSecretLost(key.id, 'no');
  if (!adds('kafka')) return;
  if (key.kafka_username) throw errors.kafkaAddedElsewhere(key.id, key.kafka_username);
  await requireFreeNames(look, wanted, { own: key.id });
}

/** @throws ProvisioningError KEY_DELETED */
export async function askKey(streamkap: StreamkapReader, file: CredentialFile): Promise<ProjectKeyDetail> {
  const key = await streamkap.getProjectKey(file.project_key_id);
  if (!key) throw errors.keyDeleted(file.project_key_id);
  return key;
}
