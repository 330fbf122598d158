import { appendFileSync } from 'node:fs';
import { error, exportVariable, getInput, info, saveState, setOutput, setSecret, warning } from '@actions/core';
import type { Runner } from './runner.ts';

/**
 * GitHub's runner. By name and not as a whole: so the bundle leaves out what stands behind the rest of @actions/core, an HTTP stack
 * of 430 kB that takes longer to load than Node itself.
 */
export const workflowRunner: Runner = {
  getInput,
  setSecret,
  setOutput,
  exportVariable,
  saveState,
  summarize,
  info,
  warning,
  error,
};

/** The credential is handed out by then: a summary that cannot be written is not worth failing for. */
function summarize(markdown: string): void {
  const path = process.env.GITHUB_STEP_SUMMARY;
  if (!path) return;
  try {
    appendFileSync(path, `${markdown}\n`);
  } catch {
    warning('The job summary could not be written.');
  }
}
