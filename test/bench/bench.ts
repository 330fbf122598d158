import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { parse } from 'yaml';
import { functionBuild } from '../../scripts/bundling.ts';
import { measureConsumerGaps } from './consumer-gap.ts';

/**
 * Whole-process times on loopback, each as a ratio to an empty Node process of the same run: these machines are noisy, a ratio
 * survives that. `--json` prints the numbers, `--runs N` (default 15) takes the median of N. Where the real tier's broker is installed,
 * consumer gaps by strategy too.
 */
const RUNS = Number(process.argv[process.argv.indexOf('--runs') + 1] || 15) || 15;
const root = join(import.meta.dirname, '../..');
const work = mkdtempSync(join(tmpdir(), 'keyring-bench-'));

interface Subject {
  readonly name: string;
  readonly args: readonly string[];
  readonly environment?: () => Record<string, string>;
}

const manifest = parse(readFileSync(join(root, 'action.yml'), 'utf8')) as {
  inputs: Record<string, { default?: string }>;
};

/** One step of the Action as the runner starts it. */
function actionEnvironment(
  inputs: Record<string, string>,
  environment: Readonly<Record<string, string>>,
): Record<string, string> {
  const files = Object.fromEntries(
    ['OUTPUT', 'ENV', 'STATE', 'PATH', 'STEP_SUMMARY'].map((name) => {
      const file = join(work, name);
      writeFileSync(file, '');
      return [`GITHUB_${name}`, file];
    }),
  );
  const all = Object.fromEntries(
    Object.entries(manifest.inputs).map(([name, { default: value = '' }]) => [
      `INPUT_${name.toUpperCase()}`,
      inputs[name] ?? value,
    ]),
  );
  return { ...environment, ...files, ...all };
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Milliseconds, taken in turn with the other subjects so that a noisy minute hits all of them. */
function timeOnce({ args, environment }: Subject): number {
  const startedAt = process.hrtime.bigint();
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    env: environment?.() ?? {},
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${args.at(-1)} ended with ${status}: ${stdout.slice(-500)}${stderr.slice(-500)}`);
  return Number(process.hrtime.bigint() - startedAt) / 1e6;
}

/**
 * The client alone. `default`: as esbuild bundles for Node when it is told nothing else. `alike`: with the very settings of the
 * functions, so that what of their start is ours is the difference.
 */
async function bareAwsClient(how: 'default' | 'alike'): Promise<string> {
  const entry = join(root, 'test/bench/bare-aws-client.ts');
  const outdir = join(work, how);
  const { mainFields: _, splitting: __, ...plain } = functionBuild(entry, outdir);
  await build(how === 'alike' ? functionBuild(entry, outdir) : plain);
  return join(outdir, 'index.mjs');
}

const ratioOf = (milliseconds: number, base = Number.NaN): number => Number((milliseconds / base).toFixed(2));

function kilobytes(folder: string): number {
  return Math.round(readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0) / 1000);
}

async function main(): Promise<void> {
  // spawnSync blocks this process, so the sandbox runs in another.
  const { fork } = await import('node:child_process');
  const server = fork(join(import.meta.dirname, 'bench-sandbox.ts'), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const { environment, admin, streamkapHost, file } = await new Promise<{
    environment: Record<string, string>;
    admin: { clientId: string; clientSecret: string };
    streamkapHost: string;
    file: string;
  }>((resolve) => server.once('message', (facts) => resolve(facts as never)));
  try {
    const mainJs = join(root, 'action/dist/main.js');
    const common = {
      'streamkap-host': streamkapHost,
      'client-id': admin.clientId,
      'client-secret': admin.clientSecret,
      'verify-login': 'never',
    };
    let created = 0;
    const ensure = (secretId: string) => ({
      ...common,
      name: 'bench',
      kafka: 'true',
      'kafka-username': `bench-${created}`,
      'secret-id': secretId,
    });
    const action = (name: string, inputs: () => Record<string, string>): Subject => ({
      name,
      args: [mainJs],
      environment: () => actionEnvironment(inputs(), environment),
    });
    const importing = (name: string, path: string): Subject => ({
      name,
      args: ['--input-type=module', '-e', `await import(${JSON.stringify(path)})`],
    });
    const bare = importing('import of the bare AWS client', await bareAwsClient('default'));
    const alike = importing('the same, bundled like the functions', await bareAwsClient('alike'));
    const functions = ['rotate-password', 'rotate-admin'].map((name) =>
      importing(`import of ${name}`, join(root, `functions/dist/${name}/index.mjs`)),
    );
    const empty: Subject = { name: 'empty Node process', args: ['-e', '0'] };
    const subjects: Subject[] = [
      empty,
      { name: 'post, nothing to do', args: [join(root, 'action/dist/post.js')] },
      action('lookup of a passed-in file', () => ({ ...common, mode: 'lookup', 'project-key': file })),
      action('lookup from Secrets Manager', () => ({ ...common, mode: 'lookup', 'secret-id': 'bench/found' })),
      action('ensure that finds', () => ensure('bench/found')),
      action('ensure that creates', () => ensure(`bench/new-${created++}`)),
      bare,
      alike,
      ...functions,
    ];
    const times = new Map(subjects.map((subject) => [subject, [] as number[]]));
    for (let run = 0; run <= RUNS; run++) {
      if (run % 5 === 0) process.stderr.write(`run ${run} of ${RUNS}\n`);
      for (const [subject, list] of times) {
        const milliseconds = timeOnce(subject);
        // The first round warms the file cache.
        if (run > 0) list.push(milliseconds);
      }
    }
    const base = median(times.get(empty) ?? []);
    const [ofBare, ofAlike] = [bare, alike].map((subject) => median(times.get(subject) ?? []));
    const toBare = (milliseconds: number) => ({
      'to the bare client': ratioOf(milliseconds, ofBare),
      'bundled alike': ratioOf(milliseconds, ofAlike),
    });
    const rows = subjects.map((subject) => {
      const milliseconds = median(times.get(subject) ?? []);
      return {
        name: subject.name,
        milliseconds: Math.round(milliseconds),
        ratio: ratioOf(milliseconds, base),
        ...(functions.includes(subject) ? toBare(milliseconds) : {}),
      };
    });
    const sizes = {
      'action/dist kB': kilobytes(join(root, 'action/dist')),
      'rotate-password kB': kilobytes(join(root, 'functions/dist/rotate-password')),
    };
    const consumerGaps = await measureConsumerGaps();
    if (process.argv.includes('--json'))
      process.stdout.write(`${JSON.stringify({ runs: RUNS, rows, sizes, consumerGaps }, null, 2)}\n`);
    else {
      console.table(rows);
      console.table(sizes);
      if (consumerGaps === undefined)
        console.log('consumer gaps: measured once npm run test:real has installed a broker');
      else console.table(consumerGaps);
    }
  } finally {
    server.kill();
    rmSync(work, { recursive: true, force: true });
  }
}

await main();
