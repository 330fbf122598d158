import type { KafkaUsers } from '../kafka-users.ts';

/** The documented life of a key; the wire may spell it otherwise (see `statusStyle`). */
export type KeyStatus = 'creating' | 'active' | 'failed' | 'deleting' | 'delete_failed';

export interface Acl {
  readonly topic_name: string;
  readonly operation: string;
  readonly resource_pattern_type: string;
  readonly resource?: string;
}

export interface KafkaUser {
  readonly username: string;
  /** What Streamkap was told last. Logins may see it later: `Tenant.logins` is what they see now. */
  password: string;
  acls: Acl[];
  whitelistIps: string | null;
  readonly schemaRegistryUrl: string | null;
}

export interface StoredKey {
  readonly id: string;
  name: string;
  description: string | null;
  readonly serviceId: string;
  readonly createdAt: string;
  status: KeyStatus;
  /** Epoch milliseconds at which `creating` or `deleting` ends; null when nothing is under way. */
  due: number | null;
  /** Whether what is under way will end in `failed` or `delete_failed`. */
  willFail: boolean;
  apiClientId: string | null;
  kafka: KafkaUser | null;
  toolProfile: string | null;
  allowedTools: string[] | null;
  blockedTools: string[] | null;
  lastUsedAt: string | null;
}

export interface StoredCredential {
  readonly clientId: string;
  readonly secret: string;
  description: string | null;
  readonly serviceId: string;
  readonly createdAt: string;
  roleIds: string[];
  permissionIds: string[];
  /** The key that owns it; such a credential can only be changed through the key. */
  readonly projectKeyId: string | null;
}

export interface PasswordChange {
  readonly username: string;
  readonly password: string;
  readonly due: number;
}

/** Everything that calls can change: plain JSON, so that a model checker can store it and come back to it. */
export interface Tenant {
  keys: StoredKey[];
  credentials: StoredCredential[];
  /** What a login is checked against now: a copy of what was written to the Kafka users. */
  logins: Record<string, string>;
  /** At most one a user: a later change replaces one that has not arrived yet. */
  passwordChanges: PasswordChange[];
  failCreates: number;
  failDeletes: number;
  /** Part of every token's signature: raising it makes all issued tokens unknown. */
  tokenEpoch: number;
}

export type Endpoint = string | ((username: string) => string);

export interface Role {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly description: string | null;
  readonly permissions: readonly string[];
}

/** How this tenant behaves; fixed for its life. Durations in milliseconds unless the name says otherwise. */
export interface Settings {
  readonly now: () => number;
  readonly randomId: () => string;
  readonly kafkaUsers: KafkaUsers;
  readonly bootstrapServers: Endpoint;
  readonly kafkaProxyEndpoint: Endpoint;
  readonly schemaRegistryUrl: Endpoint;
  readonly createLatencyMs: number;
  readonly deleteLatencyMs: number;
  readonly propagationDelayMs: number;
  /** A function where the address is known only once somebody listens. */
  readonly apiBaseUrl: string | (() => string);
  readonly tenantId: string;
  readonly serviceId: string;
  readonly roles: readonly Role[];
  readonly tokenTtlSeconds: number;
  readonly accessTokenField: 'accessToken' | 'access_token';
  readonly statusStyle: 'lower' | 'title';
  readonly aclNameField: 'topic_name' | 'name';
  readonly listScope: 'tenant' | 'service';
  readonly kafkaRules: 'guide' | 'openapi';
  readonly uniqueNames: boolean;
  readonly deleteWhileCreating: 'accept' | 'refuse';
  readonly deleteAnswer: 'empty' | 'json';
  readonly omitRequestIdEvery: number;
  readonly onPasswordChanged: (username: string) => void;
}

export interface World {
  readonly tenant: Tenant;
  readonly settings: Settings;
}

/** Who calls, as the token says. A token keeps the permissions it was issued with until it expires. */
export interface Caller {
  readonly clientId: string;
  readonly serviceId: string;
  readonly permissions: readonly string[];
  readonly projectKeyId: string | null;
}

/** An authorised call on its way to an endpoint. */
export interface Call {
  readonly world: World;
  readonly caller: Caller;
  /** The id in the path, URL-decoded; empty where the path has none. */
  readonly id: string;
  /** The parsed body, not yet validated; undefined when none was sent. */
  readonly body: unknown;
  /** How long a password change of this call takes to reach logins. */
  readonly propagationDelayMs: number;
}

export function endpointOf(endpoint: Endpoint, username: string): string {
  return typeof endpoint === 'string' ? endpoint : endpoint(username);
}

export function isoTime(world: World): string {
  return new Date(world.settings.now()).toISOString();
}

/** The person all keys are created by; the stand-in has one. */
export function creator(world: World): Record<string, unknown> {
  return {
    id: 'a7c1f7e2-5b0e-4c38-9a52-0d8f2f1c6b11',
    email: 'platform@example.com',
    name: 'Platform Engineer',
    profile_picture_url: null,
    phone_number: null,
    tenant_id: world.settings.tenantId,
    created_at: '2025-01-01T00:00:00.000Z',
    last_login: null,
  };
}
