import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { generateKafkaPassword, type RandomInt } from '../../core/password.ts';

const ALLOWED = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!'];

/** Mulberry32 without modulo bias: the same numbers in every run. */
function seeded(seed: number): RandomInt {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return (max) => {
    const limit = 2 ** 32 - (2 ** 32 % max);
    let drawn = next();
    while (drawn >= limit) drawn = next();
    return drawn % max;
  };
}

function specials(password: string): number {
  return password.split('!').length - 1;
}

describe('a generated password', () => {
  test('has 32 characters of four classes and one to three exclamation marks, whatever the draws', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const password = generateKafkaPassword(seeded(seed));
        expect(password).toMatch(/^[A-Za-z0-9!]{32}$/);
        for (const kind of [/[A-Z]/, /[a-z]/, /[0-9]/]) expect(password).toMatch(kind);
        expect(specials(password)).toBeGreaterThanOrEqual(1);
        expect(specials(password)).toBeLessThanOrEqual(3);
      }),
      { seed: 4, numRuns: 1000 },
    );
  });

  test('comes from the operating system unless told otherwise, and never twice', () => {
    const passwords = new Set(Array.from({ length: 100 }, () => generateKafkaPassword()));
    expect(passwords.size).toBe(100);
    for (const password of passwords) expect(password).toMatch(/^[A-Za-z0-9!]{32}$/);
  });

  test('puts no + and no / into the base64 of the JSON around it, at any alignment', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 2 }), (seed, shift) => {
        const password = generateKafkaPassword(seeded(seed));
        const json = JSON.stringify({ ['k'.repeat(shift + 1)]: password, username: 'orders-reader', acls: [1, null] });
        const base64 = Buffer.from(json).toString('base64');
        expect(base64).not.toMatch(/[+/]/);
      }),
      { seed: 5, numRuns: 500 },
    );
  });

  test('could be any of its letters in any neighbourhood: none puts + or / into base64', () => {
    const neighbours = [...ALLOWED, '"', ':', ',', '{', '}', '[', ']', ' '];
    for (const before of neighbours) {
      for (const letter of ALLOWED) {
        for (const after of neighbours) {
          for (const shift of ['', 'x', 'xx']) {
            const base64 = Buffer.from(shift + before + letter + after).toString('base64');
            if (/[+/]/.test(base64)) expect.fail(JSON.stringify(shift + before + letter + after));
          }
        }
      }
    }
  });
});

describe('among many passwords', () => {
  const random = seeded(6);
  const passwords = Array.from({ length: 20_000 }, () => generateKafkaPassword(random));

  /** Pearson's statistic. The limits below have odds of one in ten thousand or less for 31, 51 and 9 degrees of freedom. */
  function chiSquare(counts: readonly number[]): number {
    const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
    return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  }

  test('each place has an exclamation mark as often as the others', () => {
    const places = Array.from({ length: 32 }, (_, place) => passwords.filter((text) => text[place] === '!').length);
    expect(chiSquare(places)).toBeLessThan(75);
  });

  test.each([
    ['letter', /[A-Za-z]/, 52],
    ['digit', /[0-9]/, 10],
  ])('each %s is as frequent as the others', (_, kind, size) => {
    const counts = new Map(ALLOWED.filter((character) => kind.test(character)).map((character) => [character, 0]));
    for (const password of passwords) {
      for (const character of password) {
        const count = counts.get(character);
        if (count !== undefined) counts.set(character, count + 1);
      }
    }
    expect(counts.size).toBe(size);
    expect(chiSquare([...counts.values()])).toBeLessThan(size === 52 ? 100 : 35);
  });

  test('one, two and three exclamation marks are as frequent as there are passwords with so many', () => {
    const shares = [1, 2, 3].map(
      (count) => passwords.filter((text) => specials(text) === count).length / passwords.length,
    );
    // C(32,k) * 62^(32-k) as a share of the three; passwords that lack a class are too few to matter here.
    const expected = [0.775, 0.19375, 0.03125];
    const furthest = Math.max(...shares.map((share, index) => Math.abs(share - (expected[index] ?? 0))));
    expect(furthest).toBeLessThan(0.012);
  });
});

test('a source of randomness that always says the same is given up on', () => {
  expect(() => generateKafkaPassword(() => 0)).toThrow('the source of randomness yields no password');
});
