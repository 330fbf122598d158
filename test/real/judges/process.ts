import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';

export interface ChildOptions {
  readonly cwd?: string;
  /** The child's whole environment. @default this process's */
  readonly env?: NodeJS.ProcessEnv;
  /** Put the child at the head of a process group of its own, so that stopping it stops what it started. @default false */
  readonly ownGroup?: boolean;
  /** Whether {@link RunningChild.write} reaches the child. @default false: it has no standard input */
  readonly withInput?: boolean;
}

export interface Finished {
  /** Exit code; -1 when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningChild {
  readonly pid: number;
  /** Both streams in the order they arrived; only the last million characters of each are kept. */
  output(): string;
  /** Resolves at the first output that matches. Throws after the deadline, or when the child ends without it. */
  waitForOutput(pattern: RegExp, timeoutMs: number): Promise<void>;
  /** Writes to the standard input of a child that was started `withInput`; lost when the child has ended. */
  write(text: string): void;
  /** SIGTERM, after `graceMs` SIGKILL; resolves when the process is gone. Safe to call twice. */
  stop(graceMs?: number): Promise<void>;
  readonly finished: Promise<Finished>;
}

const KEPT_CHARACTERS = 1_000_000;
const STOP_GRACE_MS = 10_000;

/** Children still running when this process exits are killed: a failed test leaves nothing behind. */
const running = new Map<number, boolean>();
process.on('exit', () => {
  for (const [pid, ownGroup] of running) signal(pid, ownGroup, 'SIGKILL');
});

/** Starts a child, without standard input unless asked for. Throws when the command cannot be started. */
export async function startChild(
  command: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<RunningChild> {
  const ownGroup = options.ownGroup ?? false;
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    detached: ownGroup,
    stdio: [options.withInput ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  });
  child.stdin?.on('error', () => {}); // the child has ended, which `finished` tells
  await new Promise<void>((started, failed) => {
    child.once('spawn', started);
    child.once('error', (error) => failed(new Error(`cannot start ${command}: ${error.message}`)));
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`cannot start ${command}`);
  running.set(pid, ownGroup);
  const recorder = new OutputRecorder(child);
  const finished = new Promise<Finished>((resolve) => {
    child.once('close', (code) => {
      running.delete(pid);
      resolve({ code: code ?? -1, stdout: recorder.stdout, stderr: recorder.stderr });
    });
  });
  return {
    pid,
    finished,
    output: () => recorder.all,
    write: (text) => child.stdin?.write(text),
    waitForOutput: (pattern, timeoutMs) => waitForOutput({ recorder, finished, command, pattern, timeoutMs }),
    async stop(graceMs = STOP_GRACE_MS) {
      if (!running.has(pid)) return;
      signal(pid, ownGroup, 'SIGTERM');
      const kill = setTimeout(() => signal(pid, ownGroup, 'SIGKILL'), graceMs);
      await finished;
      clearTimeout(kill);
    },
  };
}

export interface RunOptions extends ChildOptions {
  /** After this the child is killed and the call throws. */
  readonly timeoutMs: number;
}

/** Runs a command to its end. Throws when it cannot be started or does not end in time; a bad exit code is only reported. */
export async function run(command: string, args: readonly string[], options: RunOptions): Promise<Finished> {
  const child = await startChild(command, args, options);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    signal(child.pid, options.ownGroup ?? false, 'SIGKILL');
  }, options.timeoutMs);
  const result = await child.finished;
  clearTimeout(timer);
  if (late)
    throw new Error(`${command} did not end within ${options.timeoutMs} ms; last output: ${tail(child.output())}`);
  return result;
}

/** As {@link run}, and throws with the end of the output when the exit code is not 0. */
export async function mustRun(command: string, args: readonly string[], options: RunOptions): Promise<Finished> {
  const result = await run(command, args, options);
  if (result.code !== 0)
    throw new Error(`${command} exited with ${result.code}: ${tail(`${result.stdout}\n${result.stderr}`)}`);
  return result;
}

/** @returns ports on 127.0.0.1 that were free a moment ago; all are held until the last is found, so they differ */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
    ports.push(address.port);
  }
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

class OutputRecorder {
  all = '';
  stdout = '';
  stderr = '';
  readonly #listeners = new Set<() => void>();

  constructor(child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout = (this.stdout + text).slice(-KEPT_CHARACTERS);
      this.#append(text);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-KEPT_CHARACTERS);
      this.#append(text);
    });
  }

  onOutput(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #append(text: string): void {
    this.all = (this.all + text).slice(-KEPT_CHARACTERS);
    for (const listener of this.#listeners) listener();
  }
}

interface Wait {
  readonly recorder: OutputRecorder;
  readonly finished: Promise<Finished>;
  readonly command: string;
  readonly pattern: RegExp;
  readonly timeoutMs: number;
}

async function waitForOutput({ recorder, finished, command, pattern, timeoutMs }: Wait): Promise<void> {
  await new Promise<void>((found, failed) => {
    const fail = (why: string) => done(new Error(`${command} ${why} before ${pattern}: ${tail(recorder.all)}`));
    const check = () => {
      if (pattern.test(recorder.all)) done();
    };
    const unsubscribe = recorder.onOutput(check);
    const timer = setTimeout(() => fail(`took over ${timeoutMs} ms`), timeoutMs);
    function done(error?: Error): void {
      clearTimeout(timer);
      unsubscribe();
      if (error) failed(error);
      else found();
    }
    finished.then(() => fail('ended'));
    check();
  });
}

function signal(pid: number, ownGroup: boolean, name: NodeJS.Signals): void {
  try {
    process.kill(ownGroup ? -pid : pid, name);
  } catch {
    // Already gone: that is what the caller wants.
  }
}

function tail(text: string): string {
  return text.trim().slice(-2_000);
}
