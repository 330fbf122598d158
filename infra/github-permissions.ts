import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { kmsStatement, secretArnPattern } from './access-through-secrets-manager.ts';

/** The Action sets these on the secret that it fills (action/secret-tags.ts, action/provenance.ts). */
export const TAGS_OF_THE_ACTION = [
  'managed-by',
  'streamkap:actor',
  'streamkap:kafka-username',
  'streamkap:kind',
  'streamkap:project-key-id',
  'streamkap:repository',
  'streamkap:run-attempt',
  'streamkap:run-url',
  'streamkap:service-id',
];
const MANAGED_BY = 'streamkap-keyring';

/** A secret as far as permissions on it go. */
export interface AccessibleSecret {
  /** Full ARN, or one with `??????` for the six characters that AWS adds. */
  readonly arn: string;
  /** @default - aws/secretsmanager, which needs no permission */
  readonly kmsKeyArn?: string | undefined;
}

export interface RotatableSecret extends AccessibleSecret {
  /** The function that rotates it. */
  readonly functionArn: string;
}

/** Secrets that the Action makes itself. */
export interface CreatableSecrets {
  /** Their names, or what their names begin with, ending in `/`. */
  readonly secrets: readonly string[];
  /** What `kms-key-id` names. @default - aws/secretsmanager, which needs no permission */
  readonly kmsKeyArn?: string | undefined;
  /** Keys of the tags that the Action's input `tags` sets. @default - none */
  readonly tagKeys?: readonly string[];
}

/** What a role for GitHub Actions may do; each part is empty unless it is given. */
export interface GitHubPermissions {
  readonly read?: readonly AccessibleSecret[];
  /** To read and fill. */
  readonly readWrite?: readonly AccessibleSecret[];
  /** To read and have rotated. */
  readonly rotate?: readonly RotatableSecret[];
  readonly create?: CreatableSecrets | undefined;
}

/** @returns what each mode of the Action was seen to call (test/infra/least-privilege.test.ts), and nothing more */
export function gitHubStatements(scope: Construct, permissions: GitHubPermissions): iam.PolicyStatement[] {
  const { readWrite = [], rotate = [], create } = permissions;
  const written = new Set(readWrite.map(({ arn }) => arn));
  const read = [...(permissions.read ?? []), ...rotate].filter(
    ({ arn }, index, all) => !written.has(arn) && all.findIndex((other) => other.arn === arn) === index,
  );
  return [
    ...ifAny([...read, ...readWrite], (resources) => [allow(['secretsmanager:GetSecretValue'], resources)]),
    ...ifAny(readWrite, filling),
    ...rotating(rotate, written),
    ...(create ? making(scope, create) : []),
    ...throughKms(scope, read, false),
    ...throughKms(scope, readWrite, true),
  ];
}

type Conditions = NonNullable<iam.PolicyStatementProps['conditions']>;

function allow(actions: string[], resources: readonly string[], conditions?: Conditions): iam.PolicyStatement {
  return new iam.PolicyStatement({ actions, resources: [...resources], ...(conditions ? { conditions } : {}) });
}

function ifAny(
  secrets: readonly AccessibleSecret[],
  statements: (resources: string[]) => iam.PolicyStatement[],
): iam.PolicyStatement[] {
  return secrets.length === 0 ? [] : statements(secrets.map(({ arn }) => arn));
}

const onlyTags = (keys: readonly string[]) => ({ 'ForAllValues:StringEquals': { 'aws:TagKeys': [...keys] } });

/** Describing tells `update` whether a rotation is pending. */
const FILL = [
  'secretsmanager:DescribeSecret',
  'secretsmanager:PutSecretValue',
  'secretsmanager:UpdateSecretVersionStage',
];

function filling(resources: string[]): iam.PolicyStatement[] {
  return [allow(FILL, resources), allow(['secretsmanager:TagResource'], resources, onlyTags(TAGS_OF_THE_ACTION))];
}

/** Whoever starts a rotation has to be allowed to call its function as well (Secrets Manager API reference, "RotateSecret"). */
function rotating(secrets: readonly RotatableSecret[], described: ReadonlySet<string>): iam.PolicyStatement[] {
  const functionArns = [...new Set(secrets.map(({ functionArn }) => functionArn))];
  return [
    ...ifAny(
      secrets.filter(({ arn }) => !described.has(arn)),
      (resources) => [allow(['secretsmanager:DescribeSecret'], resources)],
    ),
    ...functionArns.map((functionArn) =>
      allow(
        ['secretsmanager:RotateSecret'],
        secrets.filter((secret) => secret.functionArn === functionArn).map(({ arn }) => arn),
        // To start what is set up, and not to set up another function or schedule.
        {
          StringEquals: { 'secretsmanager:resource/AllowRotationLambdaArn': functionArn },
          StringEqualsIfExists: { 'secretsmanager:RotationLambdaARN': functionArn },
          BoolIfExists: { 'secretsmanager:ModifyRotationRules': 'false' },
        },
      ),
    ),
    ...(functionArns.length > 0 ? [allow(['lambda:InvokeFunction'], functionArns)] : []),
  ];
}

/**
 * What is made carries our tag, and only what carries it is filled: a secret that somebody else made under such a name is not, by
 * mistake. The names are the boundary, the tag is none: whoever may tag what it makes may tag what lies there.
 */
function making(scope: Construct, { secrets, kmsKeyArn, tagKeys = [] }: CreatableSecrets): iam.PolicyStatement[] {
  const made = secrets.map((name) => secretArnPattern(scope, name.endsWith('/') ? `${name}*` : `${name}-??????`));
  // What is asked for before it is there has no six characters behind its name yet.
  const asked = secrets.filter((name) => !name.endsWith('/')).map((name) => secretArnPattern(scope, name));
  const resources = [...made, ...asked];
  const requested = { StringEquals: { 'aws:RequestTag/managed-by': MANAGED_BY } };
  return [
    // Reading comes first, when there is no tag to look at yet.
    allow(['secretsmanager:GetSecretValue'], resources),
    allow(['secretsmanager:CreateSecret', 'secretsmanager:TagResource'], resources, {
      ...requested,
      ...onlyTags([...TAGS_OF_THE_ACTION, ...tagKeys]),
    }),
    allow(FILL, made, { StringEquals: { 'aws:ResourceTag/managed-by': MANAGED_BY } }),
    ...(kmsKeyArn ? [kmsStatement(scope, { keyArns: [kmsKeyArn], secretArns: resources, write: true })] : []),
  ];
}

/** One statement a KMS key: each key for the secrets that are under it. */
function throughKms(scope: Construct, secrets: readonly AccessibleSecret[], write: boolean): iam.PolicyStatement[] {
  const keyArns = [...new Set(secrets.flatMap(({ kmsKeyArn }) => kmsKeyArn ?? []))];
  return keyArns.map((keyArn) => {
    const secretArns = secrets.filter(({ kmsKeyArn }) => kmsKeyArn === keyArn).map(({ arn }) => arn);
    return kmsStatement(scope, { keyArns: [keyArn], secretArns, write });
  });
}
