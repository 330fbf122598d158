import { Aws, CfnOutput, Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { kmsStatement } from './access-through-secrets-manager.ts';

const ISSUER = 'token.actions.githubusercontent.com';
/** The Action sets these on the secret that it fills (action/run.ts), and no others. */
const TAGS_OF_THE_ACTION = [
  'managed-by',
  'streamkap:project-key-id',
  'streamkap:service-id',
  'streamkap:kafka-username',
];

/** A secret as far as permissions on it go. */
export interface AccessibleSecret {
  /** Full ARN, or one with `??????` for the six characters that AWS adds. */
  readonly arn: string;
  /** @default - aws/secretsmanager, which needs no permission */
  readonly kmsKeyArn?: string | undefined;
}

export interface GitHubRole {
  /** The construct's id. */
  readonly name: string;
  /** The sub claim, whole: one environment or ref of one repository. Wildcards are refused. */
  readonly subject: string;
  /** @default - none */
  readonly read?: readonly AccessibleSecret[];
  /** @default - none */
  readonly readWrite?: readonly AccessibleSecret[];
}

export interface GitHubAccessProps {
  readonly roles: readonly GitHubRole[];
  /** An account has one provider for GitHub. @default - it is made here */
  readonly oidcProviderArn?: string | undefined;
}

/** Roles that GitHub Actions takes on without a stored credential: each for one claim, on named secrets only. */
export class GitHubAccess extends Construct {
  /** ARNs of the roles by their names. */
  readonly roleArns: Readonly<Record<string, string>>;

  constructor(scope: Construct, id: string, { roles, oidcProviderArn }: GitHubAccessProps) {
    super(scope, id);
    const provider = oidcProviderArn ?? this.#provider();
    const parent = new Construct(this, 'Roles');
    this.roleArns = Object.fromEntries(
      roles.map((role) => [role.name, this.#role(new Construct(parent, role.name), role, provider)]),
    );
  }

  #provider(): string {
    return new iam.CfnOIDCProvider(this, 'Provider', {
      url: `https://${ISSUER}`,
      clientIdList: [audience()],
    }).attrArn;
  }

  #role(scope: Construct, { name, subject, read = [], readWrite = [] }: GitHubRole, provider: string): string {
    if (/[*?]/.test(subject)) throw new Error(`${name}: the subject must not have wildcards`);
    const role = new iam.Role(scope, 'Role', {
      description: 'GitHub Actions: access to Streamkap project key secrets',
      assumedBy: new iam.WebIdentityPrincipal(provider, {
        StringEquals: { [`${ISSUER}:aud`]: audience(), [`${ISSUER}:sub`]: subject },
      }),
      maxSessionDuration: Duration.hours(1),
      inlinePolicies: { Secrets: new iam.PolicyDocument({ statements: this.#statements(read, readWrite) }) },
    });
    new CfnOutput(scope, 'Arn', { value: role.roleArn, description: `role-to-assume of ${name}` });
    return role.roleArn;
  }

  #statements(read: readonly AccessibleSecret[], readWrite: readonly AccessibleSecret[]): iam.PolicyStatement[] {
    const statements: iam.PolicyStatement[] = [];
    const secrets = [...read, ...readWrite];
    if (secrets.length > 0) {
      statements.push(
        new iam.PolicyStatement({
          actions: ['secretsmanager:GetSecretValue'],
          resources: secrets.map(({ arn }) => arn),
        }),
      );
    }
    if (readWrite.length > 0) {
      const resources = readWrite.map(({ arn }) => arn);
      statements.push(
        new iam.PolicyStatement({
          // Describing tells `update` whether a rotation is pending.
          actions: [
            'secretsmanager:DescribeSecret',
            'secretsmanager:PutSecretValue',
            'secretsmanager:UpdateSecretVersionStage',
          ],
          resources,
        }),
        new iam.PolicyStatement({
          actions: ['secretsmanager:TagResource'],
          resources,
          conditions: { 'ForAllValues:StringEquals': { 'aws:TagKeys': TAGS_OF_THE_ACTION } },
        }),
      );
    }
    return [...statements, ...this.#kms(read, false), ...this.#kms(readWrite, true)];
  }

  /** One statement a KMS key: each key for the secrets that are under it. */
  #kms(secrets: readonly AccessibleSecret[], write: boolean): iam.PolicyStatement[] {
    const keyArns = [...new Set(secrets.flatMap(({ kmsKeyArn }) => kmsKeyArn ?? []))];
    return keyArns.map((keyArn) => {
      const secretArns = secrets.filter(({ kmsKeyArn }) => kmsKeyArn === keyArn).map(({ arn }) => arn);
      return kmsStatement(this, { keyArns: [keyArn], secretArns, write });
    });
  }
}

/** For whom GitHub's token is: AWS STS, which has another name in China. */
function audience(): string {
  return `sts.${Aws.URL_SUFFIX}`;
}
