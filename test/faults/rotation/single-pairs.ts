import { afterAll, describe, it } from 'vitest';
import { rotate } from './enumeration.ts';
import { distinctTroublesAt, secondTroubles } from './troubles.ts';
import { visited } from './watch.ts';

/**
 * Every pair of troubles whose first one is in this half. A run with two troubles is, up to the second, the run with the first
 * alone: its calls are all that the second can strike.
 */
export async function everyPair(half: 0 | 1): Promise<void> {
  const firsts = (await rotate()).calls.flatMap(distinctTroublesAt).filter((_, index) => index % 2 === half);
  let pairs = 0;
  afterAll(() => {
    process.stdout.write(`rotation by single: ${pairs} pairs of troubles, ${visited.states} states checked\n`);
  });

  describe('rotation by single ends well after every pair of troubles', () => {
    it.each(firsts)('$mishap $moment call $at, and any second one after it', async (first) => {
      const { calls } = await rotate({ troubles: [first] });
      for (const second of secondTroubles(first, calls)) {
        pairs++;
        await rotate({ troubles: [first, second] });
      }
    });
  });
}
