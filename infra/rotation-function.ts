import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct, type IDependable } from 'constructs';

export interface VpcPlacement {
  /** Private subnets with a way out to Streamkap, Kafka and AWS. */
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];
  /** What has to be there before a function can reach anything. @default - it is there already */
  readonly ready?: readonly IDependable[];
}

/** What every function of ours may be given; each has a default that is safe. */
export interface FunctionSettings {
  /** @default 'https://api.streamkap.com' */
  readonly streamkapHost?: string;
  /** @default 'INFO' */
  readonly logLevel?: 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';
  /** @default logs.RetentionDays.ONE_YEAR */
  readonly logRetention?: logs.RetentionDays;
  /** A KMS key for the log group, whose policy lets CloudWatch Logs use it. @default - encrypted by CloudWatch's own key */
  readonly logsKmsKeyArn?: string | undefined;
  /** For keys with a safe list of addresses. @default - none: Lambda's own network */
  readonly vpc?: VpcPlacement | undefined;
  /** Folder that holds the built functions, one folder each. @default - the bundles of this package */
  readonly bundles?: string | undefined;
}

export interface RotationFunctionProps extends FunctionSettings {
  /** Its folder under `bundles`. */
  readonly folder: 'rotate-password' | 'rotate-admin';
  readonly description: string;
  readonly timeout: Duration;
  /** Added to what every function of ours is told. None of it is a secret. */
  readonly environment: Readonly<Record<string, string>>;
  /** Which secrets Secrets Manager may call it for: an ARN, or a pattern of ARNs. */
  readonly calledForSecrets: string;
}

const BUNDLES = join(import.meta.dirname, '../functions/dist');
const MEMORY_MEBIBYTES = 512;

/**
 * A function that Secrets Manager calls, with its role and log group; its permissions on secrets are added by {@link allow}.
 *
 * It has no reserved concurrency (with little of it rotations of many secrets wait for each other in a loop) and no dead-letter
 * queue (Secrets Manager calls synchronously, so it would stay empty).
 */
export class RotationFunction extends Construct {
  readonly functionArn: string;
  readonly functionName: string;
  readonly logGroupName: string;
  /** Has to be there before a schedule is attached, since Secrets Manager calls the function at once to test it. */
  readonly ready: readonly IDependable[];
  readonly #policy: iam.Policy;

  constructor(scope: Construct, id: string, props: RotationFunctionProps) {
    super(scope, id);
    const logGroup = new logs.LogGroup(this, 'Logs', {
      retention: props.logRetention ?? logs.RetentionDays.ONE_YEAR,
      ...(props.logsKmsKeyArn ? { encryptionKey: kms.Key.fromKeyArn(this, 'LogsKey', props.logsKmsKeyArn) } : {}),
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const role = this.#role(logGroup, props);
    const rotate = this.#function(props, { role, logGroup });
    this.functionArn = rotate.attrArn;
    this.functionName = rotate.ref;
    this.logGroupName = logGroup.logGroupName;
    // Apart from the role, because it names the function, which needs the role first.
    this.#policy = new iam.Policy(this, 'Secrets', { roles: [role] });
    if (props.vpc) this.allow(this.#networkForLambdaOnly());
    this.ready = [this.#invokePermission(rotate, props.calledForSecrets), this.#policy];
  }

  allow(...statements: iam.PolicyStatement[]): void {
    this.#policy.addStatements(...statements);
  }

  #function(
    props: RotationFunctionProps,
    { role, logGroup }: { role: iam.Role; logGroup: logs.LogGroup },
  ): lambda.CfnFunction {
    const asset = new Asset(this, 'Bundle', { path: requireBundle(join(props.bundles ?? BUNDLES, props.folder)) });
    const rotate = new lambda.CfnFunction(this, 'Function', {
      description: props.description,
      code: { s3Bucket: asset.s3BucketName, s3Key: asset.s3ObjectKey },
      handler: 'index.handler',
      runtime: lambda.Runtime.NODEJS_24_X.name,
      architectures: [lambda.Architecture.ARM_64.name],
      memorySize: MEMORY_MEBIBYTES,
      timeout: props.timeout.toSeconds(),
      role: role.roleArn,
      tracingConfig: { mode: 'Active' },
      loggingConfig: {
        logGroup: logGroup.logGroupName,
        logFormat: 'JSON',
        applicationLogLevel: props.logLevel ?? 'INFO',
        systemLogLevel: 'INFO',
      },
      environment: {
        variables: { STREAMKAP_HOST: props.streamkapHost ?? 'https://api.streamkap.com', ...props.environment },
      },
      ...(props.vpc
        ? { vpcConfig: { subnetIds: [...props.vpc.subnetIds], securityGroupIds: [...props.vpc.securityGroupIds] } }
        : {}),
    });
    asset.addResourceMetadata(rotate, 'Code');
    // The role's inline policies are part of it, so the function can log, and reach its subnets, from its first call.
    if (props.vpc?.ready) rotate.node.addDependency(...props.vpc.ready);
    return rotate;
  }

  #role(logGroup: logs.LogGroup, { vpc, description }: RotationFunctionProps): iam.Role {
    const document = (...statements: iam.PolicyStatement[]) => new iam.PolicyDocument({ statements });
    return new iam.Role(this, 'Role', {
      description,
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

  /** Lambda itself needs the network permissions of the role; the code that runs in the function does not get them. */
  #networkForLambdaOnly(): iam.PolicyStatement {
    const denied = networkInterfaces('Deny');
    denied.addCondition('ArnEquals', { 'lambda:SourceFunctionArn': this.functionArn });
    return denied;
  }

  /** One for all secrets: a function's policy holds 20 kB, which is room for some dozens of permissions only. */
  #invokePermission(rotate: lambda.CfnFunction, sourceArn: string): IDependable {
    return new lambda.CfnPermission(this, 'InvokedBySecretsManager', {
      action: 'lambda:InvokeFunction',
      functionName: rotate.attrArn,
      principal: 'secretsmanager.amazonaws.com',
      sourceAccount: Stack.of(this).account,
      sourceArn,
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
