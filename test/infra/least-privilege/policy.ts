import type { AccessRequest } from '../../sandbox/access.ts';

/** A statement of a policy whose references have been replaced by ARNs. */
export interface PolicyStatement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export const listOf = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T];

/** What a statement has to say about a request: the action and the resource of it that match, or nothing. */
export interface Match {
  readonly action: string;
  readonly resource: string;
}

/**
 * Whether a statement is about a request, as IAM decides it (IAM user guide, "Policy evaluation logic" and "Condition operators").
 * @throws Error for an operator that is not known here: a condition must not be passed over
 */
export function matchOf(statement: PolicyStatement, request: AccessRequest): Match | undefined {
  const action = listOf(statement.Action).find((each) => likeIgnoringCase(each, request.action));
  const resource = listOf(statement.Resource).find((each) => like(each, request.resource));
  if (action === undefined || resource === undefined) return undefined;
  const conditions = Object.entries(statement.Condition ?? {});
  const holds = conditions.every(([operator, keys]) =>
    Object.entries(keys).every(([key, expected]) => test(operator, request.context[key], listOf(expected))),
  );
  return holds ? { action, resource } : undefined;
}

type Comparison = (expected: string, actual: string) => boolean;

const equal: Comparison = (expected, actual) => expected === actual;
const COMPARISONS: Readonly<Record<string, Comparison>> = {
  StringEquals: equal,
  StringLike: like,
  ArnEquals: like,
  ArnLike: like,
  Bool: (expected, actual) => expected.toLowerCase() === actual.toLowerCase(),
  NumericLessThan: (expected, actual) => Number(actual) < Number(expected),
};

function test(operator: string, actual: readonly string[] | undefined, expected: readonly string[]): boolean {
  const [, forAll, name = '', ifExists] = /^(ForAllValues:)?(\w+?)(IfExists)?$/.exec(operator) ?? [];
  const compare = COMPARISONS[name];
  if (!compare) throw new Error(`${operator} is not known here`);
  if (actual === undefined) return forAll !== undefined || ifExists !== undefined;
  const holds = (value: string) => expected.some((each) => compare(each, value));
  // Without a set operator a key has one value.
  return forAll === undefined ? actual.length === 1 && actual.every(holds) : actual.every(holds);
}

/** `*` is any characters, `?` is one; IAM's wildcards reach over `/` and `:`. */
function like(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(text);
}

const likeIgnoringCase = (pattern: string, text: string) => like(pattern.toLowerCase(), text.toLowerCase());
