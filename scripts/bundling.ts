import http from 'node:http';
import { join } from 'node:path';
import type { BuildOptions, Plugin } from 'esbuild';

export const root = join(import.meta.dirname, '..');

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
export const shared: BuildOptions & { readonly plugins: Plugin[] } = {
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
  // AWS's clients as ES modules: what is not used is left out, and what they import() late is a chunk of its own.
  mainFields: ['module', 'main'],
  // CommonJS packages inside an ES module reach Node's own modules through this.
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
};

/**
 * The functions: one folder a Lambda, AWS's clients included so that their versions are ours. What only some calls need, like the
 * clients for evidence and events, are chunks that are loaded with the first of them.
 * @param entry its TypeScript file @param outdir where `index.mjs` comes to lie
 */
export function functionBuild(entry: string, outdir: string): BuildOptions & { readonly metafile: true } {
  return {
    ...shared,
    ...{ outdir, entryPoints: [{ in: entry, out: 'index' }], outExtension: { '.js': '.mjs' }, metafile: true },
    ...{ splitting: true, chunkNames: 'chunk-[hash]' },
  };
}
