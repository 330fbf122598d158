import { aclsOf, addressesOf, hasApi, rolesOf, sameAcls, sameSet } from '../../streamkap/key-reading.ts';
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
    ...(sameAcls(is.acls, was.acls) ? {} : { kafka_acls: is.acls }),
    ...(is.addresses.length === 0 || sameSet(is.addresses, was.addresses)
      ? {}
      : { whitelist_ips: is.addresses.join(',') }),
    ...(sameSet(is.roles, was.roles) ? {} : { role_ids: is.roles }),
  };
  return stuck.length > 0 || Object.keys(copy).length > 0 ? { copy, stuck } : undefined;
}

/** @returns names of what differs, for people */
export function fieldsOf({ copy, stuck }: Difference): string[] {
  return [...new Set([...Object.keys(copy), ...stuck])];
}

/** One of two keys has it: adding it to the other would show a secret once, to a call that has nowhere to keep it. */
export function apiAccessDiffers(active: ProjectKeyDetail, idle: ProjectKeyDetail): boolean {
  return hasApi(active) !== hasApi(idle);
}

function grantsOf(key: ProjectKeyDetail): Grants {
  return { acls: aclsOf(key), addresses: addressesOf(key.whitelist_ips), roles: rolesOf(key) };
}
