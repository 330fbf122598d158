import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { parse } from 'yaml';
import type { ActionRun } from '../../runner-harness/run-action.ts';
import type { World } from './fixture.ts';

const ROOT = new URL('../../../', import.meta.url).pathname;
const READER = join(ROOT, 'test/e2e/action/reading-client.ts');

/** The access key of the steps that use this Action, so that IAM can tell them from rotation functions. */
export const STEPS_KEY = 'AKIASTEPSSTEPSSTEPS0';

export interface Step {
  readonly id?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}
export interface DocumentedJob {
  readonly permissions?: unknown;
  readonly needs?: string;
  readonly outputs?: Readonly<Record<string, string>>;
  readonly strategy?: { readonly matrix: Readonly<Record<string, readonly unknown[]>> };
  readonly steps: readonly Step[];
}
/** One piece of YAML of docs/action.md: the steps of a job, or whole jobs. */
export interface Use {
  readonly title: string;
  readonly yaml: readonly Step[] | { readonly jobs: Readonly<Record<string, DocumentedJob>> };
}

/** @returns the pieces of YAML under "Uses", by the heading that each stands under */
export function documentedUses(): Use[] {
  const [, uses = ''] = /^## Uses\n([\s\S]*?)^## /m.exec(readFileSync(join(ROOT, 'docs/action.md'), 'utf8')) ?? [];
  const [, ...sections] = uses.split(/^### /m);
  return sections.map((section) => {
    const fences = [...section.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)];
    const [title = ''] = section.split('\n');
    if (fences.length !== 1) throw new Error(`"${title}" has ${fences.length} pieces of YAML`);
    return { title, yaml: parse(fences[0]?.[1] ?? '') };
  });
}

/** What `${{ ... }}` stands for, by its text between the braces. */
export type Context = Readonly<Record<string, string>>;

function evaluate(text: unknown, context: Context): string {
  return String(text).replace(/\$\{\{\s*(.*?)\s*\}\}/g, (_whole, expression: string) => {
    const value = context[expression];
    if (value === undefined) throw new Error(`nothing is known of ${expression}`);
    return value;
  });
}

export interface StepsRun {
  /** Of the steps that use this Action, in order. */
  readonly actions: readonly ActionRun[];
  /** What the steps with a command printed. */
  readonly printed: string;
  readonly context: Context;
}

/** A job's folders, and the variables that steps have set for later ones. */
interface Place {
  readonly workspace: string;
  readonly runnerTemp: string;
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Runs a job's steps as the runner does: the Action by the shipped bundle with `with:` as its inputs and no other variables than AWS's,
 * commands by bash, each post stage after all of them. Steps that use another action are passed over.
 * @throws Error for a command that fails, or an expression that nothing is known of
 */
export async function runSteps(world: World, steps: readonly Step[], given: Context): Promise<StepsRun> {
  const folder = await mkdtemp(join(tmpdir(), 'documented-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const place = { workspace: join(folder, 'workspace'), runnerTemp: join(folder, 'temp'), variables: {} };
  await mkdir(place.runnerTemp);
  await installPrograms(place.workspace);
  const done = { actions: [] as ActionRun[], printed: '', context: { ...given, 'runner.temp': place.runnerTemp } };
  await runRest(world, { steps, place, done });
  return done;
}

/** The sandbox stands for it. */
const STREAMKAP = 'https://api.streamkap.com';

interface Rest {
  readonly steps: readonly Step[];
  readonly place: Place;
  readonly done: { actions: ActionRun[]; printed: string; context: Record<string, string> };
}

async function runRest(world: World, { steps, place, done }: Rest): Promise<void> {
  const [step, ...later] = steps;
  if (!step) return;
  const isOurs = step.uses?.startsWith('OWNER/streamkap-keyring@');
  if (!isOurs) {
    if (step.run) done.printed += await runCommand(world, step, { place, context: done.context });
    return await runRest(world, { steps: later, place, done });
  }
  const given = Object.entries(step.with ?? {}).map(([name, value]) => [name, evaluate(value, done.context)]);
  const inputs = given.map(([name, value]) => [name, value === STREAMKAP ? world.sandbox.streamkapHost : value]);
  const at = done.actions.length;
  const run = await world.run(Object.fromEntries(inputs), {
    workspace: place.workspace,
    runnerTemp: place.runnerTemp,
    env: {
      AWS_ACCESS_KEY_ID: STEPS_KEY,
      STREAMKAP_CLIENT_ID: undefined,
      STREAMKAP_SECRET: undefined,
      ...place.variables,
    },
    masked: [done.context['secrets.PROJECT_KEY'] ?? ''].filter(Boolean),
    afterMain: async (main) => {
      if (main.outcome !== 'success') return;
      for (const [name, value] of Object.entries(main.outputs))
        done.context[`steps.${step.id}.outputs.${name}`] = value;
      const variables = { ...place.variables, ...main.env };
      await runRest(world, { steps: later, place: { ...place, variables }, done });
    },
  });
  done.actions.splice(at, 0, run);
}

async function runCommand(
  { sandbox }: World,
  { run = '', env = {} }: Step,
  { place, context }: { place: Place; context: Context },
): Promise<string> {
  const variables = Object.entries(env).map(([name, value]) => [name, evaluate(value, context)]);
  const child = spawn('bash', ['-e', '-c', evaluate(run, context)], {
    cwd: place.workspace,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: `${place.workspace}/programs:${process.env.PATH}`,
      NODE_EXTRA_CA_CERTS: sandbox.caFile,
      RUNNER_TEMP: place.runnerTemp,
      SANDBOX_HOST: sandbox.streamkapHost,
      ...place.variables,
      ...Object.fromEntries(variables),
    },
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (printed += text));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${run} ended with ${code}: ${printed}`);
  return printed;
}

/** The user's programs, and the two clients by name: each logs in with what it is given, and fails when that is not accepted. */
async function installPrograms(workspace: string): Promise<void> {
  const programs = join(workspace, 'programs');
  await mkdir(programs, { recursive: true });
  const files = {
    'consume.sh': workspace,
    'call-api.sh': workspace,
    'kafka-console-consumer.sh': programs,
    kcat: programs,
  };
  for (const [name, folder] of Object.entries(files)) {
    await writeFile(join(folder, name), `#!/bin/sh\nexec "${process.execPath}" "${READER}" ${name} "$@"\n`);
    await chmod(join(folder, name), 0o755);
  }
}
