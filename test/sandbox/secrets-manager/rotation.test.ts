import { expect, test } from 'vitest';
import { FUNCTION_ARN, finishedPendingLeft, id, NAME, onePending, oneVersion, rotating, START_MS } from './fixture.ts';
import type { RotateRequest } from './world.ts';

const first = { RotationLambdaARN: FUNCTION_ARN, RotationRules: { AutomaticallyAfterDays: 30 } };
const ROTATION_KEYS = ['RotationEnabled', 'RotationRules', 'RotationLambdaARN', 'NextRotationDate', 'LastRotatedDate'];

test('row 38: a secret that never had a function cannot be rotated', () => {
  const { refused, on } = oneVersion();
  const error = refused('RotateSecret');
  expect(error.code).toBe('InvalidRequestException');
  expect(error.message).toContain('No Lambda rotation function ARN is associated');
  for (const key of ROTATION_KEYS) expect(on('DescribeSecret')).not.toHaveProperty(key);
});

test('row 39: a function that Secrets Manager may not invoke is refused and nothing is stored', () => {
  const requests: RotateRequest[] = [];
  const { refused, on } = oneVersion({ canInvoke: () => false, onRotate: (request) => requests.push(request) });
  expect(refused('RotateSecret', first).code).toBe('AccessDeniedException');
  for (const key of ROTATION_KEYS) expect(on('DescribeSecret')).not.toHaveProperty(key);
  expect(requests).toEqual([]);
});

test('row 40: a secret that was never rotated has no RotationEnabled key at all', () => {
  expect(oneVersion().on('DescribeSecret')).not.toHaveProperty('RotationEnabled');
});

test('row 41: RotateSecret answers at once with its token, before anything was called', () => {
  const requests: RotateRequest[] = [];
  const { on, labels } = oneVersion({ onRotate: (request) => requests.push(request) });
  const reply = on('RotateSecret', { ...first, ClientRequestToken: id('k') });
  expect(reply).toEqual({ ARN: reply.ARN, Name: NAME, VersionId: id('k') });
  expect(labels()).toEqual({ v0: ['AWSCURRENT'], k: ['AWSPENDING'] });
  expect(requests).toEqual([{ arn: reply.ARN, token: id('k'), testOnly: false, functionArn: FUNCTION_ARN }]);
});

test('row 43: AWSPENDING left on the current version does not block the next rotation', () => {
  const { on, labels } = finishedPendingLeft();
  on('RotateSecret', { ...first, ClientRequestToken: id('k') });
  expect(labels()).toEqual({ v0: ['AWSPREVIOUS'], v1: ['AWSCURRENT'], k: ['AWSPENDING'] });
});

test('row 44: AWSPENDING on a version that is not current blocks a rotation with another token', () => {
  const { refused } = onePending();
  const error = refused('RotateSecret', { ...first, ClientRequestToken: id('k') });
  expect(error.code).toBe('InvalidRequestException');
  expect(error.message).toBe("A previous rotation isn't complete. That rotation will be reattempted.");
});

test('row 44: the same token again is the same rotation', () => {
  const requests: RotateRequest[] = [];
  const { on, labels } = rotating({ onRotate: (request) => requests.push(request) });
  expect(on('RotateSecret', { ClientRequestToken: id('k') }).VersionId).toBe(id('k'));
  expect(labels()).toEqual({ v0: ['AWSCURRENT'], k: ['AWSPENDING'] });
  expect(new Set(requests.map((request) => request.token))).toEqual(new Set([id('k')]));
});

test('a token that is the id of a finished rotation starts nothing, one that names a put version is refused', () => {
  const requests: RotateRequest[] = [];
  const { on, refused } = rotating({ onRotate: (request) => requests.push(request) });
  on('PutSecretValue', { ClientRequestToken: id('v2'), SecretString: 'manual' });
  requests.length = 0;
  expect(on('RotateSecret', { ClientRequestToken: id('k') }).VersionId).toBe(id('k'));
  expect(refused('RotateSecret', { ClientRequestToken: id('v0') }).code).toBe('InvalidRequestException');
  expect(requests).toEqual([]);
});

test('row 45: a later RotateSecret without a function or rules uses the stored ones', () => {
  const requests: RotateRequest[] = [];
  const { on } = rotating({ onRotate: (request) => requests.push(request) });
  on('UpdateSecretVersionStage', { VersionStage: 'AWSPENDING', RemoveFromVersionId: id('k') });
  on('RotateSecret', { ClientRequestToken: id('k2') });
  expect(requests.at(-1)).toMatchObject({ token: id('k2'), functionArn: FUNCTION_ARN });
  expect(on('DescribeSecret')).toMatchObject({
    RotationEnabled: true,
    RotationLambdaARN: FUNCTION_ARN,
    RotationRules: { AutomaticallyAfterDays: 30 },
  });
});

