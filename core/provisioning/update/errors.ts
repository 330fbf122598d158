import { type Changed, type KeyringError, ProvisioningError } from '../../errors.ts';

export function rotationPending(secretId: string): ProvisioningError {
  return new ProvisioningError({
    code: 'ROTATION_PENDING',
    message: `A rotation of ${secretId} is not finished, and a key is not changed while one is`,
    changed: 'no',
    retryable: true,
    remedy: 'Run again when it is finished; where it is stuck, see its log.',
  });
}

export function takesTurns(secretId: string): ProvisioningError {
  return new ProvisioningError({
    code: 'KEY_TAKES_TURNS',
    message: `${secretId} belongs to two keys that take turns, and changing one of them here would leave the other behind`,
    changed: 'no',
    retryable: false,
    remedy:
      'Change roles, ACLs and safe list of the current key in Streamkap: the next rotation brings them to the other. For more access, name another secret-id to have a key of its own made.',
  });
}

export function keyDeleted(id: string): ProvisioningError {
  return new ProvisioningError({
    code: 'KEY_DELETED',
    message: `The project key ${id} that the secret holds does not exist at Streamkap any more`,
    changed: 'no',
    retryable: false,
    remedy: 'Delete the secret, or name another one, and run again to have a new key made.',
  });
}

export function keyNotActive(id: string, status: string): ProvisioningError {
  return new ProvisioningError({
    code: 'KEY_NOT_ACTIVE',
    message: `The project key ${id} is "${status}", and only an active one can be changed`,
    changed: 'no',
    retryable: true,
    remedy: 'Wait until it is active, or repair it in Streamkap, then run again.',
  });
}

/** Streamkap shows an API secret once, to one call. There is none to read it again, to set it or to take the access away. */
export function apiSecretLost(id: string, changed: Changed): ProvisioningError {
  return new ProvisioningError({
    code: 'API_SECRET_LOST',
    message: `The project key ${id} has API access at Streamkap whose secret is stored nowhere`,
    changed,
    retryable: false,
    remedy:
      'The key was left as it is, and its Kafka access works on. To have API access, name another secret-id so that a new key is made; delete this one when nothing uses it any more.',
  });
}

export function kafkaAddedElsewhere(id: string, username: string): ProvisioningError {
  return new ProvisioningError({
    code: 'KAFKA_PASSWORD_UNKNOWN',
    message: `The project key ${id} has Kafka access as ${username} at Streamkap, which the secret knows nothing of`,
    changed: 'no',
    retryable: false,
    remedy:
      "The key was left as it is. Put the key's whole credential file into the secret, or name another secret-id so that a new key is made.",
  });
}

export function notApplied(id: string, fields: readonly string[]): ProvisioningError {
  return new ProvisioningError({
    code: 'UPDATE_NOT_APPLIED',
    message: `Streamkap took the change of the project key ${id}, but ${fields.join(', ')} is not as it was asked for`,
    changed: 'yes',
    retryable: true,
    remedy: 'Does another run ask for something else for the same key? If not, report it to Streamkap.',
  });
}

export function updateUnanswered(id: string): ProvisioningError {
  return new ProvisioningError({
    code: 'UPDATE_UNANSWERED',
    message: `Streamkap did not answer the change of the project key ${id}`,
    changed: 'unknown',
    retryable: true,
    remedy: 'Run again: the next run finds what was done, or does it.',
  });
}

export function updateUnfinished(secretId: string): ProvisioningError {
  return new ProvisioningError({
    code: 'UPDATE_NOT_FINISHED',
    message: `Another run is still changing the key of ${secretId}`,
    changed: 'no',
    retryable: true,
    remedy: 'Run again later: what is unfinished then is finished by that run.',
  });
}

/** The same error, told of the run as a whole: what was changed before it is changed. */
export function afterChanging(error: KeyringError): KeyringError {
  if (error.changed !== 'no') return error;
  const { code, message, retryable, remedy, requestId } = error;
  return new ProvisioningError({ code, message, changed: 'yes', retryable, remedy, requestId });
}

export function apiSecretUnstored(id: string, cause: KeyringError): ProvisioningError {
  const lost = apiSecretLost(id, 'yes');
  return new ProvisioningError({
    code: lost.code,
    message: `The project key ${id} got API access, but its secret could not be stored: ${cause.message}`,
    changed: 'yes',
    retryable: false,
    remedy: `${cause.remedy} ${lost.remedy}`,
    requestId: cause.requestId,
  });
}
