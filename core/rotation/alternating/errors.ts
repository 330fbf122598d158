import { type Changed, RotationError } from '../../errors.ts';
import type { Proof } from '../strategy.ts';

type Facts = { readonly message: string; readonly remedy: string; readonly requestId?: string | undefined };

/** A retry cannot mend it; the current key was not touched, nor was anything else. */
const refused = (code: string, facts: Facts) => new RotationError({ ...facts, code, changed: 'no', retryable: false });

/** Secrets Manager's retry may mend it; the current key was not touched. */
const passing = (code: string, changed: Changed, facts: Facts) =>
  new RotationError({ ...facts, code, changed, retryable: true });

const AGAIN = 'Nothing to do: Secrets Manager calls the rotation again, and the current key stays as it is.';

// The pair ---------------------------------------------------------------------------------------------------------------------

export const pairInvalid = (secret: string, problem: string) =>
  refused('PAIR_INVALID', {
    message: `the tag streamkap:project-key-id of ${secret} ${problem}`,
    remedy: 'Put back the two ids it had: that of the key in the value and that of the key in the standby secret.',
  });

export const pairNotRecorded = (secret: string) =>
  refused('PAIR_NOT_RECORDED', {
    message: `the tag streamkap:project-key-id of ${secret} does not name two keys, so it is not known which one is idle`,
    remedy: 'Put the tag back: the id of the key in the value and that of the key in the standby secret.',
  });

/** @param field which one is wrong; values are not shown */
export const notTheIdleKey = (field: string) =>
  refused('PENDING_MISMATCH', {
    message: `the pending value is not the idle key's of the recorded pair: its ${field} differs`,
    remedy: 'Find out who wrote the pending version, then clear the label AWSPENDING and rotate afresh.',
  });

// The standby secret -----------------------------------------------------------------------------------------------------------

export const standbyMissing = (standby: string) =>
  refused('STANDBY_NOT_FOUND', {
    message: `there is no secret ${standby}, in which the idle key's file lies`,
    remedy: 'Deploy the stack, which makes it, or make it by hand, empty (docs/rotate-alternating.md, "new standby").',
  });

export const standbyMismatch = (standby: string, problem: string) =>
  refused('STANDBY_MISMATCH', {
    message: `the value of ${standby} is not the file of the idle key: ${problem}`,
    remedy:
      "Put the tag streamkap:project-key-id back if it was lost. Else look at who changes the value, and put the idle key's file back, or move AWSCURRENT there to the version that has it.",
  });

// Birth ------------------------------------------------------------------------------------------------------------------------

export const otherProject = () =>
  refused('OTHER_PROJECT', {
    message: "the admin credential is not of the current key's project, so the second key would be made in another one",
    remedy: "Put an admin credential of the key's own project into the admin secret.",
  });

export const permissionsNotCopyable = (id: string) =>
  refused('PERMISSIONS_NOT_COPYABLE', {
    message: `the project key ${id} has single permissions instead of roles, which cannot be read and so not copied`,
    remedy: 'Use ROTATION_STRATEGY=single for it, or make a key with roles.',
  });

export const usernameTaken = (username: string) =>
  refused('USERNAME_NOT_DERIVABLE', {
    message: `the second key's Kafka user would have the current one's name, ${username}`,
    remedy: 'Use ROTATION_STRATEGY=single for this key, or make a key with another Kafka username.',
  });

// The idle key -----------------------------------------------------------------------------------------------------------------

export const idleKeyGone = (id: string) =>
  refused('IDLE_KEY_NOT_FOUND', {
    message: `the idle project key ${id} does not exist at Streamkap any more; the current one is as it was`,
    remedy:
      'To have another one made: make the secret <name>/standby anew, empty (docs/rotate-alternating.md, "another key"), set the tags streamkap:project-key-id and streamkap:kafka-username to the current key alone, clear the label AWSPENDING where a version has it, and rotate.',
  });

export const apiAccessDiffers = (id: string) =>
  refused('API_ACCESS_DIFFERS', {
    message: `the idle project key ${id} and the current one differ in whether they have API access, which cannot be copied`,
    remedy: 'Give both keys roles, or neither; the secret of API access that is added must go into the standby secret.',
  });

export const apiSecretLost = (id: string) =>
  refused('API_SECRET_LOST', {
    message: `the file of the idle project key ${id} is stored nowhere, and the secret of its API access cannot be read again`,
    remedy:
      'Put the file back into the standby secret, or delete the key in Streamkap and have another one made (see IDLE_KEY_NOT_FOUND).',
  });

export const notRebuildable = (id: string) =>
  refused('IDLE_FILE_NOT_REBUILDABLE', {
    message: `the file of the idle project key ${id} is stored nowhere, and Streamkap names no Kafka user or endpoint for it`,
    remedy: 'Look at the key in Streamkap, or put its file back into the standby secret.',
  });

/** @param fields what differs still */
export const grantsNotCopied = (id: string, fields: readonly string[]) =>
  refused('GRANTS_NOT_COPIED', {
    message: `the idle project key ${id} is not equal to the current one in ${fields.join(', ')}, and copying did not make it so`,
    remedy:
      'Make both equal in Streamkap (a safe list can only be taken away there), then let the rotation be retried.',
  });

export const grantsUncertain = (requestId: string | undefined) =>
  passing('GRANTS_UNCERTAIN', 'unknown', {
    message: "Streamkap did not confirm that the current key's ACLs, safe list and roles were copied to the idle key",
    remedy: AGAIN,
    requestId,
  });

// Proof ------------------------------------------------------------------------------------------------------------------------

export const idleRejected = (proof: Proof) =>
  passing('IDLE_LOGIN_REJECTED', 'yes', {
    message: `Streamkap confirmed the idle key's new password, and Kafka refuses it (${proof.code ?? proof.outcome})`,
    remedy: `${AGAIN} If it stays, report it to Streamkap.`,
  });

// Retiring ---------------------------------------------------------------------------------------------------------------------

export const rotationUnderWay = (secret: string) =>
  passing('ROTATION_UNDER_WAY', 'no', {
    message: `a rotation of ${secret} is under way, or its value was changed meanwhile; the idle key is the rotation's until it ends`,
    remedy: 'Retire the previous password again once no version is AWSPENDING alone (the hourly rule does).',
  });

export const rotationDue = (secret: string) =>
  passing('ROTATION_DUE', 'no', {
    message: `a rotation of ${secret} is due within the hour or overdue, and gives the idle key a new password anyway`,
    remedy: 'Rotate first, then retire the previous password again (the hourly rule does).',
  });

export const pairMissing = (secret: string) =>
  refused('NO_PREVIOUS_KEY', {
    message: `${secret} has no second key yet, so there is no previous password to retire`,
    remedy: 'Rotate first: the first rotation makes the second key.',
  });

export const retireIncomplete = (failed: number, of: number) =>
  passing('RETIRE_INCOMPLETE', 'unknown', {
    message: `the previous passwords of ${failed} of ${of} secrets could not be retired; each has a line of its own`,
    remedy: 'Look at those lines; the next call tries again.',
  });

export const retireUnproven = (why: string, requestId?: string) =>
  passing('RETIRE_UNPROVEN', 'unknown', {
    message: `the previous password was replaced, and it is not proven that Kafka refuses it (${why})`,
    remedy: 'Nothing to do: the next call looks again. The current key is not affected.',
    requestId,
  });

export const retireUnderWay = () =>
  passing('RETIRE_UNDER_WAY', 'no', {
    message: 'the idle key was given a password of its own moments ago, and that change could still be on its way',
    remedy: AGAIN,
  });
