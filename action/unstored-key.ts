import { randomUUID } from 'node:crypto';
import { KeyringError } from '../core/errors.ts';
import { secondsOf } from '../core/marker.ts';
import type { Credential } from '../core/provisioning/kind.ts';
import type { MakingPorts } from '../core/provisioning/making.ts';
import type { KeyRequest } from '../core/provisioning/ports.ts';
import { projectKeys } from '../core/provisioning/project-keys.ts';
import { removeUnstored } from '../core/provisioning/removal.ts';
import { createUnstoredKind } from '../core/provisioning/unstored.ts';
import { expiryOf, sweepEarlierKeys, warnOfShortSession, withOwnUsername } from './ephemeral.ts';
import type { Inputs } from './inputs.ts';
import { type Job, portsOf, runName } from './job.ts';
import type { Delivery } from './outputs.ts';
import { withProvenance } from './provenance.ts';
import { prepareKey } from './streamkap.ts';

/** What the post stage finds a key by that it has to delete. */
const STATE = 'keyToDelete';

/**
 * Makes a key nobody else keeps. An ephemeral one is deleted by the post stage in any case; one that stays when it was not handed out.
 * @param handOut checks the key and gives it to later steps
 */
export async function createWithoutSecret(
  job: Job,
  inputs: Extract<Inputs, { mode: 'create' }>,
  handOut: (job: Job, delivery: Delivery) => Promise<void>,
): Promise<void> {
  const { ephemeral, verifyLogin } = inputs;
  const intentId = randomUUID();
  const prepared = withProvenance(await prepareKey(job.streamkap, inputs.key), await job.provenance());
  if (ephemeral?.sweepExpired) await sweepEarlierKeys(job, prepared.serviceId);
  const key = ephemeral?.usernameDerived ? withOwnUsername(prepared, intentId) : prepared;
  const expiresAt = ephemeral ? expiryOf(ephemeral, Date.now()) : undefined;
  if (expiresAt) warnOfShortSession(job, expiresAt);
  const ports = { ...portsOf(job), kind: projectKeys(job.streamkap) };
  await handOutUnstored(job, { ports, intentId, key, verifyLogin, expiresAt }, (file) =>
    handOut(job, { ...UNSTORED, file, expiresAt: expiresAt ? secondsOf(expiresAt) : '' }),
  );
}

const UNSTORED = { result: 'created', status: 'active', secretArn: '', secretVersionId: '' } as const;

/** A credential of any kind that is stored nowhere. */
interface UnstoredPlan<C extends Credential> {
  readonly ports: MakingPorts<C>;
  readonly intentId: string;
  readonly key: KeyRequest;
  readonly verifyLogin: 'auto' | 'always' | 'never';
  /** Milliseconds since the epoch, of an ephemeral one. */
  readonly expiresAt?: number | undefined;
}

/**
 * Makes the credential and hands it out. What post needs to delete it is saved before Streamkap is asked, and again when it answered;
 * it is forgotten once a credential that stays was handed out.
 */
export async function handOutUnstored<C extends Credential>(
  { runner, environment }: Pick<Job, 'runner' | 'environment'>,
  { ports, intentId, key, verifyLogin, expiresAt }: UnstoredPlan<C>,
  handOut: (file: C) => Promise<void>,
): Promise<void> {
  const trace = { intentId, username: key.username, ...(expiresAt ? { expiresAt: secondsOf(expiresAt) } : {}) };
  const remember = (more: object) => runner.saveState(STATE, JSON.stringify({ ...trace, ...more }));
  const forget = () => runner.saveState(STATE, '');
  remember({});
  try {
    const order = { intentId, run: runName(environment), verifyLogin, expiresAt, made: remember };
    await handOut(await createUnstoredKind(ports, key, order));
  } catch (error) {
    // Where it cannot be deleted now, or may yet be made, the state stays: post tries again and says what may be left.
    const mayLand = error instanceof KeyringError && error.changed === 'unknown';
    await removeUnstored(ports, trace, 0).then(mayLand ? undefined : forget, () => undefined);
    throw error;
  }
  if (!expiresAt) forget();
}
