import { join } from 'node:path';
import { build } from 'esbuild';

export interface LambdaBundle {
  /** The file with the handler. */
  readonly bundle: string;
  /** What its import reads, the chunks that only an `import()` reads left out. */
  readonly eager: { readonly bytes: number; readonly sources: readonly string[] };
}

/** Bundles one function as scripts/build.ts does, into a folder of the test's. */
export async function bundleLambda(name: string, folder: string): Promise<LambdaBundle> {
  const outdir = join(folder, name);
  const { metafile } = await build({
    entryPoints: [`functions/${name}/index.ts`],
    ...{ outdir, outExtension: { '.js': '.mjs' }, splitting: true, metafile: true },
    ...{ bundle: true, minify: true, platform: 'node', target: 'node24', format: 'esm' },
    banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
  });
  const eager = Object.keys(metafile.outputs).filter((path) => path.endsWith('/index.mjs'));
  for (const path of eager) {
    const imports = metafile.outputs[path]?.imports ?? [];
    const chunks = imports.filter(({ kind, external }) => kind === 'import-statement' && !external);
    eager.push(...chunks.map((chunk) => chunk.path).filter((chunk) => !eager.includes(chunk)));
  }
  return {
    bundle: join(outdir, 'index.mjs'),
    eager: {
      bytes: eager.reduce((sum, path) => sum + (metafile.outputs[path]?.bytes ?? 0), 0),
      sources: eager.flatMap((path) => Object.keys(metafile.outputs[path]?.inputs ?? {})),
    },
  };
}
