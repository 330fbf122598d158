import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ActionManifest, type ResolvedInputs, readManifest, resolveInputs } from './action-inputs.ts';
import type { FileCommand } from './file-commands.ts';
import { type CancelAfter, runStage, type StageRun, type StageSpec } from './run-stage.ts';
import { RunnerMasker } from './runner-masker.ts';

export type { CancelAfter, Outcome, StageRun } from './run-stage.ts';

export interface RunActionOptions {
  /** Holds the files that action.yml's `runs.main` and `runs.post` name (only their base names are used). */
  readonly bundleDir: string;
  /** Path of action.yml. */
  readonly actionYml: string;
  readonly inputs?: Readonly<Record<string, string>>;
  /** Added to the runner's own variables; nothing of the test's environment is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** Values the runner masks from the start, as it does with a repository's secrets. Inputs are printed in the log's header. */
  readonly secrets?: readonly string[];
  /** @default a fresh directory, removed at the end */
  readonly workspace?: string;
  /** @default a fresh directory, removed at the end */
  readonly runnerTemp?: string;
  /** Variables of file commands to leave unset, as on a runner that is too old. */
  readonly omitFiles?: readonly FileCommand[];
  /** Cancels main; post runs afterwards. */
  readonly cancelAfter?: CancelAfter;
  /** Milliseconds from SIGINT to SIGTERM and from SIGTERM to SIGKILL. @default 7500 and 2500, the runner's */
  readonly grace?: { readonly sigintMs: number; readonly sigtermMs: number };
  /** Waits for a grace period or for the signal; a test that must not wait gives its own. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<unknown>;
  /** Called between the stages, while workspace and RUNNER_TEMP are as main left them. */
  readonly afterMain?: (main: StageRun, directories: Directories) => void | Promise<void>;
  /** Called between post and the removal of the directories. */
  readonly afterPost?: (directories: Directories) => void | Promise<void>;
  /** Gets each printed line of both stages before masking. */
  readonly onLine?: (rawLine: string) => void;
}

export interface Directories {
  readonly workspace: string;
  readonly runnerTemp: string;
}

/** Main's stage, what became of the job's outputs, and post's stage (undefined when action.yml has no post). */
export interface ActionRun extends StageRun {
  /** The outputs that reach another job: those that contain a masked substring are dropped. */
  readonly jobOutputs: Readonly<Record<string, string>>;
  readonly post: StageRun | undefined;
}

/**
 * Runs a bundled action as GitHub's runner does: main, then post whatever became of main, each a child process under this Node
 * with files of its own and nothing in its environment but what the runner and the test give.
 */
export async function runAction(options: RunActionOptions): Promise<ActionRun> {
  const manifest = await readManifest(options.actionYml);
  const root = await mkdtemp(join(tmpdir(), 'runner-'));
  try {
    const directories = {
      workspace: options.workspace ?? join(root, 'workspace'),
      runnerTemp: options.runnerTemp ?? join(root, 'temp'),
    };
    for (const directory of Object.values(directories)) await mkdir(directory, { recursive: true });
    return await runStages(options, manifest, { root, ...directories });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function runStages(
  options: RunActionOptions,
  manifest: ActionManifest,
  directories: Directories & { readonly root: string },
): Promise<ActionRun> {
  const inputs = resolveInputs(manifest, options.inputs ?? {});
  const masker = new RunnerMasker();
  for (const secret of options.secrets ?? []) masker.addMask(secret);
  const environment = { ...runnerEnvironment(directories), ...options.env, ...inputs.environment };
  const common = {
    workspace: directories.workspace,
    omitFiles: options.omitFiles ?? [],
    masker,
    onLine: options.onLine ?? (() => undefined),
    grace: options.grace ?? { sigintMs: 7500, sigtermMs: 2500 },
    wait: options.wait ?? ((ms: number, signal: AbortSignal) => delay(ms, undefined, { signal })),
  };
  const main = await runStage({
    ...common,
    script: join(options.bundleDir, basename(manifest.main)),
    directory: join(directories.root, 'main'),
    env: environment,
    header: headerOf(manifest, inputs),
    cancelAfter: options.cancelAfter,
  });
  await options.afterMain?.(main, directories);
  const path = [...[...main.path].reverse(), environment.PATH].join(':');
  const state = Object.entries(main.state).map(([name, value]) => [`STATE_${name}`, value]);
  const post =
    manifest.post === undefined
      ? undefined
      : await runStage({
          ...common,
          script: join(options.bundleDir, basename(manifest.post)),
          directory: join(directories.root, 'post'),
          env: { ...environment, ...main.env, PATH: path, ...Object.fromEntries(state) },
          header: (log) => log.write(`Post job cleanup.`),
          cancelAfter: undefined,
        });
  await options.afterPost?.(directories);
  const jobOutputs = Object.entries(main.outputs).filter(([, value]) => masker.mask(value) === value);
  return { ...main, jobOutputs: Object.fromEntries(jobOutputs), post };
}

/** The group at the top of a step's log: what it runs and every input that has a value. */
function headerOf(manifest: ActionManifest, inputs: ResolvedInputs): StageSpec['header'] {
  return (log) => {
    if (inputs.warning) log.annotate('warnings', inputs.warning);
    log.write(`##[group]Run ${manifest.name}`);
    log.write('with:');
    for (const [name, value] of inputs.values) if (value !== '') log.write(`  ${name}: ${value}`);
    log.write('##[endgroup]');
  };
}

function runnerEnvironment({ workspace, runnerTemp }: Directories): Record<string, string> & { PATH: string } {
  return {
    PATH: '/usr/bin:/bin',
    HOME: runnerTemp,
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_ACTION: '__run',
    GITHUB_ACTOR: 'octocat',
    GITHUB_API_URL: 'https://api.github.com',
    GITHUB_EVENT_NAME: 'push',
    GITHUB_JOB: 'build',
    GITHUB_REF: 'refs/heads/main',
    GITHUB_REPOSITORY: 'octo-org/orders',
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_RUN_ID: '1658821493',
    GITHUB_RUN_NUMBER: '42',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_SHA: 'ffac537e6cbbf934b08745a378932722df287a53',
    GITHUB_WORKFLOW: 'CI',
    GITHUB_WORKSPACE: workspace,
    RUNNER_ARCH: 'X64',
    RUNNER_OS: 'Linux',
    RUNNER_TEMP: runnerTemp,
  };
}
