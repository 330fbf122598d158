import type { Clock } from '../clock.ts';
import { hasKafka, type KafkaCredentialFile, kafkaConnection } from '../credential-file.ts';
import { KeyringError, SecretStoreError, StreamkapError } from '../errors.ts';
import type { LoginRequest, LoginResult } from '../login-probe/probe.ts';
import { contentOf } from '../provisioning/situation.ts';
import { STEP_LASTS_AT_MOST_MS } from '../provisioning/update/lock.ts';
import { INTENT_LABEL, isUnfinished } from '../provisioning/update/update-intent.ts';
import { pairOf } from '../rotation/alternating/pair.ts';
import { requireSameKey } from '../rotation/kafka-credential.ts';
import { CURRENT, PENDING } from '../rotation/situation.ts';
import type { SecretDescription, SecretReader, SecretVersion, VersionLister } from '../secret-store.ts';
import type { StreamkapClient } from '../streamkap/client.ts';
import { statusOf } from '../streamkap/schemas.ts';
import {
  type Held,
  type KeyStanding,
  LOGIN_ORDER,
  type Look,
  type PairStanding,
  type PicturedVersion,
  type Standby,
} from './picture.ts';

/** None of these can change anything. */
export interface PicturePorts {
  readonly store: SecretReader & VersionLister;
  readonly streamkap: Pick<StreamkapClient, 'getProjectKey'>;
  /** One login; never throws. */
  readonly login: (request: LoginRequest) => Promise<LoginResult>;
  readonly clock: Clock;
  /** Called before a secret is used for anything. */
  readonly secretSeen: (secret: string) => void;
}

/** Milliseconds for one login. */
const LOGIN_MS = 10_000;

/**
 * Looks at a secret, its key and, by one login for each password at most, at which one is in force. Changes nothing.
 * @throws SecretStoreError where AWS does not answer; that Streamkap or Kafka does not is part of the picture
 */
export async function takePicture(ports: PicturePorts, secretId: string): Promise<Look> {
  const secret = await ports.store.describe(secretId);
  if (secret === 'no-secret') return { picture: 'no-secret', files: new Map() };
  try {
    return await new Photographer(ports, secret).take(secretId);
  } catch (error) {
    if (error instanceof SecretStoreError && error.code === 'SECRET_SCHEDULED_FOR_DELETION')
      return { picture: 'scheduled-for-deletion', files: new Map() };
    throw error;
  }
}

class Photographer {
  readonly #ports: PicturePorts;
  readonly #secret: SecretDescription;
  readonly #files = new Map<string, KafkaCredentialFile>();
  readonly #read = new Map<string, SecretVersion>();
  #at: number;

  constructor(ports: PicturePorts, secret: SecretDescription) {
    this.#ports = ports;
    this.#secret = secret;
    this.#at = ports.clock.now();
  }

