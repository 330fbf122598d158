/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** The reason given when text is no JSON; deliberately without a position or an excerpt, which may quote a secret. */
export const NOT_JSON = Symbol('not JSON');

/** @returns the parsed value, or {@link NOT_JSON}; never throws, because JSON.parse's own error quotes its input. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return NOT_JSON;
  }
}

/** The part of a zod issue that never holds input: where, and which rule. */
interface SchemaIssue {
  readonly path: readonly PropertyKey[];
  readonly code?: string | undefined;
  readonly expected?: unknown;
}

/**
 * @returns `kafka.password: expected string` for the first issue; paths and expected kinds only, never a value. Zod's messages
 * are not used: some quote the input or its unrecognised keys.
 */
export function describeIssues(issues: readonly SchemaIssue[]): string {
  const [first] = issues;
  if (!first) return 'does not fit';
  const where = first.path.map(String).join('.') || 'the value';
  const expected = typeof first.expected === 'string' ? `expected ${first.expected}` : 'is not as it should be';
  return `${where}: ${expected}`;
}
