import { describe, expect, it } from 'vitest';
import { rotateAdmin } from './admin-enumeration.ts';
import { ADMIN_MUTANTS } from './admin-mutants.ts';
import { rotate } from './enumeration.ts';
import { MUTANTS } from './mutants.ts';
import { takeTurns } from './pair-enumeration.ts';
import { PAIR_MUTANTS } from './pair-mutants.ts';
import { type Trouble, troublesAt } from './troubles.ts';
import type { Circumstances } from './watch.ts';

/** @returns what a run under any of these circumstances was found guilty of, first come first served */
async function caught(
  run: (circumstances: Circumstances & { propagationMs?: number }) => Promise<unknown>,
  calls: readonly Parameters<typeof troublesAt>[0][],
): Promise<string | undefined> {
  const single = calls.flatMap(troublesAt).map((trouble: Trouble) => ({ troubles: [trouble] }));
  const slow = single.map((circumstances) => ({ ...circumstances, propagationMs: 20_000 }));
  const outages = calls.map(({ seq }) => ({ unreachableFrom: seq }));
  for (const circumstances of [{}, ...single, ...slow, ...outages]) {
    const found = await run(circumstances).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The enumeration's silence would mean nothing if it did not fail on functions that are known to be wrong. */
describe('the enumeration of rotations by single catches a function that', async () => {
  const { calls } = await rotate();

  it.each(Object.entries(MUTANTS))('%s', async (_sentence, { rotation, finds }) => {
    expect(await caught((circumstances) => rotate({ ...circumstances, rotation }), calls)).toMatch(finds);
  });
});

describe('the enumeration of rotations by alternating catches a function that', async () => {
  const { calls } = await takeTurns({ chapter: 'turn' });

  it.each(Object.entries(PAIR_MUTANTS))('%s', async (_sentence, { rotation, finds }) => {
    const run = (circumstances: Circumstances) => takeTurns({ ...circumstances, chapter: 'turn', rotation });
    expect(await caught(run, calls)).toMatch(finds);
  });
});

describe('the enumeration of rotations of the admin credential catches a function that', async () => {
  const { calls } = await rotateAdmin();

  it.each(Object.entries(ADMIN_MUTANTS))('%s', async (_sentence, { rotation, finds }) => {
    expect(await caught((circumstances) => rotateAdmin({ ...circumstances, rotation }), calls)).toMatch(finds);
  });
});
