import { createHash } from 'node:crypto';
import { type SecretsManagerCaller, secretStoreOver } from '../../../core/aws-secret-store.ts';
import type { CredentialFile } from '../../../core/credential-file.ts';
import type { HttpTransport } from '../../../core/http.ts';
import type { LoginResult } from '../../../core/login-probe/probe.ts';
import type { Intent, RequestedKey } from '../../../core/provisioning/intent.ts';
import type { ProvisioningPorts, ProvisioningRequest, ProvisioningResult } from '../../../core/provisioning/ports.ts';
import { provision } from '../../../core/provisioning/provision.ts';
import { successorOf } from '../../../core/provisioning/version-id.ts';
import type { StreamkapClient } from '../../../core/streamkap/client.ts';
import { CallLog, type FaultAction } from '../../sandbox/call-log.ts';
import { MemoryKafkaUsers } from '../../sandbox/kafka-users.ts';
import { AwsError } from '../../sandbox/secrets-manager/aws-error.ts';
import { SecretsManagerState } from '../../sandbox/secrets-manager/state.ts';
import { inProcessStreamkap } from '../../sandbox/streamkap/in-process.ts';
import { ROLES } from '../../sandbox/streamkap/roles.ts';
import { type StreamkapOptions, StreamkapState } from '../../sandbox/streamkap/state.ts';
import { ADMIN, clientOver, HOST, nameOf, VirtualClock } from '../streamkap-bench.ts';

export const SECRET = 'keyring/orders';
export const INTENT_ID = '3f0b8a9e-1c2d-4e5f-8a7b-9c0d1e2f3a4b';
export const PASSWORD = 'Intended!Password0123456789abcde';
export const MINUTE_MS = 60_000;

const KAFKA: RequestedKey = { description: 'For orders', kafka: { kafka_acls: [], is_create_schema_registry: false } };
export const REQUESTED = {
  kafka: KAFKA,
  api: { description: 'For orders', role_ids: [ROLES[0]?.id ?? ''] },
} satisfies Record<string, RequestedKey>;

/** Calls; a run that makes more goes on for ever. */
const ENDLESS = 3_000;

/** Who acts next to the run, just before a call of it: the call's name as in {@link World.calls}, the call itself not yet made. */
type Meanwhile = (call: string) => void;

/** Both services as their strict models, over the shipped client and the shipped store, with one clock that only sleeping moves. */
export class World {
  readonly clock = new VirtualClock(Date.parse('2026-03-26T15:00:00Z'));
  readonly log = new CallLog();
  readonly users = new MemoryKafkaUsers();
  readonly secrets: SecretsManagerState;
  readonly streamkap: StreamkapState;
  /** Every call of every run to the outside in order, token calls left out; also `mask` and `sleep`. */
  readonly calls: string[] = [];
  readonly progress: string[] = [];
  readonly warnings: string[] = [];
  /** How often people were asked what they want, and what it is. */
  prepared = 0;
  wanted = { name: 'orders', username: 'orders' as string | null, requested: KAFKA };
  meanwhile: Meanwhile = () => {};
  /** @default what the Kafka users say */
  login: ((password: string, attempt: number) => LoginResult['outcome']) | undefined;
  #ids = 0;
  #logins = 0;

