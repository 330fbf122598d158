import { parseAdminCredential } from '../../admin-credential.ts';
import { decodeCredential } from '../../credential-file.ts';
import { InputError } from '../../errors.ts';
import type { AdminCredential } from '../../streamkap/token.ts';
import { mismatch, notProvisioned } from '../errors.ts';
import type { CredentialOrigin } from '../strategy.ts';
import { unreadable } from './errors.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The value of an admin secret, in the shape that somebody gave it. */
export interface AdminSecretValue {
  readonly credential: AdminCredential;
  readonly json: Fields;
  /** A credential file, whose `api` holds the pair; else the pair itself. */
  readonly isFile: boolean;
  readonly isBase64: boolean;
}

/**
 * @param origin.host where the credential is sent; a file that names another host is refused
 * @throws RotationError without any part of the text
 */
export function parseAdminSecret(text: string, origin: CredentialOrigin & { readonly host: string }): AdminSecretValue {
  const { role, secretId, host } = origin;
  const json = fieldsOf(decodeCredential(text));
  if (json.type === 'streamkap_keyring_intent') throw notProvisioned(secretId, 'only an intent');
  try {
    const credential = parseAdminCredential(text, { host, input: `the ${role} value` });
    const isFile = json.client_id !== credential.clientId;
    return { credential, json, isFile, isBase64: !text.trim().startsWith('{') };
  } catch (error) {
    if (error instanceof InputError) throw unreadable(role, error);
    throw error;
  }
}

/** @returns the value's text with another credential, and all else as it was: shape, encoding, order and unknown fields */
export function withCredential({ json, isFile, isBase64 }: AdminSecretValue, credential: AdminCredential): string {
  const pair = { client_id: credential.clientId, client_secret: credential.clientSecret };
  const next = isFile ? { ...json, api: { ...fieldsOf(json.api), ...pair } } : { ...json, ...pair };
  const text = JSON.stringify(next);
  return isBase64 ? Buffer.from(text).toString('base64') : text;
}

/** @throws RotationError naming the field in which `pending` is for another place than `current` */
export function requireSamePlace(current: AdminSecretValue, pending: AdminSecretValue): void {
  const [was, is] = [placeOf(current), placeOf(pending)];
  for (const [field, value] of Object.entries(was)) {
    if (is[field] !== value) throw mismatch(field);
  }
}

/** @returns the id of the credential in a value, readable or not by today's rules; undefined when there is none */
export function clientIdIn(text: string): string | undefined {
  const json = fieldsOf(decodeCredential(text));
  const id = json.client_id ?? fieldsOf(json.api).client_id;
  return typeof id === 'string' && id !== '' ? id : undefined;
}

function placeOf({ isFile, json }: AdminSecretValue): Fields {
  const api = fieldsOf(json.api);
  return {
    shape: isFile,
    project_key_id: json.project_key_id,
    service_id: fieldsOf(json.project).service_id,
    token_endpoint: api.token_endpoint,
    api_url: api.api_url,
  };
}

/** Of anything: what is no object has none. */
function fieldsOf(value: unknown): Fields {
  return (value ?? {}) as Fields;
}
