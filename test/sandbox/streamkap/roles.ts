import { Refusal } from './answer.ts';
import type { Role, World } from './tenant.ts';

/** Permission ids. Roles list ids, not names; the names here are the stand-in's own. */
export const PERMISSION = {
  projectKeysRead: '5d2c2f0a-41c3-4b56-8f0b-4a8f0e6b1a01',
  projectKeysWrite: '5d2c2f0a-41c3-4b56-8f0b-4a8f0e6b1a02',
  clientCredentialsRead: '5d2c2f0a-41c3-4b56-8f0b-4a8f0e6b1a03',
  clientCredentialsWrite: '5d2c2f0a-41c3-4b56-8f0b-4a8f0e6b1a04',
  kafkaAccessWrite: '5d2c2f0a-41c3-4b56-8f0b-4a8f0e6b1a05',
} as const;

const READ_ONLY = [PERMISSION.projectKeysRead, PERMISSION.clientCredentialsRead];
const DATA_ADMIN = [...READ_ONLY, PERMISSION.projectKeysWrite, PERMISSION.kafkaAccessWrite];

/** The three roles the guide names. That a Data Admin may not write client credentials is the stand-in's assumption. */
export const ROLES: readonly Role[] = [
  {
    id: 'eb6b0ab4-7d1a-4c1e-9b52-3f6f0f2f5a01',
    key: 'admin',
    name: 'Admin',
    description: 'Full access to the project',
    permissions: [...DATA_ADMIN, PERMISSION.clientCredentialsWrite],
  },
  {
    id: 'f0a4c8d2-2c3b-4e0f-8a77-91b4d0c35a02',
    key: 'data-admin',
    name: 'Data Admin',
    description: 'Manages pipelines, Kafka access and project keys',
    permissions: DATA_ADMIN,
  },
  {
    id: '1c9e5b37-6f84-4d21-b0c9-77a2e8d15a03',
    key: 'read-only',
    name: 'Read Only',
    description: null,
    permissions: READ_ONLY,
  },
];

/** @throws Refusal 400 when an id is not one of the tenant's. */
export function requireKnownGrants(world: World, roleIds: readonly string[], permissionIds: readonly string[]): void {
  const known: readonly string[] = Object.values(PERMISSION);
  for (const id of roleIds) {
    if (!world.settings.roles.some((role) => role.id === id)) throw new Refusal(400, `Role ${id} does not exist`);
  }
  for (const id of permissionIds) {
    if (!known.includes(id)) throw new Refusal(400, `Permission ${id} does not exist`);
  }
}

/** A credential's roles as the API shows them. */
export function rolesOf(world: World, roleIds: readonly string[]): Record<string, unknown>[] {
  return world.settings.roles
    .filter((role) => roleIds.includes(role.id))
    .map((role) => ({ ...role, permissions: [...role.permissions], created_at: null, updated_at: null }));
}

/** What a credential may do: its roles' permissions and its own. */
export function permissionsOf(world: World, roleIds: readonly string[], permissionIds: readonly string[]): string[] {
  const granted = world.settings.roles.filter((role) => roleIds.includes(role.id)).flatMap((role) => role.permissions);
  return [...new Set([...granted, ...permissionIds])];
}
