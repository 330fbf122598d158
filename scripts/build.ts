import { existsSync, globSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type BuildResult, build, type Plugin } from 'esbuild';
import { functionBuild, root, shared } from './bundling.ts';

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
    plugins: [...shared.plugins, droppable],
  });
  await removeStale('action/dist', [result]);
}

async function buildFunctions(): Promise<void> {
  const names = readdirSync(join(root, 'functions')).filter((name) =>
    existsSync(join(root, 'functions', name, 'index.ts')),
  );
  const results = names.map((name) => build(functionBuild(`functions/${name}/index.ts`, `functions/dist/${name}`)));
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
