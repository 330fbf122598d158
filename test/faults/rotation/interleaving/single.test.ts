import { describe, expect, it } from 'vitest';
import type { Troubles } from '../../exploration/state.ts';
import { MUTANTS } from '../mutants.ts';
import { exploreSingle } from './single-subject.ts';

const TIMEOUT_MS = 600_000;

const SITUATIONS: readonly (readonly [sentence: string, Partial<Troubles>])[] = [
  ['however their calls interleave, one sends the password and both find it in force', {}],
  ['one may die at any call', { crashes: 1 }],
  ['any answer may be lost, with its effect or without', { lost: 1 }],
  ['a change may land after its sender gave up', { late: 1 }],
  ['one may die, and an answer may be lost', { crashes: 1, lost: 1 }],
  ['any two answers may be lost', { lost: 2 }],
  ['one may die, and a change may land late', { crashes: 1, late: 1 }],
];

describe.each([
  'left',
  'removed',
] as const)('two rotations at once with one token, AWSPENDING %s', (pendingAfterSuccess) => {
  it.each(SITUATIONS)('%s', { timeout: TIMEOUT_MS }, async (_sentence, troubles) => {
    const { errors } = await exploreSingle({ pendingAfterSuccess, callers: 2 }, troubles);
    if (Object.keys(troubles).length === 0) expect(errors).toEqual([]);
  });
});

describe('three rotations at once with one token', () => {
  it('are no worse than two, whichever dies', { timeout: TIMEOUT_MS }, async () => {
    await exploreSingle({ pendingAfterSuccess: 'left', callers: 3 }, { crashes: 1 });
  });
});

describe('the exploration finds', () => {
  it('two changes at once where every attempt takes itself for the first', async () => {
    const { rotation } = MUTANTS['claims nothing, and knows an earlier attempt only by what Kafka accepts'] ?? {};
    if (!rotation) throw new Error('no such mutant');
    const broken = exploreSingle({ pendingAfterSuccess: 'left', callers: 2, rotation });
    await expect(broken).rejects.toThrow(/being made at once|in force already/);
  });
});
