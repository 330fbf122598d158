import * as z from 'zod/mini';
import { parseJson } from '../core/json.ts';
import { removeUnstored } from '../core/provisioning/unstored.ts';
import { describeError } from './hints.ts';
import { prepareJob } from './job.ts';
import { harmlessLines } from './runner.ts';
import { workflowRunner } from './workflow-runner.ts';

const trace = z.object({ intentId: z.string(), username: z.nullable(z.string()) });

/**
 * Deletes the key that main made and did not hand out (it was cancelled, or died).
 * A failure is a warning with the marker to look for: the job's own outcome stands.
 */
export async function cleanUp(state: string, environment: NodeJS.ProcessEnv): Promise<void> {
  const parsed = trace.safeParse(parseJson(state));
  if (!parsed.success) return;
  try {
    const { streamkap } = await prepareJob(harmlessLines(workflowRunner), environment);
    const ids = await removeUnstored({ streamkap }, parsed.data);
    workflowRunner.info(
      ids.length > 0 ? `deleted the unfinished project key ${ids.join(', ')}` : 'no unfinished project key was left',
    );
  } catch (error) {
    workflowRunner.warning(
      `A project key marked [keyring:${parsed.data.intentId}.1] may be left. ${describeError(error, environment)}`,
    );
  }
}
