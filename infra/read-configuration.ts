import { readFileSync } from 'node:fs';
import { CONFIGURATION, type Configuration } from './configuration.ts';
import { rulesBetweenFields } from './configuration-rules.ts';

/** A configuration that breaks rules: one line for each, naming path, kind of value and rule. */
export class ConfigurationError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigurationError';
    this.problems = problems;
  }
}

/** Settings of parts that this version does not have; they get a clearer answer than "unknown". */
const NOT_YET: Readonly<Record<string, string>> = {
  audit: 'the audit function',
};

/** @throws ConfigurationError; nothing of the file's values is in it */
export function readConfiguration(file: string): Configuration {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new ConfigurationError([`${file}: cannot be read; give the path of an existing file`]);
  }
  return parseConfiguration(text, file);
}

/**
 * @param file the name to blame
 * @throws ConfigurationError
 */
export function parseConfiguration(text: string, file: string): Configuration {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // The rest of the message quotes the text.
    const [where] = /line \d+ column \d+/.exec(String(error)) ?? [];
    throw new ConfigurationError([`${file}: is not JSON${where ? ` (${where})` : ''}`]);
  }
  const result = CONFIGURATION.safeParse(value);
  const lines = result.success
    ? rulesBetweenFields(result.data).map(({ path, rule }) => lineOf(path, rule, value))
    : result.error.issues.flatMap((issue) => linesOf(issue, value));
  if (result.success && lines.length === 0) return result.data;
  throw new ConfigurationError(lines.map((line) => `${file}: ${line}`));
}

type Issue = NonNullable<ReturnType<typeof CONFIGURATION.safeParse>['error']>['issues'][number];

function linesOf(issue: Issue, root: unknown): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const where = pathText([...issue.path, /^[\w$-]{1,40}$/.test(key) ? key : '(a name that is not shown)']);
      const later = NOT_YET[key];
      return later
        ? `${where} asks for ${later}, which this version does not have; leave it out`
        : `${where} is no setting`;
    });
  }
  return [lineOf(issue.path, issue.message, root)];
}

function lineOf(path: readonly PropertyKey[], rule: string, root: unknown): string {
  const value = valueAt(root, path);
  return `${pathText(path) || 'the file'} ${value === undefined ? 'is missing' : `is ${kindOf(value)}`}: ${rule}`;
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index > 0 ? '.' : ''}${String(part)}`))
    .join('');
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[part] : undefined,
    root,
  );
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'text';
    case 'number':
      return 'a number';
    case 'boolean':
      return 'true or false';
    default:
      return 'an object';
  }
}