test('row 46: without immediate rotation a pending copy of the current value is made for the test alone', () => {
  const requests: RotateRequest[] = [];
  const { on, labels, state } = oneVersion({ onRotate: (request) => requests.push(request) });
  on('RotateSecret', { ...first, ClientRequestToken: id('t'), RotateImmediately: false });
  expect(labels()).toEqual({ v0: ['AWSCURRENT'], t: ['AWSPENDING'] });
  expect(state.valueOf(NAME, { stage: 'AWSPENDING' })).toBe('zero');
  expect(requests).toMatchObject([{ token: id('t'), testOnly: true }]);
});

test('row 46: on some days that version has no value', () => {
  const { on, refused } = oneVersion({ testVersion: 'empty' });
  on('RotateSecret', { ...first, ClientRequestToken: id('t'), RotateImmediately: false });
  expect(refused('GetSecretValue', { VersionId: id('t') }).code).toBe('ResourceNotFoundException');
});

test('row 47: cancelling turns the schedule off and keeps the function and the labels', () => {
  const { on, labels } = rotating();
  const before = labels();
  expect(on('CancelRotateSecret')).toMatchObject({ Name: NAME, VersionId: id('k') });
  expect(on('DescribeSecret')).toMatchObject({ RotationEnabled: false, RotationLambdaARN: FUNCTION_ARN });
  expect(on('DescribeSecret')).not.toHaveProperty('NextRotationDate');
  expect(labels()).toEqual(before);
});

test('row 48: rotation that was never on, or of a deleted secret, cannot be cancelled', () => {
  expect(oneVersion().refused('CancelRotateSecret').code).toBe('InvalidRequestException');
  const deleted = rotating();
  deleted.on('DeleteSecret');
  expect(deleted.refused('CancelRotateSecret').code).toBe('InvalidRequestException');
});

test.each([0, -1, 1001])('row 49: a schedule of %i days is refused', (AutomaticallyAfterDays) => {
  const error = oneVersion().refused('RotateSecret', { ...first, RotationRules: { AutomaticallyAfterDays } });
  expect(error.code).toBe('InvalidParameterException');
});

test.each([
  'rate(3 hours)',
  'rate(30 minutes)',
  'cron(30 2 * * ? *)',
  'cron(0 2 * * ? 2027)',
  'cron(0 2 * * * *)',
  'cron(0 * * * ? *)',
  'cron(0 0,2 * * ? *)',
  'cron(0 /3 * * ? *)',
  '0 2 * * ? *',
])('a schedule expression that AWS refuses is refused: %s', (ScheduleExpression) => {
  const error = oneVersion().refused('RotateSecret', { ...first, RotationRules: { ScheduleExpression } });
  expect(error.code).toBe('InvalidParameterException');
});

test.each([
  'rate(4 hours)',
  'rate(30 days)',
  'cron(0 2 * * ? *)',
  'cron(0 2,14 ? * MON *)',
  'cron(0 */4 1 * ? *)',
])('a schedule expression that AWS takes is stored: %s', (ScheduleExpression) => {
  const { on } = oneVersion();
  on('RotateSecret', { ...first, RotationRules: { ScheduleExpression, Duration: '3h' } });
  expect(on('DescribeSecret').RotationRules).toEqual({ ScheduleExpression, Duration: '3h' });
});

test('days and an expression exclude each other, and a window is one to twenty-four whole hours', () => {
  const { refused } = oneVersion();
  const both = { AutomaticallyAfterDays: 3, ScheduleExpression: 'rate(4 hours)' };
  expect(refused('RotateSecret', { ...first, RotationRules: both }).code).toBe('InvalidParameterException');
  for (const Duration of ['0h', '25h', '3', '90m'])
    refused('RotateSecret', { ...first, RotationRules: { AutomaticallyAfterDays: 3, Duration } });
});

test('the next date follows the schedule, and a manual put counts as a rotation for it', () => {
  const { on, pass } = rotating();
  const next = (): number => Number(on('DescribeSecret').NextRotationDate);
  const month = 30 * 86_400;
  expect(Math.floor(next())).toBe(START_MS / 1000 + month);
  pass(86_400_000);
  on('PutSecretValue', { SecretString: 'manual' });
  expect(Math.floor(next())).toBe(START_MS / 1000 + month + 86_400);
  expect(on('DescribeSecret')).not.toHaveProperty('LastRotatedDate');
});
