import { describe, expect, it } from 'vitest';
import { type Budget, Explorer, type Subject } from './explorer.ts';
import type { Kind } from './process.ts';

const NOTHING: Budget = { crashes: 0, late: 0, lost: 0 };

/** Explorations take seconds to a minute each; a machine that is busy with other tests gets its time. */
const TIMEOUT_MS = 600_000;

type Situation = readonly [sentence: string, Omit<Subject, 'kind'>, Partial<Budget>];

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
      const explorer = new Explorer({ kind, ...subject });
      const report = await explorer.explore({ processes: 2, budget: { ...NOTHING, ...budget } });
      process.stdout.write(`${kind} ${JSON.stringify(budget)}: ${JSON.stringify(report)}\n`);
      expect(report.ends).toBeGreaterThan(0);
      expect(report.states).toBeGreaterThan(1_000);
      // Where nothing goes wrong, nobody may end in an error or wait for ever.
      if (Object.keys(budget).length === 0 && subject.badRequestBy === undefined)
        expect(report.unanimous).toBe(report.ends);
    });

    it('a secret that a stack made without a value is filled by the same rules', { timeout: TIMEOUT_MS }, async () => {
      const explorer = new Explorer({ kind, maxAttempts: 2 });
      const report = await explorer.explore({ processes: 2, budget: { ...NOTHING, crashes: 1 }, emptySecret: true });
      expect(report.unanimous).toBeGreaterThan(0);
    });
  });
}
