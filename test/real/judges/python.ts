import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installOnce } from './cache.ts';
import type { LoginAttempt, LoginVerdict } from './login.ts';
import { mustRun, run } from './process.ts';

/** The committed scripts; a workflow step may call them with {@link pythonWithKafka} too. */
export const loginScript = fileURLToPath(new URL('./python/login.py', import.meta.url));
export const consumeScript = fileURLToPath(new URL('./python/consume.py', import.meta.url));
export const roundTripScript = fileURLToPath(new URL('./python/round_trip.py', import.meta.url));
const requirementsFile = fileURLToPath(new URL('./python/requirements.txt', import.meta.url));

const INSTALL_TIMEOUT_MS = 600_000;
const RUN_TIMEOUT_MS = 60_000;

/** @returns the `python` of a virtual environment that has the pip packages of `requirements`, each pinned */
export async function installPythonPackages(name: string, requirements: string): Promise<string> {
  const folder = await installOnce({
    name,
    version: requirements.trim().split(/\s+/).join(' '),
    needs: ['python3'],
    remedy: 'apt-get install -y python3-venv, and access to PyPI',
    install: async (target) => {
      const options = { cwd: target, timeoutMs: INSTALL_TIMEOUT_MS };
      await mustRun('python3', ['-m', 'venv', 'venv'], options);
      const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--only-binary', ':all:'];
      await mustRun(join(target, 'venv/bin/python'), [...pip, ...requirements.trim().split(/\s+/)], options);
    },
  });
  return join(folder, 'venv/bin/python');
}

/** @returns a `python` that has confluent-kafka, librdkafka's own client */
export async function pythonWithKafka(): Promise<string> {
  return installPythonPackages('python-kafka', await readFile(requirementsFile, 'utf8'));
}

/** The environment that login.py and consume.py read their credentials from. */
export function kafkaEnvironment(attempt: LoginAttempt): Record<string, string> {
  return {
    KAFKA_BOOTSTRAP_SERVERS: attempt.bootstrap,
    KAFKA_USERNAME: attempt.username,
    KAFKA_PASSWORD: attempt.password,
    KAFKA_SASL_MECHANISM: attempt.mechanism,
    ...(attempt.caFile === undefined ? {} : { KAFKA_CA_FILE: attempt.caFile }),
  };
}

/**
 * One login by confluent-kafka. Throws when the script does not answer with a verdict.
 * @param deadlineSeconds how long a broker is asked that neither refuses nor gives metadata
 */
export async function loginWithPython(attempt: LoginAttempt, deadlineSeconds = 15): Promise<LoginVerdict> {
  const python = await pythonWithKafka();
  const env = { ...childEnvironment(attempt), KAFKA_LOGIN_DEADLINE_SECONDS: String(deadlineSeconds) };
  const { stdout, stderr } = await run(python, [loginScript], { env, timeoutMs: RUN_TIMEOUT_MS });
  const verdict: unknown = JSON.parse(stdout.trim() === '' ? 'null' : stdout);
  if (!isVerdict(verdict)) throw new Error(`login.py gave no verdict: ${stderr.slice(-1_000)}`);
  return verdict;
}

export interface PythonConsumption {
  readonly login: LoginAttempt;
  readonly topic: string;
  /** How many records to read before it ends. */
  readonly count: number;
  /** @default a group of its own, named `python-<uuid>` */
  readonly group?: string;
}

/** @returns exit code as consume.py documents it, and the values read */
export async function consumeWithPython(
  consumption: PythonConsumption,
): Promise<{ code: number; records: string[]; stderr: string }> {
  const { login, topic, count, group } = consumption;
  const args = [consumeScript, topic, String(count), ...(group === undefined ? [] : [group])];
  const options = { env: childEnvironment(login), timeoutMs: RUN_TIMEOUT_MS };
  const { code, stdout, stderr } = await run(await pythonWithKafka(), args, options);
  return { code, records: stdout.split('\n').filter((line) => line !== ''), stderr };
}

/** Python must not leave __pycache__ in the checkout. */
function childEnvironment(attempt: LoginAttempt): Record<string, string> {
  return { PATH: process.env.PATH ?? '', PYTHONDONTWRITEBYTECODE: '1', ...kafkaEnvironment(attempt) };
}

function isVerdict(value: unknown): value is LoginVerdict {
  return (
    typeof value === 'object' &&
    value !== null &&
    'outcome' in value &&
    (value.outcome === 'accepted' || value.outcome === 'rejected' || value.outcome === 'unknown')
  );
}
