import { existsSync, globSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import http from 'node:http';
import { join, relative } from 'node:path';
import { type BuildOptions, type BuildResult, build, type Plugin } from 'esbuild';

const root = join(import.meta.dirname, '..');

/**
 * `import 'node:http'` reads every export, and behind three of them (WebSocket and its events) lies the whole stack of `fetch`, which
 * takes as long to load as Node itself. Asked for without `import`, the module leaves them alone until somebody reads them.
 */
const httpWithoutFetch: Plugin = {
  name: 'http-without-fetch',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?http$/ }, ({ kind }) =>
      kind === 'require-call' ? undefined : { path: 'node:http', namespace: 'builtin', sideEffects: false },
    );
    onLoad({ filter: /^node:http$/, namespace: 'builtin' }, () => {
      const names = Object.entries(Object.getOwnPropertyDescriptors(http)).flatMap(([name, property]) =>
        'value' in property ? [name] : [],
      );
      return {
        contents: `const http = process.getBuiltinModule('node:http');\nexport default http;\nexport const { ${names.join(', ')} } = http;`,
      };
    });
  },
};

/** What both kinds of bundle share: one file a reader can trace to its sources by `npm run build`, nothing of this machine in it. */
const shared: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  minify: true,
  keepNames: false,
  legalComments: 'none',
  charset: 'utf8',
  logLevel: 'warning',
  metafile: true,
  plugins: [httpWithoutFetch],
  // CommonJS packages inside an ES module reach Node's own modules through this.
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
};

/** @actions/core imports these for functions that nothing here calls; they do not say themselves that they may be left out then. */
const droppable: Plugin = {
  name: 'droppable',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^@actions\/(http-client|exec|io)(\/|$)/ }, async ({ path, pluginData, ...where }) => {
      if (pluginData === 'resolving') return;
      return { ...(await resolve(path, { ...where, pluginData: 'resolving' })), sideEffects: false };
    });
  },
};

/** The Action: main and post share chunks; what only some paths need is a chunk that they load. */
async function buildAction(): Promise<void> {
  const result = await build({
    ...shared,
    entryPoints: ['action/main.ts', 'action/post.ts'],
    outdir: 'action/dist',
    splitting: true,
    chunkNames: 'chunk-[hash]',
    plugins: [httpWithoutFetch, droppable],
  });
  await removeStale('action/dist', [result]);
}

/**
 * The functions: one folder a Lambda, AWS's clients included so that their versions are ours. Those that only evidence and events
 * need are chunks that are loaded with the first of them.
 */
async function buildFunctions(): Promise<void> {
  const names = readdirSync(join(root, 'functions')).filter((name) =>
    existsSync(join(root, 'functions', name, 'index.ts')),
  );
  const results = names.map((name) =>
    build({
      ...shared,
      entryPoints: [`functions/${name}/index.ts`],
      outdir: `functions/dist/${name}`,
      outExtension: { '.js': '.mjs' },
      splitting: true,
      chunkNames: 'chunk-[hash]',
    }),
  );
  await removeStale('functions/dist', await Promise.all(results));
}

/** After the build and not before: a build that fails leaves the last good bundles where they are. */
async function removeStale(folder: string, results: readonly BuildResult[]): Promise<void> {
  const fresh = new Set(results.flatMap((result) => Object.keys(result.metafile?.outputs ?? {})));
  const files = globSync(`${folder}/**`, { cwd: root, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const { parentPath, name } of files) {
    const path = join(parentPath, name);
    if (!fresh.has(relative(root, path))) await rm(path);
  }
}

await buildAction();
await buildFunctions();
