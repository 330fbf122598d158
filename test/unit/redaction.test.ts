import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Redactor } from '../../core/redaction.ts';

fc.configureGlobal({ seed: 20261001 });

function redactorOf(...secrets: string[]): Redactor {
  const redactor = new Redactor();
  for (const secret of secrets) redactor.add(secret);
  return redactor;
}

test('a value and its encodings are replaced, what stands around them is not', () => {
  const secret = 'Wq7!fghIjk2mnop1';
  const redactor = redactorOf(secret);
  for (const form of [
    secret,
    Buffer.from(secret).toString('base64'),
    Buffer.from(`${secret}\n`).toString('base64'),
    Buffer.from(secret).toString('hex'),
    'Wq7%21fghIjk2mnop1',
    'Wq7\\!fghIjk2mnop1',
  ]) {
    expect(redactor.redact(`before ${form} after`)).toBe('before *** after');
  }
});

test('values that overlap or touch become one, separate ones stay separate', () => {
  const redactor = redactorOf('abcdefgh', 'efghijkl', '0123456789');
  expect(redactor.redact('abcdefghijkl')).toBe('***');
  expect(redactor.redact('abcdefgh0123456789')).toBe('***');
  expect(redactor.redact('abcdefgh 0123456789')).toBe('*** ***');
  expect(redactor.redact('abcdefghabcdefgh.')).toBe('***.');
});

test('a value of several lines is replaced as a whole and line by line', () => {
  const redactor = redactorOf('first line\nsecond line');
  expect(redactor.redact('>first line\nsecond line<')).toBe('>***<');
  expect(redactor.redact('only the second line')).toBe('only the ***');
});

test('short values are ignored, so that logs stay readable', () => {
  expect(redactorOf('true', '', 'hunter2').redact('true: hunter2')).toBe('true: hunter2');
});

test('text without a secret is returned as it is', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(redactorOf('Wq7!fghIjk2mnop1').redact(text)).toBe(text);
    }),
  );
});

test('no text that contains a value still contains it afterwards', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 8 }), fc.string(), fc.string(), (secret, before, after) => {
      fc.pre(secret.trim().length >= 8);
      expect(redactorOf(secret).redact(before + secret + after)).not.toContain(secret);
    }),
  );
});
