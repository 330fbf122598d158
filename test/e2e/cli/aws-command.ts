import { randomUUID } from 'node:crypto';
import type { SecretsManagerState } from '../../sandbox/secrets-manager/state.ts';

/** Options of AWS's own command line that are no part of the request. */
const LOCAL = new Set(['Region', 'Query', 'Output']);
const STARTS_WITH_A_TOKEN = new Set(['RotateSecret', 'CreateSecret', 'PutSecretValue']);

/**
 * Makes the call that a printed `aws secretsmanager ...` command would make. @param files what `file://` names hold
 * @throws what the stand-in refuses
 */
export function runAwsCommand(
  secretsManager: Pick<SecretsManagerState, 'call'>,
  command: string,
  files: Readonly<Record<string, string>> = {},
): void {
  const [program, service, verb = '', ...rest] = words(command);
  if (program !== 'aws' || service !== 'secretsmanager') throw new Error(`no command for Secrets Manager: ${command}`);
  const operation = pascal(verb);
  const token = STARTS_WITH_A_TOKEN.has(operation) ? { ClientRequestToken: randomUUID() } : {};
  secretsManager.call(operation, { ...token, ...inputOf(rest, files) });
}

/** What a POSIX shell makes of a line of plain words and single quotes. */
export function words(command: string): string[] {
  const found = command.match(/(?:'[^']*'|\\'|[^\s'\\])+/g) ?? [];
  return found.map((word) => word.replace(/'([^']*)'/g, '$1').replaceAll("\\'", "'"));
}

function inputOf(rest: readonly string[], files: Readonly<Record<string, string>>): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (let index = 0; index < rest.length; ) {
    const name = pascal((rest[index++] ?? '').replace(/^--/, ''));
    const values: string[] = [];
    while (index < rest.length && !rest[index]?.startsWith('--')) values.push(rest[index++] ?? '');
    if (!LOCAL.has(name)) input[name.replace('Arn', 'ARN')] = inputValue(name, values, files);
  }
  return input;
}

function inputValue(name: string, values: readonly string[], files: Readonly<Record<string, string>>): unknown {
  const [first] = values;
  if (first === undefined) return true;
  if (name === 'Tags' || name === 'Filters') return values.map(structure);
  if (name === 'RotationRules') return structure(first);
  if (first.startsWith('file://')) return files[first.slice('file://'.length)];
  return /^\d+$/.test(first) ? Number(first) : first;
}

/** The command line's shorthand: `Key=name,Values=a`. */
function structure(shorthand: string): Record<string, unknown> {
  const fields = shorthand.split(/,(?=[A-Z]\w*=)/).map((field) => field.split(/=(.*)/s) as [string, string]);
  return Object.fromEntries(
    fields.map(([key, value]) => [key, key === 'Values' ? [value] : /^\d+$/.test(value) ? Number(value) : value]),
  );
}

const pascal = (kebab: string) => kebab.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
