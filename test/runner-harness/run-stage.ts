import { spawn } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FILE_COMMANDS, type FileCommand, readPairs } from './file-commands.ts';
import type { RunnerMasker } from './runner-masker.ts';
import { type Annotations, LineSplitter, type RawLine, StepLog } from './step-log.ts';

const SUMMARY_LIMIT_BYTES = 1024 * 1024;

export type Outcome = 'success' | 'failure' | 'cancelled';

/** One stage (main or post) as a reader of the job, a later step and the runner see it. */
export interface StageRun {
  readonly outcome: Outcome;
  readonly exitCode: number | null;
  /** Real values, as a later step of the same job gets them. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly path: readonly string[];
  readonly state: Readonly<Record<string, string>>;
  /** As written, before the runner masks it; empty when it was over the limit of 1 MiB. */
  readonly summary: string;
  /** Data of each `::add-mask::` in order. */
  readonly masks: readonly string[];
  /** What the process printed on stdout and stderr, commands included. */
  readonly rawTranscript: string;
  readonly rawLines: readonly RawLine[];
  /** The job's log with debug logging on. */
  readonly maskedTranscript: string;
  readonly annotations: Annotations;
}

/** When to cancel the job: at the first printed line (before masking) for which it is true, or when the promise settles. */
export type CancelAfter = ((rawLine: string) => boolean) | PromiseLike<unknown>;

export interface StageSpec {
  readonly script: string;
  readonly directory: string;
  readonly workspace: string;
  readonly env: Readonly<Record<string, string>>;
  readonly omitFiles: readonly FileCommand[];
  readonly masker: RunnerMasker;
  /** Written before the process starts. */
  readonly header: (log: StepLog) => void;
  readonly onLine: (rawLine: string) => void;
  readonly cancelAfter: CancelAfter | undefined;
  readonly grace: { readonly sigintMs: number; readonly sigtermMs: number };
  readonly wait: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

export async function runStage(spec: StageSpec): Promise<StageRun> {
  await mkdir(spec.directory, { recursive: true });
  const files = new Map(FILE_COMMANDS.map((name) => [name, join(spec.directory, name.toLowerCase())]));
  for (const path of files.values()) await writeFile(path, '');
  const given = [...files].filter(([name]) => !spec.omitFiles.includes(name));
  const env: Record<string, string> = { ...spec.env, ...Object.fromEntries(given) };

  const log = new StepLog(spec.masker);
  spec.header(log);
  const ended = await runProcess(spec, env, log);
  const results = await readFiles(files, log);
  await rm(spec.directory, { recursive: true });
  const failed = ended.exitCode !== 0 || results.broken;
  return {
    outcome: ended.cancelled ? 'cancelled' : failed ? 'failure' : 'success',
    exitCode: ended.exitCode,
    outputs: Object.fromEntries(results.outputs),
    env: Object.fromEntries(results.env),
    path: results.path,
    state: Object.fromEntries(results.state),
    summary: results.summary,
    masks: log.masks,
    rawTranscript: log.rawLines.map((line) => `${line.text}\n`).join(''),
    rawLines: log.rawLines,
    maskedTranscript: log.maskedLines.map((line) => `${line}\n`).join(''),
    annotations: log.annotations,
  };
}

async function runProcess(spec: StageSpec, env: Record<string, string>, log: StepLog) {
  const child = spawn(process.execPath, [spec.script], { cwd: spec.workspace, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new AbortController();
  let cancelling: Promise<void> | undefined;
  /** What the runner does: SIGINT, after a grace SIGTERM, after another KILL. Each only while the process lives. */
  const cancel = async () => {
    for (const [signal, ms] of [
      ['SIGINT', spec.grace.sigintMs],
      ['SIGTERM', spec.grace.sigtermMs],
      ['SIGKILL', 0],
    ] as const) {
      if (exited.signal.aborted) return;
      child.kill(signal);
      if (ms > 0) await spec.wait(ms, exited.signal).catch(() => undefined);
    }
  };
  const startCancelling = () => {
    if (!exited.signal.aborted) cancelling ??= cancel();
  };
  const { cancelAfter } = spec;
  if (cancelAfter && typeof cancelAfter !== 'function') cancelAfter.then(startCancelling, startCancelling);

  for (const stream of ['stdout', 'stderr'] as const) {
    const lines = new LineSplitter((line) => {
      log.process(stream, line);
      spec.onLine(line);
      if (typeof cancelAfter === 'function' && cancelAfter(line)) startCancelling();
    });
    child[stream].setEncoding('utf8');
    child[stream].on('data', (chunk: string) => lines.push(chunk));
    child[stream].on('end', () => lines.end());
  }
  child.on('exit', () => exited.abort());
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  await cancelling;
  return { exitCode, cancelled: cancelling !== undefined };
}

/** Reads what the stage wrote, even when it failed, and echoes it as the runner's debug log does. */
async function readFiles(files: ReadonlyMap<FileCommand, string>, log: StepLog) {
  const results = {
    outputs: new Map(log.printedOutputs),
    env: new Map<string, string>(),
    path: [] as string[],
    state: new Map(log.printedState),
    summary: '',
    broken: false,
  };
  const text = async (name: FileCommand) => readFile(files.get(name) ?? '', 'utf8');
  const pairs = async (name: FileCommand, accept: (key: string, value: string) => void) => {
    try {
      readPairs(await text(name), accept);
    } catch (error) {
      results.broken = true;
      log.annotate('errors', `Unable to process file command '${name.slice(7).toLowerCase()}' successfully.`);
      log.annotate('errors', error instanceof Error ? error.message : 'unreadable');
    }
  };
  results.path = (await text('GITHUB_PATH')).split(/\r?\n/).filter((line) => line !== '');
  await pairs('GITHUB_ENV', (key, value) => {
    if (key.toUpperCase() === 'NODE_OPTIONS') {
      log.annotate('errors', `Can't store ${key} output parameter using '$GITHUB_ENV' command.`);
      return;
    }
    results.env.set(key, value);
    log.write(`${key}='${value}'`, '##[debug]');
  });
  results.summary = await text('GITHUB_STEP_SUMMARY');
  if (Buffer.byteLength(results.summary) > SUMMARY_LIMIT_BYTES) {
    log.annotate('errors', '$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k.');
    results.summary = '';
  }
  await pairs('GITHUB_STATE', (key, value) => {
    results.state.set(key, value);
    log.write(`Save intra-action state ${key} = ${value}`, '##[debug]');
  });
  await pairs('GITHUB_OUTPUT', (key, value) => {
    results.outputs.set(key, value);
    log.write(`Set output ${key} = ${value}`, '##[debug]');
  });
  return results;
}
