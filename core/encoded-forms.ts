/** Widths at which tools break base64: 76 is `base64` and MIME, 64 is `openssl base64` and PEM. */
export const WRAP_COLUMNS = [76, 64] as const;

/** Text in which some bytes are secret. Encoding it keeps track of them, so that only lines that carry a secret need masking. */
export interface MarkedText {
  readonly bytes: Buffer;
  /** Half-open byte ranges. */
  readonly secret: readonly (readonly [start: number, end: number])[];
}

/** @returns `text` as one single secret */
export function wholeSecret(text: string): MarkedText {
  const bytes = Buffer.from(text);
  return { bytes, secret: [[0, bytes.length]] };
}

/** @returns `text` with every occurrence of the given strings marked */
export function markOccurrences(text: string, secrets: readonly string[]): MarkedText {
  const bytes = Buffer.from(text);
  const ranges: [number, number][] = [];
  for (const secret of secrets) {
    const needle = Buffer.from(secret);
    if (needle.length === 0) continue;
    for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + 1)) {
      ranges.push([at, at + needle.length]);
    }
  }
  return { bytes, secret: ranges };
}

/** @returns the base64 of a marked text; a character is marked when any of the three bytes of its group is */
export function encodeMarked(text: MarkedText): MarkedText {
  return {
    bytes: Buffer.from(text.bytes.toString('base64')),
    secret: text.secret.map(([start, end]) => [Math.floor(start / 3) * 4, Math.ceil(end / 3) * 4] as const),
  };
}

/** @returns the same text with more behind it, nothing of which is secret */
export function appended(text: MarkedText, suffix: string): MarkedText {
  return { bytes: Buffer.concat([text.bytes, Buffer.from(suffix)]), secret: text.secret };
}

/** @returns the lines of a text wrapped at `columns`; only those that carry a secret unless `all` */
export function wrappedLines(text: MarkedText, columns: number, all = false): string[] {
  const lines: string[] = [];
  for (let start = 0; start < text.bytes.length; start += columns) {
    const carriesSecret = text.secret.some(([from, to]) => from < start + columns && to > start);
    if (all || carriesSecret) lines.push(text.bytes.toString('utf8', start, start + columns));
  }
  return lines;
}

/** @returns padded, unpadded and, where they differ, both URL-safe base64 forms. The runner derives the first only. */
export function base64Forms(bytes: Buffer): string[] {
  const padded = bytes.toString('base64');
  return [...new Set([padded, withoutPadding(padded), urlSafe(padded), withoutPadding(urlSafe(padded))])];
}

/** @returns the URL-safe spelling of base64 (RFC 4648, section 5) */
export function urlSafe(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_');
}

function withoutPadding(base64: string): string {
  return base64.replace(/=+$/, '');
}

/**
 * The three stretches of base64 of which one appears, whatever stands before and behind `text` in the text that was encoded: one
 * for each offset modulo three, cut to whole groups. At most two bytes at either end of `text` share a group with their neighbours
 * and stay outside. The runner's own shifted forms are not cut at the end, so most of them match at the end of a text only.
 */
export function base64Windows(text: string): string[] {
  const bytes = Buffer.from(text);
  return [0, 1, 2].map((skip) => {
    const whole = bytes.length - ((bytes.length - skip) % 3);
    return bytes.toString('base64', Math.min(skip, whole), whole);
  });
}

/** @returns how a text looks inside a JSON string: as is, in ASCII only (Python), with `<`, `>` and `&` escaped (Go) */
export function jsonForms(text: string): string[] {
  const escaped = JSON.stringify(text).slice(1, -1);
  return [escaped, escaped.replace(/[^\x20-\x7e]/g, unicodeEscape), escaped.replace(/[<>&]/g, unicodeEscape)];
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * @returns the text itself and how it reads after the escapings that later steps commonly apply: JSON, URLs and forms, XML, a
 * shell's quoting (`printf %q`, `'\''`), Java properties. Without duplicates, the text first.
 */
export function textForms(text: string): string[] {
  // A lone surrogate has no UTF-8 form and makes encodeURIComponent throw; tools print U+FFFD in its place.
  const wellFormed = text.toWellFormed();
  const percent = percentForms(wellFormed);
  return [
    ...new Set([
      text,
      wellFormed,
      ...jsonForms(wellFormed),
      ...percent,
      ...percent.map((form) => form.replace(/%[0-9A-F]{2}/g, (octet) => octet.toLowerCase())),
      wellFormed.replaceAll("'", "''"),
      wellFormed.replaceAll("'", "'\\''"),
      wellFormed.replace(/[ \t!"$&'()*,;<>?[\\\]^`{|}]|^[#~]/g, '\\$&'),
      wellFormed.replace(/[\\=:#!]/g, '\\$&'),
      wellFormed.replace(/[<>&"']/g, (character) => XML_ENTITIES[character] ?? character),
    ]),
  ];
}

const XML_ENTITIES: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  "'": '&apos;',
};

/** JavaScript's form, RFC 3986's, Python's `quote` (which spares the slash) and that of HTML forms. */
function percentForms(text: string): string[] {
  const javascript = encodeURIComponent(text);
  const rfc3986 = javascript.replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const form = new URLSearchParams({ '': text }).toString().slice(1);
  return [javascript, rfc3986, rfc3986.replaceAll('%2F', '/'), form];
}
