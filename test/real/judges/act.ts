import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathWithProjectNode } from './cache.ts';
import { installGoTool } from './go.ts';
import { startChild } from './process.ts';

export interface ActOptions {
  /** The folder that holds the repository; act needs no commit and no remote in it. */
  readonly repo: string;
  /** Workflow file relative to `repo`. */
  readonly workflow: string;
  /** @default push */
  readonly event?: string;
  /** The event's payload. @default act's own */
  readonly eventPayload?: unknown;
  /** Environment of every step. Not for secrets: it travels on the command line. */
  readonly env?: Readonly<Record<string, string>>;
  /** `vars.*`. */
  readonly vars?: Readonly<Record<string, string>>;
  /** `secrets.*`; single lines. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** `owner/repo@ref` -> folder, for `uses:` of repositories that are not fetched. */
  readonly localRepositories?: Readonly<Record<string, string>>;
  /** One job only. @default all */
  readonly job?: string;
  /** @default 180000 */
  readonly timeoutMs?: number;
}

export interface ActResult {
  /** 0 when every job succeeded. */
  readonly code: number;
  /** act's log, as it would be seen on a screen: masked where act masks. */
  readonly output: string;
}

const ACT = { name: 'act', package: 'github.com/nektos/act', version: 'v0.2.89' };
const TIMEOUT_MS = 180_000;
const HOST_MODE = ['-P', 'ubuntu-latest=-self-hosted', '--action-offline-mode', '--no-cache-server'];

/**
 * Runs a workflow on this machine, without Docker.
 *
 * act hands its whole environment to the job and takes the first `node` on PATH, so it gets a bare environment with the
 * project's Node 24 first and a home folder of its own. Secrets travel in a 0600 file that is removed afterwards.
 * @throws when the workflow does not end in time; a failed job is only reported
 */
export async function runAct(options: ActOptions): Promise<ActResult> {
  const act = await installGoTool(ACT);
  const home = await mkdtemp(join(tmpdir(), 'keyring-act-'));
  try {
    const args = await actArguments(options, home);
    const env = { PATH: pathWithProjectNode(), HOME: home, LANG: 'C.UTF-8', TMPDIR: join(home, 'tmp') };
    await mkdir(env.TMPDIR);
    const child = await startChild(act, args, { cwd: options.repo, env, ownGroup: true });
    let late = false;
    const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    const timer = setTimeout(() => {
      late = true;
      void child.stop();
    }, timeoutMs);
    const { code } = await child.finished;
    clearTimeout(timer);
    if (late)
      throw new Error(`the workflow did not end within ${timeoutMs} ms; act said: ${child.output().slice(-2_000)}`);
    return { code, output: child.output() };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function actArguments(options: ActOptions, home: string): Promise<string[]> {
  const secretFile = join(home, 'secrets');
  await writeFile(secretFile, dotenv(options.secrets ?? {}), { mode: 0o600 });
  const args = [options.event ?? 'push', '-W', options.workflow, ...HOST_MODE, '--secret-file', secretFile];
  // Files with these names in the repository would otherwise be read unasked.
  for (const option of ['--env-file', '--var-file', '--input-file']) args.push(option, join(home, 'none'));
  if (options.eventPayload !== undefined) {
    await writeFile(join(home, 'event.json'), JSON.stringify(options.eventPayload));
    args.push('--eventpath', join(home, 'event.json'));
  }
  for (const [name, value] of Object.entries(options.env ?? {})) args.push('--env', `${name}=${value}`);
  for (const [name, value] of Object.entries(options.vars ?? {})) args.push('--var', `${name}=${value}`);
  for (const [reference, folder] of Object.entries(options.localRepositories ?? {}))
    args.push('--local-repository', `${reference}=${folder}`);
  if (options.job !== undefined) args.push('--job', options.job);
  return args;
}

/** Single quotes keep everything but a single quote and line breaks as it is. */
function dotenv(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => {
      if (/['\r\n]/.test(value)) throw new Error(`the secret ${name} has a quote or a line break: act cannot take it`);
      return `${name}='${value}'\n`;
    })
    .join('');
}