  async take(secretId: string): Promise<Look> {
    const secret = this.#secret;
    const strategy = secret.tags['streamkap:strategy'] === 'alternating' ? 'alternating' : 'single';
    const versions = await this.#versions();
    const current = versions.find(({ labels }) => labels.includes(CURRENT));
    const file = current && this.#files.get(current.id);
    const key = current?.holds.kind === 'file' ? await this.#key(current.holds.keyId) : undefined;
    const pair = file && strategy === 'alternating' ? await this.#pair(file) : undefined;
    const matched = file ? versions.map((version) => ({ ...version, ...this.#match(version, file) })) : versions;
    const picture = {
      ...({ secretId, secret, strategy, at: this.#at, key, pair } as const),
      versions: file && !isGone(key) ? await this.#logins(matched) : matched,
      updateUnderWay: this.#updateUnderWay(current),
      standby: pair ? await this.#standby() : undefined,
    };
    return { picture, files: this.#files };
  }

  async #versions(): Promise<PicturedVersion[]> {
    const { store } = this.#ports;
    const { arn } = this.#secret;
    const labelled = Object.entries(this.#secret.versions).filter(([, labels]) => labels.length > 0);
    const held: (readonly [string, readonly string[], Held])[] = [];
    for (const [id, labels] of labelled) {
      const version = await store.read(arn, { versionId: id });
      if (typeof version === 'string') held.push([id, labels, { kind: 'none' }]);
      else {
        this.#read.set(id, version);
        this.#at = version.readAt;
        held.push([id, labels, this.#content(id, version)]);
      }
    }
    const madeAt = new Map((await store.versions(arn)).map(({ versionId, createdAt }) => [versionId, createdAt]));
    return held.map(([id, labels, holds]) => {
      const createdAt = madeAt.get(id);
      return { id, labels, holds, ageMs: createdAt === undefined ? undefined : Math.max(0, this.#at - createdAt) };
    });
  }

  #content(id: string, version: SecretVersion): Held {
    const content = contentOf(version);
    if (content.state === 'foreign') return { kind: 'foreign', problem: content.problem };
    if (content.state === 'intent') return { kind: 'intent', withdrawn: content.intent.withdrawn === true };
    const { file } = content;
    if (file.api) this.#ports.secretSeen(file.api.client_secret);
    if (hasKafka(file)) {
      this.#ports.secretSeen(file.kafka.password);
      this.#files.set(id, file);
    }
    return { kind: 'file', keyId: file.project_key_id, username: file.kafka?.username };
  }

  async #key(id: string): Promise<KeyStanding> {
    try {
      const key = await this.#ports.streamkap.getProjectKey(id);
      return key ? { id, status: statusOf(key) === 'active' ? 'active' : key.status } : { id, missing: true };
    } catch (error) {
      if (error instanceof StreamkapError) return { id, unknown: error.code };
      throw error;
    }
  }

  async #pair(current: KafkaCredentialFile): Promise<PairStanding> {
    try {
      const pair = pairOf(this.#secret, current);
      return pair ? { idle: await this.#key(pair.idle.id) } : 'not-born';
    } catch (error) {
      if (error instanceof KeyringError && error.code === 'PAIR_INVALID') return 'invalid';
      throw error;
    }
  }

  async #standby(): Promise<Standby> {
    const version = await this.#ports.store.read(`${this.#secret.name}/standby`);
    if (version === 'no-secret') return 'missing';
    if (version === 'no-value') return 'empty';
    const content = contentOf(version);
    return content.state === 'file' ? { keyId: content.file.project_key_id } : content.state;
  }

  /**
   * A value decides where a password is sent, so only what goes where the current one goes is tried: the same key, or, pending
   * where two keys take turns, the other one.
   */
  #match({ id, labels }: PicturedVersion, current: KafkaCredentialFile): Pick<PicturedVersion, 'mismatch'> {
    const file = this.#files.get(id);
    if (!file || labels.includes(CURRENT)) return {};
    const isTurn = this.#secret.tags['streamkap:strategy'] === 'alternating' && labels.includes(PENDING);
    if (!isTurn) return mismatchOf(current, file);
    if (file.project_key_id === current.project_key_id) return { mismatch: 'it is of the current key' };
    const { username } = current.kafka;
    const alike = { ...file, project_key_id: current.project_key_id, kafka: { ...file.kafka, username } };
    return this.#isOfThirdKey(current, file) ? { mismatch: 'it is of a third key' } : mismatchOf(current, alike);
  }

  #isOfThirdKey(current: KafkaCredentialFile, file: KafkaCredentialFile): boolean {
    try {
      const pair = pairOf(this.#secret, current);
      return pair !== undefined && pair.idle.id !== file.project_key_id;
    } catch {
      return true;
    }
  }

  /** Each password once, and none after the answer is known: a user has one password, and a refused login may lock it out. */
  async #logins(versions: readonly PicturedVersion[]): Promise<PicturedVersion[]> {
    const results = new Map<string, LoginResult>();
    const settled = new Set<string>();
    const loginOf = async ({ id, mismatch }: PicturedVersion): Promise<LoginResult | undefined> => {
      const file = this.#files.get(id);
      if (!file || mismatch !== undefined) return undefined;
      const { username, password } = file.kafka;
      const tried = results.get(`${username}\0${password}`);
      if (tried || settled.has(username)) return tried;
      const result = await this.#ports.login({ ...kafkaConnection(file.kafka), timeoutMs: LOGIN_MS });
      results.set(`${username}\0${password}`, result);
      if (result.outcome !== 'rejected') settled.add(username);
      return result;
    };
    const logins = new Map<string, PicturedVersion['login']>();
    for (const label of LOGIN_ORDER) {
      const version = versions.find(({ labels }) => labels.includes(label));
      const result = version && (await loginOf(version));
      if (version && result) logins.set(version.id, resultOf(result));
    }
    return versions.map((version) => ({ ...version, login: logins.get(version.id) }));
  }

  #updateUnderWay(current: PicturedVersion | undefined): boolean {
    const content = current && this.#read.get(current.id);
    const [id] = Object.entries(this.#secret.versions).find(([, labels]) => labels.includes(INTENT_LABEL)) ?? [];
    const labelled = id === undefined ? undefined : this.#read.get(id);
    if (!content || !labelled || id === current.id) return false;
    const now = contentOf(content);
    if (now.state !== 'file') return false;
    return labelled.readAt - labelled.createdAt < STEP_LASTS_AT_MOST_MS || isUnfinished(labelled, now.file);
  }
}

function mismatchOf(current: KafkaCredentialFile, file: KafkaCredentialFile): Pick<PicturedVersion, 'mismatch'> {
  try {
    requireSameKey(current, file);
    return {};
  } catch (error) {
    if (error instanceof KeyringError)
      return { mismatch: 'it is for another key, user or broker than the current one' };
    throw error;
  }
}

function resultOf(result: LoginResult): NonNullable<PicturedVersion['login']> {
  return { outcome: result.outcome, ...('code' in result ? { code: result.code } : {}) };
}

const isGone = (key: KeyStanding | undefined) => key !== undefined && 'missing' in key;
