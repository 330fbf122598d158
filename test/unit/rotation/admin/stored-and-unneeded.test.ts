import { describe, expect, it } from 'vitest';
import { SecretStoreError, StreamkapError } from '../../../../core/errors.ts';
import { clientIdIn } from '../../../../core/rotation/admin/admin-secret.ts';
import { differenceOf } from '../../../../core/rotation/admin/identity.ts';
import { fingerprintOf, withRotationMarker } from '../../../../core/rotation/admin/marker.ts';
import { readStoredCredentials } from '../../../../core/rotation/admin/stored-credentials.ts';
import { type StoredCredentials, sweep, unneeded } from '../../../../core/rotation/admin/sweep.ts';
import { TimeBudget } from '../../../../core/rotation/time-budget.ts';
import type { SecretVersion } from '../../../../core/secret-store.ts';
import { idOf } from './world.ts';

interface Stored {
  readonly labels?: readonly string[];
  readonly createdAt: number;
  /** Undefined: a version without a value. */
  readonly value?: string;
}

const pair = (id: string) => JSON.stringify({ client_id: id, client_secret: 'x' });
const failure = new SecretStoreError({ code: 'C', message: 'm', changed: 'no', retryable: true, remedy: 'r' });

/** A secret's versions by id, and which of them were read. */
function secretOf(versions: Readonly<Record<string, Stored>>, list: () => Promise<void> = async () => {}) {
  const reads: string[] = [];
  const labelled = Object.entries(versions).filter(([, { labels }]) => labels);
  return {
    reads,
    store: {
      async describe() {
        const stages = Object.fromEntries(labelled.map(([id, { labels = [] }]) => [id, labels]));
        return { arn: 'arn', name: 's', tags: {}, versions: stages, rotationEnabled: true };
      },
      async read(_: string, at?: object): Promise<SecretVersion | 'no-value'> {
        const versionId = (at as { versionId: string }).versionId;
        reads.push(versionId);
        const { value, createdAt, labels = [] } = versions[versionId] ?? { createdAt: 0 };
        if (value === undefined) return 'no-value';
        return { arn: 'arn', name: 's', versionId, value, stages: labels, createdAt, readAt: 0 };
      },
      async versions() {
        await list();
        return Object.entries(versions).map(([versionId, { labels = [], createdAt }]) => ({
          ...{ versionId, stages: labels, createdAt },
        }));
      },
    },
  };
}

const read = ({ store }: ReturnType<typeof secretOf>) => readStoredCredentials({ store, secretId: 's' });
const idsOf = (set: ReadonlySet<string | undefined>) => [...set].filter((id) => id !== undefined);

describe('what a secret holds of admin credentials', () => {
  const versions = {
    now: { labels: ['AWSCURRENT'], createdAt: 50, value: pair('now') },
    before: { labels: ['AWSPREVIOUS'], createdAt: 40, value: pair('before') },
    next: { labels: ['AWSPENDING'], createdAt: 60 },
    mine: { labels: ['MINE'], createdAt: 5, value: pair('mine') },
    asOld: { createdAt: 40, value: pair('as-old') },
    older: { createdAt: 30, value: pair('older') },
    younger: { createdAt: 41, value: pair('younger') },
    garbage: { createdAt: 20, value: 'garbage' },
  };

  it('is needed where a label is, superseded where it is as old as the previous one, or older', async () => {
    const stored = await read(secretOf(versions));
    expect(idsOf(stored.kept)).toEqual(['now', 'before', 'mine']);
    expect(idsOf(stored.superseded)).toEqual(['as-old', 'older']);
  });

  it('is all needed, for all that is known, while nothing is under AWSPREVIOUS', async () => {
    const { before, ...rest } = versions;
    const secret = secretOf({ ...rest, before: { ...before, labels: ['OTHER'] } });
    const stored = await read(secret);
    expect(idsOf(stored.superseded)).toEqual([]);
    expect(secret.reads).not.toContain('older');
    expect(await stored.storedBy('older')).toEqual({ clientId: 'older', superseded: false });
  });

  it('is looked for in the five youngest of many old versions', async () => {
    const old = Object.fromEntries(
      [3, 9, 1, 7, 5, 8, 2].map((at) => [`v${at}`, { createdAt: at, value: pair(`${at}`) }]),
    );
    const secret = secretOf({ ...old, before: versions.before, now: versions.now });
    const { superseded } = await read(secret);
    expect(idsOf(superseded)).toEqual(['9', '8', '7', '5', '3']);
    expect(secret.reads).toEqual(['before', 'now', 'v9', 'v8', 'v7', 'v5', 'v3']);
  });

  it('is told by the rotation that stored it: when it did, and when nothing is left of it', async () => {
    const secret = secretOf(versions);
    const stored = await read(secret);
    secret.reads.length = 0;
    expect(await stored.storedBy('now')).toEqual({ clientId: 'now', superseded: false });
    expect(secret.reads).toEqual([]);
    expect(await stored.storedBy('older')).toEqual({ clientId: 'older', superseded: true });
    expect(await stored.storedBy('younger')).toEqual({ clientId: 'younger', superseded: false });
    for (const token of ['next', 'gone', 'garbage']) expect(await stored.storedBy(token)).toBeUndefined();
  });

  it('is known by its labels alone where the versions must not be listed; any other failure is one', async () => {
    const stored = await read(secretOf(versions, () => Promise.reject(failure)));
    expect(idsOf(stored.kept)).toEqual(['now', 'before', 'mine']);
    expect(idsOf(stored.superseded)).toEqual([]);
    const bug = new TypeError('x');
    await expect(read(secretOf(versions, () => Promise.reject(bug)))).rejects.toBe(bug);
  });

  it('is nothing once the secret is gone', async () => {
    const { store } = secretOf(versions);
    const gone = { ...store, describe: async () => 'no-secret' as const };
    const stored = await readStoredCredentials({ store: gone, secretId: 's' });
    expect([...stored.kept, ...stored.superseded]).toEqual([]);
  });

  it.each([
    [pair('c'), 'c'],
    [Buffer.from(pair('c')).toString('base64'), 'c'],
    ['{"api":{"client_id":"c"}}', 'c'],
    ['{"client_id":""}', undefined],
    ['{"client_id":5}', undefined],
    ['{"api":null}', undefined],
    ['{}', undefined],
    ['null', undefined],
    ['[]', undefined],
    ['5', undefined],
    ['no JSON', undefined],
    ['', undefined],
  ])('in %j is the credential %j', (text, id) => {
    expect(clientIdIn(text)).toBe(id);
  });
});

