import { existsSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';

const root = join(import.meta.dirname, '..');

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
  // CommonJS packages inside an ES module reach Node's own modules through this.
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
};

/** The Action: main and post share chunks; what only some paths need is a chunk that they load. */
async function buildAction(): Promise<void> {
  await rm(join(root, 'action/dist'), { recursive: true, force: true });
  await build({
    ...shared,
    entryPoints: ['action/main.ts', 'action/post.ts'],
    outdir: 'action/dist',
    splitting: true,
    chunkNames: 'chunk-[hash]',
  });
}

/** The functions: one folder a Lambda, one file each, AWS's client included so that its version is ours. */
async function buildFunctions(): Promise<void> {
  await rm(join(root, 'functions/dist'), { recursive: true, force: true });
  const names = readdirSync(join(root, 'functions')).filter((name) =>
    existsSync(join(root, 'functions', name, 'index.ts')),
  );
  for (const name of names) {
    await build({
      ...shared,
      entryPoints: [`functions/${name}/index.ts`],
      outfile: `functions/dist/${name}/index.mjs`,
    });
  }
}

await buildAction();
await buildFunctions();
