import { afterAll, describe, expect, it } from 'vitest';
import { randomOf, SEED } from '../exploration/sample.ts';
import { rotateAdmin } from './admin-enumeration.ts';
import { inWords, isWork } from './story.ts';
import { distinctTroublesAt, secondTroubles, troublesAt } from './troubles.ts';
import { visited } from './watch.ts';

/** Pairs of troubles that are tried; all of them would be about 60,000. */
const PAIRS = 600;

afterAll(() => {
  const pairs = `${PAIRS} pairs by KEYRING_FAULT_SEED=${SEED}`;
  process.stdout.write(
    `rotation of the admin credential: ${calls.flatMap(troublesAt).length} troubles, ${visited.states} states checked, ${pairs}\n`,
  );
});

const { calls } = await rotateAdmin();

describe('rotation of the admin credential ends well, and every stored credential works after every call', () => {
  it.each(calls.flatMap(troublesAt))('$mishap $moment call $at', async (trouble) => {
    for (const pendingAfterSuccess of ['left', 'removed'] as const)
      await rotateAdmin({ troubles: [trouble], pendingAfterSuccess });
  });

  it(`two troubles, a sample (KEYRING_FAULT_SEED=${SEED})`, { timeout: 300_000 }, async () => {
    const pick = randomOf(SEED);
    const one = <T>(of: readonly T[]): T | undefined => of[pick(of.length)];
    for (let pair = 0; pair < PAIRS; pair++) {
      const first = one(calls.flatMap(distinctTroublesAt));
      if (!first) throw new Error('a rotation without calls');
      const pendingAfterSuccess = pick(2) === 0 ? 'left' : 'removed';
      const second = one(secondTroubles(first, (await rotateAdmin({ troubles: [first], pendingAfterSuccess })).calls));
      if (second) await rotateAdmin({ troubles: [first, second], pendingAfterSuccess });
    }
  });
});

describe.each(['fails', 'stalls'] as const)('where evidence and events always %s', (evidence) => {
  it('no rotation fails, and what the function does is the same, call by call', async () => {
    expect(inWords((await rotateAdmin({ evidence })).calls)).toEqual(inWords(calls));
  });

  it('neither does one that goes wrong otherwise', { timeout: 300_000 }, async () => {
    for (const trouble of calls.filter(isWork).flatMap(distinctTroublesAt))
      await rotateAdmin({ troubles: [trouble], evidence });
  });
});