  constructor(options: Partial<StreamkapOptions> = {}) {
    const now = () => this.clock.time;
    this.secrets = new SecretsManagerState({ now, randomId: () => this.#id('version') });
    this.streamkap = new StreamkapState({
      now,
      randomId: () => this.#id('key').slice(0, 12),
      kafkaUsers: this.users,
      bootstrapServers: 'orders.streamkap.invalid:32400',
      apiBaseUrl: HOST,
      admin: ADMIN,
      ...options,
    });
  }

  #id(kind: string): string {
    return createHash('sha256')
      .update(`${kind}${this.#ids++}`)
      .digest('hex');
  }

  get ports(): ProvisioningPorts & { readonly streamkap: StreamkapClient } {
    return {
      store: secretStoreOver(this.#aws()),
      streamkap: clientOver(this.#http(), { clock: this.clock }),
      clock: {
        now: () => this.clock.now(),
        sleep: async (milliseconds) => {
          this.#enter('sleep');
          await this.clock.sleep(milliseconds);
        },
      },
      probe: async ({ username, password }) => {
        this.#enter('login');
        const fits = this.users.passwordOf(username) === password;
        const outcome = this.login ? this.login(password, this.#logins++) : fits ? 'accepted' : 'rejected';
        switch (outcome) {
          case 'accepted':
            return { outcome, broker: 'b:1', milliseconds: 1 };
          case 'rejected':
            return { outcome, code: 'SASL_AUTHENTICATION_FAILED', broker: 'b:1', milliseconds: 1 };
          case 'unknown':
            return { outcome, code: 'TIMEOUT', milliseconds: 1 };
        }
      },
      randomId: () => this.#id('intent').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5'),
      generatePassword: () => `Generated!Password${String(this.#ids++).padStart(14, '0')}`,
      report: {
        secretSeen: (secret) => this.calls.push(`mask ${typeof secret === 'string' ? secret : secret.project_key_id}`),
        progress: (line) => this.progress.push(line),
        warning: (line) => this.warnings.push(line),
      },
    };
  }

  /** One run of `ensure`. */
  provision(request: Partial<ProvisioningRequest> = {}): Promise<ProvisioningResult> {
    return provision(this.ports, {
      secretId: SECRET,
      prepare: async () => {
        this.prepared++;
        return this.wanted;
      },
      run: 'org/repo run 1.1',
      takeOverAfterMs: 2 * MINUTE_MS,
      verifyLogin: 'auto',
      newSecret: { tags: { 'managed-by': 'streamkap-keyring' } },
      ...request,
    });
  }

  fault(service: 'streamkap' | 'secretsmanager', operation: string, action: FaultAction, times = 1): void {
    this.log.script({ service, operation, action, times });
  }

  /** An intent of a run that is not there any more, under the id that it has. @returns the version's id */
  putIntent(more: Partial<Intent> = {}, after?: string): string {
    const intent: Intent = {
      type: 'streamkap_keyring_intent',
      intentId: INTENT_ID,
      attempt: 1,
      since: 1,
      formerUsernames: [],
      failures: 0,
      name: 'orders',
      username: 'orders',
      password: PASSWORD,
      requested: KAFKA,
      run: 'org/repo run 0.1',
      ...more,
    };
    return this.put(intent, { after });
  }

  /** A value as an earlier write left it: after a version, the first one makes the secret. @returns the version's id */
  put(value: unknown, { after, stages }: { after?: string | undefined; stages?: string[] } = {}): string {
    const token = successorOf(after);
    const SecretString = typeof value === 'string' ? value : JSON.stringify(value);
    const write = { ClientRequestToken: token, SecretString };
    if (this.secrets.nameOf(SECRET) === undefined) this.secrets.call('CreateSecret', { Name: SECRET, ...write });
    else
      this.secrets.call('PutSecretValue', { SecretId: SECRET, ...write, ...(stages ? { VersionStages: stages } : {}) });
    return token;
  }

  /** A key that an earlier POST of the intent made. @returns its credential file */
  putKey(attempt = 1, more: Partial<Parameters<StreamkapState['seedProjectKey']>[0]> = {}): CredentialFile {
    return this.streamkap.seedProjectKey({
      name: 'orders',
      description: `For orders [keyring:${INTENT_ID}.${attempt}]`,
      kafka_config: { username: 'orders', password: PASSWORD },
      ...more,
    }) as CredentialFile;
  }

  /** AWSCURRENT, parsed: an intent or a file. */
  get current(): { readonly type?: string } {
    return JSON.parse(this.secrets.valueOf(SECRET) ?? 'null') as { type?: string };
  }

  /** Labels of the version that has AWSCURRENT. */
  get labels(): string[] {
    return Object.values(this.secrets.labels(SECRET)).find((stages) => stages.includes('AWSCURRENT')) ?? [];
  }

  /** How often a call was made. */
  count(call: string): number {
    return this.calls.filter((each) => each === call).length;
  }

  #enter(call: string): void {
    if (this.calls.length > ENDLESS) throw new Error('this never ends');
    this.meanwhile(call);
    this.calls.push(call);
  }

  #http(): HttpTransport {
    const transport = inProcessStreamkap({ state: this.streamkap, log: this.log });
    return async (request) => {
      const call = nameOf(request).replace(/(project-keys)\/.*$/, '$1/{id}');
      if (!call.endsWith('/auth/access-token')) this.#enter(call);
      return await transport(request);
    };
  }

  /** AWS's client as the store uses it: commands in, responses out, the date of the answer for its middleware. */
  #aws(): SecretsManagerCaller {
    type Middleware = (next: (args: unknown) => Promise<unknown>) => (args: unknown) => Promise<unknown>;
    let middleware: Middleware = (next) => next;
    const send = async (command: { input: Record<string, unknown>; constructor: { name: string } }) => {
      const operation = command.constructor.name.replace(/Command$/, '');
      this.#enter(operation);
      const headers = { date: new Date(this.clock.time).toUTCString() };
      await middleware(async () => ({ response: { headers } }))({});
      return this.#answer(operation, command.input);
    };
    const middlewareStack = {
      add: (added: Middleware) => {
        middleware = added;
      },
    };
    return { send, middlewareStack } as unknown as SecretsManagerCaller;
  }

  #answer(operation: string, input: Record<string, unknown>): Record<string, unknown> {
    const fault = this.log.take('secretsmanager', operation);
    if (fault && fault.kind !== 'propagation') {
      if (fault.when === 'after') this.secrets.call(operation, input);
      throw Object.assign(new Error('scripted'), { name: (fault.kind === 'status' && fault.code) || 'TimeoutError' });
    }
    try {
      const response = { ...this.secrets.call(operation, input) };
      const { CreatedDate: created } = response;
      return typeof created === 'number' ? { ...response, CreatedDate: new Date(created * 1000) } : response;
    } catch (error) {
      if (error instanceof AwsError) error.name = error.code;
      throw error;
    }
  }
}
