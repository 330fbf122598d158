import { backoffMs, type Clock } from '../clock.ts';
import type { CredentialFile } from '../credential-file.ts';
import type { LoginResult } from '../login-probe/probe.ts';
import type { Rotated } from './ports.ts';

/** How long a password that is not in force any more may still be accepted by one of several brokers, in milliseconds. */
export const OLD_LINGERS_MS = 30_000;

/** @returns whether the key of before still has its password: then it lives until it is retired */
export function oldOneLives({
  tags,
  before,
  after,
}: Pick<Rotated<CredentialFile>, 'tags' | 'before' | 'after'>): boolean {
  return tags['streamkap:strategy'] === 'alternating' || before.project_key_id !== after.project_key_id;
}

/**
 * Logs in with a password that was replaced. An accepted login is repeated for a while, since not every broker may know yet. Any
 * other is not: it could lock the user out.
 */
export async function untilNotAccepted(login: () => Promise<LoginResult>, clock: Clock): Promise<LoginResult> {
  const end = clock.now() + OLD_LINGERS_MS;
  for (let logins = 0; ; logins++) {
    const result = await login();
    if (result.outcome !== 'accepted' || clock.now() > end) return result;
    await clock.sleep(backoffMs(logins, { first: 500, max: 5_000 }));
  }
}
