import { maskedSecret } from './client-credentials.ts';
import { rolesOf } from './roles.ts';
import {
  type Acl,
  creator,
  endpointOf,
  type KafkaUser,
  type KeyStatus,
  type StoredCredential,
  type StoredKey,
  type World,
} from './tenant.ts';

function statusWord(world: World, status: KeyStatus): string {
  if (world.settings.statusStyle === 'lower') return status;
  return status
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ');
}

function aclsShown(world: World, acls: readonly Acl[]): Record<string, unknown>[] {
  return acls.map(({ topic_name, operation, resource_pattern_type, resource = 'TOPIC' }) => ({
    [world.settings.aclNameField]: topic_name,
    operation,
    resource_pattern_type,
    resource,
  }));
}

/** The credential that a key owns, if it has API access. */
export function credentialOf(world: World, key: StoredKey): StoredCredential | undefined {
  return world.tenant.credentials.find((entry) => entry.clientId === key.apiClientId);
}

/** `ProjectKeySummary`: what lists and PATCH answer. */
export function summary(world: World, key: StoredKey): Record<string, unknown> {
  const credential = credentialOf(world, key);
  return {
    id: key.id,
    name: key.name,
    description: key.description,
    service_id: key.serviceId,
    status: statusWord(world, key.status),
    created_at: key.createdAt,
    created_by_user: creator(world),
    api_client_id: key.apiClientId,
    api_client_id_masked_secret: credential === undefined ? null : maskedSecret(credential.secret),
    kafka_username: key.kafka?.username ?? null,
    roles: rolesOf(world, credential?.roleIds ?? []),
    last_used_at: key.lastUsedAt,
    tool_profile: key.toolProfile,
    allowed_tools: key.allowedTools,
    blocked_tools: key.blockedTools,
  };
}

/** `ProjectKeyDetail`. A key that is still being made has no endpoints yet. */
export function detail(world: World, key: StoredKey): Record<string, unknown> {
  const { kafka } = key;
  const provisioned = key.status !== 'creating' && key.status !== 'failed';
  return {
    ...summary(world, key),
    kafka_acls: aclsShown(world, kafka?.acls ?? []),
    whitelist_ips: kafka?.whitelistIps ?? null,
    kafka_proxy_endpoint:
      kafka !== null && provisioned ? endpointOf(world.settings.kafkaProxyEndpoint, kafka.username) : null,
    schema_proxy_endpoint: kafka !== null && provisioned ? kafka.schemaRegistryUrl : null,
    token_ttl_seconds: world.settings.tokenTtlSeconds,
  };
}

/** The file's `api` section: with {@link kafkaSection} the only places where a secret leaves the stand-in. */
export function apiSection(world: World, credential: StoredCredential): Record<string, unknown> {
  const { apiBaseUrl } = world.settings;
  const url = typeof apiBaseUrl === 'string' ? apiBaseUrl : apiBaseUrl();
  return {
    client_id: credential.clientId,
    client_secret: credential.secret,
    token_endpoint: `${url}/auth/access-token`,
    api_url: url,
    roles: [...credential.roleIds],
  };
}

export function kafkaSection(world: World, kafka: KafkaUser): Record<string, unknown> {
  return {
    username: kafka.username,
    password: kafka.password,
    bootstrap_servers: endpointOf(world.settings.bootstrapServers, kafka.username),
    security_protocol: 'SASL_SSL',
    sasl_mechanism: 'PLAIN',
    schema_registry_url: kafka.schemaRegistryUrl,
  };
}

/** The credential file, as given out once. */
export function credentialFile(world: World, key: StoredKey): Record<string, unknown> {
  const credential = credentialOf(world, key);
  return {
    type: 'streamkap_project_key',
    project_key_id: key.id,
    project: { service_id: key.serviceId, name: 'Sandbox' },
    api: credential === undefined ? null : apiSection(world, credential),
    kafka: key.kafka === null ? null : kafkaSection(world, key.kafka),
    kafka_acls: aclsShown(world, key.kafka?.acls ?? []),
    tool_profile: key.toolProfile,
    allowed_tools: key.allowedTools,
    blocked_tools: key.blockedTools,
    created_by: creator(world).email,
    created_at: key.createdAt,
  };
}
