import { beforeAll, describe, expect, it } from 'vitest';
import { configuration, everything, everythingWithEgress, type Resource, synthesise } from '../fixture.ts';
import { at, brokenRules, type Resources } from './rules.ts';

let all: Resources;
beforeAll(() => {
  all = synthesise(everything()).toJSON().Resources as Resources;
});

type Json = Record<string, unknown>;

/** @returns the template with one resource changed */
function changed(id: string, change: (resource: Json) => void): Resources {
  const copy = structuredClone(all[id]) as unknown as Json;
  change(copy);
  return { ...all, [id]: copy as unknown as Resource };
}

function without(id: string, path: string): Resources {
  const parent = path.split('.').slice(0, -1).join('.');
  const name = path.split('.').at(-1) ?? '';
  return changed(id, (resource) => {
    const holder = (parent === '' ? resource : at(resource, parent)) as Json;
    if (!(name in holder)) throw new Error(`${id} has no ${path}`);
    delete holder[name];
  });
}

const idsOf = (type: string) => Object.keys(all).filter((id) => all[id]?.Type === type);

describe('the templates', () => {
  it('break no rule, with every part, in a network of its own, and with the least', () => {
    expect(brokenRules(all)).toEqual([]);
    for (const other of [configuration(), everythingWithEgress()])
      expect(brokenRules(synthesise(other).toJSON().Resources as Resources)).toEqual([]);
  });
});

/** What must not go, by the type of the resource. */
const GUARDED: Readonly<Record<string, readonly string[]>> = {
  'AWS::Lambda::Permission': ['Properties.SourceAccount', 'Properties.SourceArn', 'Properties.Principal'],
  'AWS::SecretsManager::RotationSchedule': [
    'Properties.RotateImmediatelyOnUpdate',
    'Properties.RotationRules.Duration',
    'Properties.RotationRules.ScheduleExpression',
    'DependsOn',
  ],
  'AWS::SecretsManager::Secret': ['DeletionPolicy', 'UpdateReplacePolicy', 'Properties.KmsKeyId', 'Properties.Tags'],
  'AWS::KMS::Key': ['DeletionPolicy', 'UpdateReplacePolicy', 'Properties.EnableKeyRotation'],
  'AWS::Logs::LogGroup': ['DeletionPolicy', 'UpdateReplacePolicy', 'Properties.RetentionInDays'],
  'AWS::S3::Bucket': [
    'DeletionPolicy',
    'UpdateReplacePolicy',
    'Properties.ObjectLockEnabled',
    'Properties.ObjectLockConfiguration',
    'Properties.ObjectLockConfiguration.ObjectLockEnabled',
    'Properties.ObjectLockConfiguration.Rule',
    'Properties.ObjectLockConfiguration.Rule.DefaultRetention.Mode',
    'Properties.ObjectLockConfiguration.Rule.DefaultRetention.Days',
    'Properties.VersioningConfiguration',
    'Properties.BucketEncryption',
    'Properties.PublicAccessBlockConfiguration',
    'Properties.PublicAccessBlockConfiguration.BlockPublicPolicy',
    'Properties.OwnershipControls',
    'Properties.LifecycleConfiguration',
  ],
  'AWS::IAM::OIDCProvider': ['Properties.ClientIdList', 'Properties.Url'],
  'AWS::Lambda::Function': ['Properties.TracingConfig', 'Properties.LoggingConfig', 'Properties.Runtime'],
  'AWS::SNS::Topic': ['Properties.KmsMasterKeyId'],
  'AWS::CloudWatch::Alarm': ['Properties.AlarmActions'],
  'AWS::Events::Rule': ['Properties.Targets', 'Properties.State'],
};

describe.each(Object.entries(GUARDED))('%s', (type, paths) => {
  it.each(paths)('without %s breaks a rule, on each of them', (path) => {
    const ids = idsOf(type);
    expect(ids).not.toEqual([]);
    for (const id of ids) expect(brokenRules(without(id, path)), id).toContainEqual(expect.stringMatching(`^${id}: `));
  });
});

describe('a schedule', () => {
  it.each([
    ['that rotates at once', { RotateImmediatelyOnUpdate: true }],
    ['that may begin at any minute', { RotationRules: { ScheduleExpression: 'cron(* 2 1 * ? *)', Duration: '3h' } }],
  ])('%s breaks a rule', (_, properties) => {
    for (const id of idsOf('AWS::SecretsManager::RotationSchedule')) {
      const mended = changed(id, (resource) => Object.assign(resource.Properties as Json, properties));
      expect(brokenRules(mended)).toHaveLength(1);
    }
  });
});

