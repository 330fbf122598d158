import { parse, YAMLError } from 'yaml';

/** Text that the YAML parser does not take; its own message quotes the text and is dropped. */
export const NOT_YAML = Symbol('not YAML');

/** @returns the parsed value, or {@link NOT_YAML}. A module of its own, loaded only by those who write YAML. */
export function parseYaml(text: string): unknown {
  try {
    // Warnings, too, quote the text, on stderr.
    return parse(text, { logLevel: 'error' });
  } catch (error) {
    // The parser throws ReferenceError for an alias without an anchor, and for one that unfolds without end.
    if (error instanceof YAMLError || error instanceof ReferenceError) return NOT_YAML;
    throw error;
  }
}
