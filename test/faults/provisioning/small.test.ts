import { describe, expect, test } from 'vitest';
import type { Troubles } from '../exploration/state.ts';
import type { Kind } from './process.ts';
import { exploreProvisioning, type Scene } from './subject.ts';
import { exploreUpdate } from './update/subject.ts';

/** A corner of the enumerations that takes three seconds: mutation testing tries on it what survives all other tests. */
const MISHAPS: readonly Partial<Troubles>[] = [{}, { crashes: 1 }, { lost: 1 }, { late: 1 }, { lost: 2 }];
/** States; ends an exploration that a mutant lets grow. */
const AT_MOST = 500;

describe.each<Kind>(['kafka', 'api', 'both', 'client-credential'])('a run for a %s key on its own', (kind) => {
  test.each(MISHAPS)('makes one key, or leaves what the next run finishes: %j', async (budget) => {
    for (const emptySecret of [false, true]) {
      const scene = { kind, maxAttempts: 2, runs: 1, emptySecret, atMost: AT_MOST } as const;
      const report = await exploreProvisioning(scene, budget);
      expect(report.ends).toBeGreaterThan(0);
      expect(report.unanimous).toBeGreaterThan(0);
    }
  });
});

describe('two runs at once, with no take-over or one', () => {
  test.each<[Kind, Omit<Scene, 'kind'>, Partial<Troubles>]>([
    ['kafka', { maxAttempts: 2 }, {}],
    ['api', { maxAttempts: 2 }, {}],
    ['kafka', { maxAttempts: 2, badRequestBy: 0 }, {}],
    ['kafka', { maxAttempts: 2 }, { lost: 1 }],
    ['api', { maxAttempts: 2 }, { late: 1 }],
    ['client-credential', { maxAttempts: 1 }, { crashes: 1 }],
  ])('make one %s key and hand out the same: %j %j', async (kind, subject, budget) => {
    const report = await exploreProvisioning({ kind, ...subject, atMost: AT_MOST }, budget);
    expect(report.ends).toBeGreaterThan(0);
    if (Object.keys(budget).length === 0 && subject.badRequestBy === undefined)
      expect(report.unanimous).toBe(report.ends);
  });
});

describe.each(['kafka', 'api', 'acls'] as const)('%s of a live key', (brings) => {
  test.each(
    MISHAPS,
  )('are brought by one update, or the next run finishes it or says that it is lost: %j', async (budget) => {
    const report = await exploreUpdate({ brings, roles: ['update'], atMost: AT_MOST }, budget);
    expect(report.unanimous).toBeGreaterThan(0);
    const mayBeLost = brings === 'api' && Object.keys(budget).length > 0;
    expect(report.lostSecrets > 0).toBe(mayBeLost);
  });

  test('are brought by two at once, and both hand out the same', async () => {
    const report = await exploreUpdate({ brings, roles: ['update', 'update'], atMost: AT_MOST });
    expect(report.ends).toBeGreaterThan(0);
    expect(report.unanimous).toBe(report.ends);
    expect(report.lostSecrets).toBe(0);
  });
});
