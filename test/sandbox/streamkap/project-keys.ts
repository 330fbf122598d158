import { type Outcome, Refusal } from './answer.ts';
import { addCredential } from './client-credentials.ts';
import { sanitiseHtml } from './html.ts';
import { beginCreate, beginDelete } from './lifecycle.ts';
import { type CreateBody, type KafkaConfig, projectKeyChecks } from './project-key-body.ts';
import { credentialFile, detail, summary } from './project-key-views.ts';
import { requireKnownGrants } from './roles.ts';
import { type Call, endpointOf, isoTime, type KafkaUser, type StoredKey, type World } from './tenant.ts';
import { validated } from './validation.ts';

/** @throws Refusal 422 with a string: the username is taken anywhere in the tenant, in whatever state its key is */
export function requireFreeUsername(world: World, username: string): void {
  if (world.tenant.keys.some((key) => key.kafka?.username === username)) {
    throw new Refusal(422, `Kafka user '${username}' already exists`);
  }
}

/** @throws Refusal 422 when names are unique in this tenant and another key has this one */
export function requireFreeName(world: World, name: string, own?: StoredKey): void {
  if (world.settings.uniqueNames && world.tenant.keys.some((key) => key !== own && key.name === name)) {
    throw new Refusal(422, `Project Key '${name}' already exists`);
  }
}

export function kafkaUserOf(world: World, config: KafkaConfig): KafkaUser {
  return {
    username: config.username,
    password: config.password,
    acls: structuredClone(config.kafka_acls ?? []),
    whitelistIps: config.whitelist_ips ?? null,
    schemaRegistryUrl: config.is_create_schema_registry
      ? endpointOf(world.settings.schemaRegistryUrl, config.username)
      : null,
  };
}

/** Adds the key and its API credential, if it is to have one; not yet provisioned. */
export function addKey(world: World, sent: CreateBody, serviceId: string): StoredKey {
  const key: StoredKey = {
    id: world.settings.randomId(),
    name: sent.name,
    description: sent.description == null ? null : sanitiseHtml(sent.description),
    serviceId,
    createdAt: isoTime(world),
    status: 'creating',
    due: null,
    willFail: false,
    apiClientId: null,
    kafka: sent.kafka_config == null ? null : kafkaUserOf(world, sent.kafka_config),
    toolProfile: sent.tool_profile ?? null,
    allowedTools: sent.allowed_tools ?? null,
    blockedTools: sent.blocked_tools ?? null,
    lastUsedAt: null,
  };
  world.tenant.keys.push(key);
  if (sent.role_ids != null || sent.permission_ids != null) addApiAccess(world, key, sent);
  return key;
}

/** Gives the key an API credential of its own. */
export function addApiAccess(
  world: World,
  key: StoredKey,
  grants: Pick<CreateBody, 'role_ids' | 'permission_ids'>,
): void {
  const credential = addCredential(world, {
    description: `Project Key ${key.id}`,
    serviceId: key.serviceId,
    roleIds: grants.role_ids ?? [],
    permissionIds: grants.permission_ids ?? [],
    projectKeyId: key.id,
  });
  key.apiClientId = credential.clientId;
}

/** `POST /project-keys`: answers the credential file at once, also when provisioning goes on or will fail. */
export function createKey({ world, caller, body }: Call): Outcome {
  const sent = validated<CreateBody>(body, projectKeyChecks(world.settings.kafkaRules).create);
  requireKnownGrants(world, sent.role_ids ?? [], sent.permission_ids ?? []);
  if (sent.role_ids == null && sent.permission_ids == null && sent.kafka_config == null) {
    throw new Refusal(400, 'A Project Key needs API access, Kafka access, or both');
  }
  requireFreeName(world, sent.name);
  if (sent.kafka_config != null) requireFreeUsername(world, sent.kafka_config.username);
  const key = addKey(world, sent, caller.serviceId);
  const file = credentialFile(world, key);
  beginCreate(world, key);
  return { status: 201, body: file, tookEffect: true };
}

function visible({ world, caller }: Call): StoredKey[] {
  const { listScope } = world.settings;
  return world.tenant.keys.filter((key) => listScope === 'tenant' || key.serviceId === caller.serviceId);
}

/** @throws Refusal 404 when the key does not exist or the caller cannot see it */
export function keyOf(call: Call): StoredKey {
  const key = visible(call).find((entry) => entry.id === call.id);
  if (key === undefined) throw new Refusal(404, 'Project Key not found');
  return key;
}

/** `GET /project-keys`. */
export function listKeys(call: Call): Outcome {
  return { status: 200, body: visible(call).map((key) => summary(call.world, key)), tookEffect: false };
}

/** `GET /project-keys/{id}`. */
export function getKey(call: Call): Outcome {
  return { status: 200, body: detail(call.world, keyOf(call)), tookEffect: false };
}

/** `DELETE /project-keys/{id}`: a second one while the first is under way changes nothing; after `delete_failed` it tries again. */
export function deleteKey(call: Call): Outcome {
  const { world } = call;
  const key = keyOf(call);
  const answer = world.settings.deleteAnswer === 'json' ? { body: { message: 'Project Key deletion started' } } : {};
  if (key.status === 'deleting') return { status: 200, ...answer, tookEffect: false };
  if (key.status === 'creating' && world.settings.deleteWhileCreating === 'refuse') {
    throw new Refusal(400, 'Project Key is still being created');
  }
  beginDelete(world, key);
  return { status: 200, ...answer, tookEffect: true };
}
