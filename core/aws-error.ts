import { SecretStoreError } from './errors.ts';

/** Which call failed, in the words of an IAM policy. */
export interface AwsCall {
  /** As IAM spells it. @default secretsmanager */
  readonly service?: 'secretsmanager' | 'lambda';
  readonly action: string;
  /** The secret, or for `lambda` the function, as the caller named it. */
  readonly secretId: string;
}

/** @returns the error's code as AWS and its SDK name it, e.g. `ResourceNotFoundException`; empty when it has none */
export function awsErrorName(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

/** AWS's own text. It names users, actions and resources, and may quote parameters: use it to decide, show only what is cut out of it. */
export function awsMessage(error: unknown): string {
  return error instanceof Error ? error.message : '';
}

const CHANGING = new Set([
  'CreateSecret',
  'PutSecretValue',
  'UpdateSecretVersionStage',
  'RotateSecret',
  'TagResource',
  'InvokeFunction',
]);

type ErrorClass = { code: string; retryable: boolean; problem: string; remedy: string; refused: boolean };

/** @returns our error for a failed AWS call: which class, what to do; AWS's text is not passed on */
export function awsError(error: unknown, call: AwsCall): SecretStoreError {
  const facts = classify(error, call);
  const { requestId } = (error as { $metadata?: { requestId?: string } }).$metadata ?? {};
  return new SecretStoreError({
    code: facts.code,
    message: `${nameOf(call)} on ${call.secretId} failed: ${facts.problem}`,
    changed: facts.refused || !CHANGING.has(call.action) ? 'no' : 'unknown',
    retryable: facts.retryable,
    remedy: facts.remedy,
    requestId,
  });
}

function classify(error: unknown, call: AwsCall): ErrorClass {
  const name = awsErrorName(error);
  const message = awsMessage(error);
  const refusal = (code: string, problem: string, remedy: string) => ({
    code,
    problem,
    remedy,
    retryable: false,
    refused: true,
  });
  if (/^(AccessDenied|NotAuthorized|UnauthorizedOperation)/.test(name)) return denied(message, call);
  if (/valid region|region not accepted/i.test(message)) {
    return refusal(
      'AWS_WRONG_REGION',
      'the Region in AWS_REGION is not that of the service that was asked',
      'Correct AWS_REGION (`aws-region` of configure-aws-credentials); where AWS_ENDPOINT_URL or AWS_ENDPOINT_URL_SECRETS_MANAGER is set, it must name an endpoint of the same Region.',
    );
  }
  if (/^(Encryption|Decryption)Failure$/.test(name) || /KMS/.test(name)) {
    return refusal('KMS_DENIED', 'the KMS key of the secret could not be used', kmsRemedy(call));
  }
  if (name === 'InvalidRequestException' && /delet/i.test(message)) {
    return refusal(
      'SECRET_SCHEDULED_FOR_DELETION',
      'the secret is scheduled for deletion',
      `If it is still wanted, run: \`aws secretsmanager restore-secret --secret-id ${call.secretId}\`.`,
    );
  }
  if (/^(CredentialsProviderError|TokenProviderError)$/.test(name)) {
    return refusal(
      'AWS_NO_CREDENTIALS',
      'no AWS credentials were found',
      'Run aws-actions/configure-aws-credentials in an earlier step of the job (it needs `permissions: id-token: write`).',
    );
  }
  if (
    /^(UnrecognizedClient|InvalidClientTokenId|ExpiredToken|InvalidSignature|SignatureDoesNotMatch|MissingAuthenticationToken)/.test(
      name,
    )
  ) {
    return refusal(
      'AWS_BAD_CREDENTIALS',
      `AWS does not accept the credentials (${name})`,
      'Renew the AWS credentials of this job or function.',
    );
  }
  if (/region is missing/i.test(message)) {
    return refusal(
      'AWS_NO_REGION',
      'no AWS Region is set',
      'Set AWS_REGION, or name the secret by its ARN in an environment that has a Region.',
    );
  }
  if (/Throttl|TooManyRequests|RequestLimit/.test(name)) {
    return {
      code: 'AWS_THROTTLED',
      problem: 'AWS limits the rate of calls',
      remedy: 'Run again later.',
      retryable: true,
      refused: true,
    };
  }
  if (name === 'ResourceNotFoundException') {
    return refusal(
      'SECRET_NOT_FOUND',
      'there is no such secret or version',
      'Check the name, the account and AWS_REGION.',
    );
  }
  if (
    /^(InvalidRequest|InvalidParameter|ResourceExists|MalformedPolicy|Preconditions|Validation|LimitExceeded)/.test(
      name,
    )
  ) {
    return refusal(
      'AWS_REFUSED',
      `AWS refused it (${name})`,
      'Check the secret in the console; the request was not carried out.',
    );
  }
  return {
    code: 'AWS_UNREACHABLE',
    problem: `no usable answer (${reasonOf(error)})`,
    remedy: 'Check the network path to AWS and AWS_REGION, then run again.',
    retryable: true,
    refused: false,
  };
}

/** @returns the system's code of a broken connection, else the error's name; never its text */
function reasonOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,60}$/.test(code)) return code;
  const name = awsErrorName(error);
  return name !== 'Error' && /^[A-Za-z0-9_]{1,60}$/.test(name) ? name : 'connection failed';
}

