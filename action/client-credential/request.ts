import type { KeyRequest } from '../../core/provisioning/ports.ts';
import type { StreamkapClient } from '../../core/streamkap/client.ts';
import { roleIdsOf } from '../streamkap.ts';
import type { CredentialInputs } from './inputs.ts';

/**
 * Checks who we are and turns what the user wrote into what Streamkap takes. The credential is made for the caller's own project.
 * @throws InputError for a role that does not exist
 */
export async function prepareCredential(
  client: Pick<StreamkapClient, 'whoami' | 'roles'>,
  { name, description, roles, permissions }: CredentialInputs,
): Promise<KeyRequest> {
  const { service_id: serviceId } = await client.whoami();
  const requested = {
    description,
    ...(serviceId ? { service_id: serviceId } : {}),
    ...(roles.length > 0 ? { role_ids: roleIdsOf(roles, await client.roles()) } : {}),
    ...(permissions.length > 0 ? { permission_ids: [...permissions] } : {}),
  };
  return { name, username: null, requested };
}
