import { RotateSecretCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { awsError, awsErrorName, awsMessage } from './aws-error.ts';
import { awsFunctionInvoker } from './aws-function-invoker.ts';
import { type AwsSecretStoreOptions, secretStoreOver, secretsManagerClient } from './aws-secret-store.ts';
import { SecretStoreError } from './errors.ts';
import type { FunctionInvoker } from './function-invoker.ts';
import type { RotationStarter, SecretReader } from './secret-store.ts';

/** AWS for those who order rotations. */
export interface AwsRotation {
  readonly store: SecretReader;
  readonly starter: RotationStarter;
  readonly functions: FunctionInvoker;
}

/** @returns all three over one client, with one look for credentials */
export function awsRotation(options: AwsSecretStoreOptions): AwsRotation {
  const client = secretsManagerClient(options);
  return {
    store: secretStoreOver(client),
    starter: { rotate: (secretId, token) => rotate(client, secretId, token) },
    functions: awsFunctionInvoker(client.config, options.environment),
  };
}

async function rotate(client: Pick<SecretsManagerClient, 'send'>, secretId: string, token: string): Promise<void> {
  try {
    await client.send(new RotateSecretCommand({ SecretId: secretId, ClientRequestToken: token }));
  } catch (error) {
    throw refusalOf(error, secretId) ?? awsError(error, { action: 'RotateSecret', secretId });
  }
}

/** Three refusals share their names with others, and only AWS's text tells them apart (RotateSecret, API reference, "Errors"). */
function refusalOf(error: unknown, secretId: string): SecretStoreError | undefined {
  const message = awsMessage(error);
  const refused = { changed: 'no', retryable: false } as const;
  if (awsErrorName(error) === 'InvalidRequestException' && /previous rotation/i.test(message)) {
    return new SecretStoreError({
      ...refused,
      code: 'ROTATION_PENDING',
      message: `A rotation of ${secretId} is not complete, and Secrets Manager begins no other before it is`,
      remedy: 'Let it end, or look into the log of its function why it does not.',
    });
  }
  if (awsErrorName(error) === 'InvalidRequestException' && /rotation function ARN/i.test(message)) {
    return new SecretStoreError({
      ...refused,
      code: 'ROTATION_NOT_CONFIGURED',
      message: `No rotation is set up for ${secretId}`,
      remedy: 'Deploy the rotation function and attach it to the secret (docs/deploy.md).',
    });
  }
  if (/^AccessDenied/.test(awsErrorName(error)) && /cannot invoke the specified Lambda/i.test(message)) {
    return new SecretStoreError({
      ...refused,
      code: 'FUNCTION_NOT_INVOKABLE',
      message: `Secrets Manager may not call the rotation function of ${secretId}, or it does not exist`,
      remedy:
        'Deploy the function anew, or allow lambda:InvokeFunction on it to secretsmanager.amazonaws.com in its resource policy.',
    });
  }
  return undefined;
}
