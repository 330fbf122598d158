import { expect, test } from 'vitest';
import { historyOf } from '../../../core/audit/history.ts';
import type { StepEvidence } from '../../../core/evidence/step-evidence.ts';

const accepted = { outcome: 'accepted', milliseconds: 9 } as const;

function fragment(step: StepEvidence['step'], minute: number, changes: Partial<StepEvidence> = {}): StepEvidence {
  const at = new Date(Date.UTC(2026, 10, 21, 12, minute)).toISOString();
  return {
    schema: 'streamkap-keyring/rotation-step/1',
    ...{
      secretArn: 'arn',
      token: 'token-1',
      step,
      strategy: 'single',
      mode: 'rotation',
      functionRequestId: `r-${minute}`,
    },
    ...{ startedAt: at, finishedAt: at, outcome: 'found' },
    ...changes,
  };
}

const at = (minute: number): number => Date.UTC(2026, 10, 21, 12, minute);
const moved = (minute: number, changes: Partial<StepEvidence> = {}) =>
  fragment('finishSecret', minute, { outcome: 'moved', movedAt: new Date(at(minute)).toISOString(), ...changes });
const error = { code: 'LOGIN_UNKNOWN', changed: 'no', retryable: true } as const;

const CLEAN = [
  fragment('createSecret', 0, { outcome: 'made' }),
  fragment('setSecret', 1, { outcome: 'applied', login: accepted }),
  fragment('testSecret', 2, { outcome: 'proven', login: accepted }),
  moved(3),
];
const COMPLETED = { completed: { token: 'token-1', movedAt: at(3), provenAt: at(2) }, stored: { 'token-1': at(0) } };

test('a clean rotation was completed when its label moved, and proven when Kafka last accepted it', () => {
  expect(historyOf(CLEAN)).toEqual(COMPLETED);
  expect(historyOf([...CLEAN].reverse())).toEqual(COMPLETED);
});

test('a retry that stored nothing anew leaves the time at which the value was stored', () => {
  expect(historyOf([...CLEAN, fragment('createSecret', 9, { outcome: 'found' })]).stored).toEqual({ 'token-1': at(0) });
  expect(historyOf([...CLEAN, fragment('createSecret', 9, { outcome: 'made' })]).stored).toEqual({ 'token-1': at(0) });
});

test('the newest failure and the newest completed rotation are told apart', () => {
  const failed = (minute: number) => fragment('setSecret', minute, { token: 'token-2', outcome: 'failed', error });
  const { failed: last, completed } = historyOf([failed(8), ...CLEAN, failed(7)]);
  expect(last).toEqual({ token: 'token-2', step: 'setSecret', code: 'LOGIN_UNKNOWN', at: at(8) });
  expect(completed?.token).toBe('token-1');
  expect(historyOf([moved(20, { token: 'token-2' }), ...CLEAN]).completed).toMatchObject({ token: 'token-2' });
});

test('a login that was not accepted proves nothing', () => {
  const tried = fragment('testSecret', 2, { outcome: 'unproven', login: { outcome: 'unknown', milliseconds: 1 } });
  expect(historyOf([tried, moved(3)]).completed).toEqual({ token: 'token-1', movedAt: at(3), provenAt: undefined });
});

test('nothing is said of a secret without evidence', () => {
  expect(historyOf([])).toEqual({ stored: {} });
});
