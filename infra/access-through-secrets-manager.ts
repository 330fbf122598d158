import { Aws, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';

/**
 * @returns the values of `kms:ViaService` that mean Secrets Manager in the stack's Region. AWS's documents disagree on China's
 * suffix, and each of the two names only Secrets Manager, so there both are allowed.
 */
export function secretsManagerServices(scope: IConstruct): string[] {
  const { region } = Stack.of(scope);
  const global = `secretsmanager.${region}.amazonaws.com`;
  if (Token.isUnresolved(region)) return [global, `secretsmanager.${region}.${Aws.URL_SUFFIX}`];
  return region.startsWith('cn-') ? [global, `${global}.cn`] : [global];
}

/** Which secrets a KMS key may be used for, and for what. */
export interface KmsThroughSecretsManager {
  readonly keyArns: readonly string[];
  /** ARNs, or patterns of ARNs. */
  readonly secretArns: readonly string[];
  /** Writing a value takes a data key, reading one decrypts one. */
  readonly write: boolean;
}

/**
 * @returns a statement that lets the key be used for these secrets' values and nothing else: the request has to come from Secrets
 * Manager, which puts the secret's ARN into the encryption context (AWS Secrets Manager user guide, "Secret encryption").
 */
export function kmsStatement(scope: IConstruct, { keyArns, secretArns, write }: KmsThroughSecretsManager) {
  return new iam.PolicyStatement({
    actions: ['kms:Decrypt', ...(write ? ['kms:GenerateDataKey'] : [])],
    resources: [...keyArns],
    conditions: {
      StringEquals: { 'kms:ViaService': secretsManagerServices(scope) },
      StringLike: { 'kms:EncryptionContext:SecretARN': [...secretArns] },
    },
  });
}

/**
 * @param secret a name, or a full ARN
 * @returns its ARN; for a name with `??????` for the six characters that AWS adds, which fits no longer name
 */
export function secretArnOf(scope: IConstruct, secret: string): string {
  return secret.startsWith('arn:') ? secret : secretArnPattern(scope, `${secret}-??????`);
}

/** @returns the ARN of secrets of the stack's account and Region whose names fit `pattern` */
export function secretArnPattern(scope: IConstruct, pattern: string): string {
  const { partition, region, account } = Stack.of(scope);
  return `arn:${partition}:secretsmanager:${region}:${account}:secret:${pattern}`;
}
