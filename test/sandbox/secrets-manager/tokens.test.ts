import { expect, test } from 'vitest';
import { emptyAccount, id, NAME, onePending, oneVersion, rotating } from './fixture.ts';

const pending = (value: string): Record<string, unknown> => ({
  ClientRequestToken: id('k'),
  SecretString: value,
  VersionStages: ['AWSPENDING'],
});

test('row 18: putting the same value under its token again changes nothing, not even labels', () => {
  const { state, on } = onePending();
  const before = state.snapshot();
  const reply = on('PutSecretValue', { ClientRequestToken: id('v1'), SecretString: 'one' });
  expect(reply).toMatchObject({ VersionId: id('v1'), VersionStages: ['AWSPENDING'] });
  expect(state.snapshot()).toBe(before);
});

test('row 19: another value under a known token is refused, so a version never changes its value', () => {
  const { refused, state } = onePending();
  const error = refused('PutSecretValue', { ClientRequestToken: id('v1'), SecretString: 'other' });
  expect(error.code).toBe('ResourceExistsException');
  expect(error.message).toContain("can't use ClientRequestToken");
  expect(error.message).not.toContain('other');
  expect(state.valueOf(NAME, { versionId: id('v1') })).toBe('one');
});

test('row 19: the same text as binary is another value', () => {
  const { refused } = onePending();
  const SecretBinary = Buffer.from('one').toString('base64');
  expect(refused('PutSecretValue', { ClientRequestToken: id('v1'), SecretBinary }).code).toBe(
    'ResourceExistsException',
  );
});

test('row 20: an update under a known token is a no-op for the same value and refused for another', () => {
  const { state, on, refused } = onePending();
  const before = state.snapshot();
  expect(on('UpdateSecret', { ClientRequestToken: id('v1'), SecretString: 'one' })).toMatchObject({
    VersionId: id('v1'),
  });
  expect(state.snapshot()).toBe(before);
  const error = refused('UpdateSecret', {
    ClientRequestToken: id('v1'),
    SecretString: 'x',
    Description: 'never stored',
  });
  expect(error.code).toBe('ResourceExistsException');
});

test('row 21: a create repeated with its token and value gets the same answer', () => {
  const { on, state } = emptyAccount();
  const create = { ClientRequestToken: id('v0'), SecretString: 'zero' };
  const first = on('CreateSecret', create);
  const before = state.snapshot();
  expect(on('CreateSecret', create)).toEqual(first);
  expect(state.snapshot()).toBe(before);
});

test('row 22: a create repeated with its token and another value is refused', () => {
  const error = oneVersion().refused('CreateSecret', { ClientRequestToken: id('v0'), SecretString: 'other' });
  expect(error.code).toBe('ResourceExistsException');
  expect(error.message).toContain("can't use ClientRequestToken");
});

test.each([[{ ClientRequestToken: id('v9') }], [{}]])('row 23: a name is given once (%j)', (token) => {
  const error = oneVersion().refused('CreateSecret', { ...token, SecretString: 'zero' });
  expect(error.code).toBe('ResourceExistsException');
  expect(error.message).toContain('already exists');
});

test.each([
  ['CreateSecret', 31],
  ['CreateSecret', 65],
  ['PutSecretValue', 31],
  ['PutSecretValue', 65],
  ['UpdateSecret', 0],
  ['RotateSecret', 65],
])('row 26: %s refuses a token of %i characters', (operation, length) => {
  const { refused } = oneVersion();
  const error = refused(operation, { ClientRequestToken: 't'.repeat(length) });
  expect(error.code).toBe('InvalidParameterException');
});

test('row 27: the version that RotateSecret registers is filled once, then closed', () => {
  const { on, refused, labels } = rotating();
  expect(on('PutSecretValue', pending('new'))).toMatchObject({ VersionId: id('k'), VersionStages: ['AWSPENDING'] });
  expect(labels()).toEqual({ v0: ['AWSCURRENT'], k: ['AWSPENDING'] });
  expect(on('PutSecretValue', pending('new'))).toMatchObject({ VersionId: id('k') });
  expect(refused('PutSecretValue', pending('newer')).code).toBe('ResourceExistsException');
});

test('row 27: filling it without VersionStages moves AWSCURRENT at once', () => {
  const { on, labels } = rotating();
  on('PutSecretValue', { ClientRequestToken: id('k'), SecretString: 'new' });
  expect(labels()).toEqual({ v0: ['AWSPREVIOUS'], k: ['AWSCURRENT'] });
});
