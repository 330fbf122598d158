import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { secretArnPattern } from './access-through-secrets-manager.ts';
import type { AdminCredentialRotation } from './admin-credential-rotation.ts';
import type { PasswordRotation } from './password-rotation.ts';
import { keyAdministration } from './secrets-key.ts';

export interface RotationAlarmsProps {
  readonly rotations: readonly PasswordRotation[];
  /** @default - the admin credential is not rotated */
  readonly admin?: AdminCredentialRotation;
  /** Addresses to subscribe; each has to confirm. @default - none */
  readonly emails?: readonly string[];
}

/** What ends a rotation badly. AWS Secrets Manager user guide, "Log events with CloudTrail". */
const BAD_ENDS = ['RotationFailed', 'RotationAbandoned', 'TestRotationFailed'];
const PERIOD = Duration.minutes(5);
/** An invocation that takes longer than this share of the timeout is close to being cut off. */
const NEAR_TIMEOUT = 0.8;

/**
 * Says when rotation goes wrong: the function's errors, throttles and durations as alarms, failed and abandoned rotations as
 * events. CloudWatch has no metric for the latter, so an alarm on one would never go off. The events come through CloudTrail, and
 * EventBridge sees them only where a trail records management events.
 */
export class RotationAlarms extends Construct {
  readonly topic: sns.Topic;

  constructor(scope: Construct, id: string, props: RotationAlarmsProps) {
    super(scope, id);
    this.topic = new sns.Topic(this, 'Topic', {
      displayName: 'Streamkap rotation',
      masterKey: this.#topicKey(),
      enforceSSL: true,
    });
    this.#allowPublishing();
    for (const email of props.emails ?? []) this.topic.addSubscription(new EmailSubscription(email));
    const { rotations, admin } = props;
    for (const rotation of rotations) this.#alarms(rotation, rotation.strategy === 'single' ? '' : 'Alternating');
    if (admin) this.#alarms(admin, 'Admin');
    this.#badEnds([
      ...new Set(rotations.map(({ secretNamePrefix }) => secretArnPattern(this, secretNamePrefix))),
      ...(admin ? [admin.secretArnPrefix] : []),
    ]);
  }

  /** AWS's own key for SNS cannot be used by EventBridge or CloudWatch, and the key of the secrets is not for alarm texts. */
  #topicKey(): kms.Key {
    return new kms.Key(this, 'TopicKey', {
      description: 'Messages about Streamkap rotations',
      policy: new iam.PolicyDocument({
        statements: [
          keyAdministration(this),
          new iam.PolicyStatement({
            sid: 'PublishToTheTopic',
            principals: ['cloudwatch.amazonaws.com', 'events.amazonaws.com'].map(
              (name) => new iam.ServicePrincipal(name),
            ),
            actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
            resources: ['*'],
          }),
        ],
      }),
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }

  #allowPublishing(): void {
    const stack = Stack.of(this);
    this.topic.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'Alarms',
        principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
        conditions: {
          StringEquals: { 'aws:SourceAccount': stack.account },
          ArnLike: {
            'aws:SourceArn': stack.formatArn({
              service: 'cloudwatch',
              resource: 'alarm',
              resourceName: '*',
              arnFormat: ArnFormat.COLON_RESOURCE_NAME,
            }),
          },
        },
      }),
    );
    this.topic.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'Events',
        // EventBridge sends no source account or ARN to SNS: with a condition on them every message would be lost.
        principals: [new iam.ServicePrincipal('events.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
      }),
    );
  }

  #alarms({ functionName, timeout }: PasswordRotation | AdminCredentialRotation, of: string): void {
    const metric = (metricName: string, statistic: string) =>
      new cloudwatch.Metric({
        namespace: 'AWS/Lambda',
        dimensionsMap: { FunctionName: functionName },
        ...{ metricName, statistic, period: PERIOD },
      });
    const alarm = (id: string, alarmDescription: string, rest: { metric: cloudwatch.Metric; threshold: number }) =>
      new cloudwatch.Alarm(this, `${of}${id}`, {
        ...{ alarmDescription, ...rest, evaluationPeriods: 1 },
        comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        // Between rotations the function is not called at all.
        treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      }).addAlarmAction(new SnsAction(this.topic));
    alarm('Errors', 'A step of a Streamkap rotation failed; the log of the function says what to do.', {
      metric: metric('Errors', cloudwatch.Stats.SUM),
      threshold: 1,
    });
    alarm('Throttles', 'Lambda refused to start the Streamkap rotation: too many functions at once.', {
      metric: metric('Throttles', cloudwatch.Stats.SUM),
      threshold: 1,
    });
    alarm('Duration', 'A step of a Streamkap rotation took almost as long as it may.', {
      metric: metric('Duration', cloudwatch.Stats.MAXIMUM),
      threshold: timeout.toMilliseconds() * NEAR_TIMEOUT,
    });
  }

  #badEnds(secretArnPrefixes: readonly string[]): void {
    const inputTemplate =
      '"<event> of secret <secret> at <time>. The log of the rotation function says why and what to do."';
    new events.CfnRule(this, 'BadEnds', {
      description: 'Rotations of Streamkap credentials that failed or were abandoned',
      state: 'ENABLED',
      eventPattern: {
        source: ['aws.secretsmanager'],
        'detail-type': ['AWS Service Event via CloudTrail'],
        detail: {
          eventName: BAD_ENDS,
          additionalEventData: { SecretId: secretArnPrefixes.map((prefix) => ({ prefix })) },
        },
      },
      targets: [
        {
          id: 'Topic',
          arn: this.topic.topicArn,
          // Names and times only: the event itself is not passed on.
          inputTransformer: {
            inputPathsMap: {
              event: '$.detail.eventName',
              secret: '$.detail.additionalEventData.SecretId',
              time: '$.time',
            },
            inputTemplate,
          },
        },
      ],
    });
  }
}
