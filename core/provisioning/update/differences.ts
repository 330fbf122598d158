import type { CredentialFile } from '../../credential-file.ts';
import {
  aclsOf,
  aclText,
  addressesOf,
  hasApi,
  hasPermissionsOnly,
  rolesOf,
  sameAcls,
  sameSet,
} from '../../streamkap/key-reading.ts';
import type { KafkaAcl, KeyChange, ProjectKeyDetail } from '../../streamkap/schemas.ts';
import { ownTextOf, textOf, withOwnText, withoutTags } from '../description.ts';
import type { KeyRequest } from '../ports.ts';

/** A key as somebody wants it to be. What the request leaves empty is not asked for, and not compared. */
export interface WantedKey extends KeyRequest {
  /** An empty list of ACLs means "none" only where somebody wrote it. */
  readonly aclsGiven: boolean;
}

/** A key as far as it is known: undefined is what this source does not tell. */
export interface KnownKey {
  readonly id: string;
  readonly hasApi: boolean;
  /** Null without Kafka. */
  readonly username: string | null;
  readonly name?: string;
  readonly description?: string;
  readonly acls?: readonly KafkaAcl[];
  readonly addresses?: readonly string[];
  /** Ids. */
  readonly roles?: readonly string[];
  /** Its API access is made of single permissions, which are not readable. */
  readonly hasPermissionsOnly?: boolean;
  readonly hasSchemaRegistry?: boolean;
  readonly toolProfile?: string;
  readonly allowedTools?: readonly string[];
  readonly blockedTools?: readonly string[];
}

/** One way in which a key is not as it is wanted. */
export interface Difference {
  /** As the end of "the key ..., and": `its Kafka ACLs are not those of kafka-acls`. */
  readonly sentence: string;
  /** The lines of a plan: `+`, `-` or `~`, and what; no secret. */
  readonly lines: readonly string[];
  /** What brings it about: fields of a PATCH, access to be added, or nothing that Streamkap offers. */
  readonly remedy: { readonly change: KeyChange } | { readonly add: 'kafka' | 'api' } | 'none';
}

/** @returns what a credential file tells of its key: no name, description or safe list, and roles as ids only */
export function knownByFile(file: CredentialFile): KnownKey {
  const { kafka, api, tool_profile: profile } = file;
  return {
    id: file.project_key_id,
    hasApi: Boolean(api),
    username: kafka?.username ?? null,
    ...(kafka && file.kafka_acls ? { acls: aclsOf(file) } : {}),
    ...(api?.roles ? { roles: api.roles } : {}),
    ...(kafka?.schema_registry_url === undefined ? {} : { hasSchemaRegistry: Boolean(kafka.schema_registry_url) }),
    ...(typeof profile === 'string' ? { toolProfile: profile } : {}),
    ...(isTexts(file.allowed_tools) ? { allowedTools: file.allowed_tools } : {}),
    ...(isTexts(file.blocked_tools) ? { blockedTools: file.blocked_tools } : {}),
  };
}

/** @returns what Streamkap tells of a key */
export function knownByDetail(key: ProjectKeyDetail): KnownKey {
  return {
    id: key.id,
    hasApi: hasApi(key),
    username: key.kafka_username ?? null,
    name: key.name,
    description: key.description ?? '',
    acls: aclsOf(key),
    addresses: addressesOf(key.whitelist_ips),
    hasPermissionsOnly: hasPermissionsOnly(key),
    ...(hasApi(key) ? { roles: rolesOf(key) } : {}),
    toolProfile: key.tool_profile ?? '',
    allowedTools: key.allowed_tools ?? [],
    blockedTools: key.blocked_tools ?? [],
  };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}

/** @returns every way in which the key differs from what is wanted, in the order of the inputs; nothing is asked or changed */
export function differencesOf(known: KnownKey, wanted: WantedKey): Difference[] {
  return [
    ...nameAndDescription(known, wanted),
    ...apiAccess(known, wanted),
    ...kafkaAccess(known, wanted),
    ...toolScope(known, wanted),
  ];
}

function nameAndDescription(known: KnownKey, { name, requested: { description } }: WantedKey): Difference[] {
  const found: Difference[] = [];
  // Two keys that take turns: the second one's name is the first one's with `-b`.
  const names = known.username?.endsWith('-b') ? [name, `${name.slice(0, 98)}-b`] : [name];
  if (known.name !== undefined && !names.includes(known.name))
    found.push(
      changed('name', { from: known.name, to: name, change: { name }, sentence: `its name is not ${quoted(name)}` }),
    );
  const wording = (text: string) => textOf(ownTextOf(text)).trim();
  const to = wording(description);
  if (known.description === undefined || to === '') return found;
  const from = wording(known.description);
  if (from !== to) {
    const change = { description: withOwnText(known.description, withoutTags(ownTextOf(description))) };
    found.push(changed('description', { from, to, change, sentence: 'its description is not that of description' }));
  }
  return found;
}

