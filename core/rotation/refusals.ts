import { type Changed, RotationError, type StreamkapError } from '../errors.ts';

/** True for the answers that ask to come back later. */
export function isBusy(refusal: StreamkapError): boolean {
  return refusal.status === 409 || refusal.status === 429;
}

/**
 * Streamkap's error as a rotation's.
 * @param changed what a login showed, where the call could have changed something
 */
export function refusalOf(refusal: StreamkapError, changed: Changed): RotationError {
  const { message, requestId } = refusal;
  const facts = { message, requestId, changed };
  switch (refusal.status) {
    case 401:
    case 403:
      return new RotationError({
        ...facts,
        code: 'ADMIN_CREDENTIAL_REFUSED',
        retryable: false,
        remedy:
          'The admin secret was read again and is refused too: put a live credential of this project with the "Project Keys" write permission into it.',
      });
    case 404:
      return keyGone(undefined, facts);
    case 409:
    case 429:
      return new RotationError({
        ...facts,
        code: 'STREAMKAP_BUSY',
        retryable: true,
        remedy: 'Nothing to do: Secrets Manager calls the rotation again.',
      });
    default:
      return new RotationError({ ...facts, code: refusal.code, retryable: refusal.retryable, remedy: refusal.remedy });
  }
}

/** Never made again implicitly: a key that was deleted was deleted on purpose. */
export function keyGone(
  id: string | undefined,
  facts?: { message: string; requestId: string | undefined; changed: Changed },
) {
  return new RotationError({
    code: 'PROJECT_KEY_NOT_FOUND',
    message: facts?.message ?? `Streamkap has no project key ${id}`,
    changed: facts?.changed ?? 'no',
    retryable: false,
    remedy: 'If the key was deleted on purpose, delete the secret; else check the project of the admin credential.',
    requestId: facts?.requestId,
  });
}

export function keyNotActive(id: string, status: string): RotationError {
  return new RotationError({
    code: 'PROJECT_KEY_NOT_ACTIVE',
    message: `the project key ${id} is ${/^[\w -]{1,40}$/.test(status) ? status : 'in an unknown state'}, only an active one is rotated`,
    changed: 'no',
    retryable: true,
    remedy: 'Wait until it is active, or repair it in Streamkap.',
  });
}
