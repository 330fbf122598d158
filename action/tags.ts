import { InputError } from '../core/errors.ts';

/** Ours are ten at most: what the secret is, who rotates it, who made the key. */
const MAX_TAGS = 40;

/** @returns the `tags` input, a YAML map, as tags for a secret */
export async function parseTags(text: string): Promise<Record<string, string>> {
  if (text === '') return {};
  const { NotYaml, parseYaml, placeIn } = await import('./yaml.ts');
  const rule = 'Give a YAML map of text to text, for example `team: data`.';
  const value = parseYaml(text);
  if (value instanceof NotYaml) throw new InputError('tags', `is not YAML${placeIn(value)}`, rule);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InputError('tags', 'is not a YAML map', rule);
  const count = Object.keys(value).length;
  if (count > MAX_TAGS) {
    const why = `AWS allows 50 on a secret, and this product sets some of its own: give ${MAX_TAGS} at most.`;
    throw new InputError('tags', `has ${count} tags`, why);
  }
  return Object.fromEntries(Object.entries(value).map(([key, tag]) => [key, parseTag(key, tag)]));
}

// Lengths and the reserved prefix: AWS's tagging rules. streamkap: and managed-by are this product's own.
function parseTag(key: string, value: unknown): string {
  const isText = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  if (!isText || key.length > 128 || String(value).length > 256) {
    throw new InputError(
      'tags',
      `"${key.slice(0, 60)}" is not a tag`,
      'Keys have at most 128 characters, values are text of at most 256.',
    );
  }
  if (/^(aws:|streamkap:|managed-by$)/i.test(key))
    throw new InputError('tags', `"${key.slice(0, 60)}" is reserved`, 'Choose another key.');
  return String(value);
}
