import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { secretArnOf } from './access-through-secrets-manager.ts';
import type { StackConfiguration } from './configuration.ts';
import { subjectOf } from './configuration-rules.ts';
import { type AccessibleSecret, GitHubAccess } from './github-access.ts';
import { PasswordRotation } from './password-rotation.ts';
import { RotatedProjectKey } from './rotated-project-key.ts';
import { RotationAlarms } from './rotation-alarms.ts';
import { SecretsKey } from './secrets-key.ts';

/** CDK's behaviour that the stacks count on: ARNs with the real partition, and templates checked against CloudFormation's own schemas. */
export const CDK_FLAGS = {
  '@aws-cdk/core:enablePartitionLiterals': true,
  '@aws-cdk/core:validateAgainstDefaultRules': true,
};

export interface KeyringStackProps extends StackProps {
  /** Folder of the built rotation function. @default - the bundle of this package */
  readonly bundle?: string;
}

/** Everything that one entry of `stacks` asks for. Resources are named by project key, so that adding one changes no other. */
export class KeyringStack extends Stack {
  constructor(scope: Construct, configuration: StackConfiguration, { bundle, ...props }: KeyringStackProps = {}) {
    const { name, account, region } = configuration;
    super(scope, name, { ...props, stackName: name, env: { account, region } });
    const kmsKeyArn = configuration.secretsKmsKeyArn ?? new SecretsKey(this, 'SecretsKey').keyArn;
    const rotation = this.#rotation(configuration, { kmsKeyArn, bundle });
    const secrets = this.#projectKeys(configuration, { rotation, kmsKeyArn });
    const { topic } = new RotationAlarms(this, 'Alarms', { rotation, emails: configuration.alarms.emails });
    this.#gitHubAccess(configuration, secrets);
    new CfnOutput(this, 'RotationFunction', { value: rotation.functionName });
    new CfnOutput(this, 'AlarmTopic', { value: topic.topicArn });
  }

  #rotation(
    configuration: StackConfiguration,
    { kmsKeyArn, bundle }: { kmsKeyArn: string; bundle: string | undefined },
  ): PasswordRotation {
    const { adminSecret, rotation, projectKeys, secretNamePrefix, streamkapHost } = configuration;
    const adopted = projectKeys.flatMap((key) => (key.secretArn && key.kmsKeyArn ? [key.kmsKeyArn] : []));
    return new PasswordRotation(this, 'PasswordRotation', {
      ...{ secretNamePrefix, streamkapHost, bundle },
      adminSecret: adminSecret.arn ?? adminSecret.name ?? '',
      adminSecretKmsKeyArn: adminSecret.kmsKeyArn,
      secretsKmsKeyArns: [...new Set([kmsKeyArn, ...adopted])],
      onDrift: rotation.onDrift,
      loginCheck: rotation.loginCheck,
      propagationTimeout: Duration.seconds(rotation.propagationTimeoutSeconds),
      logLevel: rotation.logLevel,
      logRetention: rotation.logRetentionDays,
      vpc: rotation.vpc,
    });
  }

  #projectKeys(
    { projectKeys }: StackConfiguration,
    { rotation, kmsKeyArn }: { rotation: PasswordRotation; kmsKeyArn: string },
  ): Map<string, AccessibleSecret> {
    const secrets = new Map<string, AccessibleSecret>();
    const parent = new Construct(this, 'ProjectKeys');
    for (const { name, secretName, secretArn, kmsKeyArn: adoptedKey, replicas, schedule, provisioned } of projectKeys) {
      const key = new RotatedProjectKey(parent, name, {
        ...{ rotation, schedule, provisioned },
        ...(secretArn === undefined ? { secretName: secretName ?? '', kmsKeyArn, replicas } : { secretArn }),
      });
      secrets.set(name, { arn: key.secretArn, kmsKeyArn: secretArn === undefined ? kmsKeyArn : adoptedKey });
    }
    return secrets;
  }

  #gitHubAccess({ githubAccess, adminSecret }: StackConfiguration, secrets: Map<string, AccessibleSecret>): void {
    if (!githubAccess) return;
    const admin = {
      arn: secretArnOf(this, adminSecret.arn ?? adminSecret.name ?? ''),
      kmsKeyArn: adminSecret.kmsKeyArn,
    };
    const named = (names: readonly string[]) => names.flatMap((name) => secrets.get(name) ?? []);
    new GitHubAccess(this, 'GitHubAccess', {
      oidcProviderArn: githubAccess.oidcProviderArn,
      roles: githubAccess.roles.map((role) => ({
        name: role.name,
        subject: subjectOf(role),
        read: [...named(role.read), ...(role.adminSecret ? [admin] : [])],
        readWrite: named(role.readWrite),
      })),
    });
  }
}
