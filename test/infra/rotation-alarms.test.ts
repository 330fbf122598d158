import type { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { ACCOUNT, configuration, resource, resources, type Statement, secretArn, synthesise } from './fixture.ts';

let template: Template;
let topic: object;
beforeAll(() => {
  template = synthesise(configuration({ alarms: { emails: ['team@example.com'] } }));
  topic = { Ref: resource(template, 'AWS::SNS::Topic').id };
});

describe('the alarms', () => {
  it.each([
    ['Errors', { Statistic: 'Sum', Threshold: 1 }],
    ['Throttles', { Statistic: 'Sum', Threshold: 1 }],
    ['Duration', { Statistic: 'Maximum', Threshold: 240_000 }],
  ])('watch %s of the function, and tell the topic', (MetricName, rule) => {
    expect(resource(template, 'AWS::CloudWatch::Alarm', `Alarms${MetricName}`).Properties).toMatchObject({
      ...{ MetricName, ...rule, Namespace: 'AWS/Lambda', EvaluationPeriods: 1, TreatMissingData: 'notBreaching' },
      Dimensions: [{ Name: 'FunctionName', Value: { Ref: resource(template, 'AWS::Lambda::Function').id } }],
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      AlarmActions: [topic],
    });
  });

  it('watch metrics that exist, and there is none for failed rotations', () => {
    const watched = resources(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties.Namespace);
    expect(new Set(watched)).toEqual(new Set(['AWS/Lambda']));
  });
});

describe('failed and abandoned rotations', () => {
  it('come from CloudTrail by a rule, for the secrets under the prefix, with names and times only', () => {
    const { Properties } = resource(template, 'AWS::Events::Rule');
    expect(Properties.State).toBe('ENABLED');
    expect(Properties.EventPattern).toEqual({
      source: ['aws.secretsmanager'],
      'detail-type': ['AWS Service Event via CloudTrail'],
      detail: {
        eventName: ['RotationFailed', 'RotationAbandoned', 'TestRotationFailed'],
        additionalEventData: { SecretId: [{ prefix: secretArn('team/keys/') }] },
      },
    });
    const [target] = Properties.Targets as {
      Arn: object;
      InputTransformer: { InputPathsMap: object };
      RoleArn?: unknown;
    }[];
    expect(target?.Arn).toEqual(topic);
    expect(Object.values(target?.InputTransformer.InputPathsMap ?? {})).toEqual([
      '$.detail.eventName',
      '$.detail.additionalEventData.SecretId',
      '$.time',
    ]);
    expect(target?.RoleArn).toBeUndefined();
  });
});

describe('the topic', () => {
  it('is encrypted with a key of its own, which CloudWatch and EventBridge may use and nobody else', () => {
    const key = resource(template, 'AWS::KMS::Key', 'Alarms');
    expect(resource(template, 'AWS::SNS::Topic').Properties.KmsMasterKeyId).toEqual({ 'Fn::GetAtt': [key.id, 'Arn'] });
    expect(key.Properties.EnableKeyRotation).toBe(true);
    const [administration, use, ...more] = (key.Properties.KeyPolicy as { Statement: Statement[] }).Statement;
    expect(more).toEqual([]);
    expect(String(administration?.Action)).not.toMatch(/Decrypt|GenerateDataKey/);
    expect(use).toMatchObject({
      Principal: { Service: ['cloudwatch.amazonaws.com', 'events.amazonaws.com'] },
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
    });
  });

  it('takes messages over TLS from the alarms of this account, and from EventBridge without a condition', () => {
    const { PolicyDocument } = resource(template, 'AWS::SNS::TopicPolicy').Properties;
    expect((PolicyDocument as { Statement: Statement[] }).Statement).toMatchObject([
      { Effect: 'Deny', Principal: '*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
      {
        Effect: 'Allow',
        Action: 'sns:Publish',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Condition: {
          StringEquals: { 'aws:SourceAccount': ACCOUNT },
          ArnLike: { 'aws:SourceArn': `arn:aws:cloudwatch:eu-central-1:${ACCOUNT}:alarm:*` },
        },
      },
      { Effect: 'Allow', Action: 'sns:Publish', Principal: { Service: 'events.amazonaws.com' } },
    ]);
    const [, , fromEvents] = (PolicyDocument as { Statement: Statement[] }).Statement;
    expect(fromEvents).not.toHaveProperty('Condition');
  });

  it('has the configured subscribers', () => {
    expect(resource(template, 'AWS::SNS::Subscription').Properties).toMatchObject({
      Endpoint: 'team@example.com',
      Protocol: 'email',
      TopicArn: topic,
    });
  });
});
