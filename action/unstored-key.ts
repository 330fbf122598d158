import { randomUUID } from 'node:crypto';
import { systemClock } from '../core/clock.ts';
import { KeyringError } from '../core/errors.ts';
import { secondsOf } from '../core/marker.ts';
import { projectKeys } from '../core/provisioning/project-keys.ts';
import { removeUnstored } from '../core/provisioning/removal.ts';
import { createUnstored } from '../core/provisioning/unstored.ts';
import { expiryOf, sweepEarlierKeys, warnOfShortSession, withOwnUsername } from './ephemeral.ts';
import type { Inputs } from './inputs.ts';
import { type Job, portsOf, runName } from './job.ts';
import type { Delivery } from './outputs.ts';
import { prepareKey } from './streamkap.ts';

/** What the post stage finds a key by that it has to delete. */
const STATE = 'keyToDelete';

/**
 * Makes a key nobody else keeps. An ephemeral one is deleted by the post stage in any case; one that stays when it was not handed
 * out: what post needs for that is saved before Streamkap is asked, and again when it answered.
 * @param handOut checks the key and gives it to later steps
 */
export async function createWithoutSecret(
  job: Job,
  inputs: Extract<Inputs, { mode: 'create' }>,
  handOut: (job: Job, delivery: Delivery) => Promise<void>,
): Promise<void> {
  const { runner, streamkap } = job;
  const { ephemeral } = inputs;
  const intentId = randomUUID();
  const prepared = await prepareKey(streamkap, inputs.key);
  if (ephemeral?.sweepExpired) await sweepEarlierKeys(job, prepared.serviceId);
  const key = ephemeral?.usernameDerived ? withOwnUsername(prepared, intentId) : prepared;
  const expiresAt = ephemeral ? expiryOf(ephemeral, Date.now()) : undefined;
  if (expiresAt) warnOfShortSession(job, expiresAt);
  const trace = { intentId, username: key.username, ...(expiresAt ? { expiresAt: secondsOf(expiresAt) } : {}) };
  const remember = (more: object) => runner.saveState(STATE, JSON.stringify({ ...trace, ...more }));
  const forget = () => runner.saveState(STATE, '');
  remember({});
  try {
    const order = {
      intentId,
      run: runName(job.environment),
      verifyLogin: inputs.verifyLogin,
      expiresAt,
      made: remember,
    };
    const file = await createUnstored(portsOf(job), key, order);
    await handOut(job, { ...UNSTORED, file, expiresAt: trace.expiresAt ?? '' });
  } catch (error) {
    // Where it cannot be deleted now, or may yet be made, the state stays: post tries again and says what may be left.
    const mayLand = error instanceof KeyringError && error.changed === 'unknown';
    await removeUnstored({ kind: projectKeys(streamkap), clock: systemClock }, trace, 0).then(
      mayLand ? undefined : forget,
      () => undefined,
    );
    throw error;
  }
  if (!ephemeral) forget();
}

const UNSTORED = { result: 'created', status: 'active', secretArn: '', secretVersionId: '' } as const;
