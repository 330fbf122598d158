import { existsSync } from 'node:fs';
import { InputError } from '../core/errors.ts';

/** The runner as the Action speaks to it: the part of @actions/core that is used. */
export interface Runner {
  getInput(name: string): string;
  setSecret(secret: string): void;
  setOutput(name: string, value: string): void;
  exportVariable(name: string, value: string): void;
  saveState(name: string, value: string): void;
  /** Adds a section, in Markdown, to the job's summary. A runner without summaries shows none. */
  summarize(markdown: string): void;
  info(line: string): void;
  warning(line: string): void;
  error(line: string): void;
}

/**
 * A log line is scanned for commands: a line break, a leading `::` or a `##[` from an input would let that input stop masking.
 * @returns the runner with every line it logs made one harmless line
 */
export function harmlessLines(runner: Runner): Runner {
  const harmless = (line: string) =>
    line
      .replace(CONTROL, ' ')
      .replace(/^\s*::/, ': :')
      .replaceAll('##[', '# #[');
  return {
    getInput: (name) => runner.getInput(name),
    setSecret: (secret) => runner.setSecret(secret),
    setOutput: (name, value) => runner.setOutput(name, value),
    exportVariable: (name, value) => runner.exportVariable(name, value),
    saveState: (name, value) => runner.saveState(name, value),
    summarize: (markdown) => runner.summarize(markdown),
    info: (line) => runner.info(harmless(line)),
    warning: (line) => runner.warning(harmless(line)),
    error: (line) => runner.error(harmless(line)),
  };
}

const CONTROL = /[\p{Cc}\u2028\u2029]+/gu;

/** @throws InputError when a text that is shown or stored as one line holds a line break or another control character */
export function requireOneLine(text: string, input: string): string {
  if (text.search(CONTROL) < 0) return text;
  throw new InputError(input, 'holds a line break or another control character', `${input} is a single line of text.`);
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
