import { setFailed } from '@actions/core';
import { describeError } from './hints.ts';
import { run } from './run.ts';
import { workflowRunner } from './workflow-runner.ts';

// With these, a cancelled job's process ends between two things and never within one: what a step hands out, it hands out whole.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => process.exit(code));
}

try {
  await run(workflowRunner, process.env);
} catch (error) {
  setFailed(describeError(error, process.env));
}
