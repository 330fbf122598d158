import { type Changed, RotationError, type StreamkapError } from '../../errors.ts';
import { refusalOf } from '../refusals.ts';
import type { CredentialOrigin, Proof } from '../strategy.ts';

const AGAIN = 'Nothing to do: Secrets Manager calls the rotation again.';
const BY_HAND =
  'Make a client credential from roles in Streamkap (Admin), put {"client_id","client_secret"} into the secret, then rotate again.';

interface Facts {
  readonly message: string;
  readonly remedy: string;
  readonly requestId?: string | undefined;
}

const refused = (code: string, facts: Facts) => new RotationError({ ...facts, code, changed: 'no', retryable: false });

const passing = (code: string, changed: Changed, facts: Facts) =>
  new RotationError({ ...facts, code, changed, retryable: true });

export const wrongSecret = (secretId: string) =>
  refused('WRONG_SECRET', {
    message: `${secretId} is not the secret that STREAMKAP_ADMIN_SECRET_ID names`,
    remedy: 'Attach this function to the admin secret alone; another admin secret needs a function of its own.',
  });

export const unreadable = (role: CredentialOrigin['role'], { message, remedy }: Facts) =>
  refused(role === 'pending' ? 'PENDING_UNREADABLE' : 'CURRENT_UNREADABLE', { message, remedy });

export const ownedByKey = (clientId: string, requestId?: string) =>
  refused('ADMIN_CREDENTIAL_OWNED', {
    message: `the client credential ${clientId} belongs to a project key, which no rotation can give another one`,
    remedy: BY_HAND,
    requestId,
  });

export const fromPermissions = (clientId: string) =>
  refused('ADMIN_CREDENTIAL_WITHOUT_ROLES', {
    message: `the client credential ${clientId} has no roles: it was made from permissions, which cannot be read and so not be copied`,
    remedy: BY_HAND,
  });

export const notListed = (clientId: string) =>
  refused('ADMIN_CREDENTIAL_NOT_LISTED', {
    message: `Streamkap does not list the client credential ${clientId}, so its roles are not known`,
    remedy: BY_HAND,
  });

export const notEqual = (clientId: string, field: 'roles' | 'service_id') =>
  new RotationError({
    code: 'ADMIN_CREDENTIAL_DIFFERS',
    message: `the new client credential ${clientId} has other ${field} than the current one; it was not stored`,
    changed: 'yes',
    retryable: false,
    remedy: 'Check the roles of the current credential in Streamkap. The new one is deleted after the next rotation.',
  });

export const createLost = ({ message, requestId }: StreamkapError) =>
  passing('ANSWER_LOST', 'unknown', {
    message: `${message}; a client credential may have been made whose secret nobody has`,
    remedy: `${AGAIN} It makes another one; the lost one is deleted after a rotation.`,
    requestId,
  });

export const outOfTime = () =>
  passing('OUT_OF_TIME', 'no', {
    message: 'too little time is left to make a client credential and to store it',
    remedy: `${AGAIN} If it happens each time, raise the function's timeout.`,
  });

export const pendingIsCurrent = () =>
  refused('PENDING_IS_CURRENT', {
    message: 'the pending credential is the current one, so there is nothing to change',
    remedy: 'Clear the label AWSPENDING, then rotate afresh.',
  });

export const currentRejected = () =>
  refused('CURRENT_REJECTED', {
    message: 'Streamkap refuses the current admin credential',
    remedy: `It was deleted or changed outside of rotation. ${BY_HAND}`,
  });

export const pendingRejected = () =>
  passing('LOGIN_REJECTED', 'no', {
    message: 'Streamkap refuses the pending admin credential, though it lists it',
    remedy: AGAIN,
  });

export const unknown = ({ code }: Proof) =>
  passing('LOGIN_UNKNOWN', 'no', {
    message: `Streamkap could not be asked whose the credential is${code ? ` (${code})` : ''}`,
    remedy: `Check the function's way to Streamkap. ${AGAIN}`,
  });

/** Streamkap's refusal of what the current admin credential asked for. Nothing was changed. */
export function refusalOfAdmin(refusal: StreamkapError): RotationError {
  if (refusal.status !== 401 && refusal.status !== 403) return refusalOf(refusal, refusal.changed);
  const { message, requestId } = refusal;
  return refused('ADMIN_CREDENTIAL_REFUSED', {
    message,
    requestId,
    remedy: `The secret was read again and its credential is refused too, or may not manage client credentials (role Admin). ${BY_HAND}`,
  });
}
