import { expect, test } from 'vitest';
import { successorOf } from '../../../core/provisioning/version-id.ts';

test('the next version has an id that everybody who saw the same one arrives at', () => {
  // hex(sha256("streamkap-keyring:" + id or "none")); computed with another tool, since versions outlive releases.
  expect(successorOf(undefined)).toBe('226cd71fccf9f710511b0805b64b1abd51c6fa5055ef7c7b0fe3632d8bf7298d');
  expect(successorOf('abc')).toBe('2c9a22159030bf588d5494c5cc17e5c08027582bdde3c25ebe550e1cea4ebf96');
  expect(successorOf('abc')).not.toBe(successorOf('abd'));
});

test('a chain of versions never comes back to itself, and each id may be a version id', () => {
  const seen = new Set<string>();
  for (let id = successorOf(undefined), count = 0; count < 100; count++, id = successorOf(id)) {
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    seen.add(id);
  }
  expect(seen.size).toBe(100);
});
