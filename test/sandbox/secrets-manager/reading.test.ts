import { expect, test } from 'vitest';
import { emptyAccount, id, NAME, onePending, oneVersion, rotating, START_MS } from './fixture.ts';

test('row 28: a label that no version has is not found', () => {
  const error = oneVersion().refused('GetSecretValue', { VersionStage: 'AWSPENDING' });
  expect(error.code).toBe('ResourceNotFoundException');
  expect(error.message).toContain('for staging label: AWSPENDING');
});

test('row 29: a version id that does not exist is not found', () => {
  const error = oneVersion().refused('GetSecretValue', { VersionId: id('v9') });
  expect(error.code).toBe('ResourceNotFoundException');
  expect(error.message).toContain(`for VersionId: ${id('v9')}`);
});

test('row 30: an id and a label that do not belong together are an invalid request, not a miss', () => {
  const error = onePending().refused('GetSecretValue', { VersionId: id('v0'), VersionStage: 'AWSPENDING' });
  expect(error.code).toBe('InvalidRequestException');
  expect(error.message).toContain('not associated to the provided VersionId');
});

test('row 31: the pending version has no value right after RotateSecret, though DescribeSecret shows it', () => {
  const { on, refused } = rotating();
  const code = (input: Record<string, unknown>): string => refused('GetSecretValue', input).code;
  expect(code({ VersionId: id('k'), VersionStage: 'AWSPENDING' })).toBe('ResourceNotFoundException');
  expect(code({ VersionId: id('k') })).toBe('ResourceNotFoundException');
  expect(code({ VersionStage: 'AWSPENDING' })).toBe('ResourceNotFoundException');
  expect(on('DescribeSecret').VersionIdsToStages).toEqual({ [id('v0')]: ['AWSCURRENT'], [id('k')]: ['AWSPENDING'] });
});

test('row 32: during createSecret the first version listed is the current one', () => {
  const versions = rotating().on('ListSecretVersionIds', { IncludeDeprecated: true }).Versions;
  expect(versions).toMatchObject([{ VersionStages: ['AWSCURRENT'] }, { VersionId: id('k') }]);
});

test('row 33: a version without a label is listed only when asked for, without a VersionStages key', () => {
  const { on } = oneVersion();
  for (const version of ['v1', 'v2']) on('PutSecretValue', { ClientRequestToken: id(version), SecretString: version });
  const list = (input: Record<string, unknown>): Record<string, unknown>[] =>
    on('ListSecretVersionIds', input).Versions as Record<string, unknown>[];
  expect(list({}).map((entry) => entry.VersionId)).toEqual([id('v2'), id('v1')]);
  const v0 = list({ IncludeDeprecated: true }).find((entry) => entry.VersionId === id('v0'));
  expect(v0).toBeDefined();
  expect(v0).not.toHaveProperty('VersionStages');
});

test('row 34: a secret made without a value has no version, and its first put becomes current', () => {
  const { on, refused, labels } = emptyAccount();
  expect(Object.keys(on('CreateSecret'))).toEqual(['ARN', 'Name']);
  expect(on('DescribeSecret')).not.toHaveProperty('VersionIdsToStages');
  expect(refused('GetSecretValue').message).toContain('for staging label: AWSCURRENT');
  on('PutSecretValue', { ClientRequestToken: id('v0'), SecretString: 'zero' });
  expect(labels()).toEqual({ v0: ['AWSCURRENT'] });
});

test.each([
  'X',
  'AWSPENDING',
])('row 34a: the first value of a secret is current even when it is put under %s', (label) => {
  const { on, labels } = emptyAccount();
  on('CreateSecret');
  on('PutSecretValue', { ClientRequestToken: id('v0'), SecretString: 'zero', VersionStages: [label] });
  expect(labels()).toEqual({ v0: ['AWSCURRENT', label].sort() });
});

test.each([
  'GetSecretValue',
  'ListSecretVersionIds',
  'PutSecretValue',
  'DescribeSecret',
  'UpdateSecret',
  'RotateSecret',
])('row 35: %s does not find an unknown secret', (operation) => {
  const input = operation === 'PutSecretValue' ? { SecretString: 'x' } : {};
  const error = emptyAccount().refused(operation, input);
  expect(error.code).toBe('ResourceNotFoundException');
  expect(error.message).toContain("can't find the specified secret.");
});

test('row 37: an update to the same value still moves LastChangedDate', () => {
  const { on, pass } = oneVersion();
  const before = Number(on('DescribeSecret').LastChangedDate);
  pass(1000);
  on('UpdateSecret', { SecretString: 'zero' });
  expect(Number(on('DescribeSecret').LastChangedDate)).toBeGreaterThan(before);
});

test('a secret is found by name, by ARN, and by an ARN without its six characters; a foreign ARN is not', () => {
  const { state, on, refused } = oneVersion();
  const arn = String(on('DescribeSecret').ARN);
  expect(arn).toMatch(/^arn:aws:secretsmanager:eu-central-1:123456789012:secret:kafka\/orders-[A-Za-z0-9]{6}$/);
  for (const SecretId of [arn, arn.slice(0, -7), NAME])
    expect(state.call('GetSecretValue', { SecretId }).VersionId).toBe(id('v0'));
  for (const SecretId of [arn.replace('eu-central-1', 'us-east-1'), arn.slice(0, -1), `${NAME}x`])
    expect(refused('GetSecretValue', { SecretId }).code).toBe('ResourceNotFoundException');
});

test('dates are seconds since the epoch, the access date is a day, and a binary value stays binary', () => {
  const { on } = emptyAccount();
  on('CreateSecret', { SecretBinary: 'AAEC' });
  const value = on('GetSecretValue');
  expect(value.SecretBinary).toBe('AAEC');
  expect(value).not.toHaveProperty('SecretString');
  expect(Math.floor(Number(value.CreatedDate))).toBe(START_MS / 1000);
  expect(on('DescribeSecret').LastAccessedDate).toBe(Date.UTC(2026, 0, 2) / 1000);
});

test('a batch read answers what it can and names what it cannot', () => {
  const { state } = rotating();
  state.call('CreateSecret', { Name: 'empty' });
  const reply = state.call('BatchGetSecretValue', { SecretIdList: [NAME, 'empty', 'nowhere'] });
  expect(reply.SecretValues).toMatchObject([{ Name: NAME, SecretString: 'zero' }]);
  expect(reply.Errors).toMatchObject([
    { SecretId: 'empty', ErrorCode: 'ResourceNotFoundException' },
    { SecretId: 'nowhere', ErrorCode: 'ResourceNotFoundException' },
  ]);
});
