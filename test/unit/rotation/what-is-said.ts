import { expect } from 'vitest';
import type { StepReport } from '../../../core/rotation/protocol.ts';
import type { LogFields } from '../../../functions/rotation/step-log.ts';

const OUTCOMES: readonly StepReport['outcome'][] = [
  ...(['made', 'found', 'applied', 'in-force', 'proven', 'unproven', 'moved', 'already-current'] as const),
];
const PROOFS = ['accepted', 'rejected', 'unknown'];
/** What is left where a value was missing from a sentence. */
const GAPS = /undefined|\[object|NaN|: \./;

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
    if (fields.signal !== undefined) expect(message).toMatch(/\S+ \S+/);
  }
}
