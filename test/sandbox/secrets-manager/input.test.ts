import { expect, test } from 'vitest';
import { emptyAccount, id, NAME, oneVersion } from './fixture.ts';

const OPERATIONS = [
  'GetSecretValue',
  'PutSecretValue',
  'UpdateSecret',
  'UpdateSecretVersionStage',
  'DescribeSecret',
  'ListSecretVersionIds',
  'TagResource',
  'UntagResource',
  'RotateSecret',
  'CancelRotateSecret',
  'DeleteSecret',
  'RestoreSecret',
];

test.each(OPERATIONS)('%s needs a SecretId of the right form', (operation) => {
  const { refused } = oneVersion();
  expect(refused(operation, { SecretId: undefined }).code).toBe('ValidationException');
  expect(refused(operation, { SecretId: '' }).code).toBe('ValidationException');
  expect(refused(operation, { SecretId: 'a b' }).message).toContain('Invalid name.');
  expect(refused(operation, { SecretId: 'a'.repeat(2049) }).code).toBe('ValidationException');
  expect(refused(operation, { SecretId: 7 }).code).toBe('SerializationException');
});

test.each([
  ...OPERATIONS,
  'CreateSecret',
  'ListSecrets',
  'BatchGetSecretValue',
])('%s refuses a parameter that it does not have', (operation) => {
  const { state } = oneVersion();
  expect(() => state.call(operation, { SecretID: NAME })).toThrow("Unknown parameter 'SecretID'");
  expect(() => state.call(operation, [])).toThrow('Expected an object.');
});

test('an operation that the stand-in does not know is refused', () => {
  expect(() => oneVersion().state.call('GetRandomPassword', {})).toThrow('No operation GetRandomPassword.');
});

test.each(['a b', 'ümlaut', 'a:b', 'n'.repeat(513), ''])('a secret cannot be named %j', (Name) => {
  expect(emptyAccount().refused('CreateSecret', { Name, SecretString: 'x' }).code).toBe('ValidationException');
});

test('a value has 1 to 65536 bytes, counted in UTF-8, and its error does not quote it', () => {
  const { on, refused } = oneVersion();
  on('PutSecretValue', { SecretString: 'é'.repeat(32_768) });
  const error = refused('PutSecretValue', { SecretString: `hunter2${'é'.repeat(32_768)}` });
  expect(error.code).toBe('ValidationException');
  expect(error.message).not.toContain('hunter2');
  expect(refused('PutSecretValue', { SecretString: '' }).code).toBe('ValidationException');
  const SecretBinary = Buffer.alloc(65_537).toString('base64');
  expect(refused('PutSecretValue', { SecretBinary }).code).toBe('ValidationException');
  expect(refused('PutSecretValue', { SecretBinary: 'no base64!' }).code).toBe('SerializationException');
});

test('a put needs a value, and one kind of it only', () => {
  const { refused } = oneVersion();
  expect(refused('PutSecretValue').code).toBe('InvalidRequestException');
  expect(refused('PutSecretValue', { SecretString: 'a', SecretBinary: 'YQ==' }).code).toBe('InvalidParameterException');
});

test('a put names 1 to 20 labels of 1 to 256 characters', () => {
  const { refused } = oneVersion();
  const code = (VersionStages: unknown): string => refused('PutSecretValue', { SecretString: 'x', VersionStages }).code;
  expect(code([])).toBe('ValidationException');
  expect(code(Array.from({ length: 21 }, (_, index) => `L${index}`))).toBe('ValidationException');
  expect(code(['L'.repeat(257)])).toBe('ValidationException');
  expect(code(['L', 7])).toBe('SerializationException');
});

test('a version id has 32 to 64 characters', () => {
  const { refused } = oneVersion();
  expect(refused('GetSecretValue', { VersionId: 'v0' }).code).toBe('ValidationException');
  const move = { VersionStage: 'AWSCURRENT', RemoveFromVersionId: id('v0'), MoveToVersionId: 'v'.repeat(65) };
  expect(refused('UpdateSecretVersionStage', move).code).toBe('ValidationException');
});

test('tag keys are unique, not reserved, and fifty at most', () => {
  const { refused, on } = oneVersion();
  const code = (...keys: string[]): string =>
    refused('TagResource', { Tags: keys.map((Key) => ({ Key, Value: 'v' })) }).code;
  expect(code('a', 'a')).toBe('InvalidParameterException');
  expect(code('aws:cloudformation:stack-id')).toBe('InvalidParameterException');
  on('TagResource', { Tags: Array.from({ length: 50 }, (_, index) => ({ Key: `k${index}`, Value: 'v' })) });
  expect(code('one-more')).toBe('InvalidParameterException');
});
