import * as z from 'zod/mini';
import { systemClock } from '../core/clock.ts';
import { parseJson } from '../core/json.ts';
import { projectKeys } from '../core/provisioning/project-keys.ts';
import { removeUnstored } from '../core/provisioning/removal.ts';
import { describeError } from './hints.ts';
import { parseInputs } from './inputs.ts';
import { prepareJobOf, type Surroundings } from './job.ts';
import { harmlessLines } from './runner.ts';
import { workflowRunner } from './workflow-runner.ts';

const trace = z.object({
  intentId: z.string(),
  username: z.nullable(z.string()),
  /** ISO 8601, of an ephemeral key. */
  expiresAt: z.optional(z.string()),
  id: z.optional(z.string()),
  alone: z.optional(z.boolean()),
});

/** A cancelled job gives a process 7.5 s, and starting it takes some of them: all calls together have this, in milliseconds. */
const CALLS_MS = 6_500;
/** The last look for a key that may still be being made; leaves a call the time it needs. */
const LOOK_MS = 4_000;

/**
 * Deletes the key that main made for this job alone, or made and did not hand out (it was cancelled, or died).
 * A failure is a warning with what to look for: the job's own outcome stands.
 */
export async function cleanUp(state: string, environment: NodeJS.ProcessEnv): Promise<void> {
  const parsed = trace.safeParse(parseJson(state));
  if (!parsed.success) return;
  const { intentId, id, expiresAt } = parsed.data;
  const runner = harmlessLines(workflowRunner);
  const isClientCredential = runner.getInput('kind') === 'client-credential';
  const noun = isClientCredential ? 'client credential' : 'project key';
  const which = `${expiresAt ? 'ephemeral' : 'unfinished'} ${noun}`;
  const afterwards = expiresAt ? ` It expires at ${expiresAt}; after that a run with sweep-expired deletes it.` : '';
  const now = systemClock.now();
  const surroundings = { runner, environment, deadline: now + CALLS_MS };
  try {
    const kind = isClientCredential ? await clientCredentialKind(surroundings) : await projectKeyKind(surroundings);
    const ids = await removeUnstored({ kind, clock: systemClock }, parsed.data, now + LOOK_MS);
    runner.info(ids.length > 0 ? `deleted the ${which} ${ids.join(', ')}` : `no ${which} was left`);
  } catch (error) {
    const found = id ? `${id}, marked keyring:${intentId}.1,` : `marked keyring:${intentId}.1`;
    runner.warning(`A ${noun} ${found} may be left.${afterwards} ${describeError(error, environment)}`);
  }
}

async function projectKeyKind(surroundings: Surroundings) {
  const { streamkap } = await prepareJobOf(parseInputs, surroundings);
  return projectKeys(streamkap);
}

/** Loaded only where it is needed: post starts fast. */
async function clientCredentialKind(surroundings: Surroundings) {
  const { prepareClientCredentialJob, kindOf } = await import('./client-credential/job.ts');
  return kindOf(await prepareClientCredentialJob(surroundings));
}
