import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { PasswordRotation } from '../../infra/password-rotation.ts';
import { RotatedProjectKey } from '../../infra/rotated-project-key.ts';
import {
  ACCOUNT,
  configuration,
  kmsKeyArn,
  type Resource,
  resource,
  resources,
  type Statement,
  secretArn,
  stackOf,
  synthesise,
  VPC,
} from './fixture.ts';

const PREFIX_PATTERN = secretArn('team/keys/*');

let template: Template;
let functionArn: object;
beforeAll(() => {
  template = synthesise();
  functionArn = { 'Fn::GetAtt': [resource(template, 'AWS::Lambda::Function').id, 'Arn'] };
});

const secretsPolicy = (of: Template) => resource(of, 'AWS::IAM::Policy', 'PasswordRotationSecrets');
const statementsOf = (policy: Resource) => (policy.Properties.PolicyDocument as { Statement: Statement[] }).Statement;

describe('the rotation function', () => {
  it('is the prebuilt bundle on Node 24, arm64, traced, with the time that two propagations take', () => {
    const { Properties } = resource(template, 'AWS::Lambda::Function');
    expect(Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      Timeout: 300,
      TracingConfig: { Mode: 'Active' },
    });
    expect(Properties.Code).toHaveProperty('S3Key');
    expect(Properties).not.toHaveProperty('ReservedConcurrentExecutions');
    expect(Properties).not.toHaveProperty('VpcConfig');
  });

  it('never has more time than Lambda gives', () => {
    const longest = synthesise(configuration({ rotation: { propagationTimeoutSeconds: 420 } }));
    expect(resource(longest, 'AWS::Lambda::Function').Properties.Timeout).toBe(900);
  });

  it('is told where things are and how to decide, and no secret', () => {
    const { Environment } = resource(template, 'AWS::Lambda::Function').Properties;
    expect(Environment).toEqual({
      Variables: {
        STREAMKAP_HOST: 'https://api.streamkap.com',
        STREAMKAP_ADMIN_SECRET_ID: 'team/admin',
        ROTATION_STRATEGY: 'single',
        ON_DRIFT: 'abandon',
        LOGIN_CHECK: 'required',
        PROPAGATION_TIMEOUT_SECONDS: '120',
      },
    });
  });

  it('logs JSON into a group that is kept for the configured days', () => {
    const logs = resource(template, 'AWS::Logs::LogGroup');
    expect(logs.Properties).toEqual({ RetentionInDays: 365 });
    expect(logs.DeletionPolicy).toBe('Retain');
    expect(resource(template, 'AWS::Lambda::Function').Properties.LoggingConfig).toEqual({
      LogGroup: { Ref: logs.id },
      LogFormat: 'JSON',
      ApplicationLogLevel: 'INFO',
      SystemLogLevel: 'INFO',
    });
    const other = synthesise(configuration({ rotation: { logRetentionDays: 30, logLevel: 'DEBUG' } }));
    expect(resource(other, 'AWS::Logs::LogGroup').Properties.RetentionInDays).toBe(30);
    expect(resource(other, 'AWS::Lambda::Function').Properties.LoggingConfig).toMatchObject({
      ApplicationLogLevel: 'DEBUG',
    });
  });

  it('may be called by Secrets Manager only, for secrets of this account under the prefix, by one permission', () => {
    expect(resource(template, 'AWS::Lambda::Permission').Properties).toEqual({
      Action: 'lambda:InvokeFunction',
      FunctionName: functionArn,
      Principal: 'secretsmanager.amazonaws.com',
      SourceAccount: ACCOUNT,
      SourceArn: PREFIX_PATTERN,
    });
  });
});

