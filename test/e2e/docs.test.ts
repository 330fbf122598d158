import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { functionBuild } from '../../scripts/bundling.ts';

const root = join(import.meta.dirname, '../..');
const documents = ['README.md', 'CONTRIBUTING.md', 'examples/README.md', ...globSync('docs/*.md', { cwd: root })];
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

/** What a heading is linked by. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-');

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

  it('every link to a heading has one there', () => {
    const headingsOf = (path: string) =>
      [...read(path).matchAll(/^#{1,4} (.*)$/gm)].map(([, text = '']) => anchorOf(text));
    for (const path of documents) {
      for (const [, file, anchor] of read(path).matchAll(/\]\((?!https?:)([^)#]*)#([^)]+)\)/g)) {
        const target = file ? join(dirname(path), file) : path;
        expect(headingsOf(target), `${path} links to ${target}`).toContain(anchor);
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
    const yaml = parse(text) as Workflow | Step[];
    const steps = Array.isArray(yaml) ? yaml : Object.values(yaml.jobs).flatMap((job) => job.steps ?? []);
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
  const TABLES = ['docs/rotation.md', 'docs/rotate-admin.md', 'docs/rotate-alternating.md'];

  interface Row {
    readonly document: string;
    readonly codes: readonly string[];
    readonly cells: readonly string[];
  }

  function rowsOf(document: string): Row[] {
    const [, table = ''] = /^\| code \|.*\n\| -.*\n((?:\|.*\n)+)/m.exec(read(document)) ?? [];
    return table
      .trim()
      .split('\n')
      .map((line) => line.split(/ \| |^\| | \|$/).slice(1, -1))
      .map((cells) => ({ document, cells, codes: (cells[0] ?? '').match(/[A-Z_]{3,}/g) ?? [] }));
  }
  const rows = TABLES.flatMap(rowsOf);

  /** True when a command stands under the heading, before the next one. */
  function hasCommand(document: string, anchor: string): boolean {
    const [, ...sections] = read(document).split(/^#{2,3} /m);
    const section = sections.find((text) => anchorOf(text.split('\n')[0] ?? '') === anchor);
    return section !== undefined && /^```(sh|yaml)$/m.test(section);
  }

  /** Words in capitals in the functions' own code that are no error's code. */
  const NO_ERROR =
    /^(AWS(CURRENT|PENDING|PREVIOUS)|KEYRING_\w+|GET|POST|PATCH|DELETE|PLAIN|SASL_SSL|TOPIC|LITERAL|STREAMKAP_(HOST|ADMIN_SECRET_ID)|ABORT_ERR|NOT_TRIED|T|Z)$/;

  it('every code that a function can end in has a row', async () => {
    const sources = new Set<string>();
    for (const { name } of readdirSync(join(root, 'functions'), { withFileTypes: true })) {
      if (!existsSync(join(root, 'functions', name, 'index.ts'))) continue;
      const { metafile } = await build({ ...functionBuild(`functions/${name}/index.ts`, 'out'), write: false });
      for (const { inputs } of Object.values(metafile.outputs)) {
        // What the build left out cannot be thrown; what a login showed is part of a message, not a code.
        for (const [path, { bytesInOutput }] of Object.entries(inputs))
          if (bytesInOutput > 0 && /^(core|functions)\/(?!login-probe)/.test(path)) sources.add(path);
      }
    }
    const codes = new Set(
      [...sources].flatMap((path) => [...read(path).matchAll(/'([A-Z]+(?:_[A-Z]+)*)'/g)].map(([, code = '']) => code)),
    );
    const thrown = [...codes].filter((code) => !NO_ERROR.test(code));
    expect(thrown.length).toBeGreaterThan(80);
    const told = new Set(rows.flatMap((row) => row.codes));
    expect(thrown.filter((code) => !told.has(code))).toEqual([]);
    expect([...told].filter((code) => !codes.has(code))).toEqual([]);
  });

  it.each(rows)('$document says of $codes what happened, what is safe, and by which command', ({ document, cells }) => {
    expect(cells).toHaveLength(4);
    for (const cell of cells) expect(cell.trim().length).toBeGreaterThan(3);
    const targets = [...(cells[3] ?? '').matchAll(/\]\(([^)#]*)#([^)]+)\)/g)];
    expect(targets.length).toBeGreaterThan(0);
    for (const [, file, anchor = ''] of targets) {
      const target = file ? join(dirname(document), file) : document;
      expect(hasCommand(target, anchor), `${target}#${anchor}`).toBe(true);
    }
  });
});

describe('action.yml', () => {
  it('describes every input and output', () => {
    const all = Object.entries({ ...manifest.inputs, ...manifest.outputs }) as [string, { description?: string }][];
    for (const [name, { description = '' }] of all) expect(description.length, name).toBeGreaterThan(15);
  });
});
