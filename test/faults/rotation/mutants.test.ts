import { describe, expect, it } from 'vitest';
import { rotating } from '../../unit/rotation/world.ts';
import { type Circumstances, rotate, troublesAt } from './enumeration.ts';
import { MUTANTS } from './mutants.ts';

/** The enumeration's silence would mean nothing if it did not fail on functions that are known to be wrong. */
describe('the enumeration catches a function that', () => {
  it.each(Object.entries(MUTANTS))('%s', async (_sentence, rotation) => {
    const clean = rotating({ rotation });
    expect(await clean.driver.runToEnd()).toMatchObject([{ outcome: 'succeeded' }]);
    const single = clean.calls.flatMap(troublesAt).map((trouble): Circumstances => ({ troubles: [trouble] }));
    const slow = single.map((circumstances) => ({ ...circumstances, propagationMs: 20_000 }));
    const outages = clean.calls.map(({ seq }) => ({ unreachableFrom: seq }));
    const caught: unknown[] = [];
    for (const circumstances of [...single, ...slow, ...outages])
      await rotate({ ...circumstances, rotation }).catch((error: unknown) => caught.push(error));
    expect(caught.length).toBeGreaterThan(0);
  });
});
