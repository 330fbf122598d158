import { StreamkapError } from '../../errors.ts';
import type { ClientCredentials, ListedCredential } from '../../streamkap/client-credentials.ts';
import type { TimeBudget } from '../time-budget.ts';
import { rotationMarkerOf } from './marker.ts';

/** No function runs longer than this, so what is not stored by then is never going to be. */
const ORPHAN_AFTER_MS = 15 * 60_000;
/** Nothing is deleted with less time than this left, in milliseconds. */
const DELETE_NEEDS_MS = 2_000;

/** What the secret has, by client ids. */
export interface StoredCredentials {
  /** The current, the previous and the pending one, and whatever else is kept on purpose. */
  readonly kept: ReadonlySet<string | undefined>;
  /** Those stored before the previous one, as far back as was looked. */
  readonly superseded: ReadonlySet<string | undefined>;
  /** What was stored by the rotation with a token; undefined when there was none of this secret's, or nothing is left of it. */
  storedBy(token: string): Promise<{ readonly clientId: string; readonly superseded: boolean } | undefined>;
}

export interface Unneeded {
  readonly clientId: string;
  readonly reason: 'orphan' | 'superseded';
}

/** What became of credentials that nobody needs any more. Ids and codes only. */
export interface Swept {
  readonly deleted: readonly Unneeded[];
  /** Could not be deleted now; the next rotation tries again. */
  readonly left: readonly { readonly clientId: string; readonly code: string }[];
}

export interface SweepFacts {
  readonly api: Pick<ClientCredentials, 'list' | 'delete'>;
  /** Looked up after Streamkap was asked, so that what is stored meanwhile counts as stored. */
  readonly stored: () => Promise<StoredCredentials>;
  /** Of the secret: {@link fingerprintOf}. */
  readonly fingerprint: string;
  readonly budget: TimeBudget;
}

/**
 * Deletes what no consumer can hold: credentials older than the previous one, and those whose secret was lost before it was
 * stored. A credential that this secret's rotations did not make, and that it never held, is not touched.
 * @throws StreamkapError or SecretStoreError before anything is deleted, when it cannot be told what is needed
 */
export async function sweep({ api, stored, fingerprint, budget }: SweepFacts): Promise<Swept> {
  const doomed = await unneeded({ api, stored, fingerprint, budget });
  const deleted: Unneeded[] = [];
  const left: { clientId: string; code: string }[] = [];
  for (const { clientId, reason } of doomed) {
    const code = budget.left() < DELETE_NEEDS_MS ? 'OUT_OF_TIME' : await deletion(api, clientId);
    if (code === undefined) deleted.push({ clientId, reason });
    else left.push({ clientId, code });
  }
  return { deleted, left };
}

/**
 * Changes nothing.
 * @returns the credentials that no consumer can hold, and why
 * @throws StreamkapError or SecretStoreError when it cannot be told
 */
export async function unneeded({
  api,
  stored,
  fingerprint,
  budget,
}: Omit<SweepFacts, 'api'> & { readonly api: Pick<ClientCredentials, 'list'> }): Promise<Unneeded[]> {
  const listed = await api.list();
  const facts = { stored: await stored(), fingerprint, now: budget.clock.now() };
  const doomed: Unneeded[] = [];
  for (const credential of listed) {
    const reason = await reasonToDelete(credential, facts);
    if (reason) doomed.push({ clientId: credential.client_id, reason });
  }
  return doomed;
}

async function reasonToDelete(
  credential: ListedCredential,
  { stored, fingerprint, now }: { stored: StoredCredentials; fingerprint: string; now: number },
): Promise<Unneeded['reason'] | undefined> {
  const id = credential.client_id;
  if (stored.kept.has(id)) return undefined;
  if (stored.superseded.has(id)) return 'superseded';
  const marker = rotationMarkerOf(credential);
  if (!marker) return undefined;
  const there = await stored.storedBy(marker.token);
  if (there?.clientId === id) return there.superseded ? 'superseded' : undefined;
  if (!there && !marker.nonce.startsWith(`${fingerprint}-`)) return undefined;
  return now - instantOf(credential.created_at ?? '') > ORPHAN_AFTER_MS ? 'orphan' : undefined;
}

/** @returns undefined when it is gone, else why not */
async function deletion(api: Pick<ClientCredentials, 'delete'>, clientId: string): Promise<string | undefined> {
  try {
    await api.delete(clientId);
    return undefined;
  } catch (error) {
    if (error instanceof StreamkapError) return error.code;
    throw error;
  }
}

/** @returns milliseconds since the epoch, NaN for what is no time. Streamkap's times are UTC, with or without saying so */
function instantOf(time: string): number {
  return Date.parse(/(Z|[+-]\d\d:?\d\d)$/i.test(time) ? time : `${time.replace(' ', 'T')}Z`);
}
