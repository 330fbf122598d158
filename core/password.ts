import { randomInt as cryptoRandomInt } from 'node:crypto';

const SPECIAL = '!';
const ALPHABET = `ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789${SPECIAL}`;
const LENGTH = 32;
const MAX_SPECIALS = 3;
/** Two in five candidates fit; a source that fails this often is broken. */
const MAX_CANDIDATES = 1000;

/** @returns a whole number from 0 to `max - 1`, each as likely as the others, as node:crypto's does */
export type RandomInt = (max: number) => number;

/**
 * Makes a Kafka password that meets the strictest rule known of Streamkap's: 32 characters of `A-Z a-z 0-9`, with one to three
 * `!` among them, and at least one of each class. That is the one special character known to be accepted, and it needs no
 * quoting in JAAS lines, URLs, environment files or SASL.
 *
 * Candidates that do not fit are thrown away whole. Putting a missing class into a candidate would be quicker, but would make
 * some passwords likelier than others; like this every password that fits is equally likely (over 189 bits).
 *
 * It also keeps base64 free of `+` and `/`, so that base64 and base64url of an ASCII text around it are the same and one mask covers both. A
 * `+` or `/` is a sextet that begins with five ones. The high bit of an ASCII byte is 0 and lies inside each of a triple's first
 * three sextets' first five bits, which leaves the fourth: the low six bits of the third byte, `+` for `>` and `~`, `/` for `?`
 * and DEL. `!`, letters and digits are none of these, wherever in the text they stand, nor is JSON's punctuation.
 * @param randomInt the source of randomness
 * @throws Error when the source yields no password, which only a broken one does
 */
export function generateKafkaPassword(randomInt: RandomInt = (max) => cryptoRandomInt(max)): string {
  for (let candidate = 0; candidate < MAX_CANDIDATES; candidate++) {
    const password = Array.from({ length: LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');
    if (meetsEveryRule(password)) return password;
  }
  throw new Error('the source of randomness yields no password');
}

function meetsEveryRule(password: string): boolean {
  const specials = password.split(SPECIAL).length - 1;
  return specials >= 1 && specials <= MAX_SPECIALS && [/[A-Z]/, /[a-z]/, /[0-9]/].every((kind) => kind.test(password));
}
