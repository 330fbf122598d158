import { CfnOutput, Duration, Fn, Stack, type StackProps } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { secretArnOf } from './access-through-secrets-manager.ts';
import { AdminCredentialRotation } from './admin-credential-rotation.ts';
import type { StackConfiguration } from './configuration.ts';
import { EvidenceStore, type EvidenceTargets } from './evidence-store.ts';
import { GitHubAccess } from './github-access.ts';
import { subjectOf } from './github-access-rules.ts';
import type { AccessibleSecret } from './github-permissions.ts';
import { spread } from './key-stacks.ts';
import { PasswordRotation, type Strategy } from './password-rotation.ts';
import { RotatedProjectKey } from './rotated-project-key.ts';
import { RotationAlarms } from './rotation-alarms.ts';
import { RotationDashboard } from './rotation-dashboard.ts';
import type { FunctionSettings, VpcPlacement } from './rotation-function.ts';
import { SecretsKey } from './secrets-key.ts';
import { StaticEgress } from './static-egress.ts';

/** CDK's behaviour that the stacks count on: ARNs with the real partition, and templates checked against CloudFormation's own schemas. */
export const CDK_FLAGS = {
  '@aws-cdk/core:enablePartitionLiterals': true,
  '@aws-cdk/core:validateAgainstDefaultRules': true,
  // The stacks of keys hold on to the function that rotates them.
  '@aws-cdk/core:defaultCrossStackReferences': 'strong',
};

export interface KeyringStackProps extends StackProps {
  /** Folder of the built functions. @default - the bundles of this package */
  readonly bundles?: string | undefined;
}

type ProjectKeyConfiguration = StackConfiguration['projectKeys'][number];

/** What every function of the stack gets. */
interface FunctionParts {
  readonly evidence: EvidenceTargets | undefined;
  readonly settings: FunctionSettings;
}

/** What project keys need of the stack that rotates them, which may be another one than theirs. */
interface Rotating {
  readonly rotations: ReadonlyMap<Strategy, PasswordRotation>;
  readonly kmsKeyArn: string;
}

/**
 * Everything that one entry of `stacks` asks for. Resources are named by project key, so that adding one changes no other; with
 * `keyStacks` the keys lie in stacks of their own, each in the one that its name says, whatever other keys there are.
 */
export class KeyringStack extends Stack {
  constructor(scope: Construct, configuration: StackConfiguration, { bundles, ...props }: KeyringStackProps = {}) {
    const { name, account, region, projectKeys, keyStacks } = configuration;
    const env = { account, region };
    super(scope, name, { ...props, stackName: name, env });
    const kmsKeyArn = configuration.secretsKmsKeyArn ?? new SecretsKey(this, 'SecretsKey').keyArn;
    const evidence = this.#evidence(configuration);
    const settings = { ...settingsOf(configuration), vpc: this.#network(configuration), bundles };
    const rotations = this.#rotations(configuration, { kmsKeyArn, evidence, settings });
    const admin = this.#adminRotation(configuration, { evidence, settings });
    const rotating = { rotations, kmsKeyArn };
    const secrets = keyStacks === 0 ? projectKeysIn(this, projectKeys, rotating) : undefined;
    if (keyStacks > 0) {
      for (const [part, keys] of spread(projectKeys, keyStacks)) {
        projectKeysIn(new Stack(scope, `${name}-keys-${part}`, { ...props, env }), keys, rotating);
      }
    }
    this.#signals(configuration, { rotations: [...rotations.values()], admin });
    // Secrets of other stacks are known by their names here: those stacks already depend on this one.
    const access = secrets ?? new Map(projectKeys.map((key) => [key.name, accessTo(this, key, kmsKeyArn)]));
    this.#gitHubAccess(configuration, { secrets: access, rotations });
  }

  /** Where the functions are: in subnets that are there, in a network made here, or in Lambda's own. */
  #network({ rotation }: StackConfiguration): VpcPlacement | undefined {
    const { vpc, staticEgress, logRetentionDays: logRetention, logsKmsKeyArn } = rotation;
    if (!staticEgress) return vpc;
    const made = new StaticEgress(this, 'Network', { ...staticEgress, logRetention, logsKmsKeyArn });
    new CfnOutput(this, 'EgressAddresses', {
      value: Fn.join(',', [...made.addresses]),
      description: 'For the safe lists of project keys',
    });
    return made;
  }

