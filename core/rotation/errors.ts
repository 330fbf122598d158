import { type Changed, KeyringError, RotationError } from '../errors.ts';
import { PENDING } from './situation.ts';
import type { Proof } from './strategy.ts';

/** Which rotation an error is about. */
export interface RotationTarget {
  readonly secretId: string;
  readonly token: string;
}

type Facts = { readonly message: string; readonly remedy: string; readonly requestId?: string | undefined };

/** An error that a retry with the same token cannot mend, raised before anything was changed. */
const refused = (code: string, facts: Facts) => new RotationError({ ...facts, code, changed: 'no', retryable: false });

/** An error that Secrets Manager's retry may mend. */
const passing = (code: string, changed: Changed, facts: Facts) =>
  new RotationError({ ...facts, code, changed, retryable: true });

const AGAIN = 'Nothing to do: Secrets Manager calls the rotation again.';

/** @returns the command that ends a rotation which cannot succeed, so that the next one starts afresh */
export function clearPendingCommand({ secretId, token }: RotationTarget): string {
  return `aws secretsmanager update-secret-version-stage --secret-id ${secretId} --version-stage ${PENDING} --remove-from-version-id ${token}`;
}

/** @returns any error as one of ours; the text of a foreign one is dropped, for it may quote a secret */
export function asRotationError(error: unknown): RotationError {
  if (error instanceof KeyringError) {
    const { code, message, changed, retryable, remedy, requestId } = error;
    return new RotationError({ code, message, changed, retryable, remedy, requestId });
  }
  const name = error instanceof Error && /^[A-Za-z]{1,40}$/.test(error.name) ? error.name : 'no error object';
  return new RotationError({
    code: 'INTERNAL',
    message: `an unexpected failure (${name})`,
    changed: 'unknown',
    retryable: true,
    remedy: 'If it stays, report it with the function version. Every step can be repeated safely.',
  });
}

// Guards -----------------------------------------------------------------------------------------------------------------------

export const secretGone = (secretId: string) =>
  refused('SECRET_NOT_FOUND', {
    message: `there is no secret ${secretId}`,
    remedy: 'Check the name, the account and AWS_REGION.',
  });

export const rotationDisabled = (secretId: string) =>
  refused('ROTATION_DISABLED', {
    message: `rotation is not enabled for ${secretId}`,
    remedy: `Enable it: aws secretsmanager rotate-secret --secret-id ${secretId} ...`,
  });

export const updateUnderWay = (secretId: string) =>
  passing('UPDATE_UNDER_WAY', 'no', {
    message: `the key of ${secretId} is being changed, or its change was broken off: KEYRING_INTENT is on a version that is not current`,
    remedy: `${AGAIN} If it stays, run mode "ensure" with update once more, which finishes the change.`,
  });

export const wrongStrategy = (facts: { secretId: string; tagged: string; own: string }) =>
  refused('WRONG_STRATEGY', {
    message: `${facts.secretId} is tagged for the strategy ${facts.tagged}, this function rotates by ${facts.own}`,
    remedy: 'Point the secret at the function of its strategy, or correct ROTATION_STRATEGY.',
  });

export const unknownToken = ({ secretId, token }: RotationTarget) =>
  refused('TOKEN_UNKNOWN', {
    message: `${secretId} has no version ${token}`,
    remedy: 'Start rotations with RotateSecret; this function is not to be called by hand.',
  });

export const pendingIsPrevious = (target: RotationTarget) =>
  refused('PENDING_IS_PREVIOUS', {
    message: `version ${target.token} of ${target.secretId} is AWSPENDING and AWSPREVIOUS: its password was in use before`,
    remedy: `Clear the label, then rotate afresh: ${clearPendingCommand(target)}`,
  });

/** @param outcome.spares whether the current value works beside a live one of another version */
export const abandoned = (
  target: RotationTarget,
  { live, changed, spares }: { live: boolean; changed: Changed; spares?: boolean | undefined },
) =>
  new RotationError({
    code: 'ROTATION_ABANDONED',
    message: `version ${target.token} of ${target.secretId} is not AWSPENDING any more${live ? ', yet Streamkap accepts its password: it is labelled KEYRING_LIVE now' : ''}`,
    changed,
    retryable: false,
    remedy: spares
      ? 'Nothing to do: it is not the password of the current key, and the next rotation replaces it.'
      : live
        ? 'Kafka refuses the current value. Move AWSCURRENT to the KEYRING_LIVE version, or rotate again with ON_DRIFT=heal.'
        : 'Nothing to do: the value was changed by hand, or the rotation was cancelled or taken back. The next one starts afresh.',
  });

export const notProvisioned = (secretId: string, what: 'no value' | 'only an intent') =>
  refused('NOT_PROVISIONED', {
    message: `${secretId} has ${what} yet, so there is no password to rotate`,
    remedy: `Provision it: run the Action with mode: ensure and secret-id: ${secretId}, or put the credential file of a key that exists there.`,
  });

export const unreadable = (role: string, problem: string) =>
  refused(role === 'pending' ? 'PENDING_UNREADABLE' : 'CURRENT_UNREADABLE', {
    message: `the ${role} value is not a credential file with a Kafka user: ${problem}`,
    remedy: 'Put the credential file back as Streamkap showed it; only kafka.password is changed by rotation.',
  });