const nameOf = ({ service = 'secretsmanager', action }: AwsCall) => `${service}:${action}`;

// What AWS names an action's target and the policy that decided by (IAM user guide, "Troubleshoot access denied error messages").
const RESOURCE =
  /on resource: (arn:aws[a-z-]*:(?:secretsmanager|lambda|kms):[a-z0-9-]+:\d{12}:[\w/+=.@:-]{1,600})(?=\s|$)/;
const DENYING_POLICY =
  /with an explicit deny in an? ((?:identity-based|resource-based|service control|resource control|session|VPC endpoint) policy|permissions boundary)/;

function denied(message: string, call: AwsCall): ErrorClass {
  if (/sts:AssumeRole/.test(message)) {
    return {
      code: 'AWS_BAD_CREDENTIALS',
      problem: 'the role of the web identity token may not be assumed with it',
      remedy:
        "Check AWS_ROLE_ARN, and the role's trust policy: its audience, and the repository, branch or environment.",
      retryable: false,
      refused: true,
    };
  }
  const [, resource] = RESOURCE.exec(message) ?? [];
  // Not just the word: the message also names the secret, which may be called after a KMS.
  if (/access to KMS|perform: kms:/i.test(message)) {
    return {
      code: 'KMS_DENIED',
      problem: 'the KMS key of the secret may not be used',
      remedy: kmsRemedy(call, resource?.includes(':kms:') ? resource : undefined),
      retryable: false,
      refused: true,
    };
  }
  // CreateSecret with tags needs TagResource as well; AWS names the one that is missing.
  const missing =
    /not authorized to perform: ((?:secretsmanager|lambda):[A-Za-z]{1,60})\b/.exec(message)?.[1] ?? nameOf(call);
  const [, policy] = DENYING_POLICY.exec(message) ?? [];
  const on = resource ?? call.secretId;
  return {
    code: 'AWS_ACCESS_DENIED',
    problem: policy ? `a ${policy} denies ${missing} to the role in use` : `the role in use lacks ${missing}`,
    remedy: policy
      ? `Take ${missing} on ${on} out of what the ${policy} denies, or use another role.`
      : `Allow ${missing} on ${on} to the role in use, and check that the secret's own policy does not deny it.`,
    retryable: false,
    refused: true,
  };
}

/** @param key its ARN, where AWS named it */
function kmsRemedy(call: AwsCall, key?: string): string {
  const need = CHANGING.has(call.action) ? 'kms:GenerateDataKey and kms:Decrypt' : 'kms:Decrypt';
  return `Allow ${need} on ${key ? `the KMS key ${key}` : "the secret's KMS key"} to the role in use.`;
}
