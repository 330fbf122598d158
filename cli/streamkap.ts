import { adminCredentialInSecret } from '../core/admin-credential.ts';
import { systemClock } from '../core/clock.ts';
import { InputError } from '../core/errors.ts';
import { nodeTransport } from '../core/http.ts';
import type { Redactor } from '../core/redaction.ts';
import type { SecretReader } from '../core/secret-store.ts';
import { StreamkapClient } from '../core/streamkap/client.ts';
import type { AdminCredentialSource } from '../core/streamkap/token.ts';
import { parseStreamkapHost } from '../core/streamkap-host.ts';

interface StreamkapNeeds {
  readonly environment: NodeJS.ProcessEnv;
  readonly store: Pick<SecretReader, 'read'>;
  readonly adminSecretId: string | undefined;
  readonly redactor: Redactor;
}

/** Streamkap's client, and whose credential it uses. */
export interface StreamkapAccess {
  readonly client: StreamkapClient;
  readonly credentials: AdminCredentialSource;
}

/**
 * @returns Streamkap's client, with the admin credential of `--admin-secret-id`, or of STREAMKAP_CLIENT_ID and STREAMKAP_SECRET
 * @throws InputError when neither is there, or STREAMKAP_HOST is no address
 */
export function streamkapFrom(needs: StreamkapNeeds): StreamkapAccess {
  const { environment, redactor } = needs;
  const host = parseStreamkapHost(environment.STREAMKAP_HOST ?? '', 'STREAMKAP_HOST');
  const credentials = credentialsFrom(needs, host);
  const client = new StreamkapClient({
    host,
    credentials,
    transport: nodeTransport(environment),
    clock: systemClock,
    random: Math.random,
    redact: (text) => redactor.redact(text),
  });
  return { client, credentials };
}

function credentialsFrom(
  { environment, store, adminSecretId: secretId, redactor }: StreamkapNeeds,
  host: string,
): AdminCredentialSource {
  const secretSeen = (secret: string) => redactor.add(secret);
  if (secretId) return adminCredentialInSecret({ store, secretId, host, input: '--admin-secret-id', secretSeen });
  const clientId = environment.STREAMKAP_CLIENT_ID;
  const clientSecret = environment.STREAMKAP_SECRET || environment.STREAMKAP_CLIENT_SECRET;
  if (!clientId || !clientSecret) {
    throw new InputError(
      '--admin-secret-id',
      'is missing, and STREAMKAP_CLIENT_ID and STREAMKAP_SECRET are not both set',
      'Name the secret with the admin credential, or set the two variables.',
    );
  }
  secretSeen(clientSecret);
  return { get: async () => ({ clientId, clientSecret }) };
}
