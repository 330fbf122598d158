import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { functionBuild } from '../../scripts/bundling.ts';
import { BundleHandler } from '../sandbox/bundle-handler.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { type Grantee, GrantWatch } from './granted.ts';

export interface LambdaBundle {
  /** The file with the handler. */
  readonly bundle: string;
  /** What its import reads, the chunks that only an `import()` reads left out. */
  readonly eager: { readonly bytes: number; readonly sources: readonly string[] };
}

/** Bundles one function as scripts/build.ts does, into a folder of the test's. */
async function bundleLambda(name: string, folder: string): Promise<LambdaBundle> {
  const outdir = join(folder, name);
  const { metafile } = await build(functionBuild(`functions/${name}/index.ts`, outdir));
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

/** Secret and first password of {@link seedKafkaKey}. */
export const SECRET = 'keyring/orders';
export const FIRST = 'First-Password!0000000000000001';
export const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;

/** A project key whose file lies in a secret, with a field that nobody knows; for `alternating` the empty standby too. */
export function seedKafkaKey({ streamkap, secretsManager }: Sandbox, strategy: 'single' | 'alternating'): void {
  const kafka = { username: 'orders', password: FIRST, kafka_acls: [], is_create_schema_registry: false };
  const file = streamkap.seedProjectKey({ name: 'orders', kafka_config: kafka } as never);
  secretsManager.call('CreateSecret', {
    ...{ Name: SECRET, ClientRequestToken: 'f'.repeat(32) },
    SecretString: JSON.stringify({ ...file, vendor_note: 'kept' }),
    Tags: [{ Key: 'streamkap:strategy', Value: strategy }],
  });
  if (strategy === 'alternating') secretsManager.call('CreateSecret', { Name: `${SECRET}/standby` });
}

export interface Rotation {
  readonly secretId: string;
  /** Added to the function's environment. */
  readonly environment?: Record<string, string>;
  /** @default a new one */
  readonly token?: string;
  /** False: only the test of deploy time. @default true */
  readonly immediately?: boolean;
}

export interface StepRun {
  readonly step: string;
  readonly output: string;
  readonly errorName?: string;
}

/** A sandbox for each test of a file, and functions bundled for all of them. */
export class LambdaBench {
  readonly #names: readonly string[];
  readonly #bundles = new Map<string, LambdaBundle>();
  #sandbox: Sandbox | undefined;
  #watch: GrantWatch | undefined;

  /** @param names of functions; the first is the one that rotates */
  constructor(...names: string[]) {
    this.#names = names;
  }

  /** Registers what comes before and after the tests. @param prepare brings a new sandbox into the state that each test begins with */
  use(prepare: (sandbox: Sandbox) => void = () => {}): this {
    let folder = '';
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), `keyring-${this.#names[0]}-`));
      for (const name of this.#names) this.#bundles.set(name, await bundleLambda(name, folder));
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));
    beforeEach(async () => {
      this.#watch = new GrantWatch(this.functionArn);
      this.#sandbox = await startSandbox({ rotation: { maxSequences: 3 }, deny: this.#watch.deny });
      prepare(this.#sandbox);
    });
    afterEach(() => this.#sandbox?.close());
    afterEach(() => this.#watch?.assertGranted());
    return this;
  }

  get sandbox(): Sandbox {
    if (!this.#sandbox) throw new Error('no test is running');
    return this.#sandbox;
  }

  of(name = this.#names[0] ?? ''): LambdaBundle {
    const bundle = this.#bundles.get(name);
    if (!bundle) throw new Error(`${name} was not bundled`);
    return bundle;
  }

  get functionArn(): string {
    return `arn:aws:lambda:eu-central-1:123456789012:function:${this.#names[0]}`;
  }

  /** RotateSecret, to the end of the rotation. */
  async rotate({ secretId, environment = {}, token = randomUUID(), immediately = true }: Rotation): Promise<void> {
    this.sandbox.setBundle({ bundle: this.of().bundle, environment: this.#underRole(environment) });
    this.sandbox.secretsManager.call('RotateSecret', {
      ...{ SecretId: secretId, ClientRequestToken: token, RotationLambdaARN: this.functionArn },
      ...{ RotationRules: { AutomaticallyAfterDays: 30 }, RotateImmediately: immediately },
    });
    await this.sandbox.secretsManagerServer.idle();
  }

  /** The steps of the bundle that was set last. */
  async runs(): Promise<StepRun[]> {
    const answer = await fetch(`${this.sandbox.controlUrl}/rotations`);
    return ((await answer.json()) as { runs: StepRun[] }).runs;
  }

  /** A direct call, as `aws lambda invoke` makes it, in a process of its own. */
  async call(event: object, environment: Record<string, string> = {}): Promise<{ value: unknown; output: string }> {
    const options = {
      bundle: this.of().bundle,
      environment: { ...this.sandbox.environment, ...this.#underRole(environment) },
    };
    return await new BundleHandler(options).call(event, this.functionArn);
  }

  #underRole(environment: Record<string, string>): Record<string, string> {
    const ofPasswords = environment.ROTATION_STRATEGY === 'alternating' ? 'AlternatingRotation' : 'PasswordRotation';
    const role: Grantee = this.#names[0] === 'rotate-admin' ? 'AdminRotation' : ofPasswords;
    return { AWS_ACCESS_KEY_ID: role, ...environment };
  }
}
