import { checkCredentialFile, decodeCredential, isCredentialFile } from './credential-file.ts';
import { InputError } from './errors.ts';
import type { SecretReader } from './secret-store.ts';
import type { AdminCredential, AdminCredentialSource } from './streamkap/token.ts';
import { requireTrustedApi } from './streamkap-host.ts';

/**
 * Reads what an admin secret may hold: `{"client_id","client_secret"}`, or a credential file with API access.
 * @param host where the secret would be sent; a file that names another is refused
 * @param input the name to blame in the error
 * @throws InputError when it is neither; no part of the value is quoted
 */
export function parseAdminCredential(value: string, { host, input }: { host: string; input: string }): AdminCredential {
  const json = decodeCredential(value);
  const { client_id: id, client_secret: secret } = (typeof json === 'object' && json !== null ? json : {}) as Record<
    string,
    unknown
  >;
  if (typeof id === 'string' && typeof secret === 'string' && id && secret) {
    return { clientId: id, clientSecret: secret };
  }
  const file = checkCredentialFile(json);
  if (isCredentialFile(file) && file.api) {
    requireTrustedApi(file.api, { host, input });
    return { clientId: file.api.client_id, clientSecret: file.api.client_secret };
  }
  throw new InputError(
    input,
    'its value is no admin credential',
    'Store {"client_id","client_secret"} or a credential file with API access.',
  );
}

export interface AdminSecret {
  readonly store: Pick<SecretReader, 'read'>;
  readonly secretId: string;
  readonly host: string;
  /** The name to blame in errors. */
  readonly input: string;
  /** Called before the secret is used for anything. */
  readonly secretSeen: (secret: string) => void;
}

/** @returns the admin credential kept in a secret: read when it is first needed, and again after a refusal */
export function adminCredentialInSecret({
  store,
  secretId,
  host,
  input,
  secretSeen,
}: AdminSecret): AdminCredentialSource {
  let known: AdminCredential | undefined;
  return {
    async get(fresh) {
      if (known && !fresh) return known;
      const version = await store.read(secretId);
      if (typeof version === 'string') {
        throw new InputError(
          input,
          `${secretId} does not exist or has no value`,
          'Name the secret that holds {"client_id","client_secret"} or a credential file with API access.',
        );
      }
      known = parseAdminCredential(version.value, { host, input });
      secretSeen(known.clientSecret);
      return known;
    },
  };
}
