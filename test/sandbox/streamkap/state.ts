import { type ApiAnswer, type ApiRequest, type Outcome, Refusal } from './answer.ts';
import { beginDelete, nextDue, setLogin, settle } from './lifecycle.ts';
import type { CreateBody } from './project-key-body.ts';
import { credentialFile } from './project-key-views.ts';
import { addKey } from './project-keys.ts';
import { ROLES } from './roles.ts';
import { match } from './routes.ts';
import type { KeyStatus, Settings, StoredCredential, StoredKey, Tenant, World } from './tenant.ts';
import { authenticate, exchange } from './tokens.ts';

export type { ApiAnswer, ApiRequest } from './answer.ts';
export type { KeyStatus, Settings, StoredCredential, StoredKey } from './tenant.ts';

type Indispensable = 'now' | 'randomId' | 'kafkaUsers' | 'bootstrapServers' | 'apiBaseUrl';

/** {@link Settings}, of which most have defaults, and the admin credential the tenant starts with. */
export type StreamkapOptions = Pick<Settings, Indispensable> &
  Partial<Omit<Settings, Indispensable>> & {
    readonly admin: { readonly clientId: string; readonly clientSecret: string };
  };

const DEFAULTS = {
  schemaRegistryUrl: (username: string) => `https://${username}-schema.streamkap.invalid:8081`,
  createLatencyMs: 0,
  deleteLatencyMs: 0,
  propagationDelayMs: 0,
  tenantId: '0f6e3a9c-2f0d-4c57-9f5e-2b7c0b1d4e01',
  serviceId: '65e94bbe0c4d2f7a91b83c55',
  roles: ROLES,
  tokenTtlSeconds: 3600,
  accessTokenField: 'accessToken',
  statusStyle: 'lower',
  aclNameField: 'topic_name',
  listScope: 'tenant',
  kafkaRules: 'guide',
  uniqueNames: false,
  deleteWhileCreating: 'accept',
  deleteAnswer: 'empty',
  omitRequestIdEvery: 0,
  onPasswordChanged: () => {},
} satisfies Partial<Settings>;

export interface SeededKey extends CreateBody {
  /** @default the tenant's own service */
  readonly serviceId?: string;
  /** @default 'active' */
  readonly status?: KeyStatus;
}

/**
 * Streamkap's API as a value: no network, no timers, no clock or randomness but those given. Effects that take time (creation,
 * deletion, a password's way to the proxies) are applied by the next call or by {@link settle}.
 */
export class StreamkapState {
  readonly settings: Settings;
  #tenant: Tenant;
  #answers = 0;

  constructor({ admin, ...options }: StreamkapOptions) {
    this.settings = { ...DEFAULTS, kafkaProxyEndpoint: options.bootstrapServers, ...options };
    this.#tenant = {
      keys: [],
      credentials: [this.#adminCredential(admin)],
      logins: {},
      passwordChanges: [],
      failCreates: 0,
      failDeletes: 0,
      tokenEpoch: 0,
    };
  }

