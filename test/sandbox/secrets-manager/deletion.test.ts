import { expect, test } from 'vitest';
import { emptyAccount, NAME, oneVersion, rotating } from './fixture.ts';

const DAY_MS = 86_400_000;

test.each([
  ['GetSecretValue', {}],
  ['CreateSecret', { SecretString: 'x' }],
  ['TagResource', { Tags: [{ Key: 'a', Value: 'b' }] }],
  ['UntagResource', { TagKeys: ['a'] }],
])('row 50: %s is an invalid request while the secret waits for its deletion', (operation, input) => {
  const { on, refused } = oneVersion();
  on('DeleteSecret');
  expect(refused(operation, input).code).toBe('InvalidRequestException');
});

test.each([
  ['PutSecretValue', { SecretString: 'x' }],
  ['RotateSecret', {}],
  ['UpdateSecret', { SecretString: 'x' }],
])('row 51: %s is an invalid request while the secret waits for its deletion', (operation, input) => {
  const { on, refused } = rotating();
  on('DeleteSecret');
  expect(refused(operation, input).code).toBe('InvalidRequestException');
});

test('row 52: a forced delete of an unknown secret looks like a success', () => {
  const { on, refused } = emptyAccount();
  expect(Object.keys(on('DeleteSecret', { ForceDeleteWithoutRecovery: true }))).toEqual([
    'ARN',
    'Name',
    'DeletionDate',
  ]);
  expect(refused('DeleteSecret').code).toBe('ResourceNotFoundException');
});

test('a deleted secret can be described and restored with its values until its window is over', () => {
  const { on, refused, pass } = oneVersion();
  const { DeletionDate } = on('DeleteSecret', { RecoveryWindowInDays: 7 });
  const { DeletedDate } = on('DescribeSecret');
  expect(Number(DeletionDate) - Number(DeletedDate)).toBe((7 * DAY_MS) / 1000);
  expect(refused('DeleteSecret').code).toBe('InvalidRequestException');
  pass(6 * DAY_MS);
  on('RestoreSecret');
  expect(on('GetSecretValue').SecretString).toBe('zero');
  on('DeleteSecret', { RecoveryWindowInDays: 7 });
  pass(7 * DAY_MS);
  expect(() => on('RestoreSecret')).toThrow("can't find the specified secret.");
});

test('a forced delete frees the name at once, and the new secret has another ARN', () => {
  const { on } = oneVersion();
  const { ARN } = on('DeleteSecret', { ForceDeleteWithoutRecovery: true });
  expect(on('CreateSecret', { SecretString: 'new' })).toMatchObject({ Name: NAME });
  expect(on('DescribeSecret').ARN).not.toBe(ARN);
});

test.each([
  { RecoveryWindowInDays: 6 },
  { RecoveryWindowInDays: 31 },
  { RecoveryWindowInDays: 7, ForceDeleteWithoutRecovery: true },
])('a recovery window is 7 to 30 days and excludes force: %j', (input) => {
  expect(oneVersion().refused('DeleteSecret', input).code).toBe('InvalidParameterException');
});