function apiAccess(known: KnownKey, { requested }: WantedKey): Difference[] {
  const { role_ids: roles, permission_ids: permissions } = requested;
  const grants = roles ?? permissions;
  if (!grants) return [];
  if (!known.hasApi) {
    const what = roles ? 'roles' : 'permissions';
    const lines = [`+ API access with the ${what} ${grants.join(', ')}`];
    return [{ sentence: 'it has no API access', lines, remedy: { add: 'api' } }];
  }
  if (roles && known.hasPermissionsOnly) return [stuck('it has single permissions instead of roles')];
  if (!roles || !known.roles || sameSet(roles, known.roles)) return [];
  const lines = linesOf('role', { had: known.roles, wanted: roles });
  return [{ sentence: 'its roles are not those of roles', lines, remedy: { change: { role_ids: roles } } }];
}

function kafkaAccess(known: KnownKey, wanted: WantedKey): Difference[] {
  const { username, requested } = wanted;
  if (username === null || !requested.kafka) return [];
  const { kafka_acls: acls, whitelist_ips: whitelist, is_create_schema_registry: registry } = requested.kafka;
  if (known.username === null) {
    const added = [`+ Kafka access as ${username}`, ...acls.map((acl) => `+ ${shownAcl(acl)}`)];
    if (whitelist) added.push(`+ safe list ${whitelist}`);
    return [{ sentence: 'it has no Kafka access', lines: added, remedy: { add: 'kafka' } }];
  }
  const found: Difference[] = [];
  // The second of two keys that take turns, again.
  if (![username, `${username.slice(0, 22)}-b`].includes(known.username)) {
    found.push(stuck(`its Kafka username is ${known.username}, not ${username}`));
  }
  if (known.acls && wanted.aclsGiven && !sameAcls(known.acls, acls)) found.push(aclDifference(known.acls, acls));
  const addresses = addressesOf(whitelist);
  if (known.addresses && addresses.length > 0 && !sameSet(known.addresses, addresses)) {
    const to = addresses.join(',');
    const change = { whitelist_ips: to };
    const sentence = 'its safe list is not that of whitelist-ips';
    found.push(changed('safe list', { from: known.addresses.join(','), to, change, sentence }));
  }
  if (registry && known.hasSchemaRegistry === false) found.push(stuck('it has no schema registry'));
  return found;
}

function aclDifference(had: readonly KafkaAcl[], wanted: readonly KafkaAcl[]): Difference {
  const lines = [
    ...missingIn(wanted, had).map((acl) => `- ${shownAcl(acl)}`),
    ...missingIn(had, wanted).map((acl) => `+ ${shownAcl(acl)}`),
  ];
  const change = { kafka_acls: wanted };
  return { sentence: 'its Kafka ACLs are not those of kafka-acls', lines, remedy: { change } };
}

/** @returns those of `acls` that are not in `list`, each once */
function missingIn(list: readonly KafkaAcl[], acls: readonly KafkaAcl[]): KafkaAcl[] {
  const there = new Set(list.map(aclText));
  return [...new Map(acls.map((acl) => [aclText(acl), acl]))].flatMap(([text, acl]) => (there.has(text) ? [] : [acl]));
}

function toolScope(known: KnownKey, { requested }: WantedKey): Difference[] {
  const { tool_profile: profile, allowed_tools: allowed, blocked_tools: blocked } = requested;
  const found: Difference[] = [];
  if (profile && known.toolProfile !== undefined && known.toolProfile !== profile) {
    const sentence = 'its tool profile is not that of tool-profile';
    const change = { tool_profile: profile };
    found.push(changed('tool profile', { from: known.toolProfile, to: profile, change, sentence }));
  }
  if (allowed && known.allowedTools && !sameSet(known.allowedTools, allowed)) {
    const lines = linesOf('allowed tool', { had: known.allowedTools, wanted: allowed });
    const remedy = { change: { allowed_tools: allowed } };
    found.push({ sentence: 'its allowed tools are not those of allowed-tools', lines, remedy });
  }
  if (blocked && known.blockedTools && !sameSet(known.blockedTools, blocked)) {
    const lines = linesOf('blocked tool', { had: known.blockedTools, wanted: blocked });
    const remedy = { change: { blocked_tools: blocked } };
    found.push({ sentence: 'its blocked tools are not those of blocked-tools', lines, remedy });
  }
  return found;
}

function linesOf(what: string, { had, wanted }: { had: readonly string[]; wanted: readonly string[] }): string[] {
  return [
    ...had.filter((entry) => !wanted.includes(entry)).map((entry) => `- ${what} ${entry}`),
    ...wanted.filter((entry) => !had.includes(entry)).map((entry) => `+ ${what} ${entry}`),
  ];
}

function changed(
  field: string,
  { from, to, change, sentence }: { from: string; to: string; change: KeyChange; sentence: string },
): Difference {
  return { sentence, lines: [`~ ${field}: ${quoted(from)} -> ${quoted(to)}`], remedy: { change } };
}

/** No call of Streamkap's changes it. */
function stuck(sentence: string): Difference {
  return { sentence, lines: [`~ cannot be changed: ${sentence}`], remedy: 'none' };
}

function quoted(text: string): string {
  return text === '' ? '(none)' : JSON.stringify(text);
}

/** @returns an ACL for people */
export function shownAcl({ topic_name: name, operation, resource_pattern_type: pattern, resource }: KafkaAcl): string {
  return `ACL ${operation} on ${resource} ${name} (${pattern})`;
}
