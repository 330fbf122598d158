import { parse, YAMLError, YAMLParseError } from 'yaml';

/** Text that the YAML parser does not take; its own message quotes the text and is dropped. */
export class NotYaml {
  /** Where the text breaks a rule, from 1; undefined where the parser does not say. */
  readonly line: number | undefined;

  constructor(line?: number) {
    this.line = line;
  }
}

/** @returns the parsed value, or {@link NotYaml}. A module of its own, loaded only by those who write YAML. */
export function parseYaml(text: string): unknown {
  try {
    // Warnings, too, quote the text, on stderr.
    return parse(text, { logLevel: 'error' });
  } catch (error) {
    if (error instanceof YAMLParseError) return new NotYaml(error.linePos?.[0].line);
    // The parser throws ReferenceError for an alias without an anchor, and for one that unfolds without end.
    if (error instanceof YAMLError || error instanceof ReferenceError) return new NotYaml();
    throw error;
  }
}

/** @returns ` (line 3)`, to follow what is said of the text */
export function placeIn({ line }: NotYaml): string {
  return line === undefined ? '' : ` (line ${line})`;
}