describe('the trust of a role for GitHub', () => {
  const ISSUER = 'token.actions.githubusercontent.com';
  const roles = () => idsOf('AWS::IAM::Role').filter((id) => id.startsWith('GitHubAccess'));
  const trust = 'Properties.AssumeRolePolicyDocument.Statement.0';
  const claims = (resource: Json) => at(resource, `${trust}.Condition.StringEquals`) as Json;
  const RULE = 'is trusted to a service, or to one claim of GitHub for AWS';

  it.each<[string, (resource: Json) => void]>([
    ['without a subject', (resource) => delete claims(resource)[`${ISSUER}:sub`]],
    ['without an audience', (resource) => delete claims(resource)[`${ISSUER}:aud`]],
    ['without conditions', (resource) => delete (at(resource, trust) as Json).Condition],
    ['for every branch', (resource) => Object.assign(claims(resource), { [`${ISSUER}:sub`]: 'repo:acme/app:*' })],
    [
      'for several subjects',
      (resource) => Object.assign(claims(resource), { [`${ISSUER}:sub`]: ['repo:a/b:x', 'repo:*'] }),
    ],
    [
      'for an account',
      (resource) => Object.assign(at(resource, trust) as Json, { Principal: { AWS: '123456789012' } }),
    ],
  ])('%s breaks a rule', (_, change) => {
    expect(roles()).toHaveLength(4);
    for (const id of roles()) expect(brokenRules(changed(id, change))).toContain(`${id}: ${RULE}`);
  });
});

describe('the policy of a bucket or a topic', () => {
  it('without the refusal of calls that come without TLS breaks a rule', () => {
    for (const type of ['AWS::S3::BucketPolicy', 'AWS::SNS::TopicPolicy']) {
      for (const id of idsOf(type)) {
        const mended = changed(id, (resource) => {
          const document = at(resource, 'Properties.PolicyDocument') as { Statement: { Effect: string }[] };
          document.Statement = document.Statement.filter(({ Effect }) => Effect !== 'Deny');
        });
        expect(brokenRules(mended).join()).toContain('TLS');
      }
    }
  });
});

describe('each grant', () => {
  /** Where each statement that allows something lies; a key's own policy is about the key anyway. */
  const grants = () =>
    Object.entries(all).flatMap(([id, { Type, Properties }]) =>
      Type === 'AWS::KMS::Key' ? [] : statementPaths(Properties, 'Properties').map((path) => ({ id, path })),
    );
  const statementAt = (resource: unknown, path: string) => at(resource, path) as Json;
  const broken = (id: string, path: string, change: (statement: Json) => void) =>
    brokenRules(changed(id, (resource) => change(statementAt(resource, path))));

  it('breaks a rule when it is for any resource, any action, or all but some', () => {
    expect(grants().length).toBeGreaterThan(40);
    for (const { id, path } of grants()) {
      const statement = statementAt(all[id], path);
      const where = `${id} ${path}`;
      expect(
        broken(id, path, (each) => Object.assign(each, { Action: 'secretsmanager:*' })),
        where,
      ).not.toEqual([]);
      expect(
        broken(id, path, (each) => Object.assign(each, { Action: '*' })),
        where,
      ).not.toEqual([]);
      expect(
        broken(id, path, (each) => Object.assign(each, { NotAction: 'iam:*' })),
        where,
      ).not.toEqual([]);
      if (statement.Resource === undefined || statement.Resource === '*') continue;
      expect(
        broken(id, path, (each) => Object.assign(each, { Resource: '*' })),
        where,
      ).not.toEqual([]);
      expect(
        broken(id, path, (each) => Object.assign(each, { Resource: ['arn', '*'] })),
        where,
      ).not.toEqual([]);
    }
  });

  it('breaks a rule without any one of its conditions', () => {
    let conditions = 0;
    for (const { id, path } of grants()) {
      const { Condition = {} } = statementAt(all[id], path) as { Condition?: Record<string, Json> };
      for (const [operator, keys] of Object.entries(Condition)) {
        for (const key of Object.keys(keys)) {
          conditions++;
          const rest = broken(id, path, (each) => {
            delete (at(each, `Condition.${operator}`) as Json)[key];
          });
          expect(rest, `${id} ${path} ${operator} ${key}`).not.toEqual([]);
        }
      }
    }
    expect(conditions).toBeGreaterThan(30);
  });
});

function statementPaths(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('Statement' in value && Array.isArray(value.Statement)) {
    return value.Statement.flatMap((statement: { Effect: string }, index) =>
      statement.Effect === 'Allow' ? [`${path}.Statement.${index}`] : [],
    );
  }
  return Object.entries(value).flatMap(([name, part]) => statementPaths(part, `${path}.${name}`));
}