describe('a credential that nobody needs', () => {
  const NOW = Date.parse('2026-01-01T12:00:00Z');
  const AFTER_MS = 15 * 60_000;
  const clock = (now: number) => ({ now: () => now, sleep: async () => {} });
  const none: StoredCredentials = { kept: new Set(), superseded: new Set(), storedBy: async () => undefined };
  const description = withRotationMarker('', { token: idOf('t'), nonce: 'f-1' });
  const lookFor = (listed: readonly object[], { stored = none, now = NOW } = {}) =>
    unneeded({
      ...{ api: { list: async () => listed as never }, stored: async () => stored, fingerprint: 'f' },
      budget: new TimeBudget(clock(now), now + 60_000),
    });

  it.each([
    '2026-01-01T11:45:00Z',
    '2026-01-01T11:45:00.000z',
    '2026-01-01T11:45:00',
    '2026-01-01 11:45:00',
    '2026-01-01 11:45:00.000',
    '2026-01-01T12:45:00+01:00',
    '2026-01-01T13:15:00+0130',
    '2026-01-01T09:05:00-02:40',
    '2026-01-01T09:15:00-0230',
  ])('was lost a quarter of an hour after %s, which is UTC unless it says otherwise, and not before', async (made) => {
    const credential = { client_id: 'lost', description, created_at: made };
    expect(await lookFor([credential], { now: NOW })).toEqual([]);
    expect(await lookFor([credential], { now: NOW + 1 })).toEqual([{ clientId: 'lost', reason: 'orphan' }]);
    expect(NOW - AFTER_MS).toBe(Date.parse('2026-01-01T11:45:00Z'));
  });

  it.each([
    [null],
    [undefined],
    [''],
    ['yesterday'],
    ['1767266700'],
  ])('is not one that was made at %j: nobody knows when that was', async (created_at) => {
    expect(await lookFor([{ client_id: 'lost', description, created_at }])).toEqual([]);
  });

  const api = (outcomes: Readonly<Record<string, Error | undefined>>) => {
    const deleted: string[] = [];
    return {
      deleted,
      list: async () => Object.keys(outcomes).map((client_id) => ({ client_id })) as never,
      delete: async (id: string) => {
        deleted.push(id);
        if (outcomes[id]) throw outcomes[id];
      },
    };
  };
  const allSuperseded = (ids: readonly string[]): StoredCredentials => ({ ...none, superseded: new Set(ids) });
  const sweepWith = (calls: ReturnType<typeof api>, leftMs: number) =>
    sweep({
      ...{ api: calls, fingerprint: 'f', stored: async () => allSuperseded(['a', 'b']) },
      budget: new TimeBudget(clock(NOW), NOW + leftMs),
    });

  it('is deleted; what Streamkap keeps is named with its reason, and the rest is deleted all the same', async () => {
    const facts = { code: 'STREAMKAP_CONFLICT', message: 'm', changed: 'no', retryable: false, remedy: 'r' } as const;
    const calls = api({ a: new StreamkapError(facts), b: undefined });
    expect(await sweepWith(calls, 60_000)).toEqual({
      deleted: [{ clientId: 'b', reason: 'superseded' }],
      left: [{ clientId: 'a', code: 'STREAMKAP_CONFLICT' }],
    });
    const bug = new TypeError('x');
    await expect(sweepWith(api({ a: bug, b: undefined }), 60_000)).rejects.toBe(bug);
  });

  it.each([
    [2_000, 2],
    [1_999, 0],
  ])('is left to the next rotation with less than two seconds left: %i ms, %i deletions', async (left, count) => {
    const calls = api({ a: undefined, b: undefined });
    const { deleted, left: rest } = await sweepWith(calls, left);
    expect(calls.deleted).toHaveLength(count);
    expect(deleted).toHaveLength(count);
    expect(rest).toEqual(count > 0 ? [] : ['a', 'b'].map((clientId) => ({ clientId, code: 'OUT_OF_TIME' })));
  });
});

describe('who a credential belongs to', () => {
  it('is the same where neither tenant nor service is told, and another where one of them differs', () => {
    expect(differenceOf({}, { tenant_id: null, service_id: '' })).toBeUndefined();
    expect(differenceOf({ tenant_id: 't', service_id: 's' }, { tenant_id: 't', service_id: 's' })).toBeUndefined();
    expect(differenceOf({ tenant_id: 't' }, { tenant_id: 'u' })).toBe('tenant_id');
    expect(differenceOf({ tenant_id: 't', service_id: 's' }, { tenant_id: 't' })).toBe('service_id');
  });

  it('is told from those of other secrets by a fingerprint of its own', () => {
    const [one, other] = [fingerprintOf('arn:aws:one'), fingerprintOf('arn:aws:other')];
    expect(one).toMatch(/^[0-9a-f]{12}$/);
    expect(one).not.toBe(other);
    expect(fingerprintOf('arn:aws:one')).toBe(one);
  });
});
