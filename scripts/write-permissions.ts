import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { CDK_FLAGS, KeyringStack } from '../infra/keyring-stack.ts';
import { readConfiguration } from '../infra/read-configuration.ts';
import { grantRows, invokeRows, type Resources, trustRows } from './permissions.ts';

const ROOT = join(import.meta.dirname, '..');
const EXAMPLE = join(ROOT, 'examples/keyring.config.json');
/** The document that shows the tables. */
export const DOCUMENT = join(ROOT, 'docs/permissions.md');
/** What is between these two lines of it. */
const BEGIN = '<!-- permissions: written by node scripts/write-permissions.ts -->';
const END = '<!-- permissions end -->';

/** @returns a document with the tables in it as the templates are now @throws Error where it has no place for them */
export function withPermissions(document: string, templates: readonly Resources[]): string {
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${DOCUMENT} has no lines ${BEGIN} and ${END}`);
  const [first = {}, ...others] = templates;
  const shown = [first, ...others.map(gitHubOnly)];
  const table = (heads: readonly string[], rows: readonly (readonly string[])[]) =>
    [heads, heads.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
  const tables = [
    table(['role', 'may', 'on', 'only'], shown.flatMap(grantRows)),
    table(['role', 'is for', 'only'], shown.flatMap(trustRows)),
    table(['function', 'may be called by', 'for'], invokeRows(first)),
  ];
  return `${document.slice(0, begin)}${BEGIN}\n\n${tables.join('\n\n')}\n\n${document.slice(end)}`;
}

/** The functions of one stack have the permissions of those of another. */
function gitHubOnly(resources: Resources): Resources {
  return Object.fromEntries(
    Object.entries(resources).filter(([id, { Type }]) => Type !== 'AWS::IAM::Role' || id.startsWith('GitHubAccess')),
  );
}

/** @returns the resources of each stack of the example. What a function does is no part of them, so its bundle is empty. */
export function exampleTemplates(): Resources[] {
  const folder = mkdtempSync(join(tmpdir(), 'keyring-permissions-'));
  try {
    for (const name of ['rotate-password', 'rotate-admin']) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'index.mjs'), '');
    }
    const app = new App({ outdir: join(folder, 'out'), analyticsReporting: false, postCliContext: CDK_FLAGS });
    for (const stack of readConfiguration(EXAMPLE).stacks) new KeyringStack(app, stack, { bundles: folder });
    return app.synth().stacks.map(({ template }) => (template as { Resources: Resources }).Resources);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  writeFileSync(DOCUMENT, withPermissions(readFileSync(DOCUMENT, 'utf8'), exampleTemplates()));
}
