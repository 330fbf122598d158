import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installOnce, pathWithProjectNode, projectFolder } from './cache.ts';
import { freePorts, mustRun, type RunningChild, startChild } from './process.ts';

export interface LambdaOptions {
  /** The folder that holds the bundle, as Lambda would unpack it. */
  readonly bundleFolder: string;
  /** `file.export`. @default index.handler */
  readonly handler?: string;
  /** The function's environment; AWS credentials and Region are what the runtime would give, so put them here. */
  readonly env?: Readonly<Record<string, string>>;
  /** The function's timeout. @default 30 */
  readonly timeoutSeconds?: number;
}

export interface LambdaAnswer {
  /** The emulator's answer as it came; errors come as status 200 too. */
  readonly body: string;
  /** `timeout`: the emulator killed the runtime. `error`: the handler threw or the runtime died. */
  readonly outcome: 'success' | 'error' | 'timeout';
  /** The body as JSON; undefined when it is none. */
  readonly value: unknown;
  /** The error's class name, for `error`. */
  readonly errorType: string | undefined;
  readonly errorMessage: string | undefined;
}

export interface RunningLambda {
  /** One invocation at a time, as one execution environment takes them; it stays warm in between. */
  invoke(event: unknown): Promise<LambdaAnswer>;
  /** Ends the process that runs the handler, as a crash would: no handler of its runs. Throws when there is none. */
  killRuntime(): Promise<void>;
  /** What the function and the emulator logged so far. */
  log(): string;
  stop(): Promise<void>;
}

const SAM_CLI = '1.170.0';
const RUNTIME_CLIENT = '4.0.2';
const INSTALL_TIMEOUT_MS = 900_000;
const START_TIMEOUT_MS = 20_000;

/** Starts a bundle under Lambda's runtime interface emulator, with AWS's own runtime client on the project's Node 24. */
export async function startLambda(options: LambdaOptions): Promise<RunningLambda> {
  const emulator = await installEmulator();
  const client = await installRuntimeClient();
  const [port = 0, runtimePort = 0] = await freePorts(2);
  const work = await mkdtemp(join(tmpdir(), 'keyring-lambda-'));
  const timeoutSeconds = options.timeoutSeconds ?? 30;
  const env = {
    PATH: pathWithProjectNode(),
    HOME: work,
    LAMBDA_TASK_ROOT: options.bundleFolder,
    AWS_LAMBDA_FUNCTION_TIMEOUT: String(timeoutSeconds),
    ...options.env,
  };
  const addresses = ['--runtime-interface-emulator-address', `127.0.0.1:${port}`];
  addresses.push('--runtime-api-address', `127.0.0.1:${runtimePort}`);
  const node = join(projectFolder, 'node_modules/.bin/node');
  const args = [...addresses, node, client, options.handler ?? 'index.handler'];
  let child: RunningChild | undefined;
  const stop = async () => {
    await child?.stop();
    await rm(work, { recursive: true, force: true });
  };
  try {
    child = await startChild(emulator, args, { cwd: work, env, ownGroup: true });
    await waitForPort(port, child);
  } catch (error) {
    await stop();
    throw error;
  }
  const { output, pid } = child;
  return {
    invoke: (event) => invoke(port, event, timeoutSeconds),
    killRuntime: async () => {
      process.kill(await childOf(pid, client), 'SIGKILL');
    },
    log: output,
    stop,
  };
}

/** @returns the id of the process that `parent` started with `argument` @source proc(5): the fourth field is the parent's id */
async function childOf(parent: number, argument: string): Promise<number> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const id of ids) {
    const [stat, commandLine] = await Promise.all(
      ['stat', 'cmdline'].map((file) => readFile(`/proc/${id}/${file}`, 'utf8').catch(() => '')),
    );
    const afterName = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(afterName?.[1]) === parent && commandLine?.split('\0').includes(argument)) return Number(id);
  }
  throw new Error(`process ${parent} has no child that runs ${argument}`);
}

