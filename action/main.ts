import { setFailed } from '@actions/core';
import { describeError } from './hints.ts';
import { run } from './run.ts';
import { workflowRunner } from './workflow-runner.ts';

try {
  await run(workflowRunner, process.env);
} catch (error) {
  setFailed(describeError(error, process.env));
}
