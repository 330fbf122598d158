import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { root } from './bundling.ts';

interface Manifest {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default?: string }>>;
  readonly outputs: Readonly<Record<string, { readonly description: string }>>;
}

/** @returns the tables of docs/action.md, as action.yml says them, by the name of the marks around them */
export function actionTables(): Record<'inputs' | 'outputs', string> {
  const { inputs, outputs } = parse(readFileSync(join(root, 'action.yml'), 'utf8')) as Manifest;
  const rows = (lines: string[]) => lines.join('\n');
  return {
    inputs: rows([
      '| input | default | meaning |',
      '| ----- | ------- | ------- |',
      ...Object.entries(inputs).map(
        ([name, input]) =>
          `| \`${name}\` | ${input.default ? `\`${input.default}\`` : ''} | ${cell(input.description)} |`,
      ),
    ]),
    outputs: rows([
      '| output | meaning |',
      '| ------ | ------- |',
      ...Object.entries(outputs).map(([name, { description }]) => `| \`${name}\` | ${cell(description)} |`),
    ]),
  };
}

const cell = (text: string) => text.trim().replace(/\s+/g, ' ').replaceAll('|', '\\|').replace(/\*/g, '\\*');

/** @returns the document with fresh tables between their marks */
export function withTables(markdown: string): string {
  return Object.entries(actionTables()).reduce((text, [name, table]) => {
    const [start, end] = [`<!-- ${name} of action.yml -->`, `<!-- end of ${name} -->`];
    const [before = '', rest] = text.split(start);
    const [, after] = rest?.split(end) ?? [];
    if (after === undefined) throw new Error(`the document has no marks for ${name}`);
    return `${before}${start}\n\n${table}\n\n${end}${after}`;
  }, markdown);
}

if (import.meta.main) {
  const path = join(root, 'docs/action.md');
  writeFileSync(path, withTables(readFileSync(path, 'utf8')));
}
