import fc from 'fast-check';
import { expect, test } from 'vitest';
import { markerOf, withMarker, withoutMarker } from '../../../core/provisioning/marker.ts';

fc.configureGlobal({ seed: 20261001 });

const MARKER = { intentId: '3f0b8a9e-1c2d-4e5f-8a7b-9c0d1e2f3a4b', attempt: 2 };

test('the marker is the last part of the description', () => {
  expect(withMarker('For orders', MARKER)).toBe(`For orders [keyring:${MARKER.intentId}.2]`);
  expect(withMarker('', MARKER)).toBe(`[keyring:${MARKER.intentId}.2]`);
});

test('any description gives back the marker that was put on it, and itself', () => {
  const description = fc
    .string({ unit: fc.constantFrom('a', ' ', '[', ']', 'keyring:', '.1', '\n', 'ü') })
    .map((text) => text.trim());
  const marker = fc.record({ intentId: fc.uuid(), attempt: fc.integer({ min: 1, max: 999_999 }) });
  fc.assert(
    fc.property(description, marker, marker, (text, first, second) => {
      const marked = withMarker(text, first);
      expect(markerOf({ description: marked })).toEqual(first);
      // A taker's marker takes the place of the one before.
      expect(withMarker(marked, second)).toBe(withMarker(text, second));
      expect(withoutMarker(marked)).toBe(withoutMarker(text));
    }),
  );
});

test.each([
  ['no description', undefined],
  ['null', null],
  ['nothing', ''],
  ['a text', 'For orders'],
  ['a marker that is not at the end', `[keyring:${MARKER.intentId}.2] and more`],
  ['no attempt', `x [keyring:${MARKER.intentId}]`],
  ['no intent', 'x [keyring:.1]'],
  ['another product’s', `x [keyrings:${MARKER.intentId}.2]`],
  ['an intent in upper case, which we never write', `x [keyring:${MARKER.intentId.toUpperCase()}.2]`],
  ['an intent that is too short', 'x [keyring:abc.1]'],
])('a key with %s is none of ours', (_what, description) => {
  expect(markerOf(description === undefined ? {} : { description })).toBeUndefined();
});

test('Streamkap may trim or pad what it keeps', () => {
  expect(markerOf({ description: `For orders [keyring:${MARKER.intentId}.2] \n` })).toEqual(MARKER);
});
