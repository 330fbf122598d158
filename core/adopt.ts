import { type CredentialFile, hasKafka, type KafkaCredentialFile } from './credential-file.ts';
import { InputError, ProvisioningError } from './errors.ts';
import type { LoginResult } from './login-probe/probe.ts';
import { createSurely, putSurely } from './provisioning/durable-write.ts';
import { PROJECT_KEY_FORMAT } from './provisioning/kind.ts';
import { readSituation } from './provisioning/situation.ts';
import { successorOf } from './provisioning/version-id.ts';
import type { SecretStore, SecretTagger } from './secret-store.ts';
import { type ProjectKeyDetail, statusOf } from './streamkap/schemas.ts';

export interface AdoptionPorts {
  readonly store: SecretStore & SecretTagger;
  readonly streamkap: { getProjectKey(id: string): Promise<ProjectKeyDetail | undefined> };
  /** One login; never throws. */
  readonly login: (file: KafkaCredentialFile) => Promise<LoginResult>;
}

export interface AdoptionOrder {
  readonly secretId: string;
  /** A credential file that lies in no secret yet; left out: the one that the secret holds. */
  readonly file?: CredentialFile | undefined;
  /** For a secret that has to be made. */
  readonly kmsKeyId?: string | undefined;
}

export interface Adoption {
  /** `stored`: the file was put into the secret; `tagged`: it lay there, and tags were missing; `complete`: nothing was. */
  readonly outcome: 'stored' | 'tagged' | 'complete';
  readonly projectKeyId: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Undefined for a key without Kafka. */
  readonly login: LoginResult | undefined;
}

const KEY_TAG = 'streamkap:project-key-id';

/**
 * Takes a key that exists into the care of this product: its file into a secret, with the tags that say what it is. Changes nothing
 * at Streamkap, and never the value of a secret that has one.
 * @throws InputError, ProvisioningError when the secret holds something else, the key is not active, or Kafka refuses its password
 */
export async function adoptKey(
  ports: AdoptionPorts,
  { secretId, file: given, kmsKeyId }: AdoptionOrder,
): Promise<Adoption> {
  const { store } = ports;
  const situation = await readSituation(store, secretId, PROJECT_KEY_FORMAT);
  if (situation.state === 'intent') throw beingMade(secretId);
  const held = situation.state === 'file' ? situation.file : undefined;
  const file = held ?? given;
  if (!file)
    throw new InputError('--file', `is missing, and ${secretId} holds nothing`, 'Name the credential file to adopt.');
  if (held && given && given.project_key_id !== held.project_key_id) throw holdsAnother(secretId, held);
  const login = await provenOf(ports, file);
  const wanted = tagsOf(file);
  if (situation.state === 'file') {
    const missing = await missingTags(store, secretId, wanted);
    if (Object.keys(missing).length > 0) await store.tag(secretId, missing);
    const outcome = Object.keys(missing).length > 0 ? 'tagged' : 'complete';
    return { outcome, projectKeyId: file.project_key_id, tags: missing, login };
  }
  const version = { versionId: successorOf(undefined), value: JSON.stringify(file) };
  const written =
    situation.state === 'absent'
      ? await createSurely(store, { name: secretId, ...version, kmsKeyId, tags: wanted })
      : await putSurely(store, { secretId, ...version });
  if (written === 'taken') throw beingMade(secretId);
  if (situation.state === 'empty') await store.tag(secretId, wanted);
  return { outcome: 'stored', projectKeyId: file.project_key_id, tags: wanted, login };
}

async function provenOf({ streamkap, login }: AdoptionPorts, file: CredentialFile): Promise<LoginResult | undefined> {
  const { project_key_id: id } = file;
  const key = await streamkap.getProjectKey(id);
  if (!key || statusOf(key) !== 'active') throw notActive(id, key);
  if (!hasKafka(file)) return undefined;
  const result = await login(file);
  if (result.outcome === 'rejected') throw refused(id);
  return result;
}

function tagsOf({ project_key_id: id, project, kafka }: CredentialFile): Record<string, string> {
  return {
    'managed-by': 'streamkap-keyring',
    [KEY_TAG]: id,
    ...(project.service_id ? { 'streamkap:service-id': project.service_id } : {}),
    ...(kafka ? { 'streamkap:kafka-username': kafka.username } : {}),
  };
}

/** What is there stays: a pair's tags name two keys. @throws ProvisioningError where they name another key */
async function missingTags(
  store: AdoptionPorts['store'],
  secretId: string,
  wanted: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const description = await store.describe(secretId);
  const tags = description === 'no-secret' ? {} : description.tags;
  const named = tags[KEY_TAG]?.split(',') ?? [];
  if (named.length > 0 && !named.includes(wanted[KEY_TAG] ?? '')) throw tagNamesAnother(secretId);
  return Object.fromEntries(Object.entries(wanted).filter(([key]) => !tags[key]));
}

function failure(code: string, message: string, remedy: string): ProvisioningError {
  return new ProvisioningError({ code, message, changed: 'no', retryable: false, remedy });
}

const beingMade = (secretId: string) =>
  failure(
    'SECRET_IN_USE',
    `${secretId} is being filled by somebody else`,
    'Wait until a run with mode `ensure` has ended, then look again.',
  );
const holdsAnother = (secretId: string, held: CredentialFile) =>
  failure(
    'SECRET_HAS_ANOTHER_KEY',
    `${secretId} holds the key ${held.project_key_id}`,
    'Name another secret for the file.',
  );
const tagNamesAnother = (secretId: string) =>
  failure(
    'TAG_NAMES_ANOTHER_KEY',
    `The tag ${KEY_TAG} of ${secretId} names another key than its value`,
    'Find out which is right, and correct the tag by hand.',
  );
const notActive = (id: string, key: ProjectKeyDetail | undefined) =>
  failure(
    'PROJECT_KEY_NOT_ACTIVE',
    `The project key ${id} is ${key ? statusOf(key) : 'not there'}`,
    'Adopt only a key that is active in the project of the admin credential.',
  );
const refused = (id: string) =>
  failure(
    'LOGIN_REJECTED',
    `Kafka refuses the password in the file of ${id}`,
    'Its password was changed since: get the file that has the newest one.',
  );
