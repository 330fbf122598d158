import { describe, expect, test } from 'vitest';
import {
  InputError,
  KeyringError,
  type KeyringErrorFacts,
  ProvisioningError,
  RotationError,
  SecretStoreError,
  StreamkapError,
} from '../../core/errors.ts';

const FACTS: KeyringErrorFacts = {
  code: 'SOME_CODE',
  message: 'What happened',
  changed: 'unknown',
  retryable: true,
  remedy: 'Do this next.',
  requestId: 'req-1',
};

describe('every error of this product', () => {
  test.each([
    KeyringError,
    StreamkapError,
    SecretStoreError,
    ProvisioningError,
    RotationError,
  ])('answers what, whether anything changed, whether to try again, and what next: %o', (Class) => {
    const error = new Class(FACTS);
    expect(error).toBeInstanceOf(KeyringError);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ ...FACTS, name: Class.name });
    expect(String(error)).toBe(`${Class.name}: What happened`);
  });

  test('has no cause: the text of a foreign error may quote a secret', () => {
    const error = new KeyringError({ ...FACTS, ...{ cause: new Error('hunter2-hunter2') } });
    expect(error.cause).toBeUndefined();
    expect(`${JSON.stringify(error)}${error.stack}`).not.toContain('hunter2');
  });

  test('knows when there was no request id', () => {
    const { requestId: _requestId, ...facts } = FACTS;
    expect(new KeyringError(facts).requestId).toBeUndefined();
  });
});

test('a broken input is named, nothing changed, and trying again is no use', () => {
  expect(new InputError('name', 'is empty', 'Give a name.')).toMatchObject({
    code: 'INVALID_INPUT',
    message: 'name: is empty',
    remedy: 'Give a name.',
    changed: 'no',
    retryable: false,
  });
});

test('Streamkap’s errors also have the status, and how long the server asked to wait', () => {
  expect(new StreamkapError({ ...FACTS, status: 429, retryAfterSeconds: 7 })).toMatchObject({
    status: 429,
    retryAfterSeconds: 7,
  });
  expect(new StreamkapError(FACTS)).toMatchObject({ status: undefined, retryAfterSeconds: undefined });
});
