import { lstatSync, rmSync } from 'node:fs';
import { parseJson } from '../core/json.ts';
import { readOurs } from './own-config-file.ts';
import { harmlessLines } from './runner.ts';
import { workflowRunner } from './workflow-runner.ts';

/**
 * Removes the configuration file that main wrote, whatever became of main. What somebody put in its place stays.
 * @param state the file's path, and the name it had while it was being written
 */
export function removeConfigFile(state: string): void {
  const [path, temporary] = parseNames(state);
  if (!path || !temporary) return;
  const runner = harmlessLines(workflowRunner);
  try {
    rmSync(temporary, { force: true });
    if (readOurs(path) !== undefined) {
      rmSync(path);
      runner.info(`removed ${path}`);
    } else if (lstatSync(path, { throwIfNoEntry: false })) {
      runner.warning(
        `${path} is not the file that this step wrote any more; it was left there. Does it hold a secret?`,
      );
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    runner.warning(`${path} holds a secret and could not be removed (${code ?? 'unexpected failure'})`);
  }
}

function parseNames(state: string): readonly string[] {
  const names = parseJson(state);
  return Array.isArray(names) && names.every((name) => typeof name === 'string') ? names : [];
}
