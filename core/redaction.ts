import { maskLeaf } from './mask-set.ts';
import { isMaskable } from './secret-leaves.ts';

const REDACTED = '***';

/**
 * The second net under logs. Errors and log records of this project hold no secret by construction; what slips through anyway, in
 * the text of a foreign library say, is replaced here: every value that was added, and every encoding of it that maskLeaf lists,
 * and hex, by `***`. Parts of a value are not looked for.
 */
export class Redactor {
  readonly #values = new Set<string>();

  /** Values under eight characters are ignored: replacing them would make logs unreadable without hiding anything. */
  add(secretValue: string): void {
    if (!isMaskable(secretValue) || this.#values.has(secretValue)) return;
    const hex = Buffer.from(secretValue).toString('hex');
    for (const value of [secretValue, ...maskLeaf(secretValue).masks, hex, hex.toUpperCase()]) this.#values.add(value);
  }

  /** @returns the text with all of it replaced; what overlaps or touches becomes one `***` */
  redact(text: string): string {
    let result = '';
    let end = 0;
    for (const [from, to] of this.#spans(text)) {
      if (from > end || (from === 0 && end === 0)) result += text.slice(end, from) + REDACTED;
      end = Math.max(end, to);
    }
    return result + text.slice(end);
  }

  #spans(text: string): [number, number][] {
    const spans: [number, number][] = [];
    for (const value of this.#values) {
      for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + 1)) spans.push([at, at + value.length]);
    }
    return spans.sort(([a], [b]) => a - b);
  }
}
