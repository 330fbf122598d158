import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { assertNoLeakInLog } from '../../runner-harness/assert-no-leak.ts';
import type { World as ActionWorld } from '../action/fixture.ts';

const PROGRAM = join(import.meta.dirname, '../../../cli/keyring.ts');
/** The caller's authority for everything: nothing of a machine's own AWS settings is used. */
const NOBODYS = {
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
};

/** What of a world a command is run against. */
type World = { readonly sandbox: ActionWorld['sandbox']; secrets(): string[] };

function environmentOf(world: World, more: Readonly<Record<string, string>>): Record<string, string> {
  const { STREAMKAP_ADMIN_SECRET_ID: _, ...env } = world.sandbox.environment;
  return { PATH: process.env.PATH ?? '', ...NOBODYS, ...env, ...more };
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `keyring` against a world's sandbox, and looks for a leak of every secret that the world has known. */
export async function keyring(
  world: World,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  const finished = await new Promise<Finished>((resolve) => {
    const options = { env: environmentOf(world, environment) };
    execFile(process.execPath, [PROGRAM, ...args], options, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr }),
    );
  });
  assertNoLeakInLog(`${finished.stdout}\n${finished.stderr}`, world.secrets());
  return finished;
}

/**
 * Runs a printed `keyring ...` command at a terminal of its own (util-linux's script), word for word, with somebody who types.
 * @returns what was on the screen
 */
export async function atTerminal(
  world: World,
  command: string,
  typed = '',
): Promise<{ readonly code: number; readonly screen: string }> {
  if (!/^keyring [\w /.:-]+$/.test(command)) throw new Error(`no plain command: ${command}`);
  const line = command.replace(/^keyring/, `'${process.execPath}' '${PROGRAM}'`);
  const child = spawn('script', ['-qec', line, '/dev/null'], {
    env: environmentOf(world, {}),
    stdio: 'pipe',
    timeout: 50_000,
  });
  let screen = '';
  let asked = false;
  child.stdout.on('data', (data) => {
    screen += data;
    if (!asked && screen.includes('Type "yes" to do it: ')) {
      asked = true;
      child.stdin.write(`${typed}\n`);
    }
  });
  const [code] = (await once(child, 'close')) as [number];
  assertNoLeakInLog(screen, world.secrets());
  return { code, screen };
}

/** What of doctor's JSON the tests look at. */
export interface Doctored {
  readonly code: number;
  readonly state: string;
  readonly verdict: string;
  readonly next: { readonly command?: string; readonly text?: string } | null;
  readonly versions: readonly { labels: string[]; login?: { outcome: string } }[];
}

/** @returns what `keyring doctor` says, having looked that it changed nothing */
export async function doctor(world: ActionWorld, secretId = 'ci/orders', ...args: string[]): Promise<Doctored> {
  const { secretsManager } = world.sandbox;
  const before = secretsManager.snapshot({ dates: false });
  const changes = world.sandbox.log.calls.filter(isChange).length;
  const { code, stdout, stderr } = await keyring(world, ['doctor', secretId, ...ADMIN, '--json', ...args]);
  if (stdout === '') throw new Error(`keyring doctor ended with ${code}: ${stderr}`);
  if (secretsManager.snapshot({ dates: false }) !== before) throw new Error('keyring doctor changed a secret');
  if (world.sandbox.log.calls.filter(isChange).length !== changes) throw new Error('keyring doctor changed a key');
  return { code, ...JSON.parse(stdout) };
}

export const ADMIN = ['--admin-secret-id', 'streamkap/admin'] as const;

const isChange = ({ service, operation }: { service: string; operation: string }) =>
  service === 'streamkap' && /^(PATCH|DELETE|POST \/project-keys)/.test(operation);
