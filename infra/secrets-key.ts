import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { secretsManagerServices } from './access-through-secrets-manager.ts';

/** What looks after a key without using it. */
const ADMINISTRATION = [
  'kms:CancelKeyDeletion',
  'kms:CreateAlias',
  'kms:DeleteAlias',
  'kms:DescribeKey',
  'kms:DisableKey',
  'kms:DisableKeyRotation',
  'kms:EnableKey',
  'kms:EnableKeyRotation',
  'kms:GetKeyPolicy',
  'kms:GetKeyRotationStatus',
  'kms:ListGrants',
  'kms:ListKeyPolicies',
  'kms:ListResourceTags',
  'kms:PutKeyPolicy',
  'kms:RevokeGrant',
  'kms:ScheduleKeyDeletion',
  'kms:TagResource',
  'kms:UntagResource',
  'kms:UpdateAlias',
  'kms:UpdateKeyDescription',
];

/**
 * @returns the statement without which nobody could look after a key any more: the account's IAM policies decide who does. In a
 * key's own policy, `*` is the key.
 */
export function keyAdministration(scope: Construct): iam.PolicyStatement {
  return new iam.PolicyStatement({
    sid: 'Administration',
    principals: [new iam.AccountPrincipal(Stack.of(scope).account)],
    actions: ADMINISTRATION,
    resources: ['*'],
  });
}

/**
 * The KMS key that encrypts the values of project key secrets. The account's IAM policies decide who may use it, but only through
 * Secrets Manager: no policy in the account, however wide, lets anybody encrypt or decrypt with it directly.
 */
export class SecretsKey extends Construct {
  readonly keyArn: string;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const use = new iam.PolicyStatement({
      sid: 'UseThroughSecretsManager',
      principals: [new iam.AccountPrincipal(Stack.of(this).account)],
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: ['*'],
      conditions: { StringEquals: { 'kms:ViaService': secretsManagerServices(this) } },
    });
    const key = new kms.Key(this, 'Key', {
      description: 'Values of Streamkap project key secrets',
      policy: new iam.PolicyDocument({ statements: [keyAdministration(this), use] }),
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.keyArn = key.keyArn;
  }
}
