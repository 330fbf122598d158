import { systemClock } from '../core/clock.ts';
import { checkCredentialFile, decodeCredential, isCredentialFile } from '../core/credential-file.ts';
import { InputError, KeyringError } from '../core/errors.ts';
import { nodeTransport } from '../core/http.ts';
import type { RequestedKey } from '../core/provisioning/intent.ts';
import type { KeyRequest } from '../core/provisioning/ports.ts';
import type { SecretReader } from '../core/secret-store.ts';
import { StreamkapClient } from '../core/streamkap/client.ts';
import type { Role } from '../core/streamkap/schemas.ts';
import type { AdminCredential } from '../core/streamkap/token.ts';
import { requireTrustedApi } from '../core/streamkap-host.ts';
import type { Inputs } from './inputs.ts';
import type { KeyInputs } from './key-inputs.ts';
import type { Masking } from './masking.ts';

interface ClientNeeds {
  readonly masking: Masking;
  readonly environment: NodeJS.ProcessEnv;
  /** Opened only when the admin credential lies in a secret. */
  readonly openStore: () => Promise<SecretReader>;
}

/** @returns Streamkap's client; the admin credential is looked for when the first call needs it */
export function streamkapClient(inputs: Inputs, { masking, environment, openStore }: ClientNeeds): StreamkapClient {
  return new StreamkapClient({
    host: inputs.streamkapHost,
    credentials: { get: () => adminCredential(inputs, { masking, openStore }) },
    transport: nodeTransport(environment),
    clock: systemClock,
    random: Math.random,
    redact: masking.redact,
  });
}

async function adminCredential(
  { admin, streamkapHost }: Inputs,
  { masking, openStore }: Pick<ClientNeeds, 'masking' | 'openStore'>,
): Promise<AdminCredential> {
  switch (admin.from) {
    case 'pair':
      masking.add(admin.credential.clientSecret);
      return admin.credential;
    case 'secret': {
      const version = await (await openStore()).read(admin.secretId);
      if (typeof version === 'string') {
        throw new InputError(
          'admin-secret-id',
          'there is no such secret, or it has no value',
          'Name the secret that holds {"client_id","client_secret"}.',
        );
      }
      const credential = adminCredentialOf(version.value, streamkapHost);
      masking.add(credential.clientSecret);
      return credential;
    }
    case 'nowhere':
      throw new KeyringError({
        code: 'ADMIN_CREDENTIAL_MISSING',
        message: 'client-id and client-secret are empty, and a project key has to be made or looked at',
        changed: 'no',
        retryable: false,
        remedy:
          'Set client-id and client-secret, or admin-secret-id, or STREAMKAP_CLIENT_ID and STREAMKAP_SECRET. A GitHub secret that is not set arrives as an empty string.',
      });
  }
}

/** @throws InputError when the admin secret's value is neither of its two shapes; no part of it is quoted */
function adminCredentialOf(value: string, host: string): AdminCredential {
  const json = decodeCredential(value);
  const { client_id: id, client_secret: secret } = (typeof json === 'object' && json !== null ? json : {}) as Record<
    string,
    unknown
  >;
  if (typeof id === 'string' && typeof secret === 'string' && id && secret)
    return { clientId: id, clientSecret: secret };
  const file = checkCredentialFile(json);
  if (isCredentialFile(file) && file.api) {
    requireTrustedApi(file.api, { host, input: 'admin-secret-id' });
    return { clientId: file.api.client_id, clientSecret: file.api.client_secret };
  }
  throw new InputError(
    'admin-secret-id',
    'its value is no admin credential',
    'Store {"client_id","client_secret"} or a credential file with API access.',
  );
}

/**
 * Checks who we are and turns what the user wrote into what Streamkap takes.
 * @returns the request, and the project it is for
 */
export async function prepareKey(client: StreamkapClient, key: KeyInputs): Promise<KeyRequest & { serviceId: string }> {
  const { service_id: serviceId } = await client.whoami();
  const roleIds = key.roles.length > 0 ? roleIdsOf(key.roles, await client.roles()) : undefined;
  const requested: RequestedKey = {
    description: key.description,
    ...(roleIds ? { role_ids: roleIds } : {}),
    ...(key.permissions.length > 0 ? { permission_ids: [...key.permissions] } : {}),
    ...(key.kafka
      ? {
          kafka: {
            kafka_acls: [...key.kafka.acls],
            is_create_schema_registry: key.kafka.schemaRegistry,
            ...(key.kafka.whitelistIps ? { whitelist_ips: key.kafka.whitelistIps } : {}),
          },
        }
      : {}),
    ...(key.toolProfile ? { tool_profile: key.toolProfile } : {}),
    ...(key.allowedTools.length > 0 ? { allowed_tools: [...key.allowedTools] } : {}),
    ...(key.blockedTools.length > 0 ? { blocked_tools: [...key.blockedTools] } : {}),
  };
  return { name: key.name, username: key.kafka?.username ?? null, requested, serviceId: serviceId ?? '' };
}

function roleIdsOf(wanted: readonly string[], known: readonly Role[]): string[] {
  return wanted.map((word) => {
    const role =
      known.find((each) => each.id === word || each.key === word) ??
      known.find((each) => each.name.toLowerCase() === word.toLowerCase());
    if (role) return role.id;
    const names = known.map((each) => each.name).join(', ');
    throw new InputError('roles', `there is no role "${word.slice(0, 60)}"`, `The roles are: ${names}.`);
  });
}
