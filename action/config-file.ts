import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { clientConfig } from '../core/client-config.ts';
import type { CredentialFile } from '../core/credential-file.ts';
import { type Changed, InputError, KeyringError } from '../core/errors.ts';
import type { ConfigFileInputs } from './config-file-inputs.ts';
import type { Job } from './job.ts';
import { readOurs } from './own-config-file.ts';

/** Where the file goes, with no link in it from the folder on that it must lie in. */
export interface ConfigFilePlace {
  readonly path: string;
  /** A file of ours is there, and is replaced. */
  readonly exists: boolean;
}

/**
 * Looks at the place without changing anything: inside the workspace or RUNNER_TEMP, in a folder that exists, no symbolic link on
 * the way, nothing there that is not ours.
 * @throws InputError
 */
export function placeOf(
  { path, keep }: ConfigFileInputs,
  environment: NodeJS.ProcessEnv,
  platform: NodeJS.Platform = process.platform,
): ConfigFilePlace {
  if (platform === 'win32' && !keep) {
    throw refused(
      'is given on Windows, where file modes do not protect it',
      'Set keep-config-file to true to have it all the same.',
    );
  }
  const { GITHUB_WORKSPACE: workspace, RUNNER_TEMP: temporary } = environment;
  const wanted = resolve(workspace || process.cwd(), path);
  const root = [workspace, temporary].find((folder) => folder && isInside(wanted, resolve(folder)));
  if (!root)
    throw refused(
      'lies neither in the workspace nor in RUNNER_TEMP',
      `Name a file such as \${{ runner.temp }}/client.properties.`,
    );
  const folder = realFolder(dirname(wanted));
  if (folder !== join(realFolder(resolve(root)), relative(resolve(root), dirname(wanted)))) {
    throw refused('has a symbolic link in its path', 'Name a file whose folders are no links.');
  }
  const place = join(folder, basename(wanted));
  const found = lstatSync(place, { throwIfNoEntry: false });
  if (!found) return { path: place, exists: false };
  if (readOurs(place) === undefined) {
    throw refused(
      'exists already and was not written by this Action',
      'Name another file, or remove it in a step before.',
    );
  }
  return { path: place, exists: true };
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function realFolder(path: string): string {
  try {
    const real = realpathSync(path);
    if (lstatSync(real).isDirectory()) return real;
  } catch {
    // Not there, or not to be entered: for the user it is the same.
  }
  throw refused('lies in a folder that does not exist', 'Make the folder in a step before.');
}

export interface FileContent {
  readonly credential: CredentialFile;
  /** What the format `env` sets. */
  readonly variables: Readonly<Record<string, string>>;
  /** Whether this run has changed anything by now; an error says so. */
  readonly changed: Changed;
}

/**
 * Masks what the file makes of the secrets, notes its name for the post stage, and writes it.
 * @throws KeyringError CONFIG_FILE_NOT_WRITTEN; nothing of the file is there then
 */
export function deliverConfigFile(
  { runner, masking, environment }: Pick<Job, 'runner' | 'masking' | 'environment'>,
  inputs: ConfigFileInputs,
  { credential, variables, changed }: FileContent,
): void {
  try {
    const { text, secrets } = clientConfig(credential, { format: inputs.format, variables });
    masking.addText(text, secrets);
    const place = placeOf(inputs, environment);
    writeConfigFile(place, text, (names) => {
      if (!inputs.keep) runner.saveState('configFile', JSON.stringify(names));
    });
    runner.info(`wrote the credential to ${place.path}${inputs.keep ? '' : ', until the job ends'}`);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const { message, remedy } = error;
    throw new KeyringError({ code: 'CONFIG_FILE_NOT_WRITTEN', message, changed, retryable: false, remedy });
  }
}

/**
 * Writes the file for this user alone (0600), whole or not at all: a name of its own first, which then becomes the file's.
 * @param begun called with both names before anything is there
 * @throws InputError when something else got the name meanwhile; the system's code for what it refuses
 */
function writeConfigFile(
  { path, exists }: ConfigFilePlace,
  text: string,
  begun: (names: readonly string[]) => void,
): void {
  const temporary = join(dirname(path), `.${basename(path).slice(0, 100)}.${randomUUID()}`);
  begun([path, temporary]);
  try {
    writeNew(temporary, text);
    if (exists && readOurs(path) !== undefined) renameSync(temporary, path);
    // Unlike a rename, a link replaces nothing.
    else linkSync(temporary, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw refused(
      `cannot be written (${code ?? 'unexpected failure'})`,
      'Check the folder: its rights, its space, and who else writes there.',
    );
  } finally {
    rmSync(temporary, { force: true });
  }
}

function writeNew(path: string, text: string): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const file = openSync(path, O_WRONLY | O_CREAT | O_EXCL | (O_NOFOLLOW ?? 0), 0o600);
  try {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function refused(problem: string, rule: string): InputError {
  return new InputError('config-file', problem, rule);
}
