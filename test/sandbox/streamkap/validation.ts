import { isIP } from 'node:net';
import { Refusal, type ValidationIssue } from './answer.ts';

type Loc = readonly (string | number)[];

/** Adds what is wrong with `value` to `issues`, in Pydantic's words. */
export type Check = (value: unknown, loc: Loc, issues: ValidationIssue[]) => void;

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Code points, as Python and JSON Schema count; UTF-16 units would refuse too early. */
function lengthOf(text: string): number {
  return [...text].length;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

export interface TextRules {
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
  /** A rule beyond the schema: returns what is wrong, or undefined. */
  readonly rule?: (text: string) => string | undefined;
}

export function text(rules: TextRules = {}): Check {
  return (value, loc, issues) => {
    if (typeof value !== 'string') {
      issues.push({ type: 'string_type', loc, msg: 'Input should be a valid string', input: value });
      return;
    }
    const problem = textProblem(value, rules);
    if (problem !== undefined) issues.push({ loc, input: value, ...problem });
  };
}

function textProblem(
  value: string,
  { min, max, pattern, rule }: TextRules,
): Pick<ValidationIssue, 'type' | 'msg' | 'ctx'> | undefined {
  const length = lengthOf(value);
  if (min !== undefined && length < min) {
    const msg = `String should have at least ${count(min, 'character')}`;
    return { type: 'string_too_short', msg, ctx: { min_length: min } };
  }
  if (max !== undefined && length > max) {
    const msg = `String should have at most ${count(max, 'character')}`;
    return { type: 'string_too_long', msg, ctx: { max_length: max } };
  }
  if (pattern !== undefined && !pattern.test(value)) {
    const msg = `String should match pattern '${pattern.source}'`;
    return { type: 'string_pattern_mismatch', msg, ctx: { pattern: pattern.source } };
  }
  const broken = rule?.(value);
  // The value in ctx is deliberate: a caller that logs ctx leaks, and tests must be able to see that.
  return broken === undefined
    ? undefined
    : { type: 'value_error', msg: `Value error, ${broken}`, ctx: { error: {}, value } };
}

export function oneOf(words: readonly string[]): Check {
  return (value, loc, issues) => {
    if (typeof value === 'string' && words.includes(value)) return;
    const quoted = words.map((word) => `'${word}'`);
    const expected = `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
    issues.push({ type: 'enum', loc, msg: `Input should be ${expected}`, input: value, ctx: { expected } });
  };
}

export const flag: Check = (value, loc, issues) => {
  if (typeof value === 'boolean') return;
  issues.push({ type: 'bool_type', loc, msg: 'Input should be a valid boolean', input: value });
};

export function list(item: Check, minItems = 0): Check {
  return (value, loc, issues) => {
    if (!Array.isArray(value)) {
      issues.push({ type: 'list_type', loc, msg: 'Input should be a valid list', input: value });
      return;
    }
    if (value.length < minItems) {
      const msg = `List should have at least ${count(minItems, 'item')} after validation, not ${value.length}`;
      const ctx = { field_type: 'List', min_length: minItems, actual_length: value.length };
      issues.push({ type: 'too_short', loc, msg, input: value, ctx });
      return;
    }
    for (const [index, entry] of value.entries()) item(entry, [...loc, index], issues);
  };
}

export function nullable(check: Check): Check {
  return (value, loc, issues) => {
    if (value !== null) check(value, loc, issues);
  };
}

export interface ModelRules {
  readonly required?: Readonly<Record<string, Check>>;
  readonly optional?: Readonly<Record<string, Check>>;
  /** A rule over the whole object, applied only when all fields are right: returns what is wrong, or undefined. */
  readonly rule?: (value: Record<string, unknown>) => string | undefined;
}

/** An object with known fields. Unknown ones are accepted and never looked at. */
export function model({ required = {}, optional = {}, rule }: ModelRules): Check {
  return (value, loc, issues) => {
    if (!isObject(value)) {
      const msg = 'Input should be a valid dictionary or object to extract fields from';
      issues.push({ type: 'model_attributes_type', loc, msg, input: value });
      return;
    }
    const before = issues.length;
    for (const [name, check] of Object.entries(required)) {
      if (Object.hasOwn(value, name)) check(value[name], [...loc, name], issues);
      else issues.push({ type: 'missing', loc: [...loc, name], msg: 'Field required', input: value });
    }
    for (const [name, check] of Object.entries(optional)) {
      if (Object.hasOwn(value, name)) check(value[name], [...loc, name], issues);
    }
    const broken = issues.length === before ? rule?.(value) : undefined;
    if (broken !== undefined) {
      issues.push({ type: 'value_error', loc, msg: `Value error, ${broken}`, input: value, ctx: { error: {} } });
    }
  };
}

/**
 * @param body parsed JSON, undefined when none was sent
 * @returns the body as what the check vouches for; the caller names the type that matches the check
 * @throws Refusal 422 with the list of what is wrong
 */
export function validated<T>(body: unknown, check: Check): T {
  if (body === undefined) {
    throw new Refusal(422, [{ type: 'missing', loc: ['body'], msg: 'Field required', input: null }]);
  }
  const issues: ValidationIssue[] = [];
  check(body, ['body'], issues);
  if (issues.length > 0) throw new Refusal(422, issues);
  return body as T;
}

/** The rule for `whitelist_ips`: comma-separated addresses or CIDR ranges, IPv4 or IPv6. */
export function addressListProblem(addresses: string): string | undefined {
  for (const entry of addresses.split(',').map((part) => part.trim())) {
    const [address = '', prefix, ...rest] = entry.split('/');
    const family = isIP(address);
    const wide = family === 4 ? 32 : 128;
    const prefixIsRight = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= wide);
    if (family === 0 || !prefixIsRight || rest.length > 0) return `'${entry}' is not an IP address or CIDR range`;
  }
  return undefined;
}
