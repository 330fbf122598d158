import { type ClientCredentialFile, checkClientCredential } from '../client-credential-file.ts';
import { checkCredentialFile, isCredentialFile, NotACredentialFile } from '../credential-file.ts';
import { StreamkapError } from '../errors.ts';
import {
  type ClientCredentials,
  type CreateClientCredential,
  differenceOf,
  type ListedCredential,
  type MadeCredential,
} from '../streamkap/client-credentials.ts';
import type { ProjectKeyDetail } from '../streamkap/schemas.ts';
import type { Intent } from './intent.ts';
import type { CredentialFormat, CredentialKind } from './kind.ts';
import { withMarker } from './marker.ts';

/** Streamkap as far as making a client credential needs it. */
export type ClientCredentialApi = Pick<ClientCredentials, 'create' | 'list' | 'delete'>;

/** Stored as `{"client_id","client_secret",...}`, the shape of an admin secret, which rotation understands. */
export const CLIENT_CREDENTIAL_FORMAT: CredentialFormat<ClientCredentialFile> = {
  name: 'client-credential',
  noun: 'client credential',
  document: 'a client credential',
  check: (value) =>
    isCredentialFile(checkCredentialFile(value))
      ? new NotACredentialFile("it is a project key's credential file")
      : checkClientCredential(value),
  idOf: (credential) => credential.client_id,
};

/**
 * @returns client credentials as provisioning sees them: like a key with nothing but API access, that works from its birth on, and
 * whose secret is lost with a lost answer
 */
export function clientCredentials(api: ClientCredentialApi): CredentialKind<ClientCredentialFile> {
  const list = async () => (await api.list()).map(asListed);
  return {
    format: CLIENT_CREDENTIAL_FORMAT,
    create: (intent) => create(api, intent),
    list,
    // There is no call for a single one.
    get: async (id) => (await list()).find((credential) => credential.id === id),
    delete: (id) => api.delete(id),
    adopt: async () => 'failed',
  };
}

function asListed({ client_id: id, description }: ListedCredential): ProjectKeyDetail {
  return { id, name: '', status: 'active', description };
}

async function create(api: ClientCredentialApi, intent: Intent): Promise<ClientCredentialFile> {
  const body = bodyOf(intent);
  const made = await api.create(body);
  const field = differenceOf(made, body);
  if (field === undefined) return fileOf(made);
  await api.delete(made.client_id);
  throw new StreamkapError({
    code: 'CREDENTIAL_DIFFERS',
    message: `Streamkap made the client credential ${made.client_id} with other ${field} than asked for; it was deleted`,
    changed: 'no',
    retryable: false,
    remedy: 'Check roles and permissions against those that Streamkap offers, and who may grant them.',
  });
}

/** Streamkap knows no name of a client credential; people find it by its description. */
function bodyOf(intent: Intent): CreateClientCredential {
  const { name, requested } = intent;
  const { role_ids, permission_ids, service_id } = requested;
  const text = [name, requested.description].filter(Boolean).join(': ');
  return {
    description: withMarker(text, intent),
    ...(service_id ? { service_id } : {}),
    ...(role_ids ? { role_ids } : {}),
    ...(permission_ids ? { permission_ids } : {}),
  };
}

function fileOf({ client_id, secret, service_id, roles }: MadeCredential): ClientCredentialFile {
  return {
    client_id,
    client_secret: secret,
    ...(service_id ? { service_id } : {}),
    roles: (roles ?? []).map(({ id, name }) => (typeof name === 'string' ? { id, name } : { id })),
  };
}
