import {
  appended,
  base64Forms,
  base64Windows,
  encodeMarked,
  jsonForms,
  type MarkedText,
  markOccurrences,
  textForms,
  urlSafe,
  WRAP_COLUMNS,
  wholeSecret,
  wrappedLines,
} from './encoded-forms.ts';
import { paddedJson } from './padded-base64.ts';
import { findLeaves, isMaskable, type MaskInput, MIN_MASK_CHARACTERS } from './secret-leaves.ts';

export type { MaskInput } from './secret-leaves.ts';

export interface MaskSet {
  /** What to register with `::add-mask::`, in this order: single lines, no duplicates, none under eight characters. */
  readonly masks: string[];
  /** One line each: which field could not be masked and why. Never a value. */
  readonly warnings: string[];
}

export interface MaskOptions {
  /** Hide ids, usernames, `api_url` and `token_endpoint` too. A job output that holds one of them is then dropped. @default false */
  readonly maskIdentifiers?: boolean;
}

/**
 * Everything to register for a credential so that no later step can print a secret of it readably.
 *
 * A runner replaces exact substrings and decodes nothing. It derives a few forms of each value itself (padded base64, percent
 * encoding, JSON and XML escapes); registered here is what a workflow commonly makes beyond those, of each secret and of the whole
 * credential: unpadded and URL-safe base64, with a newline encoded along, wrapped at 76 and 64 columns, encoded twice,
 * `user:password` pairs, escapings of shells and Java properties, and the stretch of base64 that any longer text around the secret
 * contains (basic authentication, Docker's `config.json`, Kubernetes secrets).
 *
 * What no mask covers: a value that is hashed, encrypted, compressed, reversed, put in another case, in hex or base32; one that
 * the user's code splits or that a line break falls into; more than two layers of base64; of base64 around a longer text at most
 * two bytes at each end of the secret for each layer; of a wrapped form a last line under eight characters, three bytes at most.
 *
 * @param credential a parsed credential file or `{client_id, client_secret, ...}`; unknown fields may be anywhere
 */
export function maskSet(credential: MaskInput, options: MaskOptions = {}): MaskSet {
  const leaves = findLeaves(credential);
  const list = new MaskList();
  for (const secret of leaves.secrets) addSecret(list, secret);
  for (const [identifier, secret] of leaves.pairs) addPair(list, identifier, secret);
  if (leaves.holdsSecret) addDocument(list, credential, leaves.secrets);
  const warnings = [...leaves.warnings];
  if (options.maskIdentifiers) {
    for (const identifier of leaves.identifiers) list.add('identifier', identifier, encodeURIComponent(identifier));
    if (leaves.identifiers.some((identifier) => !isMaskable(identifier))) {
      warnings.push(`an identifier is shorter than ${MIN_MASK_CHARACTERS} characters, so it is not masked`);
    }
  }
  return { masks: list.toArray(), warnings };
}

/**
 * Everything to register for one secret on its own: a password as soon as it is generated, an access token, a value an input held.
 * @param usernames who uses it to log in, where that is known: `user:secret` is covered too
 */
export function maskLeaf(secret: string, usernames: readonly string[] = []): MaskSet {
  if (!isMaskable(secret)) {
    return { masks: [], warnings: [`a secret is shorter than ${MIN_MASK_CHARACTERS} characters, so it is not masked`] };
  }
  const list = new MaskList();
  addSecret(list, secret);
  for (const username of usernames) addPair(list, username, secret);
  return { masks: list.toArray(), warnings: [] };
}

/**
 * Everything to register for a text that holds secrets in forms of its own, such as a configuration file with escaped values: those
 * forms, each line that has one (a JAAS line, say), and the whole.
 * @param secrets as they stand in the text
 */
export function maskText(text: string, secrets: readonly string[]): MaskSet {
  const list = new MaskList();
  const forms = secrets.filter(isMaskable);
  for (const form of forms) addSecret(list, form);
  const lines = text.split('\n').filter((line) => forms.some((form) => line.includes(form)));
  for (const part of [text, text.trimEnd(), ...lines, ...lines.map((line) => `${line}\n`)]) {
    list.add('base64', ...base64Forms(Buffer.from(part)));
    addWrapped(list, encodeMarked(markOccurrences(part, forms)));
  }
  return { masks: list.toArray(), warnings: [] };
}

/** Most urgent first: a process that dies while it registers masks should have registered what is likeliest to be printed. */
const URGENCY = ['plain', 'escaped', 'base64', 'document', 'doubled', 'wrapped', 'embedded', 'identifier'] as const;
type Urgency = (typeof URGENCY)[number];

class MaskList {
  readonly #masks = new Map<Urgency, string[]>(URGENCY.map((urgency) => [urgency, []]));

