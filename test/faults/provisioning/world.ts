import { createHash } from 'node:crypto';
import { MemoryKafkaUsers } from '../../sandbox/kafka-users.ts';
import { SecretsManagerState } from '../../sandbox/secrets-manager/state.ts';
import { StreamkapState } from '../../sandbox/streamkap/state.ts';
import { HOST } from '../exploration/outside.ts';
import { Services } from '../exploration/services.ts';

/** What AWS's clock says, always. */
export const NOW_SECONDS = 1_800_000_000;
/** Older than a holder may be, younger than a late POST may come. */
const OLD_SECONDS = 600;
export const TAKE_OVER_AFTER_MS = 120_000;

export const SECRET = 'keyring/orders';
export const ADMIN = { clientId: 'admin-client-id', clientSecret: 'admin-client-secret-0123456789' };

/** Both services as strict models. Time stands still: whatever was written is 600 s old. */
export class World extends Services {
  /** Intents of this attempt on are not taken over. */
  maxAttempts = Number.POSITIVE_INFINITY;
  readonly #ids: { next: number };
  readonly #users: MemoryKafkaUsers;
  readonly #secrets: SecretsManagerState;
  readonly #streamkap: StreamkapState;

  constructor() {
    const ids = { next: 0 };
    const clock = { now: 0 };
    const now = () => clock.now;
    const users = new MemoryKafkaUsers();
    const secrets = new SecretsManagerState({ now, randomId: () => idOfKind('version', ids) });
    const streamkap = new StreamkapState({
      ...{ now, kafkaUsers: users, admin: ADMIN, apiBaseUrl: HOST, bootstrapServers: 'broker.example:9092' },
      randomId: () => idOfKind('streamkap', ids).slice(0, 36),
    });
    super({ secrets, streamkap, users, clock, dates: false });
    this.#ids = ids;
    this.#users = users;
    this.#secrets = secrets;
    this.#streamkap = streamkap;
  }

  protected override dated(response: Record<string, unknown>): ReturnType<Services['dated']> {
    const age = this.#isOld(response) ? OLD_SECONDS : 0;
    const dates = 'CreatedDate' in response ? { CreatedDate: NOW_SECONDS - age } : {};
    return { kind: 'aws', response: { ...response, ...dates }, date: NOW_SECONDS * 1000 };
  }

  /** Intents are past every patience, until the bound on take-overs; from there on their holders count as alive. */
  #isOld({ SecretString: value }: Record<string, unknown>): boolean {
    const attempt = typeof value === 'string' ? (JSON.parse(value) as { attempt?: number }).attempt : undefined;
    return attempt === undefined || attempt < this.maxAttempts;
  }

  /** The keys that exist, being deleted ones left out, and the client credentials beside the caller's own. */
  get keys(): { id: string; works(file: CurrentFile): boolean }[] {
    return [...this.#projectKeys(), ...this.#clientCredentials()];
  }

  #clientCredentials(): World['keys'] {
    return this.#streamkap.clientCredentials
      .filter(({ projectKeyId, clientId }) => projectKeyId === null && clientId !== ADMIN.clientId)
      .map(({ clientId, secret }) => ({
        id: clientId,
        works: (file) => file.client_id === clientId && file.client_secret === secret,
      }));
  }

  #projectKeys(): World['keys'] {
    return this.#streamkap.projectKeys
      .filter((key) => key.status !== 'deleting')
      .map((key) => ({
        id: key.id,
        works: (file) => {
          const api = this.#streamkap.clientCredentials.find((credential) => credential.projectKeyId === key.id);
          const kafkaFits = !key.kafka || this.#users.passwordOf(key.kafka.username) === file.kafka?.password;
          return kafkaFits && api?.clientId === file.api?.client_id && api?.secret === file.api?.client_secret;
        },
      }));
  }

  /** Whether every part of a file works at this moment; a part that it lacks is not looked at. */
  accepts(file: CurrentFile): boolean {
    const key = this.#streamkap.projectKeys.find(({ id, status }) => id === file.project_key_id && status === 'active');
    const api = this.#streamkap.clientCredentials.find(({ projectKeyId }) => projectKeyId === file.project_key_id);
    const kafkaFits = !file.kafka || this.#users.passwordOf(file.kafka.username) === file.kafka.password;
    const apiFits = !file.api || (api?.clientId === file.api.client_id && api.secret === file.api.client_secret);
    return key !== undefined && kafkaFits && apiFits;
  }

  /** Secrets that Streamkap accepts for the key, whoever knows them. */
  get secretsInForce(): string[] {
    const [key] = this.#streamkap.projectKeys;
    const api = this.#streamkap.clientCredentials.find(({ projectKeyId }) => projectKeyId === key?.id);
    const password = key?.kafka ? this.#users.passwordOf(key.kafka.username) : undefined;
    return [api?.secret, password].filter((secret) => secret !== undefined);
  }

  /** Whether some version of the secret that carries a label holds the text. */
  keeps(text: string): boolean {
    const { VersionIdsToStages: versions = {} } = this.#secrets.call('DescribeSecret', { SecretId: SECRET });
    return Object.keys(versions as object).some((VersionId) => {
      try {
        return String(this.#secrets.call('GetSecretValue', { SecretId: SECRET, VersionId }).SecretString).includes(
          text,
        );
      } catch {
        return false;
      }
    });
  }

  /** The value under a label, undefined where there is none. */
  under(VersionStage: string): string | undefined {
    try {
      return String(this.#secrets.call('GetSecretValue', { SecretId: SECRET, VersionStage }).SecretString);
    } catch {
      return undefined;
    }
  }

  /** AWSCURRENT's value, parsed; undefined without one. */
  get current(): CurrentFile | undefined {
    const value = this.#secrets.nameOf(SECRET) === undefined ? undefined : this.#secrets.valueOf(SECRET);
    return value === undefined ? undefined : (JSON.parse(value) as CurrentFile);
  }

  /** Makes the secret without a value, as a stack does. */
  makeEmptySecret(): void {
    this.#secrets.call('CreateSecret', { Name: SECRET, ClientRequestToken: idOfKind('empty', this.#ids) });
  }

  override snapshot(): string {
    return JSON.stringify([super.snapshot(), this.#ids.next]);
  }

  override restore(snapshot: string): void {
    const [services, next] = JSON.parse(snapshot) as [string, number];
    super.restore(services);
    this.#ids.next = next;
  }
}

function idOfKind(kind: string, ids: { next: number }): string {
  return createHash('sha256')
    .update(`${kind}${ids.next++}`)
    .digest('hex');
}

/** As much of a stored value as the invariants look at. */
export interface CurrentFile {
  readonly type?: string;
  readonly project_key_id?: string;
  /** Of a client credential. */
  readonly client_id?: string;
  readonly client_secret?: string;
  readonly kafka?: { readonly username: string; readonly password: string } | null;
  readonly api?: { readonly client_id: string; readonly client_secret: string } | null;
  readonly kafka_acls?: readonly unknown[] | null;
}

/** @returns by which Streamkap knows it; undefined for an intent */
export function idOf({ project_key_id, client_id }: CurrentFile): string | undefined {
  return project_key_id ?? client_id;
}
