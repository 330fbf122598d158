import { describe, expect, it } from 'vitest';
import { claimingAlways } from '../mutants.ts';
import { Explorer, NOTHING, type Troubles } from './explorer.ts';

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
    const report = await new Explorer({ pendingAfterSuccess, callers: 2 }).explore({ ...NOTHING, ...troubles });
    process.stdout.write(
      `two callers, AWSPENDING ${pendingAfterSuccess} ${JSON.stringify(troubles)}: ${JSON.stringify(report)}\n`,
    );
    expect(report.ends).toBeGreaterThan(0);
  });
});

describe('three rotations at once with one token', () => {
  it('are no worse than two, whichever dies', { timeout: TIMEOUT_MS }, async () => {
    const explorer = new Explorer({ pendingAfterSuccess: 'left', callers: 3 });
    const report = await explorer.explore({ ...NOTHING, crashes: 1 });
    process.stdout.write(`three callers: ${JSON.stringify(report)}\n`);
    expect(report.ends).toBeGreaterThan(0);
  });
});

describe('the exploration finds', () => {
  it('two changes at once where every attempt takes itself for the first', async () => {
    const broken = new Explorer({ pendingAfterSuccess: 'left', callers: 2, distort: claimingAlways });
    await expect(broken.explore(NOTHING)).rejects.toThrow(/being made at once|in force already/);
  });
});
