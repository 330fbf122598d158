import { Aws, CfnOutput, Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { type GitHubPermissions, gitHubStatements } from './github-permissions.ts';

const ISSUER = 'token.actions.githubusercontent.com';
export interface GitHubRole extends GitHubPermissions {
  /** The construct's id. */
  readonly name: string;
  /** The sub claim, whole: one environment or ref of one repository. Wildcards are refused. */
  readonly subject: string;
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

  #role(scope: Construct, { name, subject, ...permissions }: GitHubRole, provider: string): string {
    if (/[*?]/.test(subject)) throw new Error(`${name}: the subject must not have wildcards`);
    const role = new iam.Role(scope, 'Role', {
      description: `GitHub Actions, ${name}: access to Streamkap project key secrets`,
      assumedBy: new iam.WebIdentityPrincipal(provider, {
        StringEquals: { [`${ISSUER}:aud`]: audience(), [`${ISSUER}:sub`]: subject },
      }),
      maxSessionDuration: Duration.hours(1),
      inlinePolicies: { Secrets: new iam.PolicyDocument({ statements: gitHubStatements(this, permissions) }) },
    });
    new CfnOutput(scope, 'Arn', { value: role.roleArn, description: `role-to-assume of ${name}` });
    return role.roleArn;
  }
}

/** For whom GitHub's token is: AWS STS, which has another name in China. */
function audience(): string {
  return `sts.${Aws.URL_SUFFIX}`;
}
