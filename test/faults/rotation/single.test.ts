import { afterAll, describe, expect, it } from 'vitest';
import { rotate, troublesAt, visited } from './enumeration.ts';

afterAll(() => {
  process.stdout.write(`rotation by single: ${visited.states} states before and after calls checked\n`);
});

const clean = (await rotate()).calls;
const points = clean.map(({ seq }) => seq);
const all = clean.flatMap(troublesAt);
/** After a first trouble the calls are others than in a clean rotation, and more: every kind at every place. */
const RETRY_CALLS = 8;
const later = Array.from({ length: clean.length + RETRY_CALLS }, (_, index) => index + 1).flatMap((seq) =>
  troublesAt({ seq, to: 'streamkap' }),
);

describe('rotation by single ends well, and the password that works is stored after every call', () => {
  it.each(all)('$mishap $moment call $at', async (trouble) => {
    for (const pendingAfterSuccess of ['left', 'removed'] as const) {
      const world = await rotate({ troubles: [trouble], pendingAfterSuccess });
      // One change; a second time only when nobody could know that the first had not arrived.
      if (world.patches.length > 1) expect(trouble.moment).toBe('before');
    }
  });

  it.each(
    all,
  )('$mishap $moment call $at, with a change that takes 20 seconds to reach the brokers', async (trouble) => {
    await rotate({ troubles: [trouble], propagationMs: 20_000 });
  });

  it.each(points)('Kafka out of reach from call %i to the end of that step', async (unreachableFrom) => {
    await rotate({ unreachableFrom });
  });

  it.each(all)('$mishap $moment call $at, and any second one after it', async (trouble) => {
    for (const second of later) {
      if (second.at > trouble.at) await rotate({ troubles: [trouble, second] });
    }
  });
});
