import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct, type IDependable } from 'constructs';
import { kmsStatement, secretArnOf, secretArnPattern } from './access-through-secrets-manager.ts';

export interface VpcPlacement {
  /** Private subnets with a way out to Streamkap, Kafka and AWS. */
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];
}

export interface PasswordRotationProps {
  /** What the names of all secrets begin with that the function may rotate. */
  readonly secretNamePrefix: string;
  /** Name or full ARN of the secret that holds Streamkap's admin credential; the function only reads it. */
  readonly adminSecret: string;
  /** @default - aws/secretsmanager, which needs no permission */
  readonly adminSecretKmsKeyArn?: string | undefined;
  /** Customer managed KMS keys of the secrets to rotate. @default - none: they are under aws/secretsmanager */
  readonly secretsKmsKeyArns?: readonly string[];
  /** @default 'https://api.streamkap.com' */
  readonly streamkapHost?: string;
  /** What to do when Streamkap accepts no password we know. @default 'abandon' */
  readonly onDrift?: 'abandon' | 'heal';
  /** Whether a rotation may end when Kafka could not be asked. @default 'required' */
  readonly loginCheck?: 'required' | 'best-effort';
  /** How long a new password may take to be accepted; the function's timeout follows from it. @default Duration.seconds(120) */
  readonly propagationTimeout?: Duration;
  /** @default 'INFO' */
  readonly logLevel?: 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';
  /** @default logs.RetentionDays.ONE_YEAR */
  readonly logRetention?: logs.RetentionDays;
  /** For keys with a safe list of addresses. @default - none: Lambda's own network */
  readonly vpc?: VpcPlacement | undefined;
  /** Folder of the built function. @default - the bundle of this package */
  readonly bundle?: string | undefined;
}

const BUNDLE = join(import.meta.dirname, '../functions/dist/rotate-password');
const MOST_LAMBDA_SECONDS = 900;
/** What a step needs besides two waits for a password to spread (the change, and the way back), in seconds. */
const STEP_OVERHEAD_SECONDS = 60;

/**
 * The function that changes Kafka passwords when Secrets Manager calls it, and its permissions, written by hand.
 *
 * It has no reserved concurrency (with little of it rotations of many secrets wait for each other in a loop) and no dead-letter
 * queue (Secrets Manager calls synchronously, so it would stay empty).
 */
export class PasswordRotation extends Construct {
  readonly functionArn: string;
  readonly functionName: string;
  readonly timeout: Duration;
  readonly secretNamePrefix: string;
  /** Has to be there before a schedule is attached, since Secrets Manager calls the function at once to test it. */
  readonly ready: readonly IDependable[];

  constructor(scope: Construct, id: string, props: PasswordRotationProps) {
    super(scope, id);
    const propagation = props.propagationTimeout ?? Duration.seconds(120);
    this.secretNamePrefix = props.secretNamePrefix;
    this.timeout = Duration.seconds(Math.min(MOST_LAMBDA_SECONDS, 2 * propagation.toSeconds() + STEP_OVERHEAD_SECONDS));
    const logGroup = new logs.LogGroup(this, 'Logs', {
      retention: props.logRetention ?? logs.RetentionDays.ONE_YEAR,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const role = this.#role(logGroup, props);
    const rotate = this.#function(props, { role, logGroup, propagation });
    this.functionArn = rotate.attrArn;
    this.functionName = rotate.ref;
    this.ready = [this.#invokePermission(rotate), this.#secretsPolicy(role, props)];
  }

  #function(
    props: PasswordRotationProps,
    { role, logGroup, propagation }: { role: iam.Role; logGroup: logs.LogGroup; propagation: Duration },
  ): lambda.CfnFunction {
    const asset = new Asset(this, 'Bundle', { path: requireBundle(props.bundle ?? BUNDLE) });
    const rotate = new lambda.CfnFunction(this, 'Function', {
      description: "Changes a Streamkap project key's Kafka password when Secrets Manager rotates its secret",
      code: { s3Bucket: asset.s3BucketName, s3Key: asset.s3ObjectKey },
      handler: 'index.handler',
      runtime: lambda.Runtime.NODEJS_24_X.name,
      architectures: [lambda.Architecture.ARM_64.name],
      memorySize: 512,
      timeout: this.timeout.toSeconds(),
      role: role.roleArn,
      tracingConfig: { mode: 'Active' },
      loggingConfig: {
        logGroup: logGroup.logGroupName,
        logFormat: 'JSON',
        applicationLogLevel: props.logLevel ?? 'INFO',
        systemLogLevel: 'INFO',
      },
      environment: {
        variables: {
          STREAMKAP_HOST: props.streamkapHost ?? 'https://api.streamkap.com',
          STREAMKAP_ADMIN_SECRET_ID: props.adminSecret,
          ROTATION_STRATEGY: 'single',
          ON_DRIFT: props.onDrift ?? 'abandon',
          LOGIN_CHECK: props.loginCheck ?? 'required',
          PROPAGATION_TIMEOUT_SECONDS: String(propagation.toSeconds()),
        },
      },
      ...(props.vpc
        ? { vpcConfig: { subnetIds: [...props.vpc.subnetIds], securityGroupIds: [...props.vpc.securityGroupIds] } }
        : {}),
    });
    asset.addResourceMetadata(rotate, 'Code');
    // The role's own policies are part of it, so the function can log, and reach its subnets, from its first call.
    rotate.node.addDependency(role);
    return rotate;
  }

  #role(logGroup: logs.LogGroup, { vpc }: PasswordRotationProps): iam.Role {
    const document = (...statements: iam.PolicyStatement[]) => new iam.PolicyDocument({ statements });
    return new iam.Role(this, 'Role', {
      description: 'Streamkap password rotation',
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      inlinePolicies: {
        Logs: document(
          new iam.PolicyStatement({
            actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
            resources: [logGroup.logGroupArn],
          }),
        ),
        // X-Ray has no resources to name.
        Tracing: document(
          new iam.PolicyStatement({ actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], resources: ['*'] }),
        ),
        ...(vpc ? { Network: document(networkInterfaces('Allow')) } : {}),
      },
    });
  }

