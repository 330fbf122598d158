import { InputError } from './errors.ts';

/**
 * The compact JSON of a credential, padded with trailing spaces to a multiple of three bytes. JSON allows the spaces, and base64
 * of it has no `=`: the padded and the unpadded form, which a runner would have to know both of, are one and the same.
 * @throws InputError when the value has no JSON form (undefined, a function)
 */
export function paddedJson(value: unknown): string {
  // The declared type of JSON.stringify leaves out that it answers undefined for such values.
  const compact: string | undefined = JSON.stringify(value);
  if (compact === undefined) throw new InputError('credentials', 'have no JSON form', 'Pass a parsed JSON value.');
  return compact + ' '.repeat((3 - (Buffer.byteLength(compact) % 3)) % 3);
}

/** @returns base64 of {@link paddedJson}: what the Action hands out as `credentials`. It is a secret. */
export function encodeCredentials(json: unknown): string {
  return Buffer.from(paddedJson(json)).toString('base64');
}
