import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Outcome, Refusal } from './answer.ts';
import { permissionsOf, rolesOf } from './roles.ts';
import { type Call, type Caller, isoTime, type StoredCredential, type World } from './tenant.ts';
import { isObject, model, nullable, text, validated } from './validation.ts';

interface Claims extends Caller {
  /** Epoch milliseconds. */
  readonly issued: number;
  readonly expires: number;
}

const EXCHANGE = model({
  optional: {
    client_id: nullable(text({ max: 256 })),
    secret: nullable(text({ max: 512 })),
    project_key: nullable(text({ max: 8192 })),
  },
});

/** `POST /auth/access-token`: the one call that needs no token. */
export function exchange({ world, body }: Pick<Call, 'world' | 'body'>): Outcome {
  const sent = validated<{ client_id?: string | null; secret?: string | null; project_key?: string | null }>(
    body ?? {},
    EXCHANGE,
  );
  const pair = sent.project_key == null ? sent : pairInFile(sent.project_key);
  if (sent.project_key != null && (sent.client_id != null || sent.secret != null)) {
    throw new Refusal(400, 'Provide either client_id and secret or project_key, not both');
  }
  if (pair.client_id == null || pair.secret == null) {
    throw new Refusal(400, 'Provide client_id and secret, or project_key');
  }
  const credential = world.tenant.credentials.find((entry) => entry.clientId === pair.client_id);
  if (credential === undefined || credential.secret !== pair.secret) throw new Refusal(401, 'Invalid credentials');
  noteUse(world, credential);
  return { status: 200, body: tokenAnswer(world, credential), tookEffect: false };
}

/** Reads a credential file given as JSON text or strict base64 of it (no line breaks: the service promises nothing for them). */
function pairInFile(projectKey: string): { client_id?: string | null; secret?: string | null } {
  const file =
    parsed(projectKey) ?? (isBase64(projectKey) ? parsed(Buffer.from(projectKey, 'base64').toString()) : undefined);
  if (file === undefined) throw new Refusal(400, 'project_key is neither JSON nor base64-encoded JSON');
  if (!isObject(file.api)) throw new Refusal(400, 'This Project Key has no API credentials');
  const { client_id: clientId, client_secret: secret } = file.api;
  if (typeof clientId !== 'string' || typeof secret !== 'string') {
    throw new Refusal(400, 'This Project Key has no API credentials');
  }
  return { client_id: clientId, secret };
}

function isBase64(value: string): boolean {
  return value.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(value);
}

function parsed(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function noteUse(world: World, credential: StoredCredential): void {
  const key = world.tenant.keys.find((entry) => entry.id === credential.projectKeyId);
  if (key !== undefined) key.lastUsedAt = isoTime(world);
}

function tokenAnswer(world: World, credential: StoredCredential): Record<string, unknown> {
  const { tokenTtlSeconds, accessTokenField, now } = world.settings;
  const issued = now();
  const expires = issued + tokenTtlSeconds * 1000;
  const claims: Claims = {
    clientId: credential.clientId,
    serviceId: credential.serviceId,
    permissions: permissionsOf(world, credential.roleIds, credential.permissionIds),
    projectKeyId: credential.projectKeyId,
    issued,
    expires,
  };
  return {
    [accessTokenField]: signed(world, JSON.stringify(claims)),
    [accessTokenField === 'accessToken' ? 'refreshToken' : 'refresh_token']: signed(
      world,
      JSON.stringify({ refresh: credential.clientId, issued }),
    ),
    expiresIn: tokenTtlSeconds,
    expires: new Date(expires).toUTCString(),
  };
}

/** Tokens are self-contained, as JWTs are: they outlive the credential and its roles until they expire. */
function signed(world: World, claims: string): string {
  const head = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url');
  const payload = `${head}.${Buffer.from(claims).toString('base64url')}`;
  return `${payload}.${signature(world, payload).toString('base64url')}`;
}

function signature(world: World, payload: string): Buffer {
  return createHmac('sha256', `${world.settings.tenantId}#${world.tenant.tokenEpoch}`).update(payload).digest();
}

/**
 * @param authorization the header as sent
 * @throws Refusal 401 when there is no bearer token, or it is not one of ours, or it has expired
 */
export function authenticate(world: World, authorization: string | undefined): Caller {
  const token = /^Bearer ([^ ]+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) throw new Refusal(401, 'Not authenticated');
  const cut = token.lastIndexOf('.');
  const given = Buffer.from(token.slice(cut + 1), 'base64url');
  const right = signature(world, token.slice(0, Math.max(cut, 0)));
  if (given.length !== right.length || !timingSafeEqual(given, right)) throw new Refusal(401, 'Invalid token');
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Partial<Claims>;
  const { clientId, serviceId, permissions, projectKeyId, expires } = claims;
  if (clientId === undefined || serviceId === undefined || permissions === undefined || expires === undefined) {
    throw new Refusal(401, 'Invalid token');
  }
  if (world.settings.now() >= expires) throw new Refusal(401, 'Token has expired');
  return { clientId, serviceId, permissions, projectKeyId: projectKeyId ?? null };
}

/** `GET /auth/whoami`. */
export function whoami({ world, caller }: Call): Outcome {
  const body = {
    tenant_id: world.settings.tenantId,
    service_id: caller.serviceId,
    sub: caller.clientId,
    token_type: 'tenantApiToken',
    project_key_id: caller.projectKeyId,
  };
  return { status: 200, body, tookEffect: false };
}

/** `GET /auth/roles`. */
export function listRoles({ world }: Call): Outcome {
  const ids = world.settings.roles.map((role) => role.id);
  return { status: 200, body: rolesOf(world, ids), tookEffect: false };
}
