import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { kmsStatement, secretArnOf } from './access-through-secrets-manager.ts';
import { type EvidenceTargets, evidenceEnvironment, evidenceStatements } from './evidence-store.ts';
import { type FunctionSettings, RotationFunction } from './rotation-function.ts';
import { attachSchedule, type RotationScheduleProps, requireSchedule } from './rotation-schedule.ts';

export interface AdminCredentialRotationProps extends FunctionSettings {
  /** Name or full ARN of the secret that holds Streamkap's admin credential. It exists and has a value. */
  readonly adminSecret: string;
  /** @default - aws/secretsmanager, which needs no permission */
  readonly adminSecretKmsKeyArn?: string | undefined;
  readonly schedule: RotationScheduleProps;
  /** Where evidence and events go. @default - nowhere but the log */
  readonly evidence?: EvidenceTargets | undefined;
}

/** One call of Streamkap for each step, and a list of credentials to look through. */
const TIMEOUT = Duration.minutes(2);

/** Rotation of the admin credential itself: a function of its own, the only one that may write its secret. */
export class AdminCredentialRotation extends Construct {
  readonly functionArn: string;
  readonly functionName: string;
  readonly logGroupName: string;
  readonly timeout = TIMEOUT;
  /** What the ARN of its secret begins with. */
  readonly secretArnPrefix: string;

  constructor(scope: Construct, id: string, props: AdminCredentialRotationProps) {
    super(scope, id);
    requireSchedule(props.schedule);
    const secret = secretArnOf(this, props.adminSecret);
    const rotate = new RotationFunction(this, 'Default', {
      ...props,
      folder: 'rotate-admin',
      description: "Replaces Streamkap's admin credential when Secrets Manager rotates its secret",
      timeout: TIMEOUT,
      calledForSecrets: secret,
      environment: { STREAMKAP_ADMIN_SECRET_ID: props.adminSecret, ...evidenceEnvironment(props.evidence) },
    });
    this.functionArn = rotate.functionArn;
    this.functionName = rotate.functionName;
    this.logGroupName = rotate.logGroupName;
    rotate.allow(...this.#statements(secret, props));
    this.secretArnPrefix = secret.replace(/\?+$/, '');
    attachSchedule(this, {
      secretId: props.adminSecret,
      rotation: rotate,
      schedule: props.schedule,
    });
  }

  #statements(secret: string, { adminSecret, adminSecretKmsKeyArn, evidence }: AdminCredentialRotationProps) {
    const name = adminSecret.startsWith('arn:') ? adminSecret.split(':').slice(6).join(':') : `${adminSecret}-??????`;
    return [
      new iam.PolicyStatement({
        actions: [
          'secretsmanager:DescribeSecret',
          'secretsmanager:GetSecretValue',
          'secretsmanager:ListSecretVersionIds',
          'secretsmanager:PutSecretValue',
          'secretsmanager:UpdateSecretVersionStage',
        ],
        resources: [secret],
        conditions: { StringEquals: { 'secretsmanager:resource/AllowRotationLambdaArn': this.functionArn } },
      }),
      ...(adminSecretKmsKeyArn
        ? [kmsStatement(this, { keyArns: [adminSecretKmsKeyArn], secretArns: [secret], write: true })]
        : []),
      ...(evidence ? evidenceStatements(evidence, [`${name}/*`]) : []),
    ];
  }
}
