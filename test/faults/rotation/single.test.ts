import { afterAll, describe, expect, it } from 'vitest';
import { rotate } from './enumeration.ts';
import { inWords, isWork, MOVE, untilMoved } from './story.ts';
import { distinctTroublesAt, troublesAt } from './troubles.ts';
import { visited } from './watch.ts';

afterAll(() => {
  const troubles = `${all.length} troubles, ${slowly.length} with slow brokers`;
  process.stdout.write(`rotation by single: ${troubles}, ${visited.states} states before and after calls checked\n`);
});

/** A machine that is busy with other tests gets its time. */
const TIMEOUT_MS = 300_000;

const clean = (await rotate()).calls;
const all = clean.flatMap(troublesAt);
const slow = { propagationMs: 20_000, loginMs: 700 };
const slowly = (await rotate(slow)).calls.flatMap(troublesAt);

describe('rotation by single ends well, and the password that works is stored after every call', () => {
  it.each(all)('$mishap $moment call $at', async (trouble) => {
    for (const pendingAfterSuccess of ['left', 'removed'] as const) {
      const world = await rotate({ troubles: [trouble], pendingAfterSuccess });
      // One change; a second time only when nobody could know that the first had not arrived.
      if (world.patches.length > 1) expect(trouble.moment).toBe('before');
    }
  });

  it.each(
    slowly,
  )('$mishap $moment call $at, with a change that takes 20 seconds to reach the brokers, and logins of 700 ms', async (trouble) => {
    await rotate({ troubles: [trouble], ...slow });
  });

  it.each(clean.map(({ seq }) => seq))('Kafka out of reach from call %i to the end of that step', async (at) => {
    await rotate({ unreachableFrom: at });
  });

  it.each(clean.flatMap(distinctTroublesAt))('$mishap $moment call $at, in one process', async (trouble) => {
    await rotate({ troubles: [trouble], warm: true });
  });
});

describe.each(['fails', 'stalls'] as const)('where evidence and events always %s', (evidence) => {
  it('no rotation fails, and what the function does is the same, call by call', async () => {
    const { calls } = await rotate({ evidence });
    expect(inWords(calls)).toEqual(inWords(clean));
    expect(untilMoved(calls)).toEqual(['login', 'GetSecretValue', 'login', 'DescribeSecret', MOVE]);
  });

  it('neither does one that goes wrong otherwise', { timeout: TIMEOUT_MS }, async () => {
    for (const trouble of clean.filter(isWork).flatMap(distinctTroublesAt)) {
      const { calls } = await rotate({ troubles: [trouble], evidence });
      // Waiting for an answer that does not come takes time from a step that fails, not from one that consumers wait for.
      if (evidence === 'fails')
        expect(inWords(calls), JSON.stringify(trouble)).toEqual(inWords((await rotate({ troubles: [trouble] })).calls));
    }
  });
});
