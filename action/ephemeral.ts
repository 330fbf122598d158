import { systemClock } from '../core/clock.ts';
import { KeyringError } from '../core/errors.ts';
import { secondsOf } from '../core/marker.ts';
import { sweepExpired } from '../core/provisioning/expired.ts';
import type { KeyRequest } from '../core/provisioning/ports.ts';
import type { EphemeralInputs } from './ephemeral-inputs.ts';
import type { Job } from './job.ts';

/** @returns when a key made now expires, milliseconds since the epoch in whole seconds, as a marker can say it */
export function expiryOf({ ttlMinutes }: EphemeralInputs, now: number): number {
  return Math.floor(now / 1000) * 1000 + ttlMinutes * 60_000;
}

/** A Kafka username has 24 characters at most. */
const SHARED_USERNAME = 15;

/** @returns the request with a Kafka username that no other job of the matrix, and no key that an earlier run left, can have */
export function withOwnUsername<T extends KeyRequest>(key: T, intentId: string): T {
  if (key.username === null) return key;
  const shared = key.username.slice(0, SHARED_USERNAME).replace(/-+$/, '');
  return { ...key, username: `${shared}-${intentId.slice(0, 8)}` };
}

/** Deletes what earlier runs could not delete. Best effort: the key of this run is made in any case. */
export async function sweepEarlierKeys({ runner, streamkap }: Job, serviceId: string): Promise<void> {
  runner.info('looking for expired ephemeral project keys of earlier runs');
  try {
    const { deleted, refused, left } = await sweepExpired({ streamkap, clock: systemClock }, serviceId);
    if (deleted.length > 0)
      runner.info(`deleted expired ephemeral project keys of earlier runs: ${deleted.join(', ')}`);
    if (refused.length > 0) {
      const which = refused.map(({ id, code }) => `${id} (${code})`).join(', ');
      runner.warning(`Expired ephemeral project keys of earlier runs could not be deleted: ${which}`);
    }
    if (left > 0) runner.info(`${left} more expired ephemeral project keys are left to the next run`);
  } catch (error) {
    const why = error instanceof KeyringError ? `${error.message} [${error.code}]` : 'unexpected failure';
    runner.warning(`Expired ephemeral project keys of earlier runs could not be looked for: ${why}`);
  }
}

/**
 * The post stage reads the admin credential from AWS again. How long the AWS session lasts is known only where the customary variable
 * says so; what renews itself (a web identity, an instance's role) has none.
 */
export function warnOfShortSession({ inputs, runner, environment }: Job, expiresAt: number): void {
  // As an output of aws-actions/configure-aws-credentials, which is how a workflow gets hold of it, the date is in quotes.
  const sessionEnd = Date.parse((environment.AWS_CREDENTIAL_EXPIRATION ?? '').replaceAll('"', ''));
  if (inputs.admin.from !== 'secret' || !(sessionEnd < expiresAt)) return;
  runner.warning(
    `The AWS session ends at ${secondsOf(sessionEnd)}, before the ephemeral key expires at ${secondsOf(expiresAt)}: a job that runs longer than the session cannot read ${inputs.admin.secretId} again to delete the key. Ask for a longer session, or shorten ttl-minutes.`,
  );
}
