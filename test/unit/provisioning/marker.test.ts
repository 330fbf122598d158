import fc from 'fast-check';
import { expect, test } from 'vitest';
import { secondsOf, stripMarker } from '../../../core/marker.ts';
import { markerOf, sealOf, withMarker } from '../../../core/provisioning/marker.ts';
import { rotationMarkerOf, withRotationMarker } from '../../../core/rotation/admin/marker.ts';

fc.configureGlobal({ seed: 20261001 });

const MARKER = { intentId: '3f0b8a9e-1c2d-4e5f-8a7b-9c0d1e2f3a4b', attempt: 2 };
const KEY = { name: 'Orders', username: 'orders' };
const EXPIRES_AT = Date.parse('2026-11-21T13:08:33Z');

test('the marker is the last part of the description', () => {
  expect(withMarker('For orders', { ...MARKER, ...KEY })).toBe(`For orders [keyring:${MARKER.intentId}.2]`);
  expect(withMarker('', { ...MARKER, ...KEY })).toBe(`[keyring:${MARKER.intentId}.2]`);
});

test('any description gives back the marker that was put on it, and itself', () => {
  const description = fc
    .string({ unit: fc.constantFrom('a', ' ', '[', ']', 'keyring:', '.1', '\n', 'ü') })
    .map((text) => text.trim());
  const marker = fc.record({ intentId: fc.uuid(), attempt: fc.integer({ min: 1, max: 999_999 }) });
  fc.assert(
    fc.property(description, marker, marker, (text, first, second) => {
      const marked = withMarker(text, { ...first, ...KEY });
      expect(markerOf({ description: marked })).toEqual({ kind: 'lasting', ...first });
      // A taker's marker takes the place of the one before.
      expect(withMarker(marked, { ...second, ...KEY })).toBe(withMarker(text, { ...second, ...KEY }));
      expect(stripMarker(marked)).toBe(stripMarker(text));
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
  expect(markerOf({ description: `For orders [keyring:${MARKER.intentId}.2] \n` })).toEqual({
    kind: 'lasting',
    ...MARKER,
  });
});

const SEAL = sealOf(MARKER.intentId, KEY);

test('the marker of an ephemeral key says until when it is good, and for which key', () => {
  const description = withMarker('For orders', { ...MARKER, ...KEY, expiresAt: EXPIRES_AT });
  expect(description).toBe(`For orders [keyring:${MARKER.intentId}.2 until 2026-11-21T13:08:33Z for ${SEAL}]`);
  expect(markerOf({ description })).toEqual({ kind: 'ephemeral', ...MARKER, expiresAt: EXPIRES_AT, seal: SEAL });
  expect(secondsOf(EXPIRES_AT + 999)).toBe('2026-11-21T13:08:33Z');
});

test('a seal is one key’s: of its intent, and of its username or, without one, its name', () => {
  const others = [
    sealOf('another-1c2d', KEY),
    sealOf(MARKER.intentId, { ...KEY, username: 'orders-2' }),
    sealOf(MARKER.intentId, { ...KEY, username: null }),
    sealOf(MARKER.intentId, { name: 'Orders 2', username: null }),
    // A name that looks like a username is none.
    sealOf(MARKER.intentId, { name: 'orders', username: null }),
  ];
  expect(new Set([SEAL, ...others]).size).toBe(6);
  expect(sealOf(MARKER.intentId, { name: 'Renamed', username: 'ORDERS' })).toBe(SEAL);
  // Keys of earlier versions carry seals: a new one that reckons otherwise would never delete them.
  expect([SEAL, sealOf(MARKER.intentId, { ...KEY, username: null })]).toEqual(['64cae1be1f46', '04571ea6deaa']);
});

test('no kind of marker is taken for another', () => {
  const lasting = withMarker('x', { ...MARKER, ...KEY });
  const ephemeral = withMarker('x', { ...MARKER, ...KEY, expiresAt: EXPIRES_AT });
  const rotation = withRotationMarker('x', { token: MARKER.intentId, nonce: 'abcdefabcdef-1' });
  expect([lasting, ephemeral, rotation].map((description) => markerOf({ description })?.kind)).toEqual([
    'lasting',
    'ephemeral',
    undefined,
  ]);
  expect([lasting, ephemeral].map((description) => rotationMarkerOf({ description }))).toEqual([undefined, undefined]);
  expect([lasting, ephemeral, rotation].map(stripMarker)).toEqual(['x', 'x', 'x']);
});

test.each([
  ['no expiry', `${MARKER.intentId}.2 for ${SEAL}`],
  ['an expiry that is no date', `${MARKER.intentId}.2 until 2026-13-41T25:61:00Z for ${SEAL}`],
  ['an expiry without a time', `${MARKER.intentId}.2 until 2026-11-21 for ${SEAL}`],
  ['an expiry in another zone', `${MARKER.intentId}.2 until 2026-11-21T13:08:33+02:00 for ${SEAL}`],
  ['no seal', `${MARKER.intentId}.2 until 2026-11-21T13:08:33Z`],
  ['more behind it', `${MARKER.intentId}.2 until 2026-11-21T13:08:33Z for ${SEAL} or so`],
  ['no intent', `until 2026-11-21T13:08:33Z for ${SEAL}`],
  ['nothing in it', ''],
])('a marker with %s is none, and stays in the description', (_what, content) => {
  const description = `x [keyring:${content}]`;
  expect(markerOf({ description })).toBeUndefined();
  expect(stripMarker(description)).toBe(description);
});
