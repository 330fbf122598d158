import { describe, expect, it } from 'vitest';
import { PAIR_MUTANTS } from '../pair-mutants.ts';
import { explorePair, SITUATIONS } from './pair-subject.ts';

const TIMEOUT_MS = 600_000;

describe.each(['left', 'removed'] as const)('two rotations at once with one token, AWSPENDING %s', (pending) => {
  const scene = { chapter: 'turn', callers: ['steps', 'steps'], pendingAfterSuccess: pending } as const;

  it.each(SITUATIONS)('%s', { timeout: TIMEOUT_MS }, async (_sentence, troubles) => {
    const { errors } = await explorePair(scene, troubles);
    if (Object.keys(troubles).length === 0) expect(errors).toEqual([]);
  });
});

describe('a rotation, and a retirement of the password before', () => {
  const NO_MORE_THAN_TWO = [
    ...SITUATIONS,
    ['any two answers may be lost', { lost: 2 }],
    ['one may die, and an answer may be lost', { crashes: 1, lost: 1 }],
    ['one may die, and a change may land late', { crashes: 1, late: 1 }],
  ] as const;

  it.each(NO_MORE_THAN_TWO)('%s', { timeout: TIMEOUT_MS }, async (_sentence, troubles) => {
    await explorePair({ chapter: 'turn', callers: ['rotation', 'retire'] }, troubles);
    await explorePair({ chapter: 'turn', callers: ['steps', 'retire'] }, troubles);
  });

  it('two retirements at once end like one', { timeout: TIMEOUT_MS }, async () => {
    await explorePair({ chapter: 'turn', callers: ['rotation', 'retire', 'retire'] });
  });
});

describe('the exploration finds', () => {
  it('two changes at once where every attempt takes itself for the first', async () => {
    const { rotation } = PAIR_MUTANTS['claims nothing, and knows an earlier attempt only by what Kafka accepts'] ?? {};
    if (!rotation) throw new Error('no such mutant');
    const broken = explorePair({ chapter: 'turn', callers: ['steps', 'steps'], rotation });
    await expect(broken).rejects.toThrow(/being made at once|in force already/);
  });
});