  add(urgency: Urgency, ...texts: string[]): void {
    this.#masks.get(urgency)?.push(...texts);
  }

  /** A runner registers each line of a mask by itself, so a mask with line breaks would blank out whatever its lines are. */
  toArray(): string[] {
    const all = [...this.#masks.values()].flat();
    return [...new Set(all)].filter((mask) => isMaskable(mask) && !/[\r\n]/.test(mask));
  }
}

function addSecret(list: MaskList, secret: string): void {
  for (const text of [secret, ...linesOf(secret)]) {
    const [plain = '', ...escaped] = textForms(text);
    list.add('plain', plain);
    list.add('escaped', ...escaped);
    for (const form of new Set([text, ...jsonForms(text)])) addEmbedded(list, form);
  }
  addEncodings(list, wholeSecret(secret));
  addEncodings(list, wholeSecret(`${secret}\n`));
}

/** The lines of a multi-line secret (a PEM key, say) that are worth hiding; its frame is the same in everybody's key. */
function linesOf(secret: string): string[] {
  if (!/[\r\n]/.test(secret)) return [];
  const lines = secret.split(/[\r\n]+/).map((line) => line.trim());
  return lines.filter((line) => isMaskable(line) && !line.startsWith('-----'));
}

function addEncodings(list: MaskList, text: MarkedText): void {
  const once = encodeMarked(text);
  list.add('base64', ...base64Forms(text.bytes));
  addWrapped(list, once);
  for (const inner of [once, appended(once, '\n')]) {
    list.add('doubled', ...base64Forms(inner.bytes));
    addWrapped(list, encodeMarked(inner));
  }
}

/** @param all mask every line of the 76-column form, not only those that carry a secret */
function addWrapped(list: MaskList, encoded: MarkedText, all = false): void {
  for (const columns of WRAP_COLUMNS) list.add('wrapped', ...wrappedLines(encoded, columns, all && columns === 76));
}

/** Base64 of any text around the secret, and base64 of any text around that (a Kubernetes secret made of Docker's file). */
function addEmbedded(list: MaskList, text: string): void {
  for (const window of base64Windows(text)) {
    list.add('embedded', window, urlSafe(window), ...base64Windows(window));
  }
}

/** `user:password` as basic authentication and `docker login` encode it, form-encoded as OAuth asks for, and SASL PLAIN's token. */
function addPair(list: MaskList, identifier: string, secret: string): void {
  const joined = `${identifier}:${secret}`;
  const formEncoded = `${encodeURIComponent(identifier.toWellFormed())}:${encodeURIComponent(secret.toWellFormed())}`;
  for (const text of new Set([joined, formEncoded, `\0${identifier}\0${secret}`])) {
    addEncodings(list, wholeSecret(text));
    addEncodings(list, wholeSecret(`${text}\n`));
    list.add('embedded', ...base64Windows(Buffer.from(text).toString('base64')));
  }
  // Docker's file within a Kubernetes secret: with what follows the value there, no character of it is left outside the mask.
  const auth = Buffer.from(joined).toString('base64');
  for (const end of ['"}', '",', '"\n']) list.add('embedded', ...base64Windows(`${auth}${end}`));
}

/**
 * The credential as a whole: as it is handed out, as `jq -c` prints it, and as `jq .` does. A file may be long, so its forms are
 * chosen to share what they can: base64 up to the last whole group is the same whatever follows the closing brace, and of the
 * wrapped forms only those lines count that carry a secret.
 */
function addDocument(list: MaskList, credential: MaskInput, secrets: readonly string[]): void {
  const padded = paddedJson(credential);
  const compact = padded.trimEnd();
  const pretty = JSON.stringify(credential, null, 2);
  const needles = secrets.flatMap(jsonForms);
  const blob = encodeMarked(markOccurrences(padded, needles));
  list.add('document', blob.bytes.toString(), padded, compact, ...base64Forms(Buffer.from(padded)));
  addWrapped(list, blob, true);
  for (const inner of [blob, appended(blob, '\n')]) {
    list.add('doubled', ...base64Forms(inner.bytes));
    addWrapped(list, encodeMarked(inner));
  }
  for (const text of [compact, `${compact}\n`, `${padded}\n`, pretty, `${pretty}\n`]) {
    addWrapped(list, encodeMarked(markOccurrences(text, needles)));
  }
  const [start = ''] = base64Windows(compact);
  const [prettyStart = ''] = base64Windows(pretty);
  list.add(
    'embedded',
    ...base64Windows(compact),
    ...base64Windows(start),
    prettyStart,
    urlSafe(start),
    urlSafe(prettyStart),
  );
}
