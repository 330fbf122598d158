import { Duration, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct, type IDependable } from 'constructs';
import { kmsStatement, secretArnOf, secretArnPattern } from './access-through-secrets-manager.ts';
import type { EvidenceTargets } from './evidence-store.ts';
import { evidenceEnvironment, evidenceStatements } from './evidence-store.ts';
import { type FunctionSettings, RotationFunction } from './rotation-function.ts';

export type Strategy = 'single' | 'alternating';

export interface PasswordRotationProps extends FunctionSettings {
  /** `single` changes the one key's password in place, `alternating` swaps two keys. @default 'single' */
  readonly strategy?: Strategy;
  /** What the names of all secrets begin with that the function may rotate. */
  readonly secretNamePrefix: string;
  /** Name or full ARN of the secret that holds Streamkap's admin credential; the function only reads it. */
  readonly adminSecret: string;
  /** @default - aws/secretsmanager, which needs no permission */
  readonly adminSecretKmsKeyArn?: string | undefined;
  /** Customer managed KMS keys of the secrets to rotate. @default - none: they are under aws/secretsmanager */
  readonly secretsKmsKeyArns?: readonly string[];
  /** What to do when Streamkap accepts no password we know. @default 'abandon' */
  readonly onDrift?: 'abandon' | 'heal';
  /** Whether a rotation may end when Kafka could not be asked. @default 'required' */
  readonly loginCheck?: 'required' | 'best-effort';
  /** How long a new password may take to be accepted; the function's timeout follows from it. @default Duration.seconds(120) */
  readonly propagationTimeout?: Duration;
  /** `alternating`: hours after which the outgoing password is put to an end, looked at every hour. @default - at the next rotation */
  readonly retirePreviousAfter?: Duration | undefined;
  /** Where evidence and events go. @default - nowhere but the log */
  readonly evidence?: EvidenceTargets | undefined;
}

const MOST_LAMBDA_SECONDS = 900;
/** What a step needs besides two waits for a password to spread (the change, and the way back), in seconds. */
const STEP_OVERHEAD_SECONDS = 60;
/** The tags that say which two keys take turns, set when the second one is born (core/rotation/alternating/pair.ts). */
const PAIR_TAGS = ['streamkap:project-key-id', 'streamkap:kafka-username'];

/** The function that changes Kafka passwords when Secrets Manager calls it, and its permissions, written by hand. */
export class PasswordRotation extends Construct {
  readonly strategy: Strategy;
  readonly functionArn: string;
  readonly functionName: string;
  readonly logGroupName: string;
  readonly timeout: Duration;
  readonly secretNamePrefix: string;
  /** Has to be there before a schedule is attached. */
  readonly ready: readonly IDependable[];

