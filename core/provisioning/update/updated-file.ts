import type { CredentialFile } from '../../credential-file.ts';
import { aclsOf, hasApi, hasPermissionsOnly, rolesOf, sameAcls, sameSet } from '../../streamkap/key-reading.ts';
import type { ProjectKeyDetail } from '../../streamkap/schemas.ts';
import { hasAccess } from './update-intent.ts';

/** What a file gets with a capability. */
export type NewSections = Pick<CredentialFile, 'api' | 'kafka' | 'kafka_acls'>;

/** @returns what `stored` has and the current file lacks */
export function newSections(stored: CredentialFile, current: CredentialFile): NewSections {
  const brings = (access: 'kafka' | 'api') => hasAccess(stored, access) && !hasAccess(current, access);
  return {
    ...(brings('api') ? { api: stored.api } : {}),
    ...(brings('kafka') ? { kafka: stored.kafka, kafka_acls: stored.kafka_acls ?? [] } : {}),
  };
}

/** @returns the very same object where there is nothing new */
export function withSections(file: CredentialFile, sections: NewSections): CredentialFile {
  return Object.keys(sections).length === 0 ? file : { ...file, ...sections };
}

/**
 * @returns the file as Streamkap's detail says it should be: ACLs, roles and MCP scope; everything else, unknown fields included, as it
 * was. The very same object where nothing of it differs: order makes no difference.
 */
export function updatedFile(file: CredentialFile, key: ProjectKeyDetail): CredentialFile {
  const fields = {
    ...(file.kafka && key.kafka_acls && !sameAcls(aclsOf(file), aclsOf(key)) ? { kafka_acls: key.kafka_acls } : {}),
    ...rolesOfApi(file, key),
    ...scopeOf(file, key),
  };
  return Object.keys(fields).length === 0 ? file : { ...file, ...fields };
}

function rolesOfApi({ api }: CredentialFile, key: ProjectKeyDetail): Pick<CredentialFile, 'api'> {
  // What a file says of single permissions is not known, and they never change.
  if (!api || !hasApi(key) || hasPermissionsOnly(key)) return {};
  const roles = rolesOf(key);
  return sameSet(api.roles ?? [], roles) ? {} : { api: { ...api, roles } };
}

const SCOPE = ['tool_profile', 'allowed_tools', 'blocked_tools'] as const;

function scopeOf(file: CredentialFile, key: ProjectKeyDetail): Record<string, unknown> {
  const differing = SCOPE.filter((field) => key[field] !== undefined && textOf(file[field]) !== textOf(key[field]));
  return Object.fromEntries(differing.map((field) => [field, key[field]]));
}

/** Absent, null and an empty list are alike: no restriction. */
function textOf(value: unknown): string {
  const list = Array.isArray(value) ? [...value].sort() : value;
  return JSON.stringify(list === undefined || (Array.isArray(list) && list.length === 0) ? null : list);
}
