import { createHash } from 'node:crypto';

/**
 * The version id of the one write that may follow a given state of a secret. Secrets Manager refuses a known id with another
 * value, so of all who saw the same state one wins, and the others learn it: no lock, no counter.
 * @param seen id of the version that carried AWSCURRENT, or undefined for a secret without a value
 * @returns 64 hex digits, inside the 32 to 64 characters that a ClientRequestToken may have
 */
export function successorOf(seen: string | undefined): string {
  return createHash('sha256')
    .update(`streamkap-keyring:${seen ?? 'none'}`)
    .digest('hex');
}
