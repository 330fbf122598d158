import { describe, expect, test } from 'vitest';
import { type AwsCall, awsError, awsErrorName } from '../../core/aws-error.ts';
import { SecretStoreError } from '../../core/errors.ts';

const READ: AwsCall = { action: 'GetSecretValue', secretId: 'prod/orders' };
const WRITE: AwsCall = { action: 'PutSecretValue', secretId: 'prod/orders' };

/** An error as AWS's SDK throws it; whatever its text is, it must not be passed on. */
function thrown(name: string, message = ''): Error {
  const text = `${message} hunter2-hunter2 arn:aws:sts::123456789012:assumed-role/ci/runner`;
  return Object.assign(new Error(text), { name, $metadata: { requestId: 'aws-req-1' } });
}

const DENIED = 'User: someone is not authorized to perform: secretsmanager:GetSecretValue on resource: ';

const SECRET_ARN = 'arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:prod/orders-AbCdEf';
const KEY_ARN = 'arn:aws:kms:eu-central-1:123456789012:key/0d990263-018e-4e65-a703-eff731de951e';

describe('an error of Secrets Manager', () => {
  test.each<[string, Error, string, RegExp]>([
    [
      'a missing permission',
      thrown('AccessDeniedException', `${DENIED}prod/orders`),
      'AWS_ACCESS_DENIED',
      /^Allow secretsmanager:GetSecretValue on prod\/orders/,
    ],
    [
      'the same on a secret named after a KMS',
      thrown('AccessDeniedException', `${DENIED}prod/kms-proxy`),
      'AWS_ACCESS_DENIED',
      /^Allow secretsmanager:/,
    ],
    [
      'a missing permission on an ARN that AWS names',
      thrown('AccessDeniedException', `${DENIED}${SECRET_ARN} because no identity-based policy allows the action`),
      'AWS_ACCESS_DENIED',
      new RegExp(`^Allow secretsmanager:GetSecretValue on ${SECRET_ARN} to the role in use, and check`),
    ],
    [
      'what a policy of the organization denies',
      thrown('AccessDeniedException', `${DENIED}${SECRET_ARN} with an explicit deny in a service control policy`),
      'AWS_ACCESS_DENIED',
      new RegExp(`^Take secretsmanager:GetSecretValue on ${SECRET_ARN} out of what the service control policy denies`),
    ],
    [
      'a KMS key that is named',
      thrown('AccessDeniedException', `is not authorized to perform: kms:Decrypt on resource: ${KEY_ARN} because`),
      'KMS_DENIED',
      new RegExp(`^Allow kms:Decrypt on the KMS key ${KEY_ARN} to the role in use\\.$`),
    ],
    [
      'a role that a web identity may not assume',
      thrown('AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity'),
      'AWS_BAD_CREDENTIALS',
      /^Check AWS_ROLE_ARN, and the role's trust policy/,
    ],
    [
      'a Region that the endpoint is not in',
      thrown('InvalidSignatureException', "Credential should be scoped to a valid region, not 'us-east-1'. "),
      'AWS_WRONG_REGION',
      /^Correct AWS_REGION/,
    ],
    [
      'a Region that is none',
      thrown('Error', 'Region not accepted: region="eu central 1" is not a valid hostname component.'),
      'AWS_WRONG_REGION',
      /^Correct AWS_REGION/,
    ],
    [
      'a KMS key that may not be used',
      thrown('AccessDeniedException', 'Access to KMS is not allowed'),
      'KMS_DENIED',
      /^Allow kms:Decrypt on/,
    ],
    [
      'a missing KMS permission',
      thrown('AccessDeniedException', 'not authorized to perform: kms:Decrypt on resource: k'),
      'KMS_DENIED',
      /^Allow kms:Decrypt/,
    ],
    ['a KMS key that is disabled', thrown('DecryptionFailure'), 'KMS_DENIED', /kms:Decrypt/],
    [
      'a secret on its way out',
      thrown('InvalidRequestException', 'it was marked for deletion.'),
      'SECRET_SCHEDULED_FOR_DELETION',
      /aws secretsmanager restore-secret --secret-id prod\/orders`\.$/,
    ],
    [
      'no credentials',
      thrown('CredentialsProviderError'),
      'AWS_NO_CREDENTIALS',
      /configure-aws-credentials.*id-token: write/,
    ],
    ['credentials that are over', thrown('ExpiredTokenException'), 'AWS_BAD_CREDENTIALS', /^Renew/],
    ['credentials of nobody', thrown('UnrecognizedClientException'), 'AWS_BAD_CREDENTIALS', /^Renew/],
    ['a wrong signature', thrown('InvalidSignatureException'), 'AWS_BAD_CREDENTIALS', /^Renew/],
    ['no Region', thrown('Error', 'Region is missing'), 'AWS_NO_REGION', /^Set AWS_REGION/],
    ['no such secret', thrown('ResourceNotFoundException'), 'SECRET_NOT_FOUND', /AWS_REGION/],
    ['a broken rule', thrown('InvalidParameterException'), 'AWS_REFUSED', /not carried out/],
    ['a quota that is used up', thrown('LimitExceededException'), 'AWS_REFUSED', /not carried out/],
    ['a broken constraint', thrown('ValidationException'), 'AWS_REFUSED', /not carried out/],
  ])('that stands for %s says so, and what to do; nothing was changed, trying again is no use', (_what, cause, code, remedy) => {
    for (const call of [READ, { ...READ, action: 'DescribeSecret' }]) {
      const error = awsError(cause, call);
      expect(error).toBeInstanceOf(SecretStoreError);
      expect(error).toMatchObject({ code, changed: 'no', retryable: false, requestId: 'aws-req-1' });
      if (call === READ) expect(error.remedy).toMatch(remedy);
      expect(error.message).toContain(`secretsmanager:${call.action} on prod/orders failed: `);
    }
    expect(awsError(cause, WRITE).changed).toBe('no');
  });

  test('names the KMS permissions that a write needs', () => {
    for (const cause of [
      thrown('EncryptionFailure'),
      thrown('AccessDeniedException', 'Access to KMS is not allowed'),
    ]) {
      expect(awsError(cause, WRITE).remedy).toContain('kms:GenerateDataKey and kms:Decrypt');
    }
  });

  test.each([
    'ThrottlingException',
    'TooManyRequestsException',
    'RequestLimitExceeded',
  ])('%s may be tried again, and nothing was changed', (name) => {
    expect(awsError(thrown(name), WRITE)).toMatchObject({ code: 'AWS_THROTTLED', changed: 'no', retryable: true });
  });

  test.each<[Error, string]>([
    [thrown('InternalServiceError'), 'InternalServiceError'],
    [thrown('TimeoutError'), 'TimeoutError'],
    [Object.assign(thrown('Error'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    [Object.assign(thrown('AggregateError'), { code: 'ETIMEDOUT' }), 'ETIMEDOUT'],
    [thrown('Error'), 'connection failed'],
    [thrown('hunter2-hunter2 as a name'), 'connection failed'],
  ])('that leaves open what happened (%o) says so for what changes something', (cause, reason) => {
    const unknown = { code: 'AWS_UNREACHABLE', retryable: true };
    expect(awsError(cause, READ)).toMatchObject({ ...unknown, changed: 'no' });
    for (const action of [
      'CreateSecret',
      'PutSecretValue',
      'UpdateSecretVersionStage',
      'TagResource',
      'RotateSecret',
    ]) {
      const error = awsError(cause, { ...WRITE, action });
      expect(error).toMatchObject({ ...unknown, changed: 'unknown' });
      expect(error.message).toBe(`secretsmanager:${action} on prod/orders failed: no usable answer (${reason})`);
    }
  });

  test('has none of the text it came with', () => {
    const names = [
      'AccessDeniedException',
      'InvalidRequestException',
      'CredentialsProviderError',
      'InternalServiceError',
      'Error',
      '',
    ];
    for (const name of names) {
      for (const message of ['', 'Access to KMS is not allowed', 'marked for deletion', 'Region is missing']) {
        const error = awsError(thrown(name, message), WRITE);
        const told = `${error.message} ${error.remedy} ${error.stack} ${JSON.stringify(error)} ${error.cause}`;
        expect(told).not.toMatch(/hunter2|assumed-role/);
        expect(error.remedy).not.toBe('');
      }
    }
  });

  test('may be no error at all', () => {
    expect(awsErrorName('hunter2')).toBe('');
    expect(awsError('hunter2', WRITE)).toMatchObject({
      code: 'AWS_UNREACHABLE',
      changed: 'unknown',
      requestId: undefined,
    });
  });
});