  constructor(scope: Construct, id: string, props: PasswordRotationProps) {
    super(scope, id);
    const propagation = props.propagationTimeout ?? Duration.seconds(120);
    this.strategy = props.strategy ?? 'single';
    this.secretNamePrefix = props.secretNamePrefix;
    this.timeout = Duration.seconds(Math.min(MOST_LAMBDA_SECONDS, 2 * propagation.toSeconds() + STEP_OVERHEAD_SECONDS));
    if (props.retirePreviousAfter && this.strategy === 'single') {
      throw new Error(
        'retirePreviousAfter is for the strategy "alternating": with "single" the previous password ends at once',
      );
    }
    const rotate = new RotationFunction(this, 'Default', {
      ...props,
      folder: 'rotate-password',
      description: "Changes a Streamkap project key's Kafka password when Secrets Manager rotates its secret",
      timeout: this.timeout,
      calledForSecrets: secretArnPattern(this, `${this.secretNamePrefix}*`),
      environment: environmentOf(props, propagation),
    });
    this.functionArn = rotate.functionArn;
    this.functionName = rotate.functionName;
    this.logGroupName = rotate.logGroupName;
    this.ready = rotate.ready;
    rotate.allow(...this.#statements(props));
    if (props.evidence) rotate.allow(...evidenceStatements(props.evidence, [`${this.secretNamePrefix}*`]));
    if (props.retirePreviousAfter) this.#retireEveryHour();
  }

  #statements(props: PasswordRotationProps): iam.PolicyStatement[] {
    const secrets = secretArnPattern(this, `${this.secretNamePrefix}*`);
    const admin = secretArnOf(this, props.adminSecret);
    const { secretsKmsKeyArns = [], adminSecretKmsKeyArn } = props;
    return [
      // The prefix says how far rotation may ever reach, the condition that it reaches only what is set to be rotated by this.
      this.#onRotated(secrets, [
        'secretsmanager:DescribeSecret',
        'secretsmanager:GetSecretValue',
        'secretsmanager:PutSecretValue',
        'secretsmanager:UpdateSecretVersionStage',
      ]),
      new iam.PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [admin] }),
      ...(this.strategy === 'alternating' ? this.#alternatingStatements(secrets, props) : []),
      ...(secretsKmsKeyArns.length > 0
        ? [kmsStatement(this, { keyArns: secretsKmsKeyArns, secretArns: [secrets], write: true })]
        : []),
      ...(adminSecretKmsKeyArn
        ? [kmsStatement(this, { keyArns: [adminSecretKmsKeyArn], secretArns: [admin], write: false })]
        : []),
    ];
  }

  #onRotated(secrets: string, actions: string[]): iam.PolicyStatement {
    return new iam.PolicyStatement({
      actions,
      resources: [secrets],
      conditions: { StringEquals: { 'secretsmanager:resource/AllowRotationLambdaArn': this.functionArn } },
    });
  }

  /** The idle key's file lies in a secret beside the rotated one, which has no rotation of its own. */
  #alternatingStatements(secrets: string, { retirePreviousAfter }: PasswordRotationProps): iam.PolicyStatement[] {
    const tagging = this.#onRotated(secrets, ['secretsmanager:TagResource']);
    tagging.addCondition('ForAllValues:StringEquals', { 'aws:TagKeys': PAIR_TAGS });
    return [
      new iam.PolicyStatement({
        actions: [
          'secretsmanager:GetSecretValue',
          'secretsmanager:PutSecretValue',
          'secretsmanager:UpdateSecretVersionStage',
        ],
        resources: [secretArnPattern(this, `${this.secretNamePrefix}*/standby-??????`)],
      }),
      tagging,
      // Listing has no resources to name; names, tags and dates are in it, and no values.
      ...(retirePreviousAfter
        ? [new iam.PolicyStatement({ actions: ['secretsmanager:ListSecrets'], resources: ['*'] })]
        : []),
    ];
  }

  #retireEveryHour(): void {
    const rule = new events.CfnRule(this, 'RetireEveryHour', {
      description: 'Puts an end to the outgoing passwords of rotated Streamkap project keys',
      scheduleExpression: 'rate(1 hour)',
      state: 'ENABLED',
      targets: [{ id: 'Rotation', arn: this.functionArn, input: JSON.stringify({ action: 'retire' }) }],
    });
    new lambda.CfnPermission(this, 'InvokedEveryHour', {
      action: 'lambda:InvokeFunction',
      functionName: this.functionArn,
      principal: 'events.amazonaws.com',
      sourceAccount: Stack.of(this).account,
      sourceArn: rule.attrArn,
    });
  }
}

function environmentOf(props: PasswordRotationProps, propagation: Duration): Record<string, string> {
  return {
    STREAMKAP_ADMIN_SECRET_ID: props.adminSecret,
    ROTATION_STRATEGY: props.strategy ?? 'single',
    ON_DRIFT: props.onDrift ?? 'abandon',
    LOGIN_CHECK: props.loginCheck ?? 'required',
    PROPAGATION_TIMEOUT_SECONDS: String(propagation.toSeconds()),
    ...(props.retirePreviousAfter ? { RETIRE_PREVIOUS_AFTER_HOURS: String(props.retirePreviousAfter.toHours()) } : {}),
    ...evidenceEnvironment(props.evidence),
  };
}
