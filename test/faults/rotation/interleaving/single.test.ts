import { describe, expect, it } from 'vitest';
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
