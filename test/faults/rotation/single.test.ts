import { afterAll, describe, expect, it } from 'vitest';
import { rotate } from './enumeration.ts';
import { distinctTroublesAt, troublesAt } from './troubles.ts';
import { visited } from './watch.ts';

afterAll(() => {
  process.stdout.write(`rotation by single, one trouble: ${visited.states} states before and after calls checked\n`);
});

const clean = (await rotate()).calls;
const all = clean.flatMap(troublesAt);
const slow = { propagationMs: 20_000 };
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
  )('$mishap $moment call $at, with a change that takes 20 seconds to reach the brokers', async (trouble) => {
    await rotate({ troubles: [trouble], ...slow });
  });

  it.each(clean.map(({ seq }) => seq))('Kafka out of reach from call %i to the end of that step', async (at) => {
    await rotate({ unreachableFrom: at });
  });

  it.each(clean.flatMap(distinctTroublesAt))('$mishap $moment call $at, in one process', async (trouble) => {
    await rotate({ troubles: [trouble], warm: true });
  });
});
