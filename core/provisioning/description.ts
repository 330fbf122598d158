import { stripMarker } from '../marker.ts';

const ORIGIN = /\s*\[made by [^[\]]*\]\s*$/;

/**
 * @param origin who had the key made, one line without brackets; empty: not said
 * @returns the description with the origin behind it, before any marker, in place of one that is there
 */
export function withOrigin(description: string, origin: string): string {
  const own = ownTextOf(description);
  return origin === '' ? own : `${own} [made by ${origin}]`.trim();
}

/** @returns what a person wrote of a description: without the marker and the origin behind it */
export function ownTextOf(description: string): string {
  return stripMarker(description).replace(ORIGIN, '');
}

/** @returns the description with another text of a person's, and the origin and marker behind it as they were */
export function withOwnText(description: string, text: string): string {
  const tail = description.slice(ownTextOf(description).length).trim();
  return `${ownTextOf(text).trim()} ${tail}`.trim();
}

/**
 * Streamkap cleans descriptions of HTML, how is not documented. Left as it is, a `<` could begin a tag, and an unfinished tag takes all
 * behind it with it: our marker too.
 * @returns the description as it is sent: the same text, without a tag for anybody who reads it as HTML
 */
export function withoutTags(description: string): string {
  return description.replaceAll('<', '&lt;');
}

const ENTITIES: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  quot: '"',
  '#34': '"',
  '#39': "'",
  apos: "'",
  amp: '&',
};

/** @returns the text that a description says, whichever of its characters somebody wrote as entities, and however often */
export function textOf(description: string): string {
  const text = description.replace(/&(#?\w+);/g, (entity, name: string) => ENTITIES[name] ?? entity);
  return text === description ? text : textOf(text);
}