async function invoke(port: number, event: unknown, timeoutSeconds: number): Promise<LambdaAnswer> {
  const url = `http://127.0.0.1:${port}/2015-03-31/functions/function/invocations`;
  const signal = AbortSignal.timeout((timeoutSeconds + 30) * 1000);
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(event), signal });
  const body = await response.text();
  const none = { body, errorType: undefined, errorMessage: undefined };
  if (/^Task timed out after/.test(body)) return { ...none, outcome: 'timeout', value: undefined };
  const value = jsonOrUndefined(body);
  if (typeof value === 'object' && value !== null && 'errorType' in value && 'errorMessage' in value) {
    const errorType = String(value.errorType);
    return { body, outcome: 'error', value, errorType, errorMessage: String(value.errorMessage) };
  }
  return { ...none, outcome: response.ok ? 'success' : 'error', value };
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const POLL_MS = 50;

async function waitForPort(port: number, child: RunningChild): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  let ended = false;
  void child.finished.then(() => {
    ended = true;
  });
  while (!(await accepts(port))) {
    if (ended || Date.now() > deadline)
      throw new Error(`the Lambda emulator does not listen: ${child.output().slice(-2_000)}`);
    await new Promise((wake) => setTimeout(wake, POLL_MS));
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = createConnection(port, '127.0.0.1');
  const connected = await new Promise<boolean>((decided) => {
    socket.once('connect', () => decided(true));
    socket.once('error', () => decided(false));
  });
  socket.destroy();
  return connected;
}

/** The emulator comes as a binary inside the wheel of AWS's SAM CLI. */
async function installEmulator(): Promise<string> {
  const binary = `aws-lambda-rie-${process.arch === 'arm64' ? 'arm64' : 'x86_64'}`;
  const folder = await installOnce({
    name: 'lambda-emulator',
    version: `aws-sam-cli ${SAM_CLI} ${binary}`,
    needs: ['python3'],
    remedy: 'apt-get install -y python3-pip, and access to PyPI',
    install: async (target) => {
      const options = { cwd: target, timeoutMs: INSTALL_TIMEOUT_MS };
      const pip = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--dest', '.'];
      await mustRun('python3', [...pip, `aws-sam-cli==${SAM_CLI}`], options);
      const wheel = (await readdir(target)).find((name) => name.endsWith('.whl'));
      if (wheel === undefined) throw new Error('pip downloaded no wheel of aws-sam-cli');
      const extract =
        'import sys, zipfile; open(sys.argv[2], "wb").write(zipfile.ZipFile(sys.argv[1]).read("samcli/local/rapid/" + sys.argv[2]))';
      await mustRun('python3', ['-c', extract, wheel, binary], options);
      await chmod(join(target, binary), 0o755);
      await rm(join(target, wheel));
    },
  });
  return join(folder, binary);
}

/** AWS's runtime client for Node builds native code; it stays out of the project's own dependencies. */
async function installRuntimeClient(): Promise<string> {
  const folder = await installOnce({
    name: 'lambda-runtime-client',
    version: `aws-lambda-ric ${RUNTIME_CLIENT}`,
    needs: ['npm', 'cmake', 'make', 'g++', 'python3', 'tar', 'xz'],
    remedy: 'apt-get install -y cmake make g++ python3 xz-utils, and access to the npm registry',
    install: async (target) => {
      const manifest = { private: true, allowScripts: { 'aws-lambda-ric': true } };
      await writeFile(join(target, 'package.json'), JSON.stringify(manifest));
      const env = { ...process.env, PATH: pathWithProjectNode() };
      const args = ['install', '--prefix', target, '--no-audit', '--no-fund', '--foreground-scripts'];
      const options = { cwd: target, env, timeoutMs: INSTALL_TIMEOUT_MS };
      await mustRun('npm', [...args, `aws-lambda-ric@${RUNTIME_CLIENT}`], options);
    },
  });
  return join(folder, 'node_modules/aws-lambda-ric/index.mjs');
}
