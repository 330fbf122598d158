import type { KafkaAcl, ProjectKeyDetail, ProjectKeySummary } from './schemas.ts';

export function hasApi(key: ProjectKeySummary): boolean {
  return key.api_client_id !== null && key.api_client_id !== undefined && key.api_client_id !== '';
}

/** Permissions are not readable: API access without a role is what tells them. */
export function hasPermissionsOnly(key: ProjectKeySummary): boolean {
  return hasApi(key) && rolesOf(key).length === 0;
}

/** @returns the key's roles as ids, sorted */
export function rolesOf({ roles }: ProjectKeySummary): string[] {
  const ids = (roles ?? []).flatMap((role) => (typeof role === 'string' ? role : (role.id ?? [])));
  return [...new Set(ids)].sort();
}

/** @returns ACLs as Streamkap takes them; on reads the name may be under another field */
export function aclsOf({ kafka_acls: acls }: Pick<ProjectKeyDetail, 'kafka_acls'>): KafkaAcl[] {
  return (acls ?? []).map((acl) => ({
    topic_name: acl.topic_name ?? acl.name ?? '',
    operation: acl.operation ?? '',
    resource_pattern_type: acl.resource_pattern_type ?? 'LITERAL',
    resource: acl.resource ?? 'TOPIC',
  }));
}

/** @returns an ACL as one text that equals another's exactly when they grant the same */
export function aclText({ topic_name, operation, resource_pattern_type, resource }: KafkaAcl): string {
  return JSON.stringify([resource, resource_pattern_type, topic_name, operation]);
}

/** @returns the addresses of a safe list, sorted; empty when anybody may connect */
export function addressesOf(whitelist: string | null | undefined): string[] {
  const addresses = (whitelist ?? '').split(',').map((address) => address.trim());
  return [...new Set(addresses.filter((address) => address !== ''))].sort();
}

/** As sets: nothing that is compared here has an order, and a repeated entry says nothing more. */
export function sameSet(one: readonly string[], other: readonly string[]): boolean {
  const [a, b] = [new Set(one), new Set(other)];
  return a.size === b.size && [...a].every((entry) => b.has(entry));
}

export function sameAcls(one: readonly KafkaAcl[], other: readonly KafkaAcl[]): boolean {
  return sameSet(one.map(aclText), other.map(aclText));
}
