import { randomUUID } from 'node:crypto';
import { type AwsRotation, awsRotation } from '../core/aws-rotation.ts';
import { systemClock } from '../core/clock.ts';
import { type CredentialFile, hasKafka } from '../core/credential-file.ts';
import { RotationError } from '../core/errors.ts';
import { OLD_LINGERS_MS, oldOneLives, untilNotAccepted } from '../core/rotation-order/old-password.ts';
import type { Rotated } from '../core/rotation-order/ports.ts';
import { retirePrevious } from '../core/rotation-order/retire.ts';
import { rotate } from '../core/rotation-order/rotate.ts';
import { tryLogin } from '../core/rotation-order/stored-credential.ts';
import type { Job } from './job.ts';
import type { Delivery } from './outputs.ts';
import type { RotateInputs } from './rotate-inputs.ts';
import { currentCredential } from './rotated-credential.ts';

/** A rotation's outcome, and what is left to do once the new credential is proven. */
export interface RotationDelivery extends Delivery {
  /** Where the old credential is in wrong hands: puts it to an end, or shows that it is. @throws KeyringError when it may live */
  readonly endOld: () => Promise<void>;
}

/**
 * Has the secret rotated. A module of its own, loaded in mode `rotate` only.
 * @throws KeyringError; what core/rotation-order says
 */
export async function rotateSecret(job: Job, inputs: RotateInputs): Promise<RotationDelivery> {
  const aws = awsRotation({ environment: job.environment });
  const waitMs = job.inputs.waitTimeoutSeconds * 1000;
  const rotated = await rotate<CredentialFile>(
    {
      ...{ store: aws.store, starter: aws.starter, clock: systemClock, randomId: randomUUID },
      ...currentCredential(job.inputs, inputs.secretId, (file) => job.masking.add(file)),
      progress: (line) => job.runner.info(line),
    },
    { secretId: inputs.secretId, waitMs },
  );
  const { after, secretArn, token } = rotated;
  return {
    ...{ result: 'rotated', file: after, status: 'unverified', secretArn, secretVersionId: token },
    endOld: async () => {
      if (inputs.compromised) await endOldCredential(job, aws, rotated);
    },
  };
}

/** One key: its password was replaced, so the old one is dead. Two keys: the one before still has it until it is retired. */
async function endOldCredential(job: Job, { functions }: AwsRotation, rotated: Rotated<CredentialFile>): Promise<void> {
  const { before, functionArn, secretArn } = rotated;
  if (!oldOneLives(rotated)) return await requireOldRefused(job, before);
  const waitMs = Math.max(60_000, job.inputs.waitTimeoutSeconds * 1000);
  const shown = await retirePrevious({ functions, clock: systemClock }, { functionArn, secretId: secretArn, waitMs });
  const how = shown ? 'its login is refused' : 'it had been retired already';
  job.runner.info(`the password of before is retired: ${how}`);
}

async function requireOldRefused({ inputs, runner }: Job, before: CredentialFile): Promise<void> {
  if (!hasKafka(before)) return;
  const unproven = 'The old password was replaced; that it is refused was not shown';
  if (inputs.verifyLogin === 'never') {
    runner.warning(`${unproven}, because verify-login is "never".`);
    return;
  }
  const login = await untilNotAccepted(() => tryLogin(before), systemClock);
  const { username } = before.kafka;
  if (login.outcome === 'rejected') {
    runner.info(
      `Kafka login of ${username} with the old password refused by ${login.broker} in ${login.milliseconds} ms`,
    );
    return;
  }
  if (login.outcome === 'unknown' && inputs.verifyLogin === 'auto') {
    runner.warning(`${unproven} (${login.code}). Can this runner reach ${before.kafka.bootstrap_servers}?`);
    return;
  }
  throw new RotationError({
    code: login.outcome === 'accepted' ? 'OLD_PASSWORD_ACCEPTED' : 'OLD_LOGIN_UNKNOWN',
    message:
      login.outcome === 'accepted'
        ? `Kafka still accepts the old password of ${username}, ${OLD_LINGERS_MS / 1000} s after it was replaced`
        : `The secret is rotated, but whether Kafka refuses the old password of ${username} is not known (${login.code})`,
    changed: 'yes',
    retryable: false,
    remedy:
      login.outcome === 'accepted'
        ? 'Deactivate the project key in Streamkap, and report it to Streamkap.'
        : 'Check that this runner can reach the brokers; mode "lookup" hands the new credential out.',
  });
}
