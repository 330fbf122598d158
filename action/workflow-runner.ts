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
  info,
  warning,
  error,
};
