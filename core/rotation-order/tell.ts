import { KeyringError } from '../errors.ts';
import type { LoginResult } from '../login-probe/probe.ts';
import type { RotationOrderPorts } from './ports.ts';

/** What logins say of a rotation that is not done: the one thing that no label tells. */
export interface Tell {
  readonly current: LoginResult['outcome'];
  /** Not tried while the current one works. */
  readonly pending?: LoginResult['outcome'];
  readonly sentence: string;
}

type TellPorts<Credential> = Pick<RotationOrderPorts<Credential>, 'store' | 'parse' | 'login'>;

/**
 * One login with the current credential, and where that is refused, one with the pending one.
 * @param pending the version to try; undefined for none
 */
export async function tell<Credential>(
  ports: TellPorts<Credential>,
  { secretId, current, pending }: { secretId: string; current: Credential; pending: string | undefined },
): Promise<Tell | undefined> {
  if (!ports.login) return undefined;
  const now = await ports.login(current);
  if (now.outcome === 'accepted') {
    return { current: 'accepted', sentence: 'Kafka accepts the current password: consumers are as before.' };
  }
  if (now.outcome === 'unknown') {
    return { current: 'unknown', sentence: `Kafka could not be asked from here (${now.code}).` };
  }
  const next = pending === undefined ? undefined : await readPending(ports, secretId, pending);
  const { outcome } = next === undefined ? { outcome: undefined } : await ports.login(next);
  if (outcome === 'accepted') {
    const sentence =
      'Kafka accepts the pending password only: consumers that log in anew are refused until the rotation ends. Do not clear the label.';
    return { current: 'rejected', pending: 'accepted', sentence };
  }
  const also = outcome === 'rejected' ? ' and the pending one' : '';
  return {
    current: 'rejected',
    ...(outcome ? { pending: outcome } : {}),
    sentence: `Kafka refuses the current password${also}: was it changed elsewhere?`,
  };
}

/** @returns undefined for what is no credential, or not to be read: then there is nothing to try */
async function readPending<Credential>(
  { store, parse }: TellPorts<Credential>,
  secretId: string,
  versionId: string,
): Promise<Credential | undefined> {
  try {
    const version = await store.read(secretId, { versionId });
    return typeof version === 'string' ? undefined : parse(version.value);
  } catch (error) {
    if (error instanceof KeyringError) return undefined;
    throw error;
  }
}