/** @param field which one differs; values are not shown */
export const mismatch = (field: string) =>
  refused('PENDING_MISMATCH', {
    message: `the pending value differs from the current one in ${field}: it belongs to another key or place`,
    remedy: 'Find out who wrote the pending version, then clear the label AWSPENDING and rotate afresh.',
  });

export const pendingIsCurrent = () =>
  refused('PENDING_IS_CURRENT', {
    message: 'the pending password is the current one, so there is nothing to change',
    remedy: 'Clear the label AWSPENDING, then rotate afresh.',
  });

export const pendingForeign = (target: RotationTarget) =>
  refused('PENDING_FOREIGN', {
    message: `the value of version ${target.token} of ${target.secretId} was put there by somebody else than createSecret`,
    remedy: `Find out who wrote it. To go on, clear the label, then rotate afresh: ${clearPendingCommand(target)}`,
  });

export const pendingMissing = ({ secretId, token }: RotationTarget) =>
  passing('PENDING_MISSING', 'no', {
    message: `version ${token} of ${secretId} has no value`,
    remedy: `${AGAIN} If it stays, clear the label AWSPENDING and rotate afresh.`,
  });

export const neverSet = ({ secretId, token }: RotationTarget) =>
  passing('NEVER_SET', 'no', {
    message: `setSecret has not put the password of version ${token} of ${secretId} in force: it comes first`,
    remedy: AGAIN,
  });

export const currentMoved = (target: RotationTarget) =>
  refused('CURRENT_MOVED', {
    message: `AWSCURRENT of ${target.secretId} was moved by somebody else meanwhile`,
    remedy: 'Nothing was forced. Look at who changes the secret, then rotate again.',
  });

// Changing and proving ---------------------------------------------------------------------------------------------------------

const shown = (proof: Proof) => (proof.code ? `${proof.outcome}, ${proof.code}` : proof.outcome);

/** `unknown` is not `rejected`: nothing is concluded from it, nothing is changed, nothing taken back. */
export const loginUnknown = (proof: Proof, changed: Changed) =>
  passing('LOGIN_UNKNOWN', changed, {
    message: `Kafka could not be asked (${shown(proof)})`,
    remedy: `Check the function's way to the brokers (VPC, safe list, DNS, certificates). ${AGAIN}`,
  });

export const pendingRejected = () =>
  passing('LOGIN_REJECTED', 'no', {
    message: 'Kafka refuses the pending password',
    remedy: AGAIN,
  });

export const currentRejected = () =>
  refused('CURRENT_REJECTED', {
    message: 'Kafka refuses the current password',
    remedy: 'Find out who changed it at Streamkap; set the stored one there again, or rotate with ON_DRIFT=heal.',
  });

export const unsettled = () =>
  passing('LOGIN_UNSETTLED', 'no', {
    message: 'Kafka changed its mind about the current password while it was being asked',
    remedy: `A change may be on its way. ${AGAIN}`,
  });

export const anotherSends = () =>
  passing('ANOTHER_ATTEMPT', 'no', {
    message: 'another attempt with the same token is sending the pending password at this time',
    remedy: AGAIN,
  });

/** @param mayHaveBeenSent an earlier attempt may have sent the pending password, so nobody else need have changed anything */
export const drift = (mayHaveBeenSent = false) =>
  refused('DRIFT', {
    message: `Kafka refuses the current, the pending and the previous password: it was changed outside of rotation${mayHaveBeenSent ? ', or by an attempt of this rotation that was broken off' : ''}`,
    remedy: 'Set ON_DRIFT=heal and rotate again.',
  });

export const outOfTime = () =>
  passing('OUT_OF_TIME', 'no', {
    message: 'too little time is left to change the password and to prove it',
    remedy: `${AGAIN} If it happens each time, raise the function's timeout.`,
  });

export const answerLost = (proof: Proof, requestId: string | undefined) =>
  passing('ANSWER_LOST', 'unknown', {
    message: `Streamkap did not confirm the change, and the new password is not accepted yet (${shown(proof)})`,
    remedy: AGAIN,
    requestId,
  });

export const notApplied = () =>
  passing('NOT_APPLIED', 'no', {
    message: 'Streamkap answered with success but changed nothing: Kafka still accepts the old password only',
    remedy: `${AGAIN} If it stays, report it to Streamkap.`,
  });

/** Not ROLLBACK_UNPROVEN, which promises that the next attempt goes on with the way back: nothing says so to it. */
export const wayBackNotBegun = () =>
  passing('LOGIN_UNSETTLED', 'yes', {
    message: 'Kafka refuses both passwords after the new one was sent, and no time was left to put the old one back',
    remedy: `${AGAIN} That attempt waits for the new password and decides anew; with a longer timeout, one attempt does both.`,
  });

export const rolledBack = (secretId: string) =>
  refused('ROLLED_BACK', {
    message: `the new password never worked, so the old one of ${secretId} was put back and proven`,
    remedy: 'Consumers are as before. The next scheduled rotation starts afresh; report it to Streamkap if it repeats.',
  });

export const rollbackUnproven = (why: string) =>
  passing('ROLLBACK_UNPROVEN', 'yes', {
    message: `the new password never worked, and putting the old one back is not proven (${why})`,
    remedy: `${AGAIN} The new password is not sent again.`,
  });

export const pendingUnusable = (target: RotationTarget, why: string) =>
  refused('PENDING_UNUSABLE', {
    message: `Streamkap will never take the pending password: ${why}`,
    remedy: `Clear the label, then rotate afresh: ${clearPendingCommand(target)}`,
  });
