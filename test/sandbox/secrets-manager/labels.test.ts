import { expect, test } from 'vitest';
import { finishedPendingLeft, id, onePending, oneVersion } from './fixture.ts';

const move = (label: string, from: string | undefined, to: string | undefined): Record<string, unknown> => ({
  VersionStage: label,
  ...(from === undefined ? {} : { RemoveFromVersionId: id(from) }),
  ...(to === undefined ? {} : { MoveToVersionId: id(to) }),
});
const put = (version: string, ...stages: string[]): Record<string, unknown> => ({
  ClientRequestToken: id(version),
  SecretString: `value of ${version}`,
  ...(stages.length === 0 ? {} : { VersionStages: stages }),
});

test('row 1: a put without stages becomes current and the old value previous', () => {
  const { on, labels } = oneVersion();
  expect(on('PutSecretValue', put('v1'))).toMatchObject({ VersionId: id('v1'), VersionStages: ['AWSCURRENT'] });
  expect(labels()).toEqual({ v0: ['AWSPREVIOUS'], v1: ['AWSCURRENT'] });
});

test('row 2: an update of the value rolls the labels as a put does', () => {
  const { on, labels } = oneVersion();
  const reply = on('UpdateSecret', { ClientRequestToken: id('v1'), SecretString: 'one' });
  expect(reply).toMatchObject({ VersionId: id('v1') });
  expect(labels()).toEqual({ v0: ['AWSPREVIOUS'], v1: ['AWSCURRENT'] });
});

test('row 3: a put under AWSPENDING leaves readers on the current value', () => {
  const { on, labels } = oneVersion();
  expect(on('PutSecretValue', put('v1', 'AWSPENDING')).VersionStages).toEqual(['AWSPENDING']);
  expect(labels()).toEqual({ v0: ['AWSCURRENT'], v1: ['AWSPENDING'] });
  expect(on('GetSecretValue')).toMatchObject({ VersionId: id('v0'), SecretString: 'zero' });
});

test('row 4: moving AWSCURRENT onto the pending version leaves AWSPENDING on it, and the reply says only which secret', () => {
  const { on, labels } = onePending();
  expect(Object.keys(on('UpdateSecretVersionStage', move('AWSCURRENT', 'v0', 'v1')))).toEqual(['ARN', 'Name']);
  expect(labels()).toEqual({ v0: ['AWSPREVIOUS'], v1: ['AWSCURRENT', 'AWSPENDING'] });
});

test('row 5: the next pending value takes AWSPENDING off the current version', () => {
  const { on, labels } = finishedPendingLeft();
  on('PutSecretValue', put('v2', 'AWSPENDING'));
  expect(labels()).toEqual({ v0: ['AWSPREVIOUS'], v1: ['AWSCURRENT'], v2: ['AWSPENDING'] });
});

test('row 6: after the second rotation the first version has no label and is not listed', () => {
  const { on, labels } = finishedPendingLeft();
  on('PutSecretValue', put('v2', 'AWSPENDING'));
  on('UpdateSecretVersionStage', move('AWSCURRENT', 'v1', 'v2'));
  expect(labels()).toEqual({ v0: [], v1: ['AWSPREVIOUS'], v2: ['AWSCURRENT', 'AWSPENDING'] });
  const listed = on('ListSecretVersionIds').Versions as { VersionId: string }[];
  expect(listed.map((entry) => entry.VersionId).sort()).toEqual([id('v1'), id('v2')]);
});

test('row 7: a manual put over a finished rotation makes AWSPENDING disappear from every version', () => {
  const { on, labels } = finishedPendingLeft();
  on('PutSecretValue', put('v2'));
  expect(labels()).toEqual({ v0: [], v1: ['AWSPREVIOUS'], v2: ['AWSCURRENT'] });
});

test.each([
  'PutSecretValue',
  'UpdateSecret',
])('row 7: a manual %s strips AWSPENDING from a version that was waiting', (operation) => {
  const { on, labels } = onePending();
  on(operation, { ClientRequestToken: id('v2'), SecretString: 'two' });
  expect(labels()).toEqual({ v0: ['AWSPREVIOUS'], v1: [], v2: ['AWSCURRENT'] });
});

test('row 8: AWSPENDING can be taken off without moving it anywhere', () => {
  const { on, labels } = finishedPendingLeft();
  on('UpdateSecretVersionStage', move('AWSPENDING', 'v1', undefined));
  expect(labels()).toEqual({ v0: ['AWSPREVIOUS'], v1: ['AWSCURRENT'] });
});

