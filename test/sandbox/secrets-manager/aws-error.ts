/**
 * An answer other than 200, as Secrets Manager gives it. Messages hold names, ids and labels, never a value: the product's
 * own errors may quote them.
 */
export class AwsError extends Error {
  /** The exception's short name, which the SDK shows as `error.name`. */
  readonly code: string;
  /** HTTP status. */
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = status;
  }
}

/** A parameter that the service itself judges. */
export const invalidParameter = (message: string): AwsError => new AwsError('InvalidParameterException', message);

/** A call that does not fit the state the secret is in. */
export const invalidRequest = (message: string): AwsError => new AwsError('InvalidRequestException', message);

export const notFound = (what: string): AwsError =>
  new AwsError('ResourceNotFoundException', `Secrets Manager can't find the specified ${what}`);

export const secretNotFound = (): AwsError => notFound('secret.');

export const alreadyExists = (message: string): AwsError => new AwsError('ResourceExistsException', message);

export const accessDenied = (message: string): AwsError => new AwsError('AccessDeniedException', message);

export const limitExceeded = (message: string): AwsError => new AwsError('LimitExceededException', message);

/** A token that belongs to another value. */
export const tokenInUse = (token: string, arn: string): AwsError =>
  alreadyExists(
    `You can't use ClientRequestToken ${token} because that value is already in use for a version of secret ${arn}.`,
  );

/** A constraint of the API's model, checked before the service looks at the secret. */
export const constraint = (field: string, rule: string): AwsError =>
  new AwsError(
    'ValidationException',
    `1 validation error detected: Value at '${field}' failed to satisfy constraint: ${rule}`,
  );

/** JSON of the wrong shape. */
export const serialization = (message: string): AwsError => new AwsError('SerializationException', message);

/** A call on a secret that waits for its deletion. */
export const markedForDeletion = (): AwsError =>
  invalidRequest("You can't perform this operation on the secret because it was marked for deletion.");
