import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

interface Import {
  readonly specifier: string;
  /** Path from the repository's root; undefined for packages and Node's own modules. */
  readonly file: string | undefined;
  readonly typeOnly: boolean;
}

interface Source {
  readonly path: string;
  readonly layer: string;
  readonly lines: number;
  /** Without comments. */
  readonly code: string;
  readonly imports: readonly Import[];
}

const SOURCES: readonly Source[] = globSync('{core,action,functions,infra,cli}/**/*.ts', { cwd: ROOT })
  .filter((path) => !/(^|\/)(dist|node_modules)\//.test(path) && !path.endsWith('.d.ts'))
  .sort()
  .map(sourceOf);

function sourceOf(path: string): Source {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
  const statements = code.matchAll(/^\s*(?:import|export)\s+(type\s)?[^'";]*?from\s+'([^']+)'/gm);
  const bare = code.matchAll(/^\s*import\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm);
  const imports = [
    ...[...statements].map(([, type, specifier = '']) => ({ specifier, typeOnly: type !== undefined })),
    ...[...bare].map(([, first, second]) => ({ specifier: first ?? second ?? '', typeOnly: false })),
  ];
  return {
    path,
    layer: path.split('/')[0] ?? '',
    lines: text.split('\n').length - 1,
    code,
    imports: imports.map(({ specifier, typeOnly }) => {
      const file = specifier.startsWith('.') ? relative(ROOT, join(ROOT, dirname(path), specifier)) : undefined;
      // A file that a package does not export is still the package's.
      const packaged = file?.startsWith('node_modules/') ? file.slice('node_modules/'.length) : undefined;
      return packaged ? { specifier: packaged, typeOnly, file: undefined } : { specifier, typeOnly, file };
    }),
  };
}

/** @returns `from -> to` for every import that breaks a rule */
function breaking(rule: (source: Source, imported: Import) => boolean): string[] {
  return SOURCES.flatMap((source) =>
    source.imports
      .filter((imported) => !rule(source, imported))
      .map(({ specifier, file }) => `${source.path} -> ${file ?? specifier}`),
  );
}

function of(layer: string): Source[] {
  return SOURCES.filter((source) => source.layer === layer);
}

test('the scan sees the sources and their imports', () => {
  for (const layer of ['core', 'action', 'functions', 'cli']) expect(of(layer).length).toBeGreaterThan(0);
  const run = SOURCES.find(({ path }) => path === 'action/run.ts')?.imports ?? [];
  expect(run).toContainEqual({ specifier: '../core/clock.ts', file: 'core/clock.ts', typeOnly: false });
  const job = SOURCES.find(({ path }) => path === 'action/job.ts')?.imports ?? [];
  expect(job).toContainEqual({
    specifier: '../core/aws-secret-store.ts',
    file: 'core/aws-secret-store.ts',
    typeOnly: false,
  });
  expect(job).toContainEqual({ specifier: '../core/secret-store.ts', file: 'core/secret-store.ts', typeOnly: true });
  expect(run.length).toBeGreaterThan(10);
  const context = SOURCES.find(({ path }) => path === 'action/github-context.ts')?.imports ?? [];
  const specifier = '@actions/github/lib/context.js';
  expect(context).toContainEqual({ specifier, file: undefined, typeOnly: false });
});

describe('dependencies point one way', () => {
  /** Which layers each may use besides itself. */
  const MAY_USE: Readonly<Record<string, readonly string[]>> = {
    core: [],
    action: ['core'],
    functions: ['core'],
    cli: ['core'],
    infra: [],
  };
  /** The files of core that infra may use: what describes a configuration, nothing that acts. */
  const CORE_FOR_INFRA: readonly string[] = [];
  /** The commands that run the product against the stand-ins; nothing that is shipped leads to them. */
  const MAY_USE_TEST = ['cli/demo.ts', 'cli/sandbox.ts'];

  test('from the outside to core, and from core nowhere', () => {
    const broken = breaking(({ layer, path }, { file }) => {
      if (file === undefined) return true;
      const to = file.split('/')[0] ?? '';
      if (to === 'test') return MAY_USE_TEST.includes(path);
      if (layer === 'infra' && to === 'core') return CORE_FOR_INFRA.includes(file);
      return to === layer || (MAY_USE[layer] ?? []).includes(to);
    });
    expect(broken).toEqual([]);
  });

  test('and the demo and the sandbox are reached from cli alone', () => {
    const broken = breaking(({ layer }, { file }) => !MAY_USE_TEST.includes(file ?? '') || layer === 'cli');
    expect(broken).toEqual([]);
  });

  test('core knows nothing of GitHub, Lambda or CDK', () => {
    const foreign =
      /^(@actions\/|@aws-lambda-powertools\/|aws-lambda$|@types\/aws-lambda|aws-cdk-lib|constructs$|cdk-nag|commander$)/;
    expect(breaking(({ layer }, { specifier }) => layer !== 'core' || !foreign.test(specifier))).toEqual([]);
  });

  /** The packages that end up in bundles, or that only a command of this repository loads. */
  const BUNDLED: readonly string[] = [
    '@actions/core',
    '@actions/github',
    '@aws-lambda-powertools/logger',
    '@aws-sdk/client-eventbridge',
    '@aws-sdk/client-s3',
    '@aws-sdk/client-secrets-manager',
    '@smithy/signature-v4',
    'commander',
    'undici',
    'yaml',
    'zod',
  ];

  test('no shipped file uses what only tests have', () => {
    const { dependencies = {}, peerDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>;
      peerDependencies: Record<string, string>;
    };
    // What is shipped is bundled, so that whoever installs the package gets no dependency of ours.
    expect(dependencies).toEqual({});
    const shipped = [...BUNDLED, ...Object.keys(peerDependencies)];
    const typesOnly = ['aws-lambda'];
    const broken = breaking(({ path }, { specifier, file, typeOnly }) => {
      if (file !== undefined || specifier.startsWith('node:') || MAY_USE_TEST.includes(path)) return true;
      if (typeOnly && typesOnly.includes(specifier)) return true;
      return shipped.some((name) => specifier === name || specifier.startsWith(`${name}/`));
    });
    expect(broken).toEqual([]);
  });

  test('in no circle, types aside', () => {
    const edges = new Map(
      SOURCES.map(({ path, imports }) => [
        path,
        imports.flatMap(({ file, typeOnly }) => (file && !typeOnly ? [file] : [])),
      ]),
    );
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (path: string, way: readonly string[]): void => {
      if (way.includes(path)) circles.push([...way.slice(way.indexOf(path)), path].join(' -> '));
      if (done.has(path) || way.includes(path)) return;
      for (const next of edges.get(path) ?? []) visit(next, [...way, path]);
      done.add(path);
    };
    for (const path of edges.keys()) visit(path, []);
    expect(circles).toEqual([]);
  });
});

describe('side effects enter core as parameters', () => {
  const EFFECTS: Readonly<Record<string, RegExp>> = {
    'the time': /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b/,
    'a timer': /\b(setTimeout|setInterval|setImmediate)\b|\bAbortSignal\.timeout\b/,
    randomness: /\bMath\.random\b|\brandom(Bytes|UUID|Int|FillSync)\b/,
    'the environment': /\bprocess\.(env|argv|cwd|exit|platform)\b/,
    output: /\bconsole\.|\bprocess\.(stdout|stderr)\b/,
  };
  /** The shells, and why each may: everything else gets these as parameters. */
  const SHELLS: Readonly<Record<string, readonly string[]>> = {
    // The one clock that is the real one; callers pass it in.
    'core/clock.ts': ['the time', 'a timer'],
    // Stands in for AWS's date where an answer has none.
    'core/aws-secret-store.ts': ['the time'],
    // A transport is a side effect that is passed in; its limit of time is the caller's number.
    'core/http.ts': ['a timer'],
    // The default source of a password's randomness, a parameter.
    'core/password.ts': ['randomness'],
    // Defaults of the probe's ports; a connection's limit of time is the caller's number.
    'core/login-probe/probe.ts': ['the time', 'randomness'],
    'core/login-probe/connection.ts': ['a timer'],
  };

  test.each(Object.entries(EFFECTS))('%s is taken by the named shells only', (effect, pattern) => {
    const users = of('core').filter(({ code }) => pattern.test(code));
    expect(users.map(({ path }) => path).filter((path) => !SHELLS[path]?.includes(effect))).toEqual([]);
  });

  test('and each shell is still one', () => {
    for (const [path, effects] of Object.entries(SHELLS)) {
      const code = SOURCES.find((source) => source.path === path)?.code ?? '';
      for (const effect of effects) expect([path, effect, EFFECTS[effect]?.test(code)]).toEqual([path, effect, true]);
    }
  });
});

test('nothing prints past the runner and the log', () => {
  const printing = SOURCES.filter(
    // infra/app.ts is a command, as those in cli/ are.
    ({ layer, path, code }) =>
      layer !== 'cli' && path !== 'infra/app.ts' && /\bconsole\.|\bprocess\.(stdout|stderr)\b/.test(code),
  );
  expect(printing.map(({ path }) => path)).toEqual([]);
});

test('no line that prints or logs names a secret in it', () => {
  const printed =
    /(?:console\.\w+|process\.(?:stdout|stderr)\.write|\b(?:core|runner|logger)\.(?:info|warning|warn|error|notice|debug|setFailed))\((.*)/g;
  const suspicious = SOURCES.flatMap(({ path, code }) =>
    [...code.matchAll(printed)]
      .map(([, argument = '']) => `${path}: ${argument}`)
      .filter((line) => /\$\{[^}]*(password|secret(?!Id|Arn|sManager|Name)|token|credential)[^}]*\}/i.test(line)),
  );
  expect(suspicious).toEqual([]);
});

test('a file has 250 lines at most, or a reason', () => {
  const reasons: Readonly<Record<string, string>> = {
    'core/provisioning/provision.ts':
      'one protocol: its moves are only safe together, and are read against DESIGN.md section 4',
    'core/rotation/protocol.ts': 'one protocol: four steps and their guards, read side by side',
    'core/rotation/in-place-change.ts': 'one decision tree; its branches refer to each other',
  };
  const long = SOURCES.filter(({ layer, lines }) => layer !== 'infra' && lines > 250).map(({ path }) => path);
  expect(long.filter((path) => reasons[path] === undefined)).toEqual([]);
});

test('the type checker is nowhere told to look away', () => {
  const told = SOURCES.filter(({ path }) =>
    /@ts-(ignore|nocheck|expect-error)/.test(readFileSync(join(ROOT, path), 'utf8')),
  );
  expect(told.map(({ path }) => path)).toEqual([]);
  expect(SOURCES.filter(({ code }) => /\bas any\b|:\s*any\b|<any>/.test(code)).map(({ path }) => path)).toEqual([]);
});
