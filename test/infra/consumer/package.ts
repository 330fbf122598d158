import { type ExecFileException, execFile } from 'node:child_process';
import { cp, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../..');
const PROJECT = join(import.meta.dirname, 'project');

/** Runs a command to its end. @throws Error with what it printed, when it fails */
export function command(cwd: string, file: string, ...arguments_: string[]): Promise<string> {
  // npm hands its own settings down; what is installed here must not depend on how the tests were started.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')));
  return new Promise((done, fail) => {
    const ended = (error: ExecFileException | null, stdout: string, stderr: string) =>
      error ? fail(new Error(`${file} ${arguments_.join(' ')}: ${error.message}\n${stdout}${stderr}`)) : done(stdout);
    execFile(file, arguments_, { cwd, env, maxBuffer: 32 * 1024 * 1024 }, ended);
  });
}

/**
 * Packs the functions as they are built (`npm test` builds them first) and the constructs as they are now. Without `prepack`, which
 * would write the bundles anew while other tests run them.
 * @returns the path of the tarball
 */
export async function packInto(folder: string): Promise<string> {
  await command(ROOT, 'npm', 'run', '--silent', 'build:library');
  const packed = await command(ROOT, 'npm', 'pack', '--silent', '--ignore-scripts', '--pack-destination', folder);
  return join(folder, packed.trim());
}

/** Copies the consumer project to `folder` and installs the tarball with its peers, without asking a registry. */
export async function installConsumer(folder: string, tarball: string): Promise<void> {
  await cp(PROJECT, folder, { recursive: true });
  const peers = ['aws-cdk-lib', 'constructs'].map((name) => `file:${join(ROOT, 'node_modules', name)}`);
  const quiet = ['--offline', '--no-audit', '--no-fund', '--ignore-scripts', '--install-links=false'];
  await command(folder, 'npm', 'install', ...quiet, tarball, ...peers);
}

export const compilerOfTheProject = join(ROOT, 'node_modules/.bin/tsc');

/** @returns the paths of all files below a folder, relative to it */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}
