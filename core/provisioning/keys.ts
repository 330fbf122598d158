import { backoffMs, type Clock } from '../clock.ts';
import { ProvisioningError, StreamkapError } from '../errors.ts';
import { type ProjectKeyDetail, statusOf } from '../streamkap/schemas.ts';
import type { Intent } from './intent.ts';
import type { Credential, CredentialKind, Listed } from './kind.ts';
import { type Marker, markerOf } from './marker.ts';
import { LIMITS, type ProvisioningReport } from './ports.ts';

export type MarkedKey = Listed & { readonly marker: Marker };

/** The part of an intent that finds its keys again; no secret in it. */
export type KeyTrace = Pick<Intent, 'intentId' | 'username' | 'formerUsernames'>;

interface KeyPorts {
  readonly report: Pick<ProvisioningReport, 'progress'>;
  readonly kind: Pick<CredentialKind<Credential>, 'format' | 'list' | 'get' | 'delete'>;
  readonly clock: Clock;
}

/**
 * @returns the keys that carry the intent's marker and a Kafka username that the intent asked for: a description can be copied, so
 * a key is never taken for ours by one sign alone
 */
export async function keysOfIntent(
  { kind }: { kind: Pick<KeyPorts['kind'], 'list'> },
  { intentId, username, formerUsernames }: KeyTrace,
): Promise<MarkedKey[]> {
  const asked = [username, ...formerUsernames];
  const keys = await kind.list();
  return keys.flatMap((key) => {
    const marker = markerOf(key);
    if (marker?.intentId !== intentId) return [];
    // A key that is still being made may not show its Kafka user yet.
    const fits = !key.kafka_username || asked.includes(key.kafka_username.toLowerCase());
    return fits ? [{ ...key, marker }] : [];
  });
}

/** @returns the key once it is active, or why it never will be */
export async function waitUntilActive(
  { kind, clock, report }: Omit<KeyPorts, 'kind'> & { readonly kind: Pick<KeyPorts['kind'], 'format' | 'get'> },
  id: string,
): Promise<ProjectKeyDetail | 'failed'> {
  const end = clock.now() + LIMITS.activeWithinMs;
  for (let looks = 0; ; looks++) {
    const key = await kind.get(id);
    if (!key) return 'failed';
    const status = statusOf(key);
    if (status === 'active') return key;
    if (status === 'failed' || status === 'delete_failed') return 'failed';
    await pauseUntil(end, { clock, report, looks, name: `${kind.format.noun} ${id}`, status });
  }
}

/**
 * Deletes a key and waits until it is gone, so that its Kafka username is free again. A key that is still being made is waited
 * for first; one that Streamkap failed to delete is deleted again.
 */
export async function removeKey({ kind, clock, report }: KeyPorts, id: string): Promise<void> {
  const end = clock.now() + LIMITS.goneWithinMs;
  let deletes = 0;
  for (let looks = 0; ; looks++) {
    const key = await kind.get(id);
    if (!key) return;
    const status = statusOf(key);
    const deletable = status === 'active' || status === 'failed' || status === 'delete_failed' || status === 'other';
    if (deletable && deletes < LIMITS.deletes) {
      deletes++;
      await sendDelete(kind, id);
      continue;
    }
    await pauseUntil(end, { clock, report, looks, name: `${kind.format.noun} ${id}`, status });
  }
}

/** A lost answer is as good as none here: the next look at the key tells. */
async function sendDelete(kind: KeyPorts['kind'], id: string): Promise<void> {
  try {
    await kind.delete(id);
  } catch (error) {
    if (!(error instanceof StreamkapError) || error.changed === 'no') throw error;
  }
}

async function pauseUntil(
  end: number,
  {
    clock,
    report,
    looks,
    name,
    status,
  }: Pick<KeyPorts, 'clock' | 'report'> & { looks: number; name: string; status: string },
): Promise<void> {
  const waitMs = backoffMs(looks, LIMITS.poll);
  if (clock.now() + waitMs > end) {
    throw new ProvisioningError({
      code: 'KEY_NOT_SETTLED',
      message: `The ${name} is still "${status}"`,
      changed: 'yes',
      retryable: true,
      remedy: 'Look at it in Streamkap; run again once it is active or gone. The secret remembers where to go on.',
    });
  }
  report.progress(`the ${name} is "${status}", looking again`);
  await clock.sleep(waitMs);
}
