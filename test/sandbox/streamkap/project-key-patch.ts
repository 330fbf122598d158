import { type Outcome, Refusal } from './answer.ts';
import { sanitiseHtml } from './html.ts';
import { changePassword, setLogin } from './lifecycle.ts';
import { type PatchBody, projectKeyChecks } from './project-key-body.ts';
import { apiSection, credentialOf, kafkaSection, summary } from './project-key-views.ts';
import { addApiAccess, kafkaUserOf, keyOf, requireFreeName, requireFreeUsername } from './project-keys.ts';
import { requireKnownGrants } from './roles.ts';
import type { Call, StoredCredential, StoredKey, World } from './tenant.ts';
import { validated } from './validation.ts';

/**
 * `PATCH /project-keys/{id}`. All or nothing: every rule is checked before anything changes. Null counts as absent (nobody
 * documents it). The answer proves nothing about a password.
 */
export function patchKey(call: Call): Outcome {
  const { world } = call;
  const sent = validated<PatchBody>(call.body, projectKeyChecks(world.settings.kafkaRules).patch);
  const key = keyOf(call);
  if (key.status !== 'active') throw new Refusal(400, `Project Key cannot be edited while its status is ${key.status}`);
  requireKnownGrants(world, sent.role_ids ?? [], sent.permission_ids ?? []);
  requireKafkaRules(world, key, sent);
  requireGrantRules(world, key, sent);
  if (sent.name != null) requireFreeName(world, sent.name, key);

  const before = JSON.stringify([key, credentialOf(world, key)]);
  changeFields(key, sent);
  const newApi = changeGrants(world, key, sent);
  if (sent.kafka_config != null) {
    key.kafka = kafkaUserOf(world, sent.kafka_config);
    setLogin(world, key.kafka.username, key.kafka.password);
  }
  changeKafka(call, key, sent);
  const after = JSON.stringify([key, credentialOf(world, key)]);
  const body = {
    ...summary(world, key),
    new_api_credentials: newApi === undefined ? null : apiSection(world, newApi),
    new_kafka_credentials: sent.kafka_config == null || key.kafka === null ? null : kafkaSection(world, key.kafka),
  };
  // The same password again still cuts sessions.
  return { status: 200, body, tookEffect: before !== after || sent.kafka_password != null };
}

function requireKafkaRules(world: World, key: StoredKey, sent: PatchBody): void {
  if (sent.kafka_config != null) {
    if (key.kafka !== null) throw new Refusal(400, 'Project Key already has Kafka access');
    if (sent.kafka_password != null) throw new Refusal(400, 'kafka_config and kafka_password cannot be combined');
    requireFreeUsername(world, sent.kafka_config.username);
  } else if (key.kafka === null) {
    if (sent.kafka_password != null) throw new Refusal(400, 'Project Key has no Kafka user');
    if (sent.kafka_acls != null || sent.whitelist_ips != null)
      throw new Refusal(400, 'Project Key has no Kafka access');
  }
}

/** The guide: roles of a role-based key can be changed later, single permissions never. */
function requireGrantRules(world: World, key: StoredKey, sent: PatchBody): void {
  const credential = credentialOf(world, key);
  if (credential === undefined) return;
  if (sent.permission_ids != null) throw new Refusal(400, 'Permissions cannot be changed after the key is created');
  if (sent.role_ids != null && credential.permissionIds.length > 0) {
    throw new Refusal(400, 'Project Key uses permission-based access; roles cannot be assigned');
  }
}

function changeFields(key: StoredKey, sent: PatchBody): void {
  if (sent.name != null) key.name = sent.name;
  if (sent.description != null) key.description = sanitiseHtml(sent.description);
  if (sent.tool_profile != null) key.toolProfile = sent.tool_profile;
  if (sent.allowed_tools != null) key.allowedTools = sent.allowed_tools;
  if (sent.blocked_tools != null) key.blockedTools = sent.blocked_tools;
}

/** @returns the credential, if this call made it */
function changeGrants(world: World, key: StoredKey, sent: PatchBody): StoredCredential | undefined {
  if (sent.role_ids == null && sent.permission_ids == null) return undefined;
  const credential = credentialOf(world, key);
  if (credential !== undefined) {
    credential.roleIds = [...(sent.role_ids ?? [])];
    return undefined;
  }
  addApiAccess(world, key, sent);
  return credentialOf(world, key);
}

function changeKafka({ world, propagationDelayMs }: Call, key: StoredKey, sent: PatchBody): void {
  if (key.kafka === null) return;
  if (sent.kafka_acls != null) key.kafka.acls = structuredClone(sent.kafka_acls);
  if (sent.whitelist_ips != null) key.kafka.whitelistIps = sent.whitelist_ips;
  if (sent.kafka_password != null) {
    changePassword(world, key, { password: sent.kafka_password, delayMs: propagationDelayMs });
  }
}
