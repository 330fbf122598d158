import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isAlive, run } from './process.ts';

/** The checkout; judges run the project's own Node and read its committed files. */
export const projectFolder = fileURLToPath(new URL('../../../', import.meta.url));

/** Where judges are installed: `KEYRING_REAL_CACHE`, else `.cache/real` in the checkout, which git ignores. */
export function cacheFolder(): string {
  return resolve(process.env.KEYRING_REAL_CACHE ?? join(projectFolder, '.cache/real'));
}

/** `PATH` with the project's Node 24 first: what judges start must not meet the host's older Node. */
export function pathWithProjectNode(): string {
  return [join(projectFolder, 'node_modules/.bin'), process.env.PATH ?? '/usr/bin:/bin'].join(':');
}

export interface Installation {
  /** Folder name in the cache. */
  readonly name: string;
  /** Everything that must force a fresh install when it changes: the judge's pinned version, a hash of committed sources. */
  readonly version: string;
  /** Commands the install itself needs. */
  readonly needs: readonly string[];
  /** What would get the judge here, for the one-line failure: `apt-get install ...`. */
  readonly remedy: string;
  /** Fills the empty folder; throws when it cannot. */
  readonly install: (folder: string) => Promise<void>;
}

/**
 * Installs a judge unless the cache has it in that very version.
 *
 * The stamp is written last, so a broken install never counts; a lock folder keeps two runs on one cache apart.
 * @returns the judge's folder
 * @throws one line saying what is missing and what would get it; the test then fails, it is never skipped
 */
export async function installOnce(installation: Installation): Promise<string> {
  const folder = join(cacheFolder(), installation.name);
  if (await isInstalled(folder, installation.version)) return folder;
  await mkdir(cacheFolder(), { recursive: true });
  return withLock(`${folder}.lock`, async () => {
    if (await isInstalled(folder, installation.version)) return folder;
    await announced(`installing ${installation.name} ${installation.version}`, () => installInto(folder, installation));
    return folder;
  });
}

async function installInto(folder: string, installation: Installation): Promise<void> {
  const title = `real tier: ${installation.name} ${installation.version} is missing`;
  const absent: string[] = [];
  for (const command of installation.needs) {
    const found = await run('sh', ['-c', 'command -v "$0"', command], { timeoutMs: 10_000 });
    if (found.code !== 0) absent.push(command);
  }
  if (absent.length > 0)
    throw new Error(`${title}: no ${absent.join(', ')} on PATH; get it with: ${installation.remedy}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  try {
    await installation.install(folder);
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').slice(-400);
    throw new Error(`${title}: ${reason}; get it with: ${installation.remedy}`);
  }
  // Renamed into place: a stamp is whole or absent.
  await writeFile(join(folder, '.stamp.new'), installation.version);
  await rename(join(folder, '.stamp.new'), join(folder, '.stamp'));
}

async function isInstalled(folder: string, version: string): Promise<boolean> {
  try {
    return (await readFile(join(folder, '.stamp'), 'utf8')) === version;
  } catch {
    return false;
  }
}

const LOCK_POLL_MS = 500;
const LOCK_TIMEOUT_MS = 15 * 60_000;

async function withLock<T>(lock: string, work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + LOCK_TIMEOUT_MS;
  while (!(await takeLock(lock))) {
    if (Date.now() > deadline) throw new Error(`real tier: ${lock} is held too long; delete it if nothing installs`);
    await new Promise((wake) => setTimeout(wake, LOCK_POLL_MS));
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

/** A lock whose holder is dead is taken away; the next round of the caller's loop competes for it. */
async function takeLock(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    const holder = Number(await readFile(lock, 'utf8').catch(() => ''));
    if (holder > 0 && !isAlive(holder)) await rm(lock, { force: true });
    return false;
  }
}

const QUIET_MS = 2_000;

/** Runs `work`; when it takes over two seconds, says so on stderr at once and again, with its duration, at the end. */
export async function announced<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  let spoke = false;
  const timer = setTimeout(() => {
    spoke = true;
    process.stderr.write(`real tier: ${what} ...\n`);
  }, QUIET_MS);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
    if (spoke) process.stderr.write(`real tier: ${what}: ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
  }
}