  #adminCredential(admin: StreamkapOptions['admin']): StoredCredential {
    const role = this.settings.roles[0];
    return {
      clientId: admin.clientId,
      secret: admin.clientSecret,
      description: 'The credential that manages the others',
      serviceId: this.settings.serviceId,
      createdAt: new Date(this.settings.now()).toISOString(),
      roleIds: role === undefined ? [] : [role.id],
      permissionIds: [],
      projectKeyId: null,
    };
  }

  get #world(): World {
    return { tenant: this.#tenant, settings: this.settings };
  }

  /**
   * Answers one request; never throws.
   * @param request header names in lower case
   * @param propagationDelayMs for a password change in this very call; default the tenant's
   */
  handle(request: ApiRequest, propagationDelayMs = this.settings.propagationDelayMs): ApiAnswer {
    this.settle();
    try {
      return this.#answer(this.#decide(request, propagationDelayMs));
    } catch (error) {
      if (!(error instanceof Refusal)) {
        return { ...this.#answer({ status: 500, tookEffect: false }), body: 'Internal Server Error' };
      }
      return this.#answer({ status: error.status, body: { detail: error.detail }, tookEffect: false });
    }
  }

  #decide(request: ApiRequest, propagationDelayMs: number): Outcome {
    const found = match(request.method, request.path);
    const world = this.#world;
    if (found.kind === 'unknown') throw new Refusal(404, 'Not Found');
    if (found.kind === 'wrong method') throw new Refusal(405, 'Method Not Allowed');
    if (found.kind === 'token') return exchange({ world, body: bodyOf(request) });
    const caller = authenticate(world, request.headers.authorization);
    const { permission, run } = found.route;
    if (permission !== null && !caller.permissions.includes(permission)) {
      throw new Refusal(403, 'You do not have permission to perform this action');
    }
    return run({ world, caller, id: found.id, body: bodyOf(request), propagationDelayMs });
  }

  #answer({ status, body, tookEffect }: Outcome): ApiAnswer {
    this.#answers++;
    const every = this.settings.omitRequestIdEvery;
    const requestId = every > 0 && this.#answers % every === 0 ? undefined : `sandbox-${this.#answers}`;
    return {
      status,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(requestId === undefined ? {} : { 'x-request-id': requestId }),
      },
      body: body === undefined ? '' : JSON.stringify(body),
      tookEffect,
    };
  }

  /** Applies every effect whose time has come. */
  settle(): void {
    settle(this.#world);
  }

  /** @returns epoch milliseconds of the next effect that time alone will bring, or undefined. */
  nextDue(): number | undefined {
    return nextDue(this.#world);
  }

  /** The next `n` creations end in `failed`. */
  failNextCreates(n: number): void {
    this.#tenant.failCreates = n;
  }

  /** The next `n` deletions end in `delete_failed`. */
  failNextDeletes(n: number): void {
    this.#tenant.failDeletes = n;
  }

  /** Every token issued so far is answered with 401 from now on. */
  revokeTokens(): void {
    this.#tenant.tokenEpoch++;
  }

  /**
   * Puts a key there that no call made, past all rules but unique ids. `serviceId` may be another service's.
   * @returns its credential file
   */
  seedProjectKey({
    serviceId = this.settings.serviceId,
    status = 'active',
    ...key
  }: SeededKey): Record<string, unknown> {
    const stored = addKey(this.#world, key, serviceId);
    stored.status = status;
    const file = credentialFile(this.#world, stored);
    if (stored.kafka !== null && status !== 'creating' && status !== 'failed') {
      setLogin(this.#world, stored.kafka.username, stored.kafka.password);
    }
    return file;
  }

  /** Deletes a key behind the caller's back, as somebody in Streamkap's UI would. */
  removeProjectKey(id: string): void {
    const key = this.#tenant.keys.find((entry) => entry.id === id);
    if (key !== undefined) beginDelete(this.#world, key);
  }

  /** All keys as stored, secrets included: for assertions. */
  get projectKeys(): readonly Readonly<StoredKey>[] {
    return this.#tenant.keys;
  }

  /** All client credentials as stored, secrets included: for assertions. */
  get clientCredentials(): readonly Readonly<StoredCredential>[] {
    return this.#tenant.credentials;
  }

  /** @returns the password Streamkap was told last; `kafkaUsers` knows what logins accept at this moment. */
  kafkaPasswordOf(username: string): string | undefined {
    return this.#tenant.keys.find((key) => key.kafka?.username === username)?.kafka?.password;
  }

  /** @returns all that calls have changed, as JSON with sorted object keys: equal states give equal text. */
  snapshot(): string {
    return JSON.stringify(this.#tenant, (_name, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
        : value,
    );
  }

  /** Comes back to a snapshot of this tenant, Kafka users included. Clock and random ids are the caller's to turn back. */
  restore(snapshot: string): void {
    const tenant = JSON.parse(snapshot) as Tenant;
    for (const username of Object.keys(this.#tenant.logins)) {
      if (tenant.logins[username] === undefined) this.settings.kafkaUsers.delete(username);
    }
    this.#tenant = tenant;
    for (const [username, password] of Object.entries(tenant.logins)) {
      this.settings.kafkaUsers.set(username, password);
    }
  }
}

/** @returns the parsed body, undefined without one; the raw text when it is not declared as JSON, as FastAPI does */
function bodyOf({ headers, body }: ApiRequest): unknown {
  if (body === undefined || body === '') return undefined;
  if (!/^application\/(?:[a-z.-]+\+)?json\b/i.test(headers['content-type'] ?? '')) return body;
  try {
    return JSON.parse(body);
  } catch {
    const issue = { type: 'json_invalid', loc: ['body', 0], msg: 'JSON decode error', input: {} };
    throw new Refusal(422, [{ ...issue, ctx: { error: 'Expecting value' } }]);
  }
}
