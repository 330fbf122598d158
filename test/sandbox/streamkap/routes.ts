import type { Outcome } from './answer.ts';
import { changeCredential, createCredential, deleteCredential, listCredentials } from './client-credentials.ts';
import { refuseKafkaUserChange } from './kafka-access.ts';
import { patchKey } from './project-key-patch.ts';
import { createKey, deleteKey, getKey, listKeys } from './project-keys.ts';
import { PERMISSION } from './roles.ts';
import type { Call } from './tenant.ts';
import { listRoles, whoami } from './tokens.ts';

export interface Route {
  readonly method: string;
  /** At most one `{...}`, always the last segment. */
  readonly template: string;
  /** Null: any caller with a valid token. */
  readonly permission: string | null;
  readonly run: (call: Call) => Outcome;
}

/** The token call is not here: it is the only one without a caller. */
export const TOKEN_OPERATION = 'POST /auth/access-token';

const ROUTES: readonly Route[] = [
  { method: 'GET', template: '/auth/whoami', permission: null, run: whoami },
  { method: 'GET', template: '/auth/roles', permission: null, run: listRoles },
  credentials('POST', '', createCredential),
  credentials('GET', '', listCredentials),
  credentials('PATCH', '/{client_id}', changeCredential),
  credentials('DELETE', '/{client_id}', deleteCredential),
  keys('POST', '', createKey),
  keys('GET', '', listKeys),
  keys('GET', '/{id}', getKey),
  keys('PATCH', '/{id}', patchKey),
  keys('DELETE', '/{id}', deleteKey),
  ...['PATCH', 'PUT', 'DELETE'].map((method) => ({
    method,
    template: '/kafka-access/kafka-users/{username}',
    permission: PERMISSION.kafkaAccessWrite,
    run: refuseKafkaUserChange,
  })),
];

function keys(method: string, rest: string, run: Route['run']): Route {
  const permission = method === 'GET' ? PERMISSION.projectKeysRead : PERMISSION.projectKeysWrite;
  return { method, template: `/project-keys${rest}`, permission, run };
}

function credentials(method: string, rest: string, run: Route['run']): Route {
  const permission = method === 'GET' ? PERMISSION.clientCredentialsRead : PERMISSION.clientCredentialsWrite;
  return { method, template: `/auth/client-credentials${rest}`, permission, run };
}

/** Every operation by its name in the call log. */
export const OPERATIONS: readonly string[] = [
  TOKEN_OPERATION,
  ...ROUTES.map(({ method, template }) => `${method} ${template}`),
];

export type Match =
  | { readonly kind: 'token'; readonly operation: string }
  | { readonly kind: 'route'; readonly operation: string; readonly route: Route; readonly id: string }
  | { readonly kind: 'wrong method'; readonly operation: string }
  | { readonly kind: 'unknown'; readonly operation: string };

/** @returns which endpoint a request is for; `operation` is its name in the call log and never holds caller's text. */
export function match(method: string, path: string): Match {
  const [plain = ''] = path.split('?');
  if (`${method} ${plain}` === TOKEN_OPERATION) return { kind: 'token', operation: TOKEN_OPERATION };
  let pathIsKnown = plain === '/auth/access-token';
  for (const route of ROUTES) {
    const id = idIn(route.template, plain);
    if (id === undefined) continue;
    if (route.method === method) return { kind: 'route', operation: `${method} ${route.template}`, route, id };
    pathIsKnown = true;
  }
  return pathIsKnown
    ? { kind: 'wrong method', operation: '(method not allowed)' }
    : { kind: 'unknown', operation: '(not found)' };
}

/** @returns the decoded id, '' for a template without one, undefined when the path does not fit the template */
function idIn(template: string, path: string): string | undefined {
  const brace = template.indexOf('{');
  if (brace < 0) return path === template ? '' : undefined;
  const prefix = template.slice(0, brace);
  const id = path.slice(prefix.length);
  if (!path.startsWith(prefix) || id === '' || id.includes('/')) return undefined;
  try {
    return decodeURIComponent(id);
  } catch {
    return undefined;
  }
}
