/** A finding of cdk-nag that stays, where, and why. */
export interface Acknowledgement {
  /** Ids of rules, without the finding in brackets. */
  readonly rules: readonly string[];
  /** What the bracket has to be. @default - the rule has none */
  readonly finding?: RegExp;
  /** Paths of constructs, below the stack. */
  readonly where: RegExp;
  readonly reason: string;
}

const FUNCTION = /^(?:PasswordRotation|AlternatingRotation|AdminRotation)\/Default\/Function$/;
const FUNCTION_ROLE = /^(?:PasswordRotation|AlternatingRotation|AdminRotation)\/Default\/Role\/Resource$/;
const FUNCTION_POLICY = /^(?:PasswordRotation|AlternatingRotation|AdminRotation)\/Default\/Secrets\/Resource$/;
const PREFIX = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:team/keys/';

/** The only list of what is not mended; test/infra/cdk-nag.test.ts finds what is missing here, and what is here in vain. */
export const ACKNOWLEDGED: readonly Acknowledgement[] = [
  {
    rules: ['AwsSolutions-IAM5'],
    finding: /^Resource::\*$/,
    where: FUNCTION_ROLE,
    reason:
      'X-Ray and the network interfaces of Lambda have no resources to name; templates.test.ts lists the actions, and a Deny keeps the code from the latter.',
  },
  {
    rules: ['AwsSolutions-IAM5'],
    finding: /^Resource::\*$/,
    where: /^AlternatingRotation\/Default\/Secrets\/Resource$/,
    reason: 'secretsmanager:ListSecrets has no resources to name; it shows names and tags, and no values.',
  },
  {
    rules: ['AwsSolutions-IAM5'],
    finding: new RegExp(`^Resource::${PREFIX}\\*$`),
    where: FUNCTION_POLICY,
    reason:
      'One function rotates all secrets under the configured prefix; the condition AllowRotationLambdaArn narrows that to those that are set to be rotated by it.',
  },
  {
    rules: ['AwsSolutions-IAM5'],
    finding: new RegExp(`^Resource::${PREFIX}\\*/standby-\\?{6}$`),
    where: FUNCTION_POLICY,
    reason: 'The idle key of each pair lies beside its secret; a standby has no rotation that a condition could name.',
  },
  {
    rules: ['AwsSolutions-IAM5'],
    finding: /^Resource::<EvidenceBucket\w+\.Arn>\/(?:team\/keys|team\/admin-\?{6}\/)\/?\*$/,
    where: FUNCTION_POLICY,
    reason: 'Fragments of evidence lie under the name of their secret; they can be added there, not read or replaced.',
  },
  {
    rules: ['AwsSolutions-IAM5'],
    finding: /^Resource::arn:aws:secretsmanager:eu-central-1:123456789012:secret:ci\/\*$/,
    where: /^GitHubAccess\/Roles\/making\/Role\/Resource$/,
    reason: 'The Action names the secrets that it makes; the configuration says what the names begin with.',
  },
  {
    rules: ['Serverless-LambdaStarPermissions'],
    where: FUNCTION_ROLE,
    reason: 'Looks at the same `*` of X-Ray and of the network interfaces of Lambda, for which AWS knows no resources.',
  },
  {
    rules: ['NIST.800.53.R5-IAMNoInlinePolicy'],
    where:
      /^(?:(?:PasswordRotation|AlternatingRotation|AdminRotation)\/Default\/(?:Role|Secrets)|GitHubAccess\/Roles\/\w+\/Role|Network\/FlowsRole)\/Resource$/,
    reason: 'Each policy is for one role and names its resources: attached to any other role it would be wrong.',
  },
  {
    rules: ['NIST.800.53.R5-LambdaConcurrency'],
    where: FUNCTION,
    reason:
      'Reserved concurrency makes rotations of many secrets wait for each other until their windows close; each secret is rotated by one call at a time anyway.',
  },
  {
    rules: ['NIST.800.53.R5-LambdaInsideVPC'],
    where: FUNCTION,
    reason:
      'Streamkap, Kafka and AWS are reached over public addresses with TLS, nothing in a VPC is; keys with a safe list have the setting vpc.',
  },
  {
    rules: ['NIST.800.53.R5-VPCDefaultSecurityGroupClosed'],
    where: /^Network\/Vpc$/,
    reason:
      'CloudFormation cannot change a default security group; nothing is in it, and a function that closes it would need more rights than all others.',
  },
  {
    rules: ['NIST.800.53.R5-VPCNoUnrestrictedRouteToIGW'],
    where: /^Network\/ToInternet$/,
    reason: 'The way out of the NAT gateways; their subnets hold nothing else and give no public addresses.',
  },
  {
    rules: ['NIST.800.53.R5-LambdaDLQ', 'Serverless-LambdaDLQ'],
    where: FUNCTION,
    reason:
      'Secrets Manager calls synchronously, so a dead-letter queue would stay empty; the hourly call is repeated in an hour, and failures raise the Errors alarm.',
  },
  {
    rules: ['Serverless-EventBusDLQ'],
    where: /^(?:AlternatingRotation\/RetireEveryHour|Alarms\/BadEnds)$/,
    reason:
      'EventBridge tries again for 24 hours; the hourly call comes again anyway, and what a failed rotation leaves is seen by the alarms of the function too.',
  },
  {
    rules: ['Serverless-SNSRedrivePolicy'],
    where: /^Alarms\/Topic\/[\w@.-]+\/Resource$/,
    reason: 'Mail: SNS tries again by itself, and nobody would read a queue of undelivered alarms.',
  },
  {
    rules: ['AwsSolutions-SMG4', 'NIST.800.53.R5-SecretsManagerRotationEnabled'],
    where: /^ProjectKeys\/\w+\/(?:Secret|Standby)$/,
    reason:
      'A secret without a value has no schedule until it is provisioned, and synth says so; a standby changes with the rotation of its pair.',
  },
  {
    rules: ['NIST.800.53.R5-CloudWatchLogGroupEncrypted'],
    where: /^(?:(?:PasswordRotation|AlternatingRotation|AdminRotation)\/Default\/Logs|Network\/Flows)\/Resource$/,
    reason:
      'CloudWatch encrypts them by a key of its own, and no line holds a secret; logsKmsKeyArn names another key.',
  },
  {
    rules: ['AwsSolutions-S1', 'NIST.800.53.R5-S3BucketLoggingEnabled'],
    where: /^Evidence\/Bucket\/Resource$/,
    reason: "Who reads or writes evidence is recorded by CloudTrail's data events, chosen for a whole account.",
  },
  {
    rules: ['NIST.800.53.R5-S3BucketReplicationEnabled'],
    where: /^Evidence\/Bucket\/Resource$/,
    reason:
      'The lock keeps every version; a copy in another Region is the choice of those who have one, and a function that could write there would have more rights.',
  },
];
