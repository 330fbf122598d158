/** A finding of checkov or cfn-guard that stays, where, and why. */
export interface Skipped {
  /** Of checkov, and of AWS Control Tower's rules for cfn-guard: what both mind is said once. */
  readonly checks: readonly string[];
  /** Logical ids, without the hash that CDK adds. */
  readonly resource: RegExp;
  readonly reason: string;
}

const FUNCTION = /^(?:Password|Alternating|Admin)RotationFunction$/;

/** The only list of what is not mended; templates.test.ts finds what is missing here, and what is here in vain. */
export const SKIPPED: readonly Skipped[] = [
  {
    checks: ['CKV_AWS_158', 'cloudwatch_log_group_encrypted_check'],
    resource: /^(?:(?:Password|Alternating|Admin)RotationLogs|NetworkFlows)$/,
    reason: 'CloudWatch encrypts them by a key of its own, and no line holds a secret.',
  },
  {
    checks: ['CKV_AWS_111'],
    resource: /^(?:Password|Alternating|Admin)RotationRole$/,
    reason:
      'X-Ray and the network interfaces of Lambda have no resources to name; a Deny keeps the code from the latter.',
  },
  {
    checks: ['CKV_AWS_115'],
    resource: FUNCTION,
    reason: 'Reserved concurrency makes rotations of many secrets wait for each other until their windows close.',
  },
  {
    checks: ['CKV_AWS_116'],
    resource: FUNCTION,
    reason:
      'Secrets Manager calls synchronously, so a dead-letter queue would stay empty; the hourly call comes again.',
  },
  {
    checks: ['CKV_AWS_173'],
    resource: FUNCTION,
    reason:
      'No variable is a secret; Lambda encrypts them anyway, and with a key of ours the function could fail to start.',
  },
  {
    checks: ['CKV_AWS_18', 's3_bucket_logging_enabled_check'],
    resource: /^EvidenceBucket$/,
    reason: "Who reads or writes evidence is recorded by CloudTrail's data events, chosen for a whole account.",
  },
  {
    checks: ['s3_event_notifications_enabled_check'],
    resource: /^EvidenceBucket$/,
    reason:
      'Nobody waits for single fragments of evidence; who does may subscribe to the events of rotated credentials.',
  },
  {
    checks: ['kms_create_grant_aws_service_check'],
    resource: /^(?:SecretsKey|EvidenceKey|AlarmsTopicKey)$/,
    reason: 'No statement lets anybody make grants, services included: a Deny for the others would add nothing.',
  },
];
