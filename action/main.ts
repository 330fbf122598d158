import * as core from '@actions/core';
import { describeError } from './hints.ts';
import { run } from './run.ts';

try {
  await run(core, process.env);
} catch (error) {
  core.setFailed(describeError(error, process.env));
}
