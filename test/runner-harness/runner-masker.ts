/**
 * The runner's secret masker: exact substrings, no length floor, nothing decoded. Behaviour as of actions/runner's SecretMasker and
 * ValueEncoders; written from their description and on purpose independent of core/, whose masks it judges.
 */
export class RunnerMasker {
  readonly #values = new Set<string>();

  /** `::add-mask::`: the whole value and each of its trimmed lines, each with the forms the runner derives. */
  addMask(data: string): void {
    this.#addValue(data);
    for (const line of data.split(/[\r\n]/)) this.#addValue(line.trim());
  }

  mask(text: string): string {
    const hidden = this.hidden(text);
    let masked = '';
    for (let at = 0; at < text.length; at++) {
      if (!hidden[at]) masked += text[at];
      else if (!hidden[at - 1]) masked += '***';
    }
    return masked;
  }

  /** @returns for each UTF-16 unit of a line of the log whether the masker takes it out */
  hidden(text: string): boolean[] {
    const hidden = new Array<boolean>(text.length).fill(false);
    for (const value of this.#values) {
      for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + 1))
        hidden.fill(true, at, at + value.length);
    }
    return hidden;
  }

  #addValue(value: string): void {
    if (value === '') return;
    this.#values.add(value);
    for (const encode of ENCODERS) {
      const derived = encode(value);
      if (derived !== '') this.#values.add(derived);
    }
  }
}

const ENCODERS: readonly ((value: string) => string)[] = [
  (value) => shiftedBase64(value, 0),
  (value) => shiftedBase64(value, 1),
  (value) => shiftedBase64(value, 2),
  (value) => value.replaceAll('"', '\\"'),
  (value) => value.replaceAll("'", "''"),
  (value) => JSON.stringify(value).slice(1, -1),
  (value) =>
    encodeURIComponent(value.toWellFormed()).replace(
      /[!'()*]/g,
      (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
    ),
  (value) =>
    value
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&apos;'),
  (value) => (value.length > 8 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : ''),
  (value) => fragment(value.slice(0, ampersandEnd(value))),
  (value) => fragment(value.includes('&+') ? value.slice(ampersandEnd(value) + 1) : value.slice(ampersandEnd(value))),
];

function shiftedBase64(value: string, shift: number): string {
  const bytes = Buffer.from(value);
  return bytes.toString('base64', bytes.length > shift ? shift : 0);
}

/** Where PowerShell cuts a value it prints in an error: behind the first `&+`, else behind the last `&`; 0 when there is none. */
function ampersandEnd(value: string): number {
  const plus = value.indexOf('&+');
  return plus >= 0 ? plus + 2 : value.lastIndexOf('&') + 1;
}

function fragment(part: string): string {
  return part.length >= 6 ? part : '';
}
