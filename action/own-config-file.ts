import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { isClientConfig } from '../core/client-config.ts';

/** A credential file is a few kilobytes. */
const MAX_BYTES = 1_000_000;

/** @returns the text of a configuration file that this Action wrote; undefined for anything else, a link to one included */
export function readOurs(path: string): string | undefined {
  let file: number | undefined;
  try {
    // Not to wait for a writer where somebody put a pipe.
    file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    const facts = fstatSync(file);
    if (!facts.isFile() || facts.nlink !== 1 || facts.size > MAX_BYTES) return undefined;
    const text = readFileSync(file, 'utf8');
    return isClientConfig(text) ? text : undefined;
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
