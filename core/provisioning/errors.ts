import { type KeyringError, ProvisioningError, type SecretStoreError, StreamkapError } from '../errors.ts';
import type { Intent } from './intent.ts';

export function noSuchArn(arn: string): ProvisioningError {
  return new ProvisioningError({
    code: 'SECRET_NOT_FOUND',
    message: `There is no secret ${arn}, and a new one cannot be given an ARN`,
    changed: 'no',
    retryable: false,
    remedy: 'Check the account and Region in the ARN against AWS_REGION, or give a name to have the secret made.',
  });
}

/** The same error, told of the run as a whole. */
export function afterWriting(error: KeyringError): KeyringError {
  if (error.changed !== 'no') return error;
  const { code, message, retryable, remedy, requestId } = error;
  return new ProvisioningError({
    ...{ code, message, changed: 'yes', retryable, requestId },
    remedy: `${remedy} The secret keeps a note of what was begun, for the next run to go on from.`,
  });
}

export function unstorable(error: SecretStoreError, key: string): ProvisioningError {
  return new ProvisioningError({
    code: error.code,
    message: `The ${key} was made, but its file could not be stored: ${error.message}`,
    changed: 'yes',
    retryable: error.retryable,
    remedy: `${error.remedy} The next run adopts or replaces the key.`,
    requestId: error.requestId,
  });
}

export function creationFailed(intent: Intent, key: string): StreamkapError {
  return new StreamkapError({
    code: 'CREATE_FAILED',
    message: `Streamkap could not finish the ${key} ("${intent.name}"), twice`,
    changed: 'no',
    retryable: true,
    remedy: "Both keys were deleted. Check Streamkap's status and the request, then run again.",
  });
}
