import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { match } from './routes.ts';

/**
 * The published shapes of Streamkap's API as JSON Schemas, written from its OpenAPI pages (access token, client credential,
 * project key) and, where there is no page (whoami, summary, PATCH), from what its documentation and provider say.
 */
const FOLDER = new URL('./schemas/', import.meta.url);
const BASE = 'https://streamkap-keyring.invalid/schemas/';

const ajv = new Ajv2020({
  allErrors: true,
  strict: true,
  strictRequired: false,
  strictTypes: false,
  allowUnionTypes: true,
});
formats.default(ajv);
for (const file of readdirSync(FOLDER)) {
  ajv.addSchema(JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')));
}

const SUCCESS: Readonly<Record<string, string | null>> = {
  'POST /auth/access-token': 'access-token',
  'GET /auth/whoami': 'whoami',
  'GET /auth/roles': 'role-list',
  'POST /auth/client-credentials': 'client-credential',
  'GET /auth/client-credentials': 'client-credential-list',
  'PATCH /auth/client-credentials/{client_id}': 'client-credential',
  'DELETE /auth/client-credentials/{client_id}': null,
  'POST /project-keys': 'credential-file',
  'GET /project-keys': 'project-key-list',
  'GET /project-keys/{id}': 'project-key-detail',
  'PATCH /project-keys/{id}': 'project-key-patched',
  'DELETE /project-keys/{id}': null,
};

/** @param name a file of schemas/ without `.json` */
export function schema(name: string): ValidateFunction {
  const validate = ajv.getSchema(`${BASE}${name}.json`);
  if (validate === undefined) throw new Error(`no schema ${name}`);
  return validate;
}

/**
 * @returns what in an answer contradicts the published shapes, each as path and rule, without values; empty when nothing does
 */
export function violations(
  request: { readonly method: string; readonly path: string },
  answer: { readonly status: number; readonly body: string },
): string[] {
  const { operation } = match(request.method, request.path);
  const name = schemaName(operation, answer.status);
  if (name === undefined) return [`${operation}: success where nothing is documented`];
  if (name === null) return answer.body === '' ? [] : [`${operation}: a body where none is expected`];
  const validate = schema(name);
  if (validate(JSON.parse(answer.body))) return [];
  return (validate.errors ?? []).map((error) => `${operation} ${error.instancePath} ${error.keyword} ${error.message}`);
}

function schemaName(operation: string, status: number): string | null | undefined {
  if (status < 400) return SUCCESS[operation];
  return status === 422 ? 'validation-error' : 'error';
}
