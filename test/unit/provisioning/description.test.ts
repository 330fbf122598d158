import { expect, test } from 'vitest';
import { ownTextOf, withOrigin } from '../../../core/provisioning/description.ts';
import { withMarker } from '../../../core/provisioning/marker.ts';

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
