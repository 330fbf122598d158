import { expect } from 'vitest';
import type { StepReport } from '../../../core/rotation/protocol.ts';
import type { LogFields } from '../../../functions/rotation/step-log.ts';

const OUTCOMES: readonly StepReport['outcome'][] = [
  ...(['made', 'found', 'applied', 'in-force', 'proven', 'unproven', 'moved', 'already-current'] as const),
];
const PROOFS = ['accepted', 'rejected', 'unknown'];
/** What is left where a value, or a reason, was missing from a sentence. */
const GAPS = /undefined|\[object|NaN|[:,] \.|\S {2}\S|\( ?\)|\(, |, \)| ,|[:,]$/;

/** Holds for every error that a function ends with: callers, alarms and people have nothing else to go by. */
export function expectSoundError(error: unknown): void {
  expect(error).toMatchObject({
    name: 'RotationError',
    code: expect.stringMatching(/^[A-Z][A-Z_]{3,}$/),
    changed: expect.stringMatching(/^(no|yes|unknown)$/),
    retryable: expect.any(Boolean),
    remedy: expect.stringMatching(/\S{3,}/),
  });
  const { message, remedy, code } = error as { message: string; remedy: string; code: string };
  expect(message).toMatch(/^[A-Z_]+: \S/);
  // That one names the types of what it was sent.
  if (code !== 'BAD_EVENT') expect(`${message} ${remedy}`).not.toMatch(GAPS);
}

/** Holds for every line: a step that is done says how, and each login it made, with what came of it. */
export function expectSoundLines(lines: readonly { readonly message: string; readonly fields: LogFields }[]): void {
  for (const { message, fields } of lines) {
    if (message === 'rotation step done') expect(OUTCOMES).toContain(fields.outcome);
    for (const login of [fields.login, fields.outgoing_login]) {
      if (login === undefined) continue;
      const { outcome, milliseconds, code } = login as LogFields;
      expect(PROOFS).toContain(outcome);
      expect(milliseconds).toBeGreaterThanOrEqual(0);
      if (outcome !== 'accepted') expect(code).toMatch(/^[A-Z][A-Z_0-9]+$/);
    }
    expect(message).toMatch(/\S+ \S+/);
    if (fields.mode === 'dry-run' && fields.problems) expectSoundPlan(fields);
  }
}

/** Holds for every dry run that was answered: what it lists are sentences, and every problem has a code and a remedy. */
function expectSoundPlan({ problems, wouldWrite, wouldChange, wouldDelete, labels, secretArn }: LogFields): void {
  for (const plan of [wouldWrite, wouldChange, wouldDelete] as (readonly unknown[])[])
    for (const line of plan) expect(line).toMatch(/^(Put|Update|POST|PATCH|DELETE)\S* \S+: \S/);
  for (const problem of problems as readonly LogFields[]) {
    expect(problem).toMatchObject({ code: expect.stringMatching(/^[A-Z_]{4,}$/), remedy: expect.stringMatching(/\S/) });
    expect(problem.message).toMatch(/\S+ \S+/);
    expect(`${problem.message}. ${problem.remedy}`).not.toMatch(GAPS);
  }
  expect(labels).toBeTypeOf('object');
  expect(secretArn).toMatch(/^arn:/);
}
