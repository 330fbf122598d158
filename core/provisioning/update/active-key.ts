import type { ProjectKeyDetail } from '../../streamkap/schemas.ts';
import { waitUntilActive } from '../keys.ts';
import { PROJECT_KEY_FORMAT } from '../kind.ts';
import { keyDeleted, keyNotActive } from './errors.ts';
import type { UpdatePorts } from './ports.ts';

/**
 * Waits while Streamkap is at work on the key.
 * @throws ProvisioningError KEY_DELETED, KEY_NOT_ACTIVE, KEY_NOT_SETTLED
 */
export async function activeKey(
  ports: Pick<UpdatePorts, 'streamkap' | 'clock' | 'report'>,
  id: string,
): Promise<ProjectKeyDetail> {
  const kind = { format: PROJECT_KEY_FORMAT, get: (key: string) => ports.streamkap.getProjectKey(key) };
  const key = await waitUntilActive({ ...ports, kind }, id);
  if (key !== 'failed') return key;
  const left = await ports.streamkap.getProjectKey(id);
  throw left ? keyNotActive(id, left.status) : keyDeleted(id);
}
