import { App, Stack } from 'aws-cdk-lib';
import type { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { GitHubAccess } from '../../infra/github-access.ts';
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
            'aws:TagKeys': [
              'managed-by',
              'streamkap:project-key-id',
              'streamkap:service-id',
              'streamkap:kafka-username',
            ],
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

  it('never include making, deleting or listing secrets, or changing their policy or rotation', () => {
    const actions = ['provisioning', 'service']
      .flatMap((name) => permissionsOf(role(name)))
      .flatMap((one) => one.Action);
    expect(actions.join()).not.toMatch(/Create|Delete|List|Policy|Rotate|Cancel|Restore|Replicate/);
  });
});

describe('a stack without access for GitHub', () => {
  it('has neither provider nor roles for it', () => {
    const without = synthesise();
    expect(resources(without, 'AWS::IAM::OIDCProvider')).toEqual([]);
    expect(resources(without, 'AWS::IAM::Role')).toHaveLength(1);
  });
});