describe("the function's role", () => {
  it('is for Lambda, and has no managed policy', () => {
    const { Properties } = resource(template, 'AWS::IAM::Role', 'PasswordRotation');
    expect(Properties.AssumeRolePolicyDocument).toMatchObject({
      Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } }],
    });
    expect(Properties).not.toHaveProperty('ManagedPolicyArns');
  });

  it('reads and writes the secrets under the prefix that are set to be rotated by this function, and no others', () => {
    expect(statementsOf(secretsPolicy(template))[0]).toEqual({
      Effect: 'Allow',
      Action: [
        'secretsmanager:DescribeSecret',
        'secretsmanager:GetSecretValue',
        'secretsmanager:PutSecretValue',
        'secretsmanager:UpdateSecretVersionStage',
      ],
      Resource: PREFIX_PATTERN,
      Condition: { StringEquals: { 'secretsmanager:resource/AllowRotationLambdaArn': functionArn } },
    });
  });

  it('only reads the admin secret, by name or by ARN', () => {
    const read = (Resource: string) => ({ Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource });
    expect(statementsOf(secretsPolicy(template))[1]).toEqual(read(secretArn('team/admin-??????')));
    const byArn = synthesise(configuration({ adminSecret: { arn: secretArn('admin-a1B2c3') } }));
    expect(statementsOf(secretsPolicy(byArn))[1]).toEqual(read(secretArn('admin-a1B2c3')));
  });

  it('uses the KMS keys of these secrets through Secrets Manager only, and the key of the admin secret for reading', () => {
    const withKey = synthesise(configuration({ adminSecret: { name: 'team/admin', kmsKeyArn: kmsKeyArn('admin') } }));
    const viaSecretsManager = { 'kms:ViaService': ['secretsmanager.eu-central-1.amazonaws.com'] };
    const own = { 'Fn::GetAtt': [resource(withKey, 'AWS::KMS::Key', 'SecretsKey').id, 'Arn'] };
    expect(statementsOf(secretsPolicy(withKey)).slice(2)).toEqual([
      {
        Effect: 'Allow',
        Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
        Resource: [own, kmsKeyArn('adopt')],
        Condition: {
          StringEquals: viaSecretsManager,
          StringLike: { 'kms:EncryptionContext:SecretARN': [PREFIX_PATTERN] },
        },
      },
      {
        Effect: 'Allow',
        Action: 'kms:Decrypt',
        Resource: kmsKeyArn('admin'),
        Condition: {
          StringEquals: viaSecretsManager,
          StringLike: { 'kms:EncryptionContext:SecretARN': [secretArn('team/admin-??????')] },
        },
      },
    ]);
  });
});

describe('in a VPC', () => {
  it('the function is in these subnets, and its code cannot use the permissions that Lambda needs for that', () => {
    const inVpc = synthesise(configuration({ rotation: { vpc: VPC } }));
    const rotate = resource(inVpc, 'AWS::Lambda::Function');
    expect(rotate.Properties.VpcConfig).toEqual({ SubnetIds: VPC.subnetIds, SecurityGroupIds: VPC.securityGroupIds });
    const denied = statementsOf(secretsPolicy(inVpc)).filter(({ Effect }) => Effect === 'Deny');
    expect(denied).toMatchObject([
      { Resource: '*', Condition: { ArnEquals: { 'lambda:SourceFunctionArn': { 'Fn::GetAtt': [rotate.id, 'Arn'] } } } },
    ]);
    const { Policies } = resource(inVpc, 'AWS::IAM::Role', 'PasswordRotation').Properties as {
      Policies: { PolicyName: string; PolicyDocument: { Statement: Statement[] } }[];
    };
    const network = Policies.find(({ PolicyName }) => PolicyName === 'Network');
    expect(network?.PolicyDocument.Statement.map(({ Action }) => Action)).toEqual(denied.map(({ Action }) => Action));
  });
});

