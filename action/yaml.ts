import { parse, YAMLError } from 'yaml';

/** Text that the YAML parser does not take; its own message quotes the text and is dropped. */
export const NOT_YAML = Symbol('not YAML');

/** @returns the parsed value, or {@link NOT_YAML}. A module of its own, loaded only by those who write YAML. */
export function parseYaml(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof YAMLError) return NOT_YAML;
    throw error;
  }
}
