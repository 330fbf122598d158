import { InputError } from '../core/errors.ts';
import { flag, type ReadInput, wholeNumber } from './input-values.ts';

/** A key that lives as long as its job. */
export interface EphemeralInputs {
  readonly ttlMinutes: number;
  readonly sweepExpired: boolean;
  /** The Kafka username is ours to choose, so that the jobs of a matrix do not compete for one. */
  readonly usernameDerived: boolean;
}

/** A self-hosted job runs five days at most (GitHub's documentation, "Actions limits"). */
const MAX_TTL_MINUTES = 7_200;

/**
 * @returns null for a key that stays
 * @throws InputError where the key would be stored or found, where it could outlive everything, or where the post stage, which
 * reads the same inputs and variables again, would not find the admin credential any more
 */
export function parseEphemeral(read: ReadInput, mode: string): EphemeralInputs | null {
  const ttlMinutes = wholeNumber(read, 'ttl-minutes', { fallback: 60, min: 1, max: MAX_TTL_MINUTES, of: 'minutes' });
  const sweepExpired = flag(read, 'sweep-expired', true);
  if (!flag(read, 'ephemeral', false)) return null;
  if (mode !== 'create') {
    const rule = 'Use mode "create" for a key that is deleted when the job ends.';
    throw new InputError('ephemeral', `is true, but mode "${mode}" hands out a key that stays`, rule);
  }
  if (read('secret-id') !== '') {
    const rule = 'Leave secret-id out for a key that is deleted when the job ends, or ephemeral for one that stays.';
    throw new InputError('ephemeral', "is true, but secret-id would keep the key's credential", rule);
  }
  requireLastingAdmin(read);
  return { ttlMinutes, sweepExpired, usernameDerived: read('kafka-username') === '' };
}

/** `export-env` of a key with API access sets the very variables that the admin credential is taken from by default. */
function requireLastingAdmin(read: ReadInput): void {
  const exportsApi = flag(read, 'export-env', false) && (read('roles') !== '' || read('permissions') !== '');
  const overwrites = exportsApi && ['', 'STREAMKAP_'].includes(read('env-prefix'));
  const byInput = read('admin-secret-id') !== '' || (read('client-id') !== '' && read('client-secret') !== '');
  if (!overwrites || byInput) return;
  throw new InputError(
    'export-env',
    'would replace STREAMKAP_CLIENT_ID and STREAMKAP_SECRET, with which the key is deleted when the job ends',
    'Give client-id and client-secret as inputs, or choose another env-prefix.',
  );
}
