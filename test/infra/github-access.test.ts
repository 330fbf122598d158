import { App, Stack } from 'aws-cdk-lib';
import type { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { GitHubAccess } from '../../infra/github-access.ts';
import { TAGS_OF_THE_ACTION } from '../../infra/github-permissions.ts';
import {
  ACCOUNT,
  configuration,
  GITHUB,
  kmsKeyArn,
  type Resource,
  resource,
  resources,
  type Statement,
  secretArn,
  synthesise,
} from './fixture.ts';

const ISSUER = 'token.actions.githubusercontent.com';
const AUDIENCE = { 'Fn::Join': ['', ['sts.', { Ref: 'AWS::URLSuffix' }]] };

let template: Template;
let secret: object;
let secretsKey: object;
beforeAll(() => {
  template = synthesise(configuration({ githubAccess: GITHUB }));
  secret = { Ref: resource(template, 'AWS::SecretsManager::Secret', 'ProjectKeyswaiting').id };
  secretsKey = { 'Fn::GetAtt': [resource(template, 'AWS::KMS::Key', 'SecretsKey').id, 'Arn'] };
});

const role = (name: string) => resource(template, 'AWS::IAM::Role', `GitHubAccessRoles${name}`);
const trustOf = ({ Properties }: Resource) =>
  (Properties.AssumeRolePolicyDocument as { Statement: Statement[] }).Statement;
const permissionsOf = ({ Properties }: Resource) =>
  (Properties.Policies as { PolicyDocument: { Statement: Statement[] } }[]).flatMap(
    ({ PolicyDocument }) => PolicyDocument.Statement,
  );
const kmsCondition = (...arns: unknown[]) => ({
  StringEquals: { 'kms:ViaService': ['secretsmanager.eu-central-1.amazonaws.com'] },
  StringLike: { 'kms:EncryptionContext:SecretARN': arns },
});

describe('the trust of a role', () => {
  it.each([
    ['one environment', 'provisioning', 'repo:acme/infra:environment:production'],
    ['one branch', 'service', 'repo:acme/service:ref:refs/heads/main'],
  ])('is for %s of one repository, and for AWS', (_, name, subject) => {
    const provider = { 'Fn::GetAtt': [resource(template, 'AWS::IAM::OIDCProvider').id, 'Arn'] };
    expect(trustOf(role(name))).toEqual([
      {
        Effect: 'Allow',
        Action: 'sts:AssumeRoleWithWebIdentity',
        Principal: { Federated: provider },
        Condition: { StringEquals: { [`${ISSUER}:aud`]: AUDIENCE, [`${ISSUER}:sub`]: subject } },
      },
    ]);
    expect(role(name).Properties.MaxSessionDuration).toBe(3600);
  });

  it('may be a subject of another form, taken as it is', () => {
    const subject = 'repo:acme@12/infra@34:environment:production';
    const of = synthesise(configuration({ githubAccess: { roles: [{ name: 'ci', subject, read: ['live'] }] } }));
    const [trust] = trustOf(resource(of, 'AWS::IAM::Role', 'GitHubAccess'));
    expect(trust?.Condition?.StringEquals).toHaveProperty([`${ISSUER}:sub`], subject);
  });

  it('cannot have a wildcard, for a library user neither', () => {
    const stack = new Stack(new App(), 'Anywhere');
    const make = (subject: string) => new GitHubAccess(stack, 'Access', { roles: [{ name: 'ci', subject }] });
    expect(() => make('repo:acme/*')).toThrow('must not have wildcards');
  });

  it('goes through a provider of the account where it has one', () => {
    const oidcProviderArn = `arn:aws:iam::${ACCOUNT}:oidc-provider/${ISSUER}`;
    const of = synthesise(configuration({ githubAccess: { ...GITHUB, oidcProviderArn } }));
    expect(resources(of, 'AWS::IAM::OIDCProvider')).toEqual([]);
    const [trust] = trustOf(resource(of, 'AWS::IAM::Role', 'GitHubAccessRolesservice'));
    expect(trust?.Principal).toEqual({ Federated: oidcProviderArn });
  });

  it("is in GitHub's provider for AWS's audience only", () => {
    expect(resource(template, 'AWS::IAM::OIDCProvider').Properties).toEqual({
      Url: `https://${ISSUER}`,
      ClientIdList: [AUDIENCE],
    });
  });
});

describe('the permissions of a role', () => {
  it('that reads are to read the named secrets, each under its key', () => {
    expect(permissionsOf(role('service'))).toEqual([
      {
        Effect: 'Allow',
        Action: 'secretsmanager:GetSecretValue',
        Resource: [secret, secretArn('team/keys/adopted-a1B2c3')],
      },
      { Effect: 'Allow', Action: 'kms:Decrypt', Resource: secretsKey, Condition: kmsCondition(secret) },
      {
        Effect: 'Allow',
        Action: 'kms:Decrypt',
        Resource: kmsKeyArn('adopt'),
        Condition: kmsCondition(secretArn('team/keys/adopted-a1B2c3')),
      },
    ]);
  });

  it('that provisions are to fill and tag the named secrets, and to read the admin secret', () => {
    expect(permissionsOf(role('provisioning'))).toEqual([
      {
        Effect: 'Allow',
        Action: 'secretsmanager:GetSecretValue',
        Resource: [secretArn('team/admin-??????'), secret],
      },
      {
        Effect: 'Allow',
        Action: [
          'secretsmanager:DescribeSecret',
          'secretsmanager:PutSecretValue',
          'secretsmanager:UpdateSecretVersionStage',
        ],
        Resource: secret,
      },
      {
        Effect: 'Allow',
        Action: 'secretsmanager:TagResource',
        Resource: secret,
        Condition: {
          'ForAllValues:StringEquals': {
            'aws:TagKeys': TAGS_OF_THE_ACTION,
          },
        },
      },
      {
        Effect: 'Allow',
        Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
        Resource: secretsKey,
        Condition: kmsCondition(secret),
      },
    ]);
  });

  it('never include deleting or listing secrets, or changing their policy or rotation', () => {
    const roles = resources(everyRole(), 'AWS::IAM::Role').filter(([id]) => id.startsWith('GitHubAccess'));
    expect(roles).toHaveLength(4);
    const actions = roles.flatMap(([, one]) => permissionsOf(one)).flatMap(({ Action }) => Action);
    expect(actions.join()).not.toMatch(/Delete|List|Policy|Cancel|Restore|Replicate|UpdateSecret\b|Untag/);
    const reserved = ['provisioning', 'service'].flatMap((name) => permissionsOf(role(name)));
    expect(reserved.flatMap(({ Action }) => Action).join()).not.toMatch(/Create|Rotate|Invoke/);
  });
});

/** Beside those that read and fill, one that has keys rotated and one whose Action makes secrets itself. */
const everyRole = () =>
  synthesise(
    configuration({
      githubAccess: {
        roles: [
          ...GITHUB.roles,
          { name: 'rotating', repository: 'acme/ops', environment: 'production', rotate: ['live'] },
          {
            ...{ name: 'making', repository: 'acme/app', environment: 'production', adminSecret: true },
            create: { secrets: ['ci/', 'nightly'], kmsKeyArn: kmsKeyArn('ci'), tagKeys: ['team'] },
          },
        ],
      },
    }),
  );

describe('a role that may have keys rotated', () => {
  it('starts the rotation that is set up, by its function, and can set up no other', () => {
    const of = everyRole();
    const functionArn = { 'Fn::GetAtt': [resource(of, 'AWS::Lambda::Function').id, 'Arn'] };
    const live = { Ref: resource(of, 'AWS::SecretsManager::Secret', 'ProjectKeyslive').id };
    const allow = (Action: string, Resource: unknown) => ({ Effect: 'Allow', Action, Resource });
    const key = { 'Fn::GetAtt': [resource(of, 'AWS::KMS::Key', 'SecretsKey').id, 'Arn'] };
    expect(permissionsOf(resource(of, 'AWS::IAM::Role', 'GitHubAccessRolesrotating'))).toEqual([
      allow('secretsmanager:GetSecretValue', live),
      allow('secretsmanager:DescribeSecret', live),
      {
        ...allow('secretsmanager:RotateSecret', live),
        Condition: {
          StringEquals: { 'secretsmanager:resource/AllowRotationLambdaArn': functionArn },
          StringEqualsIfExists: { 'secretsmanager:RotationLambdaARN': functionArn },
          BoolIfExists: { 'secretsmanager:ModifyRotationRules': 'false' },
        },
      },
      allow('lambda:InvokeFunction', functionArn),
      { ...allow('kms:Decrypt', key), Condition: kmsCondition(live) },
    ]);
  });

  it('is not given twice what another of its permissions has', () => {
    const roles = [{ ...GITHUB.roles[0], adminSecret: false, readWrite: ['live'], rotate: ['live'] }];
    const of = synthesise(configuration({ githubAccess: { roles } }));
    const actions = permissionsOf(resource(of, 'AWS::IAM::Role', 'GitHubAccess')).flatMap(({ Action }) => Action);
    expect(actions).toHaveLength(new Set(actions).size);
    expect(actions).toContain('secretsmanager:RotateSecret');
  });
});

describe('a role whose Action makes secrets itself', () => {
  const made = ['ci/*', 'nightly-??????'].map(secretArn);
  const patterns = [...made, secretArn('nightly')];

  it('makes them under these names only, with our tag, and fills only what has it', () => {
    const [, , create, fill, kms, ...more] = permissionsOf(
      resource(everyRole(), 'AWS::IAM::Role', 'GitHubAccessRolesmaking'),
    );
    expect(more).toEqual([]);
    expect(create).toEqual({
      Effect: 'Allow',
      Action: ['secretsmanager:CreateSecret', 'secretsmanager:TagResource'],
      Resource: patterns,
      Condition: {
        StringEquals: { 'aws:RequestTag/managed-by': 'streamkap-keyring' },
        'ForAllValues:StringEquals': { 'aws:TagKeys': [...TAGS_OF_THE_ACTION, 'team'] },
      },
    });
    expect(fill).toEqual({
      Effect: 'Allow',
      Action: [
        'secretsmanager:DescribeSecret',
        'secretsmanager:PutSecretValue',
        'secretsmanager:UpdateSecretVersionStage',
      ],
      Resource: made,
      Condition: { StringEquals: { 'aws:ResourceTag/managed-by': 'streamkap-keyring' } },
    });
    expect(kms).toEqual({
      Effect: 'Allow',
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: kmsKeyArn('ci'),
      Condition: kmsCondition(...patterns),
    });
  });

  it('reads them, also before there is one with a tag', () => {
    const statements = permissionsOf(resource(everyRole(), 'AWS::IAM::Role', 'GitHubAccessRolesmaking'));
    const read = { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue' };
    expect(statements.slice(0, 2)).toEqual([
      { ...read, Resource: secretArn('team/admin-??????') },
      { ...read, Resource: patterns },
    ]);
  });
});

describe('a stack without access for GitHub', () => {
  it('has neither provider nor roles for it', () => {
    const without = synthesise();
    expect(resources(without, 'AWS::IAM::OIDCProvider')).toEqual([]);
    expect(resources(without, 'AWS::IAM::Role')).toHaveLength(1);
  });
});
