import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configuration } from './fixture.ts';

const APP = resolve('infra/app.ts');
const NODE = resolve('node_modules/.bin/node');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyring-synth-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** No AWS credentials, and a proxy that nobody listens on: a call to the network would fail. */
function synth(arguments_: string[], environment: Record<string, string> = {}): Promise<Run> {
  const env = {
    PATH: process.env.PATH ?? '',
    HTTPS_PROXY: 'http://127.0.0.1:9',
    HTTP_PROXY: 'http://127.0.0.1:9',
    ...environment,
  };
  return new Promise((done) => {
    execFile(NODE, [APP, ...arguments_], { cwd: folder, env }, (error, stdout, stderr) => {
      done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
    });
  });
}

const write = (name: string, value: unknown) => writeFile(join(folder, name), JSON.stringify(value));

describe('npm run synth', () => {
  it('writes the stacks of keyring.config.json, and says what is not scheduled yet', async () => {
    await write('keyring.config.json', configuration());
    const { code, stdout, stderr } = await synth([]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('keyring: ');
    expect(stdout).toContain('waiting: no rotation is scheduled');
    expect(stdout).not.toContain('live: no rotation');
    expect(stdout).toContain('Written to cdk.out/');
    const template = JSON.parse(await readFile(join(folder, 'cdk.out/keyring.template.json'), 'utf8'));
    const types = Object.values(template.Resources as Record<string, { Type: string }>).map(({ Type }) => Type);
    expect(types.filter((type) => type === 'AWS::SecretsManager::RotationSchedule')).toHaveLength(2);
    const [asset] = (await readdir(join(folder, 'cdk.out'))).filter((name) => name.startsWith('asset.'));
    expect(await readdir(join(folder, 'cdk.out', asset ?? ''))).toContain('index.mjs');
  });

  it('takes another file by argument, or from the context of the CDK command line', async () => {
    await write('other.json', configuration({ name: 'other' }));
    expect((await synth(['other.json'])).stdout).toContain('other: ');
    const CDK_CONTEXT_JSON = JSON.stringify({ config: 'other.json' });
    const { code } = await synth([], { CDK_CONTEXT_JSON, CDK_OUTDIR: join(folder, 'out') });
    expect(code).toBe(0);
    expect(existsSync(join(folder, 'out/other.template.json'))).toBe(true);
  });

  it('takes the example where there is no configuration, and says that it does', async () => {
    const { code, stdout, stderr } = await synth([]);
    expect(code).toBe(0);
    expect(stderr).toContain('this uses the example');
    expect(stdout).toContain('streamkap-keyring: ');
  });

  it('writes nothing for a wrong configuration, and exits with 2', async () => {
    await write('keyring.config.json', configuration({ account: 'client-secret-123' }));
    const { code, stdout, stderr } = await synth([]);
    expect({ code, stdout, stderr }).toEqual({
      code: 2,
      stdout: '',
      stderr: 'keyring.config.json: stacks[0].account is text: must be the 12 digits of an AWS account, as text\n',
    });
    expect(existsSync(join(folder, 'cdk.out'))).toBe(false);
  });

  it.each([
    [['--help'], 0],
    [['--colour'], 2],
    [['a', 'b'], 2],
    [['missing.json'], 2],
  ])('with %j explains itself and exits with %i', async (arguments_, code) => {
    const run = await synth(arguments_);
    expect(run.code).toBe(code);
    expect(run.stdout + run.stderr).toMatch(/Usage: npm run synth|missing\.json: cannot be read/);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('infra', () => {
  it('imports nothing of core, of the functions or of the Action', async () => {
    const files = (await readdir('infra')).filter((name) => name.endsWith('.ts'));
    const imports = await Promise.all(files.map((name) => readFile(join('infra', name), 'utf8')));
    const from = imports.flatMap((text) => [...text.matchAll(/from '([^']+)'/g)].map(([, module]) => module ?? ''));
    expect(from.length).toBeGreaterThan(30);
    expect(from.filter((module) => !/^(?:node:|aws-cdk-lib(?:\/|$)|constructs$|zod$|\.\/)/.test(module))).toEqual([]);
  });
});
