import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { markerOf } from '../../../core/provisioning/marker.ts';
import type { ActionRun } from '../../runner-harness/run-action.ts';
import type { World } from './fixture.ts';

const ACLS = '- { topic_name: orders, operation: READ }';
export const EPHEMERAL = { mode: 'create', name: 'Nightly', ephemeral: 'true', 'kafka-acls': ACLS };
export const DELETE = 'streamkap DELETE /project-keys/{id} 200';

const HOUR_MS = 3_600_000;

/** @returns the environment of a child whose clock is this many hours off. Tokens, certificates and the stand-ins have their own. */
export function clockOff(hours: number): { NODE_OPTIONS: string } {
  return preload(`const now = Date.now; Date.now = () => now() + ${hours * HOUR_MS};`);
}

/** @returns the environment of a child that gets a signal while it writes the given output */
export function signalledAtOutput(name: string, signal: NodeJS.Signals): { NODE_OPTIONS: string } {
  return preload(`
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    const append = fs.appendFileSync;
    fs.appendFileSync = (path, text, ...rest) => {
      append(path, text, ...rest);
      if (path === process.env.GITHUB_OUTPUT && text.startsWith(${JSON.stringify(name)})) process.kill(process.pid, ${JSON.stringify(signal)});
    };
    syncBuiltinESMExports();`);
}

/** @returns the environment of a child that is killed when it is about to give its configuration file, written under another name, its own */
export function killedBeforeItsFileIsWhole(): { NODE_OPTIONS: string } {
  return preload(`
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    fs.linkSync = () => process.kill(process.pid, 'SIGKILL');
    syncBuiltinESMExports();`);
}

/** A module that the child loads before the bundle: how a test reaches what no input does. */
function preload(source: string): { NODE_OPTIONS: string } {
  const directory = mkdtempSync(join(tmpdir(), 'preload-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'preload.mjs');
  writeFileSync(path, source);
  return { NODE_OPTIONS: `--import=${path}` };
}

/** The job is over: no key is left but such as carry when they expire, and later steps got all of the credential or nothing. */
export function assertGoneOrMarked(world: World, run: ActionRun): void {
  for (const key of world.sandbox.streamkap.projectKeys) {
    if (key.status !== 'deleting') expect(markerOf(key)).toMatchObject({ kind: 'ephemeral' });
  }
  expect([0, OUTPUTS]).toContain(Object.keys(run.outputs).length);
  expect(run.post?.outcome).toBe('success');
}

/** How many outputs action.yml declares. */
export const OUTPUTS = 17;

/** Ids of the keys that nobody has ordered to be deleted. */
export function idsLeft({ sandbox }: World): string[] {
  return sandbox.streamkap.projectKeys.filter(({ status }) => status !== 'deleting').map(({ id }) => id);
}
