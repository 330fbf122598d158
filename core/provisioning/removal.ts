import { backoffMs, type Clock } from '../clock.ts';
import { StreamkapError } from '../errors.ts';
import { statusOf } from '../streamkap/schemas.ts';
import { type KeyTrace, keysOfIntent } from './keys.ts';
import type { Credential, CredentialKind } from './kind.ts';
import { LIMITS } from './ports.ts';

/** What finds a key that was made and is stored nowhere; no secret in it. */
export interface UnstoredTrace extends Omit<KeyTrace, 'formerUsernames'> {
  /** Known once Streamkap has answered. */
  readonly id?: string | undefined;
  /** No creation of this intent can still land: there was one, and it was answered. */
  readonly alone?: boolean | undefined;
}

interface RemovalPorts {
  readonly kind: Pick<CredentialKind<Credential>, 'list' | 'delete'>;
  readonly clock: Clock;
}

/**
 * Undoes createUnstored, whatever became of it: orders the deletion of the key by its id, and of every key with the intent's marker.
 * No deletion is waited for.
 * @param until milliseconds since the epoch. While nothing is found, a creation may be on its way, and while Streamkap refuses, the
 * key may still be being made: until then it is looked again
 * @returns the ids of the keys that are gone or going
 * @throws StreamkapError when one was found and could not be deleted, or none could be looked for
 */
export async function removeUnstored(
  { kind, clock }: RemovalPorts,
  trace: UnstoredTrace,
  until: number,
): Promise<string[]> {
  const gone = new Set<string>();
  for (let looks = 0; ; looks++) {
    const { refusal, mayPass } = await orderDeletions(kind, trace, gone);
    if (!refusal && gone.size > 0) return [...gone];
    const pauseMs = backoffMs(looks, LIMITS.poll);
    if (!mayPass || clock.now() + pauseMs > until) {
      if (refusal) throw refusal;
      return [];
    }
    await clock.sleep(pauseMs);
  }
}

/** @param gone ids that are gone or going, which this adds to @returns why a key that was found is not, and whether time may help */
async function orderDeletions(
  kind: RemovalPorts['kind'],
  trace: UnstoredTrace,
  gone: Set<string>,
): Promise<{ refusal: StreamkapError | undefined; mayPass: boolean }> {
  const refused = new Map<string, StreamkapError>();
  const order = async (id: string) => {
    const refusal = await refusalOf(kind.delete(id));
    if (refusal) refused.set(id, refusal);
    else gone.add(id);
  };
  if (trace.id !== undefined && !gone.has(trace.id)) await order(trace.id);
  const isAlone = trace.alone && refused.size === 0;
  const keys = isAlone ? [] : await keysOfIntent({ kind }, { ...trace, formerUsernames: [] });
  for (const key of keys) {
    if (statusOf(key) === 'deleting') {
      refused.delete(key.id);
      gone.add(key.id);
    } else if (!gone.has(key.id) && !refused.has(key.id)) await order(key.id);
  }
  const [refusal] = refused.values();
  const mayPass = !refusal || refusal.retryable || keys.some((key) => statusOf(key) === 'creating');
  return { refusal, mayPass };
}

async function refusalOf(call: Promise<void>): Promise<StreamkapError | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    if (error instanceof StreamkapError) return error;
    throw error;
  }
}
