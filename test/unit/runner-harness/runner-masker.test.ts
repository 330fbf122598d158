import { expect, test } from 'vitest';
import { RunnerMasker } from '../../runner-harness/runner-masker.ts';

function maskerOf(...masks: string[]): RunnerMasker {
  const masker = new RunnerMasker();
  for (const mask of masks) masker.addMask(mask);
  return masker;
}

const SECRET = `p&ss'w"rd<1>(x)`;
/** Its base64 is padded, so that what follows it changes the last group. */
const UNALIGNED = `${SECRET}?`;

test.each([
  ['the value', SECRET],
  ['base64', Buffer.from(SECRET).toString('base64')],
  ['base64 without the first byte', Buffer.from(SECRET.slice(1)).toString('base64')],
  ['base64 without the first two bytes', Buffer.from(SECRET.slice(2)).toString('base64')],
  ['a command line argument', SECRET.replaceAll('"', '\\"')],
  ['an expression string', SECRET.replaceAll("'", "''")],
  ['RFC 3986', 'p%26ss%27w%22rd%3C1%3E%28x%29'],
  ['XML', 'p&amp;ss&apos;w&quot;rd&lt;1&gt;(x)'],
  ['what PowerShell leaves behind the ampersand', SECRET.slice(2)],
])('derives %s', (_, form) => {
  expect(maskerOf(SECRET).mask(`[${form}]`)).toBe('[***]');
});

test.each([
  ['encodeURIComponent', encodeURIComponent(UNALIGNED)],
  ['unpadded base64', Buffer.from(UNALIGNED).toString('base64').replace(/=+$/, '')],
  ['base64url', Buffer.from(UNALIGNED).toString('base64url')],
  ['base64 with a newline', Buffer.from(`${UNALIGNED}\n`).toString('base64')],
  ['hex', Buffer.from(UNALIGNED).toString('hex')],
])('does not derive %s', (_, form) => {
  expect(maskerOf(UNALIGNED).mask(form)).toBe(form);
});

test('decodes nothing: a masked blob leaves its plain text readable', () => {
  expect(maskerOf(Buffer.from('plain text').toString('base64')).mask('plain text')).toBe('plain text');
});

test('registers each trimmed line of a mask, however short', () => {
  const masker = maskerOf('{\n  "a": 1\n}');
  expect(masker.mask('{}')).toBe('***');
  expect(masker.mask('if (x) { "a": 1 ; }')).toBe('if (x) *** *** ; ***');
});

test('takes the quotes off values of more than eight characters only', () => {
  expect(maskerOf('"abcdefg"').mask('abcdefg')).toBe('***');
  expect(maskerOf('"abcdef"').mask('abcdef')).toBe('abcdef');
});

test('cuts at the first &+ and skips the letter that follows it', () => {
  const masker = maskerOf('first1&+second2');
  expect(masker.mask('first1&+')).toBe('***');
  expect(masker.mask('secon / econd2')).toBe('secon / ***');
});

test('joins what overlaps or touches', () => {
  expect(maskerOf('abcd', 'cdef').mask('xabcdefx')).toBe('x***x');
  expect(maskerOf('abcd', 'efgh').mask('abcdefgh')).toBe('***');
});
