import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { CloudAssembly } from 'aws-cdk-lib/cx-api';
import { ConfigurationError, readConfiguration } from './read-configuration.ts';

/** What the command has of the process that it is in. */
export interface Surroundings {
  readonly say: (line: string) => void;
  readonly complain: (line: string) => void;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const HELP = `Usage: npm run synth [-- CONFIG]

Writes CloudFormation for the stacks of CONFIG into cdk.out/ (CDK_OUTDIR names another folder). Needs no network and no AWS
credentials. CONFIG is a path; without it keyring.config.json, else examples/keyring.config.json, which is only an example.
In a project with the CDK command line: cdk deploy --app "node infra/app.ts" -c config=CONFIG.

Exit codes: 0 written, 1 could not be written, 2 the configuration or the command line is wrong.
`;

const DEFAULT = 'keyring.config.json';
const EXAMPLE = join(import.meta.dirname, '../examples/keyring.config.json');

/** @returns the exit code; what there is to say was said */
export async function synth(arguments_: readonly string[], around: Surroundings): Promise<0 | 1 | 2> {
  const [argument, ...more] = arguments_;
  if (argument === '--help' || argument === '-h') {
    around.say(HELP);
    return 0;
  }
  if (argument?.startsWith('-') || more.length > 0) {
    around.complain(HELP);
    return 2;
  }
  try {
    await write(configurationFile(argument, around), around);
    return 0;
  } catch (error) {
    around.complain(error instanceof Error ? error.message : String(error));
    return error instanceof ConfigurationError ? 2 : 1;
  }
}

async function write(file: string, { say, environment }: Surroundings): Promise<void> {
  const { stacks } = readConfiguration(file);
  // Loading CDK takes longer than all the rest: a configuration that is wrong has been refused by now.
  const { App } = await import('aws-cdk-lib');
  const { CDK_FLAGS, KeyringStack } = await import('./keyring-stack.ts');
  const outdir = environment.CDK_OUTDIR ?? 'cdk.out';
  const app = new App({ outdir, analyticsReporting: false, postCliContext: CDK_FLAGS });
  for (const stack of stacks) new KeyringStack(app, stack);
  report(app.synth(), say);
}

function configurationFile(argument: string | undefined, { complain, environment }: Surroundings): string {
  const named = argument ?? fileInContext(environment.CDK_CONTEXT_JSON);
  if (named !== undefined) return named;
  if (existsSync(DEFAULT)) return DEFAULT;
  complain(`There is no ${DEFAULT} here: this uses the example, whose account is not yours.`);
  return EXAMPLE;
}

/** `-c config=...` of the CDK command line, read without making an App: that would already write files. */
function fileInContext(json = '{}'): string | undefined {
  const context: unknown = JSON.parse(json);
  const named = typeof context === 'object' && context !== null && 'config' in context ? context.config : undefined;
  return typeof named === 'string' ? named : undefined;
}

function report(assembly: CloudAssembly, say: Surroundings['say']): void {
  for (const { stackName, template, messages, environment } of assembly.stacks) {
    const resources = Object.keys((template as { Resources?: object }).Resources ?? {}).length;
    say(`${stackName}: ${resources} resources for ${environment.account} in ${environment.region}`);
    for (const { entry } of messages) say(`  ${String(entry.data)}`);
  }
  say(`Written to ${relative('', assembly.directory) || '.'}/`);
}
