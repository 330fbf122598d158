import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ownTextOf, textOf, withOrigin, withOwnText, withoutTags } from '../../../core/provisioning/description.ts';
import { markerOf, withMarker } from '../../../core/provisioning/marker.ts';
import { sanitiseHtml } from '../../sandbox/streamkap/html.ts';

const KEY = { intentId: '3f0b8a9e-1c2d-4e5f-8a7b-9c0d1e2f3a4b', attempt: 1, name: 'Orders', username: 'orders' };

test.each([
  'For orders',
  '',
  'With [brackets] (and more)',
  'keyring: made by hand',
])('what a person wrote is found again behind origin and marker: "%s"', (text) => {
  const described = withOrigin(text, 'octo-org/orders, by octocat');
  expect(described).toBe(`${text} [made by octo-org/orders, by octocat]`.trim());
  expect(ownTextOf(withMarker(described, KEY))).toBe(text);
  expect(ownTextOf(described)).toBe(text);
  expect(ownTextOf(text)).toBe(text);
});

test('a new origin takes the place of the one before, and of the marker behind it', () => {
  const copied = withMarker(withOrigin('For orders', 'somebody'), KEY);
  expect(withOrigin(copied, 'octocat')).toBe('For orders [made by octocat]');
  expect(withOrigin(copied, '')).toBe('For orders');
});

test('what only looks like an origin, because more follows, is a person’s text', () => {
  expect(ownTextOf('[made by octocat] and kept by hand')).toBe('[made by octocat] and kept by hand');
  expect(ownTextOf('For orders [made by octocat]  ')).toBe('For orders');
  expect(ownTextOf('For orders [made by octocat]x')).toBe('For orders [made by octocat]x');
});

test('another text takes the place of a person’s own, and origin and marker stay behind it', () => {
  const before = withMarker(withOrigin('For orders', 'octocat'), KEY);
  const tail = before.slice('For orders'.length);
  expect(withOwnText(before, 'For clicks')).toBe(`For clicks${tail}`);
  expect(withOwnText(before, '  For clicks [made by somebody] ')).toBe(`For clicks${tail}`);
  expect(withOwnText(before, '')).toBe(tail.trim());
  expect(withOwnText('For orders', 'For clicks')).toBe('For clicks');
});

test('what is sent says the same after it was cleaned of HTML, whatever somebody wrote, and its marker is left', () => {
  const pieces = fc.constantFrom(
    '<b>',
    '</b>',
    '<!--',
    '<script>',
    '<',
    '>',
    '&',
    '&lt;',
    '&amp;',
    '"',
    "'",
    'R',
    ' ',
    '5 ms',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 8 }), (texts) => {
      const text = texts.join('').trim();
      const kept = sanitiseHtml(withMarker(withoutTags(text), KEY));
      expect(textOf(ownTextOf(kept))).toBe(textOf(text));
      expect(markerOf({ description: kept })).toMatchObject({ intentId: KEY.intentId });
      // Cleaned once more, as by another tool that reads and writes it, it still does.
      expect(textOf(ownTextOf(sanitiseHtml(kept)))).toBe(textOf(text));
    }),
  );
});
