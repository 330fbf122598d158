import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Resource } from '../fixture.ts';
import { command, compilerOfTheProject, filesBelow, installConsumer, packInto } from './package.ts';

// Each starts npm, the compiler or CDK: seconds on a quiet machine, and a busy one is no failure.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const INSTALLED = 'node_modules/streamkap-keyring';
const PEERS = ['aws-cdk-lib', 'constructs'];

let folder: string;
let consumer: string;
let files: string[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyring-consumer-'));
  consumer = join(folder, 'consumer');
  await installConsumer(consumer, await packInto(folder));
  files = await filesBelow(join(consumer, INSTALLED));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const text = (file: string) => readFile(join(consumer, file), 'utf8');

describe('the package', () => {
  it('holds the constructs with their types, the built functions, and nothing else', () => {
    const wanted =
      /^(?:package\.json|README\.md|LICENSE|lib\/[a-z-]+\.(?:js|d\.ts)|functions\/dist\/[a-z-]+\/[\w-]+\.mjs)$/;
    expect(files.filter((file) => !wanted.test(file))).toEqual([]);
    expect(files).toEqual(
      expect.arrayContaining([
        'lib/index.js',
        'lib/index.d.ts',
        'functions/dist/rotate-password/index.mjs',
        'functions/dist/rotate-admin/index.mjs',
      ]),
    );
  });

  it('has every file that one of its files imports, and constructs that need no other package than its peers', async () => {
    const missing: string[] = [];
    let imports = 0;
    for (const file of files.filter((name) => /\.(?:js|mjs)$/.test(name))) {
      const code = (await text(join(INSTALLED, file))).replace(/^\/\*\*.*?\*\/$/gms, '');
      for (const [, specifier = ''] of code.matchAll(/(?:\bfrom|\bimport\(?)\s*["']([^"'\s]+)["']/g)) {
        // The functions are whole: what they bundle has names of packages in its texts, and Lambda itself would miss one.
        if (file.startsWith('functions/') && !specifier.startsWith('.')) continue;
        imports += 1;
        const found = specifier.startsWith('.')
          ? files.includes(normalize(join(dirname(file), specifier)))
          : specifier.startsWith('node:') || PEERS.includes(specifier.split('/')[0] ?? '');
        if (!found) missing.push(`${file} -> ${specifier}`);
      }
    }
    expect(missing).toEqual([]);
    expect(imports).toBeGreaterThan(60);
  });

  it('brings no dependency along: CDK is its peer', async () => {
    const manifest = JSON.parse(await text(join(INSTALLED, 'package.json')));
    expect(manifest.dependencies ?? {}).toEqual({});
    expect(Object.keys(manifest.peerDependencies)).toEqual(PEERS);
    const { packages } = JSON.parse(await text('node_modules/.package-lock.json'));
    const installed = Object.keys(packages).filter((path) => path.startsWith('node_modules/'));
    expect(installed).toEqual([...PEERS, 'streamkap-keyring'].map((name) => `node_modules/${name}`));
  });

  it('is built whenever somebody packs it', async () => {
    const { scripts } = JSON.parse(await readFile('package.json', 'utf8'));
    expect(scripts.prepack).toBe('node scripts/build.ts && npm run build:library');
  });
});

describe('a CDK app that installs the package', () => {
  beforeAll(async () => {
    const docs = await readFile('docs/deploy.md', 'utf8');
    const [, imports = '', body = ''] = /```ts\n(.*?)\n\n(.*?)```/s.exec(docs) ?? [];
    const stack = `export class FromTheDocs extends Stack {\n  build(this: Stack) {\n${body}  }\n}\n`;
    await writeFile(join(consumer, 'from-the-docs.ts'), `import { Stack } from 'aws-cdk-lib';\n${imports}\n${stack}`);
    await command(consumer, compilerOfTheProject);
  });

  it('synthesises 50 keys in two strategies, of the functions as they were packed', async () => {
    await command(consumer, 'node', 'app.js');
    const { Resources } = JSON.parse(await text('cdk.out/Keys.template.json'));
    const counts = new Map<string, number>();
    for (const { Type } of Object.values(Resources as Record<string, Resource>))
      counts.set(Type, (counts.get(Type) ?? 0) + 1);
    // 50 secrets and 25 standbys.
    expect(counts.get('AWS::SecretsManager::Secret')).toBe(75);
    expect(counts.get('AWS::SecretsManager::RotationSchedule')).toBe(50);
    expect(counts.get('AWS::Lambda::Function')).toBe(2);
    expect(counts.get('AWS::Lambda::Permission')).toBe(2);
    const assets = (await filesBelow(join(consumer, 'cdk.out'))).filter((file) => file.startsWith('asset.'));
    const packed = files.filter((file) => file.startsWith('functions/dist/rotate-password/'));
    expect(assets.map((file) => file.split('/').at(-1))).toEqual(packed.map((file) => file.split('/').at(-1)));
    for (const [index, asset] of assets.entries())
      expect(await text(join('cdk.out', asset))).toBe(await text(join(INSTALLED, packed[index] ?? '')));
  });

  it('may be written as the documentation shows it', async () => {
    expect(await text('from-the-docs.ts')).toContain('new RotatedProjectKey(this,');
    const outdir = join(consumer, 'cdk.out.docs');
    const script = [
      "const [{ App }, { FromTheDocs }] = [await import('aws-cdk-lib'), await import('./from-the-docs.js')];",
      `const app = new App({ outdir: ${JSON.stringify(outdir)} });`,
      "new FromTheDocs(app, 'Docs').build();",
      'app.synth();',
    ].join('\n');
    await command(consumer, 'node', '--input-type=module', '--eval', script);
    const { Resources } = JSON.parse(await readFile(join(outdir, 'Docs.template.json'), 'utf8'));
    const types = Object.values(Resources as Record<string, Resource>).map(({ Type }) => Type);
    expect(types).toEqual(expect.arrayContaining(['AWS::SecretsManager::Secret', 'AWS::SNS::Topic']));
  });

  it('may be CommonJS', async () => {
    await command(consumer, 'node', 'from-commonjs.cjs');
    const { Resources } = JSON.parse(await text('cdk.out.commonjs/Keys.template.json'));
    const types = Object.values(Resources as Record<string, Resource>).map(({ Type }) => Type);
    expect(types).toContain('AWS::SecretsManager::Secret');
  });

  it('has its mistakes found by the compiler', async () => {
    const wrong = "import { RotatedProjectKey } from 'streamkap-keyring/infra';\nnew RotatedProjectKey();\n";
    await writeFile(join(consumer, 'wrong.ts'), wrong);
    await expect(command(consumer, compilerOfTheProject, '--noEmit')).rejects.toThrow(
      /wrong\.ts\(2,\d+\): error TS2554: Expected 3 arguments/,
    );
  });
});
