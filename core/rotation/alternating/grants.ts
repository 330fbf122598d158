import type { KafkaAcl, KeyGrants, ProjectKeyDetail } from '../../streamkap/schemas.ts';

/** What makes two keys interchangeable, in one spelling. */
interface Grants {
  readonly acls: readonly KafkaAcl[];
  /** Addresses of the safe list, sorted; empty when anybody may connect. */
  readonly addresses: readonly string[];
  /** Ids, sorted. */
  readonly roles: readonly string[];
}

/** How the idle key differs from the active one. */
export interface Difference {
  /** Fields that a change can bring over, with the active key's values. */
  readonly copy: KeyGrants;
  /** Fields that differ and that no documented call can make equal. */
  readonly stuck: readonly 'whitelist_ips'[];
}

/** @returns undefined when the idle key may take the active one's place as it is */
export function differenceOf(active: ProjectKeyDetail, idle: ProjectKeyDetail): Difference | undefined {
  const [is, was] = [grantsOf(active), grantsOf(idle)];
  const stuck = is.addresses.length === 0 && was.addresses.length > 0 ? (['whitelist_ips'] as const) : [];
  const copy: KeyGrants = {
    ...(same(is.acls.map(aclText), was.acls.map(aclText)) ? {} : { kafka_acls: is.acls }),
    ...(is.addresses.length === 0 || same(is.addresses, was.addresses)
      ? {}
      : { whitelist_ips: is.addresses.join(',') }),
    ...(same(is.roles, was.roles) ? {} : { role_ids: is.roles }),
  };
  return stuck.length > 0 || Object.keys(copy).length > 0 ? { copy, stuck } : undefined;
}

/** @returns names of what differs, for people */
export function fieldsOf({ copy, stuck }: Difference): string[] {
  return [...new Set([...Object.keys(copy), ...stuck])];
}

export function hasApi(key: ProjectKeyDetail): boolean {
  return key.api_client_id !== null && key.api_client_id !== undefined && key.api_client_id !== '';
}

/** One of two keys has it: adding it to the other would show a secret once, to a call that has nowhere to keep it. */
export function apiAccessDiffers(active: ProjectKeyDetail, idle: ProjectKeyDetail): boolean {
  return hasApi(active) !== hasApi(idle);
}

/** Permissions are not readable: API access without a role is what tells them. */
export function hasPermissionsOnly(key: ProjectKeyDetail): boolean {
  return hasApi(key) && rolesOf(key).length === 0;
}

/** @returns the key's roles as ids, sorted */
export function rolesOf({ roles }: ProjectKeyDetail): string[] {
  const ids = (roles ?? []).flatMap((role) => (typeof role === 'string' ? role : (role.id ?? [])));
  return [...new Set(ids)].sort();
}

/** @returns the key's ACLs as Streamkap takes them; on reads the name may be under another field */
export function aclsOf({ kafka_acls: acls }: ProjectKeyDetail): KafkaAcl[] {
  return (acls ?? []).map((acl) => ({
    topic_name: acl.topic_name ?? acl.name ?? '',
    operation: acl.operation ?? '',
    resource_pattern_type: acl.resource_pattern_type ?? 'LITERAL',
    resource: acl.resource ?? 'TOPIC',
  }));
}

function grantsOf(key: ProjectKeyDetail): Grants {
  const addresses = (key.whitelist_ips ?? '').split(',').map((address) => address.trim());
  return {
    acls: aclsOf(key),
    addresses: [...new Set(addresses.filter((address) => address !== ''))].sort(),
    roles: rolesOf(key),
  };
}

function aclText({ topic_name, operation, resource_pattern_type, resource }: KafkaAcl): string {
  return JSON.stringify([resource, resource_pattern_type, topic_name, operation]);
}

/** As sets: Kafka knows no order of ACLs, and a repeated one grants nothing more. */
function same(one: readonly string[], other: readonly string[]): boolean {
  const [a, b] = [new Set(one), new Set(other)];
  return a.size === b.size && [...a].every((entry) => b.has(entry));
}
