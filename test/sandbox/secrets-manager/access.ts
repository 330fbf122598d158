import type { AccessRequest } from '../access.ts';
import type { AwsRequest } from './protocol.ts';
import type { SecretsManagerState } from './state.ts';

/** What policies can see of a secret. */
interface SecretFacts {
  readonly arn: string;
  readonly kmsKeyId: string | undefined;
  readonly functionArn: string | undefined;
  readonly tags: readonly Tag[];
}
interface Tag {
  readonly Key: string;
  readonly Value: string;
}

const WITHOUT_RESOURCE = new Set(['ListSecrets', 'BatchGetSecretValue', 'GetRandomPassword']);

/**
 * @returns everything that IAM has to allow before the call is carried out, in the order in which it is asked.
 * Sources: Service authorization reference, "Secrets Manager"; API reference, "CreateSecret" (tags and KMS) and "RotateSecret" (the
 * caller has to be allowed to invoke the function); user guide, "Secret encryption and decryption".
 */
export function accessRequests(state: SecretsManagerState, call: AwsRequest): AccessRequest[] {
  const { operation, input, accessKeyId } = call;
  const request = (action: string, resource: string, context: AccessRequest['context'] = {}): AccessRequest => ({
    ...{ accessKeyId, action, resource, context },
  });
  if (WITHOUT_RESOURCE.has(operation)) return [request(`secretsmanager:${operation}`, '*')];
  const facts = operation === 'CreateSecret' ? undefined : factsOf(state, textOf(input.SecretId));
  const secretArn = facts?.arn ?? state.arnWithoutSuffix(textOf(input.SecretId) || textOf(input.Name));
  const context = { ...contextOfSecret(facts), ...contextOfInput(call) };
  const functionArn = textOf(input.RotationLambdaARN) || facts?.functionArn;
  return [
    request(`secretsmanager:${operation}`, secretArn, context),
    ...(operation === 'CreateSecret' && tagsOf(input.Tags).length > 0
      ? [request('secretsmanager:TagResource', secretArn, context)]
      : []),
    ...kmsActions(state, call).map((action) =>
      request(action, facts?.kmsKeyId ?? textOf(input.KmsKeyId), {
        'kms:ViaService': [`secretsmanager.${secretArn.split(':')[3]}.amazonaws.com`],
        'kms:EncryptionContext:SecretARN': [secretArn],
      }),
    ),
    ...(operation === 'RotateSecret' && functionArn ? [request('lambda:InvokeFunction', functionArn)] : []),
  ];
}

function factsOf(state: SecretsManagerState, secretId: string): SecretFacts | undefined {
  if (state.nameOf(secretId) === undefined) return undefined;
  const { ARN, KmsKeyId, RotationLambdaARN, Tags } = state.describe(secretId);
  return {
    arn: textOf(ARN),
    kmsKeyId: textOf(KmsKeyId) || undefined,
    functionArn: textOf(RotationLambdaARN) || undefined,
    tags: tagsOf(Tags),
  };
}

function contextOfSecret(facts: SecretFacts | undefined): AccessRequest['context'] {
  const tags = (facts?.tags ?? []).flatMap(({ Key, Value }) => [
    [`aws:ResourceTag/${Key}`, [Value]],
    [`secretsmanager:ResourceTag/${Key}`, [Value]],
  ]);
  return {
    ...Object.fromEntries(tags),
    ...(facts?.functionArn ? { 'secretsmanager:resource/AllowRotationLambdaArn': [facts.functionArn] } : {}),
  };
}

function contextOfInput({ operation, input }: AwsRequest): AccessRequest['context'] {
  const tags = tagsOf(input.Tags);
  return {
    ...Object.fromEntries(tags.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, [Value]])),
    ...(tags.length > 0 ? { 'aws:TagKeys': tags.map(({ Key }) => Key) } : {}),
    ...(typeof input.Name === 'string' ? { 'secretsmanager:Name': [input.Name] } : {}),
    ...(typeof input.RotationLambdaARN === 'string'
      ? { 'secretsmanager:RotationLambdaARN': [input.RotationLambdaARN] }
      : {}),
    ...(operation === 'RotateSecret'
      ? { 'secretsmanager:ModifyRotationRules': [String(input.RotationRules !== undefined)] }
      : {}),
  };
}

/** Only a value is encrypted, and only a key of the customer's needs a permission. */
function kmsActions(state: SecretsManagerState, { operation, input }: AwsRequest): string[] {
  const secretId = textOf(input.SecretId);
  const facts = operation === 'CreateSecret' ? undefined : factsOf(state, secretId);
  if (!isCustomerManaged(facts?.kmsKeyId ?? textOf(input.KmsKeyId))) return [];
  const writes = input.SecretString !== undefined || input.SecretBinary !== undefined;
  if (writes) return ['kms:GenerateDataKey', 'kms:Decrypt'];
  if (operation !== 'GetSecretValue') return [];
  const versionId = textOf(input.VersionId);
  const at = versionId ? { versionId } : { stage: textOf(input.VersionStage) || 'AWSCURRENT' };
  return state.valueOf(secretId, at) === undefined ? [] : ['kms:Decrypt'];
}

const isCustomerManaged = (keyId: string) => keyId !== '' && keyId !== 'alias/aws/secretsmanager';
const textOf = (value: unknown) => (typeof value === 'string' ? value : '');
const tagsOf = (value: unknown): Tag[] => (Array.isArray(value) ? (value as Tag[]) : []);
