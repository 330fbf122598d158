import { describe, expect, it } from 'vitest';
import { reported } from '../exploration/report.ts';
import type { Troubles } from '../exploration/state.ts';
import type { Kind } from './process.ts';
import { exploreProvisioning, type Scene } from './subject.ts';

/** Explorations take seconds to a minute each; a machine that is busy with other tests gets its time. */
const TIMEOUT_MS = 600_000;

type Situation = readonly [sentence: string, Omit<Scene, 'kind'>, Partial<Troubles>];

const SITUATIONS: readonly Situation[] = [
  ['two runs, however their calls interleave, make one key and hand out the same credential', { maxAttempts: 3 }, {}],
  ['one of two runs may die at any call, and the next run is left with one key', { maxAttempts: 2 }, { crashes: 1 }],
  [
    'a create may land after its sender gave up, and no later run is left with two keys',
    { maxAttempts: 2 },
    { late: 1 },
  ],
  ['any call that takes effect may lose its answer, and no key is orphaned', { maxAttempts: 2 }, { lost: 1 }],
  ["a request that Streamkap refuses stands in no other run's way", { maxAttempts: 3, badRequestBy: 0 }, {}],
];

/**
 * The same with fewer take-overs, for a kind whose protocol is that of another one: seconds in place of minutes.
 * KEYRING_EXPLORE=all explores it as the others are; do so when what is particular to the kind was changed.
 */
export const FEWER_SITUATIONS: readonly Situation[] =
  process.env.KEYRING_EXPLORE === 'all'
    ? SITUATIONS
    : SITUATIONS.map(([sentence, subject, budget]) => {
        const waits = (budget.late ?? 0) + (budget.lost ?? 0) > 0;
        return [sentence, { ...subject, maxAttempts: waits ? 1 : 2 }, budget];
      });

/**
 * The whole enumeration for one kind of key; one file a kind, so that they run side by side.
 * @param situations which of them, where that is bounded
 */
export function exploreKind(kind: Kind, situations: readonly Situation[] = SITUATIONS): void {
  describe(`${kind} keys: every interleaving of two runs`, () => {
    it.each(situations)('%s', { timeout: TIMEOUT_MS }, async (_sentence, subject, budget) => {
      const exploring = exploreProvisioning({ kind, ...subject }, budget);
      const report = await reported(`${kind} ${JSON.stringify(budget)}`, exploring);
      expect(report.states).toBeGreaterThan(1_000);
      // Where nothing goes wrong, nobody may end in an error or wait for ever.
      if (Object.keys(budget).length === 0 && subject.badRequestBy === undefined)
        expect(report.unanimous).toBe(report.ends);
    });

    it('a secret that a stack made without a value is filled by the same rules', { timeout: TIMEOUT_MS }, async () => {
      const exploring = exploreProvisioning({ kind, maxAttempts: 2, emptySecret: true }, { crashes: 1 });
      const report = await reported(`${kind}, a secret without a value`, exploring);
      expect(report.unanimous).toBeGreaterThan(0);
    });
  });
}
