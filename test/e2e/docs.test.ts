import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../..');
const documents = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/*.md', { cwd: root })];
const read = (path: string) => readFileSync(join(root, path), 'utf8');

interface Fence {
  readonly language: string;
  readonly text: string;
}

function fencesOf(markdown: string): Fence[] {
  return [...markdown.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
    language,
    text,
  }));
}

function commandsIn(path: string): string[] {
  const shell = fencesOf(read(path)).filter(({ language }) => language === 'sh');
  return shell.flatMap(({ text }) => text.split('\n').map((line) => line.replace(/\s#.*$/, '').trim())).filter(Boolean);
}

interface Step {
  readonly uses?: string;
  readonly id?: string;
  readonly with?: Record<string, unknown>;
}
interface Workflow {
  readonly jobs: Record<string, { readonly steps?: Step[] }>;
}

const manifest = parse(read('action.yml')) as { inputs: Record<string, unknown>; outputs: Record<string, unknown> };

describe('what the documents say can be done', () => {
  it('every npm script and every file that a command names exists', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const commands = documents.flatMap(commandsIn);
    expect(commands.length).toBeGreaterThan(5);
    for (const command of commands) {
      const [, script] = /^npm run (?:-s |--silent )?([\w:]+)/.exec(command) ?? [];
      if (script) expect(scripts, command).toHaveProperty(script);
      const [, file] = /^(?:bash|node) (\S+)/.exec(command) ?? [];
      if (file) expect(existsSync(join(root, file)), command).toBe(true);
    }
  });

  it('every link between documents leads somewhere', () => {
    for (const path of documents) {
      for (const [, target = ''] of read(path).matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)) {
        expect(existsSync(join(root, dirname(path), target)), `${path} links to ${target}`).toBe(true);
      }
    }
  });

  it('the demo that the README promises ends well, twice in a row', () => {
    for (let run = 0; run < 2; run++) {
      const demo = spawnSync(process.execPath, [join(root, 'cli/keyring.ts'), 'demo', '--json'], {
        encoding: 'utf8',
        cwd: root,
      });
      expect(demo.status, demo.stderr).toBe(0);
      expect(JSON.parse(demo.stdout)).toMatchObject({
        ok: true,
        facts: {
          keysCreated: 1,
          passwordChanges: 1,
          logins: { created: 'accepted', oldAfterRotation: 'rejected', newAfterRotation: 'accepted' },
        },
      });
    }
  });

  it('the demo tells its story without --json, and --help explains the commands', () => {
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [join(root, 'cli/keyring.ts'), ...args], { encoding: 'utf8', cwd: root });
    expect(run('demo').stdout).toContain('All as it should be');
    expect(run('--help').stdout).toMatch(/demo[\s\S]*sandbox/);
    expect(run('no-such-command').status).toBe(2);
  });
});

describe('workflows shown to users', () => {
  const shown = documents.flatMap((path) =>
    fencesOf(read(path))
      .filter(({ language, text }) => language === 'yaml' && /streamkap-keyring@/.test(text))
      .map(({ text }) => ({ path, text })),
  );
  const examples = globSync('examples/**/*.yml', { cwd: root }).map((path) => ({ path, text: read(path) }));

  it.each([...shown, ...examples])('$path uses inputs and outputs that exist', ({ text }) => {
    const { jobs } = parse(text) as Workflow;
    const steps = Object.values(jobs).flatMap((job) => job.steps ?? []);
    const ours = steps.filter((step) => /streamkap-keyring@|^\.\/$/.test(step.uses ?? ''));
    for (const step of ours) {
      for (const input of Object.keys(step.with ?? {})) expect(manifest.inputs).toHaveProperty([input]);
      for (const [, output = ''] of text.matchAll(new RegExp(`steps\\.${step.id}\\.outputs\\.([\\w-]+)`, 'g'))) {
        expect(manifest.outputs).toHaveProperty([output]);
      }
    }
  });

  it("the README's are the jobs of the example, which the real tier runs", () => {
    const { jobs } = parse(read('examples/workflow.yml')) as { jobs: Record<string, Record<string, unknown>> };
    const [readme] = shown.filter(({ path }) => path === 'README.md').map(({ text }) => parse(text) as typeof jobs);
    const withoutNames = Object.entries(jobs).map(([id, { name: _, 'timeout-minutes': __, ...job }]) => [id, job]);
    expect(readme?.jobs).toEqual(Object.fromEntries(withoutNames));
  });
});

describe('what the documents say about errors', () => {
  it.each([
    ['docs/rotation.md', 'core/rotation/*.ts'],
    ['docs/rotate-admin.md', 'core/rotation/admin/*.ts'],
    ['docs/rotate-alternating.md', 'core/rotation/alternating/*.ts'],
  ])('%s has every code that a rotation can end in', (document, pattern) => {
    const sources = globSync(pattern, { cwd: root });
    const codes = sources.flatMap((path) => [
      ...read(path).matchAll(
        /(?:refused|passing)\(\s*'([A-Z_]+)'|^ +code: '([A-Z_]+)'|return '(STREAMKAP_[A-Z_]+)'|refusal\(\s*'([A-Z_]+)'/gm,
      ),
    ]);
    const table = read(document);
    expect(codes.length).toBeGreaterThan(10);
    const missing = codes.map(([, ...code]) => code.find(Boolean)).filter((code) => !table.includes(`\`${code}\``));
    expect(missing).toEqual([]);
  });
});

describe('action.yml', () => {
  it('describes every input and output', () => {
    const all = Object.entries({ ...manifest.inputs, ...manifest.outputs }) as [string, { description?: string }][];
    for (const [name, { description = '' }] of all) expect(description.length, name).toBeGreaterThan(15);
  });
});