  /** Apart from the role, because it names the function, which needs the role first. */
  #secretsPolicy(role: iam.Role, props: PasswordRotationProps): IDependable {
    const secrets = secretArnPattern(this, `${this.secretNamePrefix}*`);
    const admin = secretArnOf(this, props.adminSecret);
    const statements = [
      // The prefix says how far rotation may ever reach, the condition that it reaches only what is set to be rotated by this.
      new iam.PolicyStatement({
        actions: [
          'secretsmanager:DescribeSecret',
          'secretsmanager:GetSecretValue',
          'secretsmanager:PutSecretValue',
          'secretsmanager:UpdateSecretVersionStage',
        ],
        resources: [secrets],
        conditions: { StringEquals: { 'secretsmanager:resource/AllowRotationLambdaArn': this.functionArn } },
      }),
      new iam.PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [admin] }),
    ];
    const { secretsKmsKeyArns = [], adminSecretKmsKeyArn } = props;
    if (secretsKmsKeyArns.length > 0) {
      statements.push(kmsStatement(this, { keyArns: secretsKmsKeyArns, secretArns: [secrets], write: true }));
    }
    if (adminSecretKmsKeyArn) {
      statements.push(kmsStatement(this, { keyArns: [adminSecretKmsKeyArn], secretArns: [admin], write: false }));
    }
    if (props.vpc) statements.push(this.#networkForLambdaOnly());
    return new iam.Policy(this, 'Secrets', { roles: [role], statements });
  }

  /** Lambda itself needs the network permissions of the role; the code that runs in the function does not get them. */
  #networkForLambdaOnly(): iam.PolicyStatement {
    const denied = networkInterfaces('Deny');
    denied.addCondition('ArnEquals', { 'lambda:SourceFunctionArn': this.functionArn });
    return denied;
  }

  /** One for all secrets: a function's policy holds 20 kB, which is room for some dozens of permissions only. */
  #invokePermission(rotate: lambda.CfnFunction): IDependable {
    return new lambda.CfnPermission(this, 'InvokedBySecretsManager', {
      action: 'lambda:InvokeFunction',
      functionName: rotate.attrArn,
      principal: 'secretsmanager.amazonaws.com',
      sourceAccount: Stack.of(this).account,
      sourceArn: secretArnPattern(this, `${this.secretNamePrefix}*`),
    });
  }
}

/** EC2 offers no resource to name before an interface exists; AWS Lambda's guide lists these actions, on `*`. */
function networkInterfaces(effect: 'Allow' | 'Deny'): iam.PolicyStatement {
  return new iam.PolicyStatement({
    effect: effect === 'Allow' ? iam.Effect.ALLOW : iam.Effect.DENY,
    actions: [
      'ec2:AssignPrivateIpAddresses',
      'ec2:CreateNetworkInterface',
      'ec2:DeleteNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:UnassignPrivateIpAddresses',
    ],
    resources: ['*'],
  });
}

function requireBundle(folder: string): string {
  if (existsSync(join(folder, 'index.mjs'))) return folder;
  throw new Error(`${folder} has no index.mjs; npm run build makes it`);
}