  #evidence({ evidence, eventBusArn }: StackConfiguration): EvidenceTargets | undefined {
    if (!evidence) return eventBusArn === undefined ? undefined : { eventBusArn };
    const store = new EvidenceStore(this, 'Evidence', {
      lock: evidence.lock,
      retention: Duration.days(evidence.retentionDays),
      expiration: Duration.days(evidence.expirationDays),
      athena: evidence.athena,
    });
    new CfnOutput(this, 'EvidenceBucket', { value: store.bucketName });
    return { bucketName: store.bucketName, bucketArn: store.bucketArn, keyArn: store.keyArn, eventBusArn };
  }

  #rotations(
    configuration: StackConfiguration,
    { kmsKeyArn, evidence, settings }: FunctionParts & { kmsKeyArn: string },
  ): Map<Strategy, PasswordRotation> {
    const { adminSecret, rotation, projectKeys, secretNamePrefix } = configuration;
    const make = (id: string, strategy: Strategy) => {
      const keys = projectKeys.filter((key) => key.strategy === strategy);
      const adopted = keys.flatMap((key) => (key.secretArn && key.kmsKeyArn ? [key.kmsKeyArn] : []));
      const made = new PasswordRotation(this, id, {
        ...settings,
        ...{ strategy, secretNamePrefix, evidence },
        adminSecret: adminSecret.arn ?? adminSecret.name ?? '',
        adminSecretKmsKeyArn: adminSecret.kmsKeyArn,
        secretsKmsKeyArns: [...new Set([kmsKeyArn, ...adopted])],
        onDrift: rotation.onDrift,
        loginCheck: rotation.loginCheck,
        propagationTimeout: Duration.seconds(rotation.propagationTimeoutSeconds),
        ...(strategy === 'alternating' && rotation.retirePreviousAfterHours !== undefined
          ? { retirePreviousAfter: Duration.hours(rotation.retirePreviousAfterHours) }
          : {}),
      });
      new CfnOutput(this, strategy === 'single' ? 'RotationFunction' : 'AlternatingRotationFunction', {
        value: made.functionName,
      });
      return made;
    };
    const used = new Set(projectKeys.map(({ strategy }) => strategy));
    return new Map([
      // A stack without keys yet still has a function, so that its first key is a small change.
      ...(used.has('single') || used.size === 0 ? [['single', make('PasswordRotation', 'single')] as const] : []),
      ...(used.has('alternating') ? [['alternating', make('AlternatingRotation', 'alternating')] as const] : []),
    ]);
  }

  #adminRotation(
    configuration: StackConfiguration,
    { evidence, settings }: FunctionParts,
  ): AdminCredentialRotation | undefined {
    const { adminRotation, adminSecret } = configuration;
    if (!adminRotation) return undefined;
    const made = new AdminCredentialRotation(this, 'AdminRotation', {
      ...settings,
      adminSecret: adminSecret.arn ?? adminSecret.name ?? '',
      adminSecretKmsKeyArn: adminSecret.kmsKeyArn,
      schedule: adminRotation.schedule,
      evidence,
    });
    new CfnOutput(this, 'AdminRotationFunction', { value: made.functionName });
    return made;
  }

  #signals(
    configuration: StackConfiguration,
    { rotations, admin }: { rotations: readonly PasswordRotation[]; admin: AdminCredentialRotation | undefined },
  ): void {
    const { topic } = new RotationAlarms(this, 'Alarms', {
      ...{ rotations, emails: configuration.alarms.emails },
      ...(admin ? { admin } : {}),
    });
    if (configuration.dashboard) {
      new RotationDashboard(this, 'Dashboard', { rotations, ...(admin ? { admin } : {}) });
    }
    new CfnOutput(this, 'AlarmTopic', { value: topic.topicArn });
  }

  #gitHubAccess(
    { githubAccess, adminSecret, projectKeys }: StackConfiguration,
    { secrets, rotations }: { secrets: Map<string, AccessibleSecret>; rotations: Map<Strategy, PasswordRotation> },
  ): void {
    if (!githubAccess) return;
    const admin = {
      arn: secretArnOf(this, adminSecret.arn ?? adminSecret.name ?? ''),
      kmsKeyArn: adminSecret.kmsKeyArn,
    };
    const named = (names: readonly string[]) => names.flatMap((name) => secrets.get(name) ?? []);
    const rotatable = (name: string) => {
      const functionArn = rotations.get(
        projectKeys.find((key) => key.name === name)?.strategy ?? 'single',
      )?.functionArn;
      return named([name]).flatMap((secret) => (functionArn ? [{ ...secret, functionArn }] : []));
    };
    new GitHubAccess(this, 'GitHubAccess', {
      oidcProviderArn: githubAccess.oidcProviderArn,
      roles: githubAccess.roles.map((role) => ({
        name: role.name,
        subject: subjectOf(role),
        read: [...named(role.read), ...(role.adminSecret ? [admin] : [])],
        readWrite: named(role.readWrite),
        rotate: role.rotate.flatMap(rotatable),
        create: role.create,
      })),
    });
  }
}

function settingsOf({ rotation, streamkapHost }: StackConfiguration): FunctionSettings {
  const { logLevel, logRetentionDays: logRetention, logsKmsKeyArn } = rotation;
  return { streamkapHost, logLevel, logRetention, logsKmsKeyArn };
}

function projectKeysIn(
  stack: Stack,
  keys: readonly ProjectKeyConfiguration[],
  { rotations, kmsKeyArn }: Rotating,
): Map<string, AccessibleSecret> {
  const parent = new Construct(stack, 'ProjectKeys');
  return new Map(
    keys.map(({ name, secretName, secretArn, kmsKeyArn: adoptedKey, strategy, replicas, schedule, provisioned }) => {
      const rotation = rotations.get(strategy);
      if (!rotation) throw new Error(`no function rotates by the strategy ${strategy}`);
      const key = new RotatedProjectKey(parent, name, {
        ...{ rotation, schedule, provisioned },
        ...(secretArn === undefined
          ? { secretName: secretName ?? '', kmsKeyArn, replicas }
          : { secretArn, kmsKeyArn: adoptedKey }),
      });
      return [name, { arn: key.secretArn, kmsKeyArn: secretArn === undefined ? kmsKeyArn : adoptedKey }] as const;
    }),
  );
}

function accessTo(scope: Construct, key: ProjectKeyConfiguration, kmsKeyArn: string): AccessibleSecret {
  if (key.secretArn !== undefined) return { arn: key.secretArn, kmsKeyArn: key.kmsKeyArn };
  return { arn: secretArnOf(scope, key.secretName ?? ''), kmsKeyArn };
}
