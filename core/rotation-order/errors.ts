import { type KeyringErrorFacts, RotationError } from '../errors.ts';
import { logSentence } from './log-address.ts';
import type { Tell } from './tell.ts';

/** What is known of a rotation that is not done. */
export interface Standing {
  readonly secretId: string;
  readonly token: string;
  readonly functionArn: string;
  /** Labels in words. */
  readonly labels: string;
  readonly tell: Tell | undefined;
}

type Facts = Pick<KeyringErrorFacts, 'code' | 'message' | 'remedy'>;

const refused = (facts: Facts) => new RotationError({ ...facts, changed: 'no', retryable: false });

export const secretMissing = (secretId: string) =>
  refused({
    code: 'SECRET_NOT_FOUND',
    message: `There is no secret ${secretId}`,
    remedy: 'Check the name, the account and AWS_REGION.',
  });

export const notProvisioned = (secretId: string) =>
  refused({
    code: 'NOT_PROVISIONED',
    message: `The secret ${secretId} has no credential yet, so there is nothing to rotate`,
    remedy: 'Run mode "ensure" with this secret-id first.',
  });

export const notConfigured = (secretId: string) =>
  refused({
    code: 'ROTATION_NOT_CONFIGURED',
    message: `No rotation is set up for ${secretId}`,
    remedy: 'Deploy the rotation function and attach it to the secret (docs/deploy.md).',
  });

/** RotateSecret would switch it on again, schedule and all. */
export const disabled = (secretId: string) =>
  refused({
    code: 'ROTATION_DISABLED',
    message: `Rotation of ${secretId} is switched off`,
    remedy: `Where it was not meant to be, switch it on again: \`aws secretsmanager rotate-secret --secret-id ${secretId}\` does, and rotates at once.`,
  });

/** Another rotation, which nobody here waits for. */
export function pending({ secretId, labels, tell, functionArn, token }: Standing): RotationError {
  const clear =
    tell?.pending === 'accepted' ? '' : ` To end one that cannot succeed: ${clearCommand(secretId, token)}.`;
  return refused({
    code: 'ROTATION_PENDING',
    message: `A rotation of ${secretId} is not complete: ${labels}`,
    remedy: `${said(tell)}Secrets Manager tries it again in its rotation window. ${logSentence(functionArn)}${clear}`,
  });
}

/** @param seconds how long it was waited for */
export function unfinished(
  { secretId, labels, tell, functionArn }: Standing,
  seconds: number,
  words: string,
): RotationError {
  return new RotationError({
    code: 'ROTATION_UNFINISHED',
    message: `The rotation of ${secretId} has not ended in ${seconds} s: ${words}; ${labels}`,
    changed: 'yes',
    retryable: false,
    remedy: `${said(tell)}${logSentence(functionArn)} Secrets Manager goes on with it; mode "lookup" hands the new credential out once it is current.`,
  });
}

export function stopped({ secretId, labels, tell, functionArn }: Standing, rolledBack: boolean): RotationError {
  const [code, what] = rolledBack
    ? ['ROTATION_ROLLED_BACK', 'was taken back: the new password never worked']
    : ['ROTATION_ABANDONED', 'was stopped: cancelled, or the secret was changed by hand meanwhile'];
  return new RotationError({
    code,
    message: `The rotation of ${secretId} ${what}; ${labels}`,
    changed: 'unknown',
    retryable: rolledBack,
    remedy: `${said(tell)}${logSentence(functionArn)}`,
  });
}

export const unreadable = (secretId: string, token: string) =>
  new RotationError({
    code: 'NEW_VERSION_MISSING',
    message: `${secretId} was rotated, and its version ${token} cannot be read`,
    changed: 'yes',
    retryable: false,
    remedy: 'Run mode "lookup".',
  });

const said = (tell: Tell | undefined) => (tell ? `${tell.sentence} ` : '');

const clearCommand = (secretId: string, token: string) =>
  `\`aws secretsmanager update-secret-version-stage --secret-id ${secretId} --version-stage AWSPENDING --remove-from-version-id ${token}\``;
