import { existsSync } from 'node:fs';
import { InputError } from '../core/errors.ts';

/** The runner as the Action speaks to it: the part of @actions/core that is used. */
export interface Runner {
  getInput(name: string): string;
  setSecret(secret: string): void;
  setOutput(name: string, value: string): void;
  exportVariable(name: string, value: string): void;
  saveState(name: string, value: string): void;
  info(line: string): void;
  warning(line: string): void;
  error(line: string): void;
}

/**
 * Where a command file is missing, @actions/core prints the value to the log instead. That must not happen to a secret.
 * @throws InputError naming the variable
 */
export function requireCommandFiles(environment: NodeJS.ProcessEnv, names: readonly string[]): void {
  for (const name of names) {
    const path = environment[name];
    if (path && existsSync(path)) continue;
    throw new InputError(
      name,
      'is not set to a file, so outputs would be printed to the log',
      'Run this as a step of a workflow, on an up-to-date runner.',
    );
  }
}
