import { type Outcome, Refusal } from './answer.ts';
import { requireKnownGrants, rolesOf } from './roles.ts';
import { type Call, creator, isoTime, type StoredCredential, type World } from './tenant.ts';
import { list, model, nullable, text, validated } from './validation.ts';

interface CredentialFields {
  readonly description?: string | null;
  readonly service_id?: string | null;
  readonly role_ids?: string[] | null;
  readonly permission_ids?: string[] | null;
}

const GRANTS = {
  role_ids: nullable(list(text(), 1)),
  permission_ids: nullable(list(text(), 1)),
};

/** The rule for the two ways of granting, shared by credentials and keys. */
export function grantsProblem(body: Record<string, unknown>): string | undefined {
  return body.role_ids != null && body.permission_ids != null
    ? 'role_ids and permission_ids are mutually exclusive'
    : undefined;
}

const CREATE = model({
  optional: { description: nullable(text()), service_id: nullable(text()), ...GRANTS },
  rule: (body) =>
    body.role_ids == null && body.permission_ids == null
      ? 'one of role_ids and permission_ids is required'
      : grantsProblem(body),
});

const CHANGE = model({
  optional: { description: nullable(text()), ...GRANTS },
  rule: (body) =>
    body.description == null && body.role_ids == null && body.permission_ids == null
      ? 'at least one of description, role_ids and permission_ids is required'
      : grantsProblem(body),
});

/** As secrets are shown after the one time they are given out. */
export function maskedSecret(secret: string): string {
  return `${secret.slice(0, 3)}******${secret.slice(-3)}`;
}

function shown(world: World, credential: StoredCredential, secret: string): Record<string, unknown> {
  return {
    client_id: credential.clientId,
    secret,
    description: credential.description,
    service_id: credential.serviceId,
    roles: rolesOf(world, credential.roleIds),
    created_at: credential.createdAt,
    created_by_user: creator(world),
  };
}

export interface NewCredential {
  readonly description: string | null;
  readonly serviceId: string;
  readonly roleIds: readonly string[];
  readonly permissionIds: readonly string[];
  readonly projectKeyId: string | null;
}

/** Adds a credential with a new id and secret. */
export function addCredential(world: World, wanted: NewCredential): StoredCredential {
  const credential: StoredCredential = {
    ...wanted,
    clientId: world.settings.randomId(),
    secret: world.settings.randomId(),
    createdAt: isoTime(world),
    roleIds: [...wanted.roleIds],
    permissionIds: [...wanted.permissionIds],
  };
  world.tenant.credentials.push(credential);
  return credential;
}

/** `POST /auth/client-credentials`. */
export function createCredential({ world, caller, body }: Call): Outcome {
  const sent = validated<CredentialFields>(body, CREATE);
  requireKnownGrants(world, sent.role_ids ?? [], sent.permission_ids ?? []);
  const credential = addCredential(world, {
    description: sent.description ?? null,
    serviceId: sent.service_id ?? caller.serviceId,
    roleIds: sent.role_ids ?? [],
    permissionIds: sent.permission_ids ?? [],
    projectKeyId: null,
  });
  return { status: 201, body: shown(world, credential, credential.secret), tookEffect: true };
}

/** `GET /auth/client-credentials`: everyone's in the tenant, those of project keys too, secrets masked. */
export function listCredentials({ world }: Call): Outcome {
  const body = world.tenant.credentials.map((entry) => shown(world, entry, maskedSecret(entry.secret)));
  return { status: 200, body, tookEffect: false };
}

function changeable({ world, id }: Call): StoredCredential {
  const credential = world.tenant.credentials.find((entry) => entry.clientId === id);
  if (credential === undefined) throw new Refusal(404, 'Client credential not found');
  if (credential.projectKeyId !== null) {
    throw new Refusal(409, 'This client credential is managed by a Project Key and cannot be changed here');
  }
  return credential;
}

/** `PATCH /auth/client-credentials/{client_id}`. */
export function changeCredential(call: Call): Outcome {
  const { world } = call;
  const sent = validated<CredentialFields>(call.body, CHANGE);
  const credential = changeable(call);
  if (sent.service_id != null) throw new Refusal(400, 'service_id cannot be changed');
  requireKnownGrants(world, sent.role_ids ?? [], sent.permission_ids ?? []);
  const before = JSON.stringify(credential);
  if (sent.description != null) credential.description = sent.description;
  if (sent.role_ids != null || sent.permission_ids != null) {
    credential.roleIds = [...(sent.role_ids ?? [])];
    credential.permissionIds = [...(sent.permission_ids ?? [])];
  }
  const body = shown(world, credential, maskedSecret(credential.secret));
  return { status: 200, body, tookEffect: JSON.stringify(credential) !== before };
}

/** `DELETE /auth/client-credentials/{client_id}`: success has an empty body. */
export function deleteCredential(call: Call): Outcome {
  const credential = changeable(call);
  const { tenant } = call.world;
  tenant.credentials = tenant.credentials.filter((entry) => entry !== credential);
  return { status: 200, tookEffect: true };
}