test('row 9: labels of our own stay where they are when AWSCURRENT moves', () => {
  const { on, labels } = oneVersion();
  on('PutSecretValue', put('v2', 'AWSCURRENT', 'X', 'Y'));
  on('PutSecretValue', put('v3', 'AWSPENDING', 'Z'));
  on('UpdateSecretVersionStage', move('AWSCURRENT', 'v2', 'v3'));
  expect(labels()).toEqual({ v0: [], v2: ['AWSPREVIOUS', 'X', 'Y'], v3: ['AWSCURRENT', 'AWSPENDING', 'Z'] });
});

test('row 10: a former previous version with a label of ours keeps that label and stays listed', () => {
  const { on, labels } = oneVersion();
  on('PutSecretValue', put('v2', 'AWSCURRENT', 'X'));
  on('PutSecretValue', put('v3'));
  on('PutSecretValue', put('v4', 'AWSPENDING'));
  on('UpdateSecretVersionStage', move('AWSCURRENT', 'v3', 'v4'));
  expect(labels()).toMatchObject({ v2: ['X'], v3: ['AWSPREVIOUS'], v4: ['AWSCURRENT', 'AWSPENDING'] });
  const listed = on('ListSecretVersionIds').Versions as { VersionId: string }[];
  expect(listed.map((entry) => entry.VersionId)).toContain(id('v2'));
});

test('row 13: a put may bring AWSCURRENT and a label of our own together', () => {
  const { on, labels } = oneVersion();
  on('PutSecretValue', put('v1', 'AWSCURRENT', 'X'));
  expect(labels()).toEqual({ v0: ['AWSPREVIOUS'], v1: ['AWSCURRENT', 'X'] });
});

test('row 14: moving a held label without naming its holder is refused, and the message names the holder', () => {
  const { refused } = onePending();
  const error = refused('UpdateSecretVersionStage', move('AWSCURRENT', undefined, 'v1'));
  expect(error.code).toBe('InvalidParameterException');
  expect(error.message).toContain(id('v0'));
});

test('row 15: taking a label from a version that does not hold it is refused, so the move is a compare-and-swap', () => {
  const { refused } = onePending();
  expect(refused('UpdateSecretVersionStage', move('AWSCURRENT', 'v1', 'v1')).code).toBe('InvalidParameterException');
  expect(refused('UpdateSecretVersionStage', move('AWSCURRENT', 'nobody', 'v1')).code).toBe(
    'InvalidParameterException',
  );
});

test('row 16: a label cannot move to a version that does not exist', () => {
  const { refused } = onePending();
  refused('UpdateSecretVersionStage', move('AWSCURRENT', 'v0', 'nobody'));
  refused('UpdateSecretVersionStage', move('X', undefined, 'nobody'));
});

test('row 17: rolling back to the previous version swaps both labels', () => {
  const { on, labels } = finishedPendingLeft();
  on('UpdateSecretVersionStage', move('AWSCURRENT', 'v1', 'v0'));
  expect(labels()).toEqual({ v0: ['AWSCURRENT'], v1: ['AWSPENDING', 'AWSPREVIOUS'] });
});

test('row 17: AWSCURRENT can be moved but never removed, and AWSPREVIOUS cannot join it', () => {
  const { refused } = finishedPendingLeft();
  expect(refused('UpdateSecretVersionStage', move('AWSCURRENT', 'v1', undefined)).code).toBe(
    'InvalidParameterException',
  );
  expect(refused('UpdateSecretVersionStage', move('AWSPREVIOUS', 'v0', 'v1')).code).toBe('InvalidParameterException');
  expect(refused('PutSecretValue', put('v2', 'AWSCURRENT', 'AWSPREVIOUS')).code).toBe('InvalidParameterException');
});

test('a stage call that names neither a source nor a target is refused', () => {
  expect(onePending().refused('UpdateSecretVersionStage', move('X', undefined, undefined)).code).toBe(
    'InvalidParameterException',
  );
});

test('a secret has twenty labels at most, over all its versions', () => {
  const { on, refused } = oneVersion();
  on('PutSecretValue', put('v1', ...Array.from({ length: 19 }, (_, index) => `L${index}`)));
  on('PutSecretValue', put('v2', 'L0'));
  expect(refused('PutSecretValue', put('v3', 'L19')).code).toBe('LimitExceededException');
  expect(refused('PutSecretValue', put('v3', 'AWSCURRENT')).code).toBe('LimitExceededException');
});

test('versions without a label disappear in time, young and labelled ones do not', () => {
  const { state, on, labels, pass } = oneVersion();
  on('PutSecretValue', put('v1'));
  on('PutSecretValue', put('v2'));
  state.purgeDeprecated();
  expect(Object.keys(labels())).toEqual(['v0', 'v1', 'v2']);
  pass(86_400_001);
  state.purgeDeprecated();
  expect(labels()).toEqual({ v1: ['AWSPREVIOUS'], v2: ['AWSCURRENT'] });
});