describe("a project key's secret", () => {
  it('is made without a value, encrypted, tagged, and outlives the stack', () => {
    const secret = resource(template, 'AWS::SecretsManager::Secret', 'ProjectKeyswaiting');
    expect(secret.Properties).toEqual({
      Name: 'team/keys/waiting',
      Description: 'Credential file of a Streamkap project key',
      KmsKeyId: { 'Fn::GetAtt': [resource(template, 'AWS::KMS::Key', 'SecretsKey').id, 'Arn'] },
      Tags: [
        { Key: 'managed-by', Value: 'streamkap-keyring' },
        { Key: 'streamkap:strategy', Value: 'single' },
      ],
    });
    expect([secret.DeletionPolicy, secret.UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
  });

  it('is not made where it exists already', () => {
    const names = resources(template, 'AWS::SecretsManager::Secret').map(([, { Properties }]) => Properties.Name);
    expect(names).toEqual(['team/keys/waiting', 'team/keys/live']);
  });

  it('has replicas only once there is a value to replicate', () => {
    const live = resource(template, 'AWS::SecretsManager::Secret', 'ProjectKeyslive');
    expect(live.Properties.ReplicaRegions).toEqual([{ Region: 'eu-west-1' }]);
    const replicas = [{ region: 'eu-west-1', kmsKeyArn: kmsKeyArn('copy').replace('central', 'west') }];
    const key = { name: 'k', secretName: 'team/keys/k', schedule: { rate: '1 day' }, replicas };
    const before = synthesise(configuration({ projectKeys: [key] }));
    expect(resource(before, 'AWS::SecretsManager::Secret').Properties).not.toHaveProperty('ReplicaRegions');
    const after = synthesise(configuration({ projectKeys: [{ ...key, provisioned: true }] }));
    expect(resource(after, 'AWS::SecretsManager::Secret').Properties.ReplicaRegions).toEqual([
      { Region: 'eu-west-1', KmsKeyId: replicas[0]?.kmsKeyArn },
    ]);
  });

  it('is under a key that was given, and then no key is made', () => {
    const given = synthesise(configuration({ secretsKmsKeyArn: kmsKeyArn('given') }));
    expect(resource(given, 'AWS::SecretsManager::Secret', 'ProjectKeyslive').Properties.KmsKeyId).toBe(
      kmsKeyArn('given'),
    );
    expect(resources(given, 'AWS::KMS::Key').map(([id]) => id.startsWith('Alarms'))).toEqual([true]);
  });
});

describe('a schedule', () => {
  it('never rotates because of a deployment, has a window, and waits for all permissions', () => {
    const schedule = resource(template, 'AWS::SecretsManager::RotationSchedule', 'ProjectKeyslive');
    expect(schedule.Properties).toEqual({
      SecretId: { Ref: resource(template, 'AWS::SecretsManager::Secret', 'ProjectKeyslive').id },
      RotationLambdaARN: functionArn,
      RotateImmediatelyOnUpdate: false,
      RotationRules: { ScheduleExpression: 'cron(0 2 1 * ? *)', Duration: '4h' },
    });
    const permission = resource(template, 'AWS::Lambda::Permission').id;
    expect(schedule.DependsOn).toEqual([permission, secretsPolicy(template).id]);
  });

  it('may be a rate, and be for a secret that exists already', () => {
    expect(resource(template, 'AWS::SecretsManager::RotationSchedule', 'ProjectKeysadopted').Properties).toMatchObject({
      SecretId: secretArn('team/keys/adopted-a1B2c3'),
      RotationRules: { ScheduleExpression: 'rate(8 hours)', Duration: '1h' },
    });
  });

  it('is not attached to a secret that holds no credential yet, and synth says so', () => {
    const schedules = resources(template, 'AWS::SecretsManager::RotationSchedule').map(([id]) => id);
    expect(schedules.filter((id) => id.startsWith('ProjectKeyswaiting'))).toEqual([]);
    expect(schedules).toHaveLength(2);
    const stack = stackOf(configuration());
    const notices = stack.node
      .findAll()
      .flatMap(({ node }) => node.metadata.filter(({ type }) => type === 'aws:cdk:info'));
    expect(notices.map(({ data }) => String(data))).toEqual([
      expect.stringMatching(/^waiting: no rotation is scheduled/),
    ]);
  });
});

describe('the key of the secrets', () => {
  it('is rotated, outlives the stack, and is used through Secrets Manager or not at all', () => {
    const key = resource(template, 'AWS::KMS::Key', 'SecretsKey');
    expect(key.Properties.EnableKeyRotation).toBe(true);
    expect([key.DeletionPolicy, key.UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
    const [administration, use, ...more] = (key.Properties.KeyPolicy as { Statement: Statement[] }).Statement;
    expect(more).toEqual([]);
    const account = { AWS: `arn:aws:iam::${ACCOUNT}:root` };
    expect(use).toMatchObject({
      Principal: account,
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Condition: { StringEquals: { 'kms:ViaService': ['secretsmanager.eu-central-1.amazonaws.com'] } },
    });
    expect(administration?.Principal).toEqual(account);
    expect(String(administration?.Action)).not.toMatch(/Encrypt|Decrypt|GenerateDataKey|CreateGrant|ReEncrypt|\*/);
  });
});

describe('the constructs, used as a library', () => {
  const library = () => {
    const stack = new Stack(new App(), 'Anywhere');
    const bundles = template && stackBundle();
    const rotation = new PasswordRotation(stack, 'Rotation', { secretNamePrefix: 'a/', adminSecret: 'admin', bundles });
    return { stack, rotation };
  };
  const stackBundle = () => new URL('../sandbox', import.meta.url).pathname;

  it('refuse a function that was not built', () => {
    expect(library).toThrow('has no index.mjs; npm run build makes it');
  });
});

describe('a project key of a library user', () => {
  const rotation = {
    functionArn: 'arn',
    secretNamePrefix: 'a/',
    strategy: 'single',
    ready: [],
  } as unknown as PasswordRotation;
  const make = (props: object) => {
    const stack = new Stack(new App(), 'Anywhere');
    return new RotatedProjectKey(stack, 'Key', {
      ...{ rotation, schedule: { rate: '1 day' }, secretName: 'a/key' },
      ...props,
    } as never);
  };

  it.each([
    ['a secret that the function may not rotate', { secretName: 'b/key' }, 'must begin with a/'],
    ['no schedule', { schedule: {} }, 'must have cron or rate'],
    ['a schedule that AWS refuses', { schedule: { cron: '5 2 1 * ? *' } }, 'minutes must be 0'],
    ['half an hour of window', { schedule: { rate: '1 day', windowHours: 0.5 } }, 'whole number'],
  ])('cannot have %s', (_, props, message) => {
    expect(() => make(props)).toThrow(message);
  });

  it('needs neither account nor Region', () => {
    const stack = Stack.of(make({ provisioned: true }));
    expect(resources(Template.fromStack(stack), 'AWS::SecretsManager::RotationSchedule')).toHaveLength(1);
  });
});
