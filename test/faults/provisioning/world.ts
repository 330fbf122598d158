import { createHash } from 'node:crypto';
import { CallLog } from '../../sandbox/call-log.ts';
import { MemoryKafkaUsers } from '../../sandbox/kafka-users.ts';
import { AwsError } from '../../sandbox/secrets-manager/aws-error.ts';
import { SecretsManagerState } from '../../sandbox/secrets-manager/state.ts';
import { inProcessStreamkap } from '../../sandbox/streamkap/in-process.ts';
import { StreamkapState } from '../../sandbox/streamkap/state.ts';

/** One call of a process to the outside, as data. */
export type Call =
  | { readonly to: 'aws'; readonly operation: string; readonly input: Record<string, unknown> }
  | {
      readonly to: 'streamkap';
      readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
      readonly path: string;
      readonly body: string | undefined;
    }
  | { readonly to: 'kafka'; readonly username: string; readonly password: string }
  | { readonly to: 'clock' };

/** What the process gets. `lost`: it gave up waiting, or the connection broke. */
export type Result =
  | { readonly kind: 'aws'; readonly response: Record<string, unknown> }
  | { readonly kind: 'aws-error'; readonly name: string; readonly message: string }
  | { readonly kind: 'http'; readonly status: number; readonly body: string }
  | { readonly kind: 'login'; readonly outcome: 'accepted' | 'rejected' }
  | { readonly kind: 'lost' }
  | { readonly kind: 'woken' };

/** What AWS's clock says, always. */
export const NOW_SECONDS = 1_800_000_000;
/** Older than a holder may be, younger than a late POST may come. */
const OLD_SECONDS = 600;
export const TAKE_OVER_AFTER_MS = 120_000;

export const SECRET = 'keyring/orders';
export const ADMIN = { clientId: 'admin-client-id', clientSecret: 'admin-client-secret-0123456789' };

const JSON_BODY = { 'content-type': 'application/json' };

/** Both services as strict models, one snapshot for the two. Time stands still: whatever was written is 600 s old. */
export class World {
  /** Intents of this attempt on are not taken over. */
  maxAttempts = Number.POSITIVE_INFINITY;
  #nextId = 0;
  readonly #users = new MemoryKafkaUsers();
  readonly #log = new CallLog();
  readonly #secrets = new SecretsManagerState({ now: () => 0, randomId: () => this.#id('version') });
  readonly #streamkap = new StreamkapState({
    now: () => 0,
    randomId: () => this.#id('streamkap').slice(0, 36),
    kafkaUsers: this.#users,
    bootstrapServers: 'broker.example:9092',
    apiBaseUrl: 'https://api.streamkap.test',
    admin: ADMIN,
  });
  readonly #transport = inProcessStreamkap({ state: this.#streamkap, log: this.#log });
  #token = '';

  /** Logs in, so that every later snapshot has the token in it. */
  async open(): Promise<void> {
    const body = JSON.stringify({ client_id: ADMIN.clientId, secret: ADMIN.clientSecret });
    const answer = await this.#transport({
      method: 'POST',
      url: 'https://api.streamkap.test/auth/access-token',
      headers: JSON_BODY,
      body,
      timeoutMs: 1,
    });
    this.#token = (JSON.parse(answer.body) as { accessToken: string }).accessToken;
  }

  /** Carries out one call. */
  async apply(call: Call): Promise<Result> {
    switch (call.to) {
      case 'aws':
        return this.#aws(call);
      case 'streamkap': {
        const headers = { ...JSON_BODY, authorization: `Bearer ${this.#token}` };
        const url = `https://api.streamkap.test${call.path}`;
        const { status, body } = await this.#transport({
          method: call.method,
          url,
          headers,
          body: call.body,
          timeoutMs: 1,
        });
        return { kind: 'http', status, body };
      }
      case 'kafka':
        return {
          kind: 'login',
          outcome: this.#users.passwordOf(call.username) === call.password ? 'accepted' : 'rejected',
        };
      case 'clock':
        return { kind: 'woken' };
    }
  }

  #aws(call: Extract<Call, { to: 'aws' }>): Result {
    try {
      const response = { ...this.#secrets.call(call.operation, call.input) };
      if ('CreatedDate' in response) response.CreatedDate = NOW_SECONDS - (this.#isOld(response) ? OLD_SECONDS : 0);
      return { kind: 'aws', response };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return { kind: 'aws-error', name: error.code, message: error.message };
    }
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
  async makeEmptySecret(): Promise<void> {
    this.#secrets.call('CreateSecret', { Name: SECRET, ClientRequestToken: this.#id('empty') });
  }

  snapshot(): string {
    return JSON.stringify([this.#secrets.snapshot({ dates: false }), this.#streamkap.snapshot(), this.#nextId]);
  }

  restore(snapshot: string): void {
    const [secrets, streamkap, nextId] = JSON.parse(snapshot) as [string, string, number];
    this.#secrets.restore(secrets);
    this.#streamkap.restore(streamkap);
    this.#nextId = nextId;
  }

  #id(kind: string): string {
    return createHash('sha256')
      .update(`${kind}${this.#nextId++}`)
      .digest('hex');
  }
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
