import type { Clock } from '../clock.ts';
import { StreamkapError } from '../errors.ts';
import { type ProjectKeySummary, statusOf } from '../streamkap/schemas.ts';
import { markerOf, sealOf } from './marker.ts';
import type { KeyApi } from './ports.ts';

/** A sweep stays small: whoever comes next goes on. */
const SWEEP = {
  /** Milliseconds for all calls together. */
  withinMs: 15_000,
  /** Keys deleted by one sweep. */
  keys: 20,
  /** Refusals after which the rest is left to others. */
  refusals: 3,
} as const;

interface SweepPorts {
  readonly streamkap: { until(deadline: number): Pick<KeyApi, 'listProjectKeys' | 'deleteProjectKey'> };
  readonly clock: Clock;
}

/** What became of the expired keys. Ids and codes only. */
export interface ExpiredSweep {
  readonly deleted: readonly string[];
  /** Found expired, and could not be deleted. */
  readonly refused: readonly { readonly id: string; readonly code: string }[];
  /** Found expired, and left to the next sweep. */
  readonly left: number;
}

/**
 * Deletes ephemeral keys that outlived their jobs: those whose marker says that they are past their expiry, and is theirs. Waits for
 * none to be gone. Never touches a key without a marker, with another kind of marker, or of another project.
 * @param serviceId the project the caller acts for
 * @throws StreamkapError when the keys cannot be listed
 */
export async function sweepExpired({ streamkap, clock }: SweepPorts, serviceId: string): Promise<ExpiredSweep> {
  const end = clock.now() + SWEEP.withinMs;
  const api = streamkap.until(end);
  const keys = await api.listProjectKeys();
  const expired = keys.filter((key) => (key.service_id ?? '') === serviceId && isExpired(key, clock.now()));
  const deleted: string[] = [];
  const refused: { id: string; code: string }[] = [];
  for (const { id } of expired.slice(0, SWEEP.keys)) {
    if (refused.length === SWEEP.refusals || clock.now() >= end) break;
    const code = await deletion(api, id);
    if (code === undefined) deleted.push(id);
    else refused.push({ id, code });
  }
  return { deleted, refused, left: expired.length - deleted.length - refused.length };
}

function isExpired(key: ProjectKeySummary, now: number): boolean {
  const marker = markerOf(key);
  if (marker?.kind !== 'ephemeral' || marker.expiresAt > now || statusOf(key) === 'deleting') return false;
  return marker.seal === sealOf(marker.intentId, { name: key.name, username: key.kafka_username ?? null });
}

/** @returns why not, or undefined when it is going */
async function deletion(api: Pick<KeyApi, 'deleteProjectKey'>, id: string): Promise<string | undefined> {
  try {
    await api.deleteProjectKey(id);
    return undefined;
  } catch (error) {
    if (error instanceof StreamkapError) return error.code;
    throw error;
  }
}
