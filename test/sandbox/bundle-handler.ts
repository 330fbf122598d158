import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { StepOrder, StepReply } from './bundle-step.ts';
import type { Invoke, RotationEvent } from './secrets-manager/rotation-events.ts';

const ENTRY = fileURLToPath(new URL('./bundle-step.ts', import.meta.url));

/** A step's failure, named by the class of what the function threw, or by Lambda's own words. */
export class HandlerError extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/** One call of a bundle: what it printed (a Lambda's log) and how it ended. */
export interface BundleRun {
  readonly step: RotationEvent['Step'];
  readonly token: string;
  readonly output: string;
  /** Class of the error, undefined when the step succeeded. */
  readonly errorName: string | undefined;
}

export interface BundleOptions {
  /** Absolute path of a module that exports `handler(event, context)`. */
  readonly bundle: string;
  /** The function's whole environment: nothing of this process's gets in. */
  readonly environment: Readonly<Record<string, string>>;
  /** After which a call is killed. @default 30000 */
  readonly timeoutMs?: number;
}

/** Runs a function's bundle as Lambda would on cold starts: a fresh process for every step. */
export class BundleHandler {
  readonly runs: BundleRun[] = [];
  readonly #options: Required<BundleOptions>;
  readonly #children = new Map<ChildProcess, Promise<unknown>>();
  #stopped = false;

  constructor(options: BundleOptions) {
    this.#options = { timeoutMs: 30_000, ...options };
  }

  readonly invoke: Invoke = async (event, { functionArn }) => {
    const { reply, output } = await this.#call(event, functionArn);
    const errorName = reply.kind === 'threw' ? reply.name : undefined;
    this.runs.push({ step: event.Step, token: event.ClientRequestToken, output, errorName });
    if (reply.kind === 'threw') throw new HandlerError(reply.name, reply.message);
  };

  /** A direct call, by an operator for instance. @throws HandlerError */
  async call(event: unknown, functionArn: string): Promise<{ readonly value: unknown; readonly output: string }> {
    const { reply, output } = await this.#call(event, functionArn);
    if (reply.kind === 'threw') throw new HandlerError(reply.name, reply.message);
    return { value: reply.value, output };
  }

  /** Kills what is running and starts nothing more: the steps fail. Resolves when no process is left. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const running = [...this.#children];
    for (const [child] of running) child.kill('SIGKILL');
    await Promise.all(running.map(([, ended]) => ended));
  }

  #call(event: unknown, functionArn: string): Promise<{ reply: StepReply; output: string }> {
    if (this.#stopped) throw new HandlerError('Sandbox.Stopped', 'The sandbox has stopped this function');
    const { bundle, timeoutMs } = this.#options;
    const context = { awsRequestId: randomUUID(), functionName: 'rotation', invokedFunctionArn: functionArn };
    return this.#run({ bundle, event, context, timeoutMs });
  }

  #run(order: StepOrder): Promise<{ reply: StepReply; output: string }> {
    const child = fork(ENTRY, [], {
      execArgv: [],
      env: { ...this.#options.environment },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      timeout: order.timeoutMs,
      killSignal: 'SIGKILL',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk;
      });
    }
    let reply: StepReply | undefined;
    child.once('message', (message: StepReply) => {
      reply = message;
    });
    child.once('error', (error) => {
      reply ??= { kind: 'threw', name: 'Runtime.StartError', message: error.message };
    });
    const ended = new Promise<{ reply: StepReply; output: string }>((resolve) => {
      child.once('close', (_code, signal) => {
        this.#children.delete(child);
        resolve({ reply: reply ?? unanswered(signal), output });
      });
      child.send(order, () => {});
    });
    this.#children.set(child, ended);
    return ended;
  }
}

function unanswered(signal: NodeJS.Signals | null): StepReply {
  return signal === 'SIGKILL'
    ? { kind: 'threw', name: 'Sandbox.Timedout', message: 'The function was killed before it answered' }
    : { kind: 'threw', name: 'Runtime.ExitError', message: 'The function exited without an answer' };
}
