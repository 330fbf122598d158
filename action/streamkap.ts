import { adminCredentialInSecret } from '../core/admin-credential.ts';
import { systemClock } from '../core/clock.ts';
import { InputError, KeyringError } from '../core/errors.ts';
import { nodeTransport } from '../core/http.ts';
import type { RequestedKey } from '../core/provisioning/intent.ts';
import type { KeyRequest } from '../core/provisioning/ports.ts';
import type { SecretReader } from '../core/secret-store.ts';
import { StreamkapClient } from '../core/streamkap/client.ts';
import type { Role } from '../core/streamkap/schemas.ts';
import type { AdminCredentialSource } from '../core/streamkap/token.ts';
import type { BaseInputs } from './inputs.ts';
import type { KeyInputs } from './key-inputs.ts';
import type { Masking } from './masking.ts';

interface ClientNeeds {
  readonly masking: Masking;
  readonly environment: NodeJS.ProcessEnv;
  /** Opened only when the admin credential lies in a secret. */
  readonly openStore: () => Promise<SecretReader>;
  /** Milliseconds since the epoch. @default none */
  readonly deadline?: number | undefined;
}

/** @returns Streamkap's client; the admin credential is looked for when the first call needs it */
export function streamkapClient(
  inputs: BaseInputs,
  { masking, environment, openStore, deadline }: ClientNeeds,
): StreamkapClient {
  return new StreamkapClient({
    host: inputs.streamkapHost,
    credentials: adminCredentials(inputs, { masking, openStore }),
    transport: nodeTransport(environment),
    clock: systemClock,
    random: Math.random,
    redact: masking.redact,
    ...(deadline === undefined ? {} : { deadline }),
  });
}

function adminCredentials(
  { admin, streamkapHost: host }: BaseInputs,
  { masking, openStore }: Pick<ClientNeeds, 'masking' | 'openStore'>,
): AdminCredentialSource {
  const secretSeen = (secret: string) => masking.add(secret);
  switch (admin.from) {
    case 'pair':
      return { get: async () => admin.credential };
    case 'secret': {
      const store = { read: async (id: string) => await (await openStore()).read(id) };
      return adminCredentialInSecret({ store, secretId: admin.secretId, host, input: 'admin-secret-id', secretSeen });
    }
    case 'nowhere':
      return { get: () => Promise.reject(missing()) };
  }
}

function missing(): KeyringError {
  return new KeyringError({
    code: 'ADMIN_CREDENTIAL_MISSING',
    message: 'client-id and client-secret are empty, and Streamkap has to be asked',
    changed: 'no',
    retryable: false,
    remedy:
      'Set client-id and client-secret, or admin-secret-id, or STREAMKAP_CLIENT_ID and STREAMKAP_SECRET. A GitHub secret that is not set arrives as an empty string; variables that an earlier step exported for its project key are not used.',
  });
}

/**
 * Checks who we are and turns what the user wrote into what Streamkap takes.
 * @returns the request, and the project it is for
 */
export async function prepareKey(
  client: Pick<StreamkapClient, 'whoami' | 'roles'>,
  key: KeyInputs,
): Promise<KeyRequest & { serviceId: string }> {
  const { service_id: serviceId } = await client.whoami();
  const roleIds = key.roles.length > 0 ? roleIdsOf(key.roles, await client.roles()) : undefined;
  return { ...requestOf(key, roleIds), serviceId: serviceId ?? '' };
}

/** @returns the request as far as the inputs alone tell it; without ids no roles are asked for */
export function requestOf(key: KeyInputs, roleIds: string[] | undefined): KeyRequest {
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
  return { name: key.name, username: key.kafka?.username ?? null, requested };
}

/** @throws InputError for a role that does not exist, naming those that do */
export function roleIdsOf(wanted: readonly string[], known: readonly Role[]): string[] {
  return wanted.map((word) => {
    const role =
      known.find((each) => each.id === word || each.key === word) ??
      known.find((each) => each.name.toLowerCase() === word.toLowerCase());
    if (role) return role.id;
    const names = known.map((each) => each.name).join(', ');
    throw new InputError('roles', `there is no role "${word.slice(0, 60)}"`, `The roles are: ${names}.`);
  });
}
