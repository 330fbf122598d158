import { describe, expect, test } from 'vitest';
import { reported } from '../../exploration/report.ts';
import type { Troubles } from '../../exploration/state.ts';
import type { Change, Role } from './process.ts';
import { exploreUpdate } from './subject.ts';

const TWO: readonly Role[] = ['update', 'update'];
const TIMEOUT_MS = 300_000;

const explore = (brings: Change, roles: readonly Role[], troubles: Partial<Troubles>, atMost?: number) =>
  reported(
    `${brings} ${roles} ${JSON.stringify(troubles)}`,
    exploreUpdate({ brings, roles, ...(atMost ? { atMost } : {}) }, troubles),
  );

describe.each(['kafka', 'api'] as const)('%s access added to a live key, call by call', (adds) => {
  test('two updates at once add it once and hand out the same', { timeout: TIMEOUT_MS }, async () => {
    const report = await explore(adds, TWO, {});
    expect(report.unanimous).toBe(report.ends);
    expect(report.lostSecrets).toBe(0);
  });

  test('one of them may die at any call, and the next run finishes what it began', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const report = await explore(adds, TWO, { crashes: 1 });
    // Only what arrived at a process that died before it could store it is lost, and the next run says so.
    expect(report.lostSecrets > 0).toBe(adds === 'api');
  });

  test.each([{ lost: 1 }, { late: 1 }])('one update may lose an answer: %j', {
    timeout: TIMEOUT_MS,
  }, async (budget) => {
    const report = await explore(adds, ['update'], budget);
    expect(report.lostSecrets > 0).toBe(adds === 'api');
  });
});

describe('ACLs changed of a live key, call by call', () => {
  test.each<[readonly Role[], Partial<Troubles>]>([
    [TWO, {}],
    [['update'], { lost: 1 }],
    [['update'], { late: 1 }],
    [['update', 'rotation'], {}],
  ])(
    '%j with %j: the next run has them, in the file too, and is kept waiting by nobody',
    {
      timeout: TIMEOUT_MS,
    },
    async (roles, budget) => {
      // All that is stored is ten minutes old at once here, so two may take the label from each other for ever: a corner of it.
      const report = await explore('acls', roles, budget, 3_000);
      expect(report.lostSecrets).toBe(0);
    },
  );
});

test('a rotation at the same time neither loses the new access nor the new password', {
  timeout: TIMEOUT_MS,
}, async () => {
  const report = await explore('api', ['update', 'rotation'], {});
  expect(report.lostSecrets).toBe(0);
});
