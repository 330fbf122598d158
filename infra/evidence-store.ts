import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { EvidenceTable } from './evidence-table.ts';
import { keyAdministration } from './secrets-key.ts';

/** Where functions write what they did, besides their log. */
export interface EvidenceTargets {
  readonly bucketName?: string | undefined;
  readonly bucketArn?: string | undefined;
  /** The bucket's KMS key. @default - the bucket is encrypted by S3's own keys */
  readonly keyArn?: string | undefined;
  /** Gets an event for each rotated credential. @default - none */
  readonly eventBusArn?: string | undefined;
}

/** @returns the variables that tell a function where to write */
export function evidenceEnvironment(targets: EvidenceTargets | undefined): Record<string, string> {
  return {
    ...(targets?.bucketName ? { EVIDENCE_BUCKET: targets.bucketName } : {}),
    ...(targets?.eventBusArn ? { EVENT_BUS_NAME: targets.eventBusArn } : {}),
  };
}

/**
 * @param keyPatterns what the keys of the objects begin with: fragments lie under the name of their secret
 * @returns the permission to add to the evidence, and not to read, replace or delete it
 */
export function evidenceStatements(targets: EvidenceTargets, keyPatterns: readonly string[]): iam.PolicyStatement[] {
  const { bucketArn, keyArn, eventBusArn } = targets;
  return [
    ...(bucketArn
      ? [
          new iam.PolicyStatement({
            actions: ['s3:PutObject'],
            resources: keyPatterns.map((pattern) => `${bucketArn}/${pattern}`),
          }),
        ]
      : []),
    ...(bucketArn && keyArn
      ? [
          new iam.PolicyStatement({
            actions: ['kms:GenerateDataKey'],
            resources: [keyArn],
            conditions: { StringLike: { 'kms:EncryptionContext:aws:s3:arn': [bucketArn, `${bucketArn}/*`] } },
          }),
        ]
      : []),
    ...(eventBusArn
      ? [
          new iam.PolicyStatement({
            actions: ['events:PutEvents'],
            resources: [eventBusArn],
            conditions: { StringEquals: { 'events:source': 'streamkap-keyring' } },
          }),
        ]
      : []),
  ];
}

export interface EvidenceStoreProps {
  /**
   * `governance`: people with a special permission can shorten the retention. `compliance`: nobody can, the account's root
   * included, until it is over. @default 'governance'
   */
  readonly lock?: 'governance' | 'compliance';
  /** How long no object can be changed or deleted. @default Duration.days(400) */
  readonly retention?: Duration;
  /** When objects are deleted after all; not before their retention is over. @default Duration.days(2555), seven years */
  readonly expiration?: Duration;
  /** Whether to make a table of the rotation steps for Athena. @default false */
  readonly athena?: boolean;
}

/** Days after which nobody reads evidence but for an audit. */
const COLD_AFTER = Duration.days(90);

/** The bucket that holds the evidence of rotations: versioned, locked, encrypted by a key of its own, reached by TLS only. */
export class EvidenceStore extends Construct implements EvidenceTargets {
  readonly bucket: s3.Bucket;
  readonly bucketName: string;
  readonly bucketArn: string;
  readonly keyArn: string;

  constructor(scope: Construct, id: string, props: EvidenceStoreProps = {}) {
    super(scope, id);
    const { lock = 'governance', retention = Duration.days(400), expiration = Duration.days(2555) } = props;
    if (expiration.toDays() < retention.toDays()) throw new Error('expiration must not be shorter than retention');
    const key = this.#key();
    this.bucket = new s3.Bucket(this, 'Bucket', {
      versioned: true,
      objectLockDefaultRetention:
        lock === 'compliance'
          ? s3.ObjectLockRetention.compliance(retention)
          : s3.ObjectLockRetention.governance(retention),
      encryption: s3.BucketEncryption.KMS,
      encryptionKey: key,
      bucketKeyEnabled: true,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules: [
        {
          id: 'evidence',
          transitions: [{ storageClass: s3.StorageClass.INFREQUENT_ACCESS, transitionAfter: COLD_AFTER }],
          expiration,
          noncurrentVersionExpiration: expiration,
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
      ],
    });
    this.#refuseUnencrypted();
    this.bucketName = this.bucket.bucketName;
    this.bucketArn = this.bucket.bucketArn;
    this.keyArn = key.keyArn;
    if (props.athena) new EvidenceTable(this, 'Table', this.bucketName);
  }

  #key(): kms.Key {
    const { account, region, urlSuffix } = Stack.of(this);
    return new kms.Key(this, 'Key', {
      description: 'Evidence of Streamkap rotations',
      policy: new iam.PolicyDocument({
        statements: [
          keyAdministration(this),
          new iam.PolicyStatement({
            sid: 'UseThroughS3',
            principals: [new iam.AccountPrincipal(account)],
            actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
            resources: ['*'],
            conditions: { StringEquals: { 'kms:ViaService': `s3.${region}.${urlSuffix}` } },
          }),
        ],
      }),
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }

  #refuseUnencrypted(): void {
    this.bucket.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'TlsOnly',
        effect: iam.Effect.DENY,
        principals: [new iam.AnyPrincipal()],
        actions: ['s3:*'],
        resources: [this.bucket.bucketArn, this.bucket.arnForObjects('*')],
        conditions: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    );
    this.bucket.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'RecentTlsOnly',
        effect: iam.Effect.DENY,
        principals: [new iam.AnyPrincipal()],
        actions: ['s3:*'],
        resources: [this.bucket.bucketArn, this.bucket.arnForObjects('*')],
        conditions: { NumericLessThan: { 's3:TlsVersion': '1.2' } },
      }),
    );
  }
}
