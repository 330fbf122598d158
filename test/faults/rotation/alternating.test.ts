import { afterAll, describe, expect, it } from 'vitest';
import { ROLES } from '../../unit/rotation/alternating/pair-world.ts';
import { troublesAt } from './enumeration.ts';
import { type Chapter, goOnAfter, retireThenTurn, takeTurns, visited } from './pair-enumeration.ts';
import { PAIR_MUTANTS } from './pair-mutants.ts';

afterAll(() => {
  process.stdout.write(`rotation by alternating: ${visited.states} states before and after calls checked\n`);
});

const clean = {
  birth: (await takeTurns({ chapter: 'birth' })).calls,
  turn: (await takeTurns({ chapter: 'turn' })).calls,
};
const cases = (['birth', 'turn'] as const).flatMap((chapter: Chapter) =>
  clean[chapter].flatMap(troublesAt).map((trouble) => ({ chapter, ...trouble })),
);
const turns = clean.turn.flatMap(troublesAt);
const withApi = { roleIds: [ROLES.dataAdmin] };
const births = (await takeTurns({ chapter: 'birth', first: withApi })).calls.flatMap(troublesAt);

describe('rotation by alternating ends well, and the current credential works before and after every call', () => {
  it.each(cases)('$chapter: $mishap $moment call $at', async ({ chapter, ...trouble }) => {
    for (const pendingAfterSuccess of ['left', 'removed'] as const) {
      const world = await takeTurns({ chapter, troubles: [trouble], pendingAfterSuccess });
      const sent = new Set(world.patches);
      expect([...sent]).toEqual(chapter === 'birth' ? [] : ['third']);
      // One change; a second time only when nobody could know that the first had not arrived.
      if (world.patches.length > 1) expect(trouble.moment).toBe('before');
    }
  });

  it.each(
    turns,
  )('$mishap $moment call $at, with a change that takes 20 seconds to reach the brokers', async (trouble) => {
    await takeTurns({ chapter: 'turn', troubles: [trouble], propagationMs: 20_000 });
  });

  it.each(births)('birth of a key with API access: $mishap $moment call $at', async (trouble) => {
    await takeTurns({ chapter: 'birth', first: withApi, troubles: [trouble] });
  });

  it.each(clean.turn.map(({ seq }) => seq))('Kafka out of reach from call %i to the end of that step', async (at) => {
    await takeTurns({ chapter: 'turn', unreachableFrom: at });
  });
});

const finish = clean.turn.filter(({ step }) => step === 'finishSecret');
const afterMove = finish.slice(finish.findIndex(({ what }) => what === 'AWSCURRENT') + 1).flatMap(troublesAt);

describe('a rotation that was broken off and is not retried, then one with another token', () => {
  it.each(afterMove)('$mishap $moment call $at of finishSecret', async (trouble) => {
    await goOnAfter(trouble);
  });
});

describe('retiring the previous password, broken off, then again, then a rotation', () => {
  const calls = Array.from({ length: 12 }, (_, index) => index + 1);
  it.each(calls.flatMap((seq) => troublesAt({ seq, to: 'streamkap' })))('$mishap $moment call $at', async (trouble) => {
    await retireThenTurn([trouble]);
  });
});

/** The enumeration's silence would mean nothing if it did not fail on functions that are known to be wrong. */
describe('the enumeration catches a function that', () => {
  it.each(Object.entries(PAIR_MUTANTS))('%s', async (_sentence, rotation) => {
    const troubles = [[], ...turns.map((trouble) => [trouble])];
    const caught: unknown[] = [];
    for (const trouble of troubles)
      await takeTurns({ chapter: 'turn', troubles: trouble, rotation }).catch((error: unknown) => caught.push(error));
    for (const trouble of afterMove) await goOnAfter(trouble, rotation).catch((error: unknown) => caught.push(error));
    expect(caught.length).toBeGreaterThan(0);
  });
});

/** Each pair of troubles of a first and a later call; too many to try all in every run. */
describe('two troubles in one rotation, a sample', () => {
  const seed = Number(process.env.KEYRING_FAULT_SEED ?? Math.floor(Math.random() * 2 ** 31));
  const pick = randomOf(seed);
  const samples = Array.from({ length: 600 }, () => {
    const chapter: Chapter = pick(2) === 0 ? 'birth' : 'turn';
    const length = clean[chapter].length;
    const at = 1 + pick(length);
    const kinds = (seq: number) => troublesAt({ seq, to: clean[chapter][seq - 1]?.to ?? 'streamkap' });
    const one = (seq: number) => kinds(seq).at(pick(kinds(seq).length));
    const troubles = [one(at), one(at + 1 + pick(length))].filter((trouble) => trouble !== undefined);
    return { chapter, troubles, propagationMs: pick(3) === 0 ? 20_000 : 0 };
  });

  it(`ends well (KEYRING_FAULT_SEED=${seed})`, async () => {
    for (const sample of samples) await takeTurns(sample);
  });
});

/** A linear congruential generator: the same numbers for the same seed. @returns a whole number from 0 to `below - 1` */
function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
