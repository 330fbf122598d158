#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { App } from 'aws-cdk-lib';
import type { CloudAssembly } from 'aws-cdk-lib/cx-api';
import { CDK_FLAGS, KeyringStack } from './keyring-stack.ts';
import { ConfigurationError, readConfiguration } from './read-configuration.ts';

const HELP = `Usage: npm run synth [-- CONFIG]

Writes CloudFormation for the stacks of CONFIG into cdk.out/ (CDK_OUTDIR names another folder). Needs no network and no AWS
credentials. CONFIG is a path; without it keyring.config.json, else examples/keyring.config.json, which is only an example.
In a project with the CDK command line: cdk deploy --app "node infra/app.ts" -c config=CONFIG.

Exit codes: 0 written, 1 could not be written, 2 the configuration or the command line is wrong.
`;

const DEFAULT = 'keyring.config.json';
const EXAMPLE = join(import.meta.dirname, '../examples/keyring.config.json');
const say = (line: string) => process.stdout.write(`${line}\n`);
const complain = (line: string) => process.stderr.write(`${line}\n`);

/** `-c config=...` of the CDK command line, read without making an App: that would already write files. */
function fileInContext(): string | undefined {
  const context: unknown = JSON.parse(process.env.CDK_CONTEXT_JSON ?? '{}');
  const named = typeof context === 'object' && context !== null && 'config' in context ? context.config : undefined;
  return typeof named === 'string' ? named : undefined;
}

function configurationFile(argument: string | undefined): string {
  const named = argument ?? fileInContext();
  if (named !== undefined) return named;
  if (existsSync(DEFAULT)) return DEFAULT;
  complain(`There is no ${DEFAULT} here: this uses the example, whose account is not yours.`);
  return EXAMPLE;
}

function report(assembly: CloudAssembly): void {
  for (const { stackName, template, messages, environment } of assembly.stacks) {
    const resources = Object.keys((template as { Resources?: object }).Resources ?? {}).length;
    say(`${stackName}: ${resources} resources for ${environment.account} in ${environment.region}`);
    for (const { entry } of messages) say(`  ${String(entry.data)}`);
  }
  say(`Written to ${relative('', assembly.directory) || '.'}/`);
}

function main(arguments_: readonly string[]): number {
  const [argument, ...more] = arguments_;
  if (argument === '--help' || argument === '-h') {
    process.stdout.write(HELP);
    return 0;
  }
  if (argument?.startsWith('-') || more.length > 0) {
    complain(HELP);
    return 2;
  }
  const { stacks } = readConfiguration(configurationFile(argument));
  const app = new App({
    outdir: process.env.CDK_OUTDIR ?? 'cdk.out',
    analyticsReporting: false,
    postCliContext: CDK_FLAGS,
  });
  for (const stack of stacks) new KeyringStack(app, stack);
  report(app.synth());
  return 0;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  complain(error instanceof Error ? error.message : String(error));
  process.exitCode = error instanceof ConfigurationError ? 2 : 1;
}
