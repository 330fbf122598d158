import type { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  configuration,
  everything,
  GITHUB,
  listOf,
  type Resource,
  resource,
  resources,
  statements,
  synthesise,
} from './fixture.ts';

/** Where `*` stands for any resource, and why AWS leaves no other way. */
const WITHOUT_RESOURCE: Readonly<Record<string, string>> = {
  'xray:PutTelemetryRecords': 'X-Ray knows no resources for it',
  'xray:PutTraceSegments': 'X-Ray knows no resources for it',
  'ec2:AssignPrivateIpAddresses': 'interfaces of a function have no ARN beforehand',
  'ec2:CreateNetworkInterface': 'interfaces of a function have no ARN beforehand',
  'ec2:DeleteNetworkInterface': 'interfaces of a function have no ARN beforehand',
  'ec2:DescribeNetworkInterfaces': 'EC2 knows no resources for it',
  'ec2:DescribeSubnets': 'EC2 knows no resources for it',
  'ec2:UnassignPrivateIpAddresses': 'interfaces of a function have no ARN beforehand',
  'secretsmanager:ListSecrets': 'Secrets Manager knows no resources for it',
};

let template: Template;
beforeAll(() => {
  template = synthesise(everything());
});

describe('every policy', () => {
  it('names its resources, unless AWS knows none', () => {
    const open = statements(template)
      // In a key's own policy the resource is always that key.
      .filter(({ type }) => type !== 'AWS::KMS::Key')
      .filter(({ statement }) => statement.Effect === 'Allow' && listOf(statement.Resource).includes('*'));
    const actions = open.flatMap(({ statement }) => listOf(statement.Action));
    expect([...new Set(actions)].sort()).toEqual(Object.keys(WITHOUT_RESOURCE).sort());
  });

  it('names its actions', () => {
    const allowed = statements(template).filter(({ statement }) => statement.Effect === 'Allow');
    const actions = allowed.flatMap(({ statement }) => listOf(statement.Action));
    expect(actions.length).toBeGreaterThan(120);
    expect(actions.filter((action) => action.includes('*'))).toEqual([]);
    expect(
      statements(template).filter(({ statement }) => 'NotAction' in statement || 'NotResource' in statement),
    ).toEqual([]);
  });

  it('is for named principals', () => {
    const allowed = statements(template).filter(({ statement }) => statement.Effect === 'Allow');
    expect(allowed.filter(({ statement }) => JSON.stringify(statement.Principal ?? '').includes('*'))).toEqual([]);
  });

  it('is written by hand: nobody has a policy of AWS', () => {
    for (const [, { Properties }] of resources(template, 'AWS::IAM::Role')) {
      expect(Properties).not.toHaveProperty('ManagedPolicyArns');
    }
    expect(resources(template, 'AWS::IAM::ManagedPolicy')).toEqual([]);
  });
});

describe('every template', () => {
  it('keeps secrets and KMS keys when the stack goes', () => {
    for (const type of ['AWS::SecretsManager::Secret', 'AWS::KMS::Key']) {
      const kept = resources(template, type).map(([, one]) => [one.DeletionPolicy, one.UpdateReplacePolicy]);
      expect(kept.length).toBeGreaterThan(1);
      expect(new Set(kept.flat())).toEqual(new Set(['Retain']));
    }
  });

  it('holds no value of a secret, not even a generated one', () => {
    for (const [, { Properties }] of resources(template, 'AWS::SecretsManager::Secret')) {
      expect(Properties).not.toHaveProperty('SecretString');
      expect(Properties).not.toHaveProperty('GenerateSecretString');
    }
    expect(JSON.stringify(template.toJSON())).not.toContain('{{resolve:');
  });

  it('has only what this version can do', () => {
    const types = Object.values(template.toJSON().Resources as Record<string, Resource>).map(({ Type }) => Type);
    expect([...new Set(types)].sort()).toEqual([
      'AWS::CloudWatch::Alarm',
      'AWS::CloudWatch::Dashboard',
      'AWS::Events::Rule',
      'AWS::Glue::Database',
      'AWS::Glue::Table',
      'AWS::IAM::OIDCProvider',
      'AWS::IAM::Policy',
      'AWS::IAM::Role',
      'AWS::KMS::Key',
      'AWS::Lambda::Function',
      'AWS::Lambda::Permission',
      'AWS::Logs::LogGroup',
      'AWS::S3::Bucket',
      'AWS::S3::BucketPolicy',
      'AWS::SNS::Subscription',
      'AWS::SNS::Topic',
      'AWS::SNS::TopicPolicy',
      'AWS::SecretsManager::RotationSchedule',
      'AWS::SecretsManager::Secret',
    ]);
  });

  it('can be created in some order: no resource waits for itself', () => {
    expect(waitingForThemselves(template)).toEqual([]);
  });

  it('is plain ASCII, which CloudFormation leaves alone', () => {
    expect(JSON.stringify(template.toJSON())).toMatch(/^[ -~]*$/);
  });

  it('is the same every time', () => {
    expect(synthesise(everything()).toJSON()).toEqual(template.toJSON());
  });
});

describe('in another partition', () => {
  it.each([
    ['cn-north-1', 'aws-cn', ['secretsmanager.cn-north-1.amazonaws.com', 'secretsmanager.cn-north-1.amazonaws.com.cn']],
    ['us-gov-west-1', 'aws-us-gov', ['secretsmanager.us-gov-west-1.amazonaws.com']],
  ])('of %s, every ARN says so', (region, partition, services) => {
    const keys = [{ name: 'k', secretName: 'team/keys/k', schedule: { rate: '1 day' }, provisioned: true }];
    const githubAccess = { roles: [{ ...GITHUB.roles[0], readWrite: ['k'] }] };
    const there = synthesise(configuration({ region, projectKeys: keys, githubAccess }));
    const arns = JSON.stringify(there.toJSON()).match(/arn:[^"\\]*/g) ?? [];
    expect(arns.length).toBeGreaterThan(5);
    expect(arns.filter((arn) => !arn.startsWith(`arn:${partition}:`))).toEqual([]);
    const use = statements(there).filter(({ statement }) => statement.Condition?.StringEquals?.['kms:ViaService']);
    expect(use.length).toBeGreaterThan(2);
    for (const { statement } of use) expect(statement.Condition?.StringEquals?.['kms:ViaService']).toEqual(services);
  });
});

describe('many keys', () => {
  const keys = (names: readonly string[]) =>
    names.map((name) => ({
      name,
      secretName: `team/keys/${name}`,
      schedule: { rate: '30 days' },
      provisioned: true,
    }));

  it('fit into one stack, 200 of them, below the limits of CloudFormation', () => {
    const names = Array.from({ length: 200 }, (_, index) => `key${index}`);
    const json = synthesise(configuration({ projectKeys: keys(names) })).toJSON();
    expect(Object.keys(json.Resources)).toHaveLength(400 + 13);
    expect(JSON.stringify(json).length).toBeLessThan(500_000);
  });

  it('do not move one another when one comes or goes', () => {
    const three = synthesise(configuration({ projectKeys: keys(['a', 'b', 'c']) })).toJSON().Resources;
    const two = synthesise(configuration({ projectKeys: keys(['c', 'a']) })).toJSON().Resources;
    expect(three).toMatchObject(two);
    expect(
      Object.keys(three)
        .filter((id) => !(id in two))
        .every((id) => id.startsWith('ProjectKeysb')),
    ).toBe(true);
  });

  it('may be called what the stack calls its own parts', () => {
    const named = synthesise(configuration({ projectKeys: keys(['Alarms', 'SecretsKey', 'PasswordRotation']) }));
    expect(resources(named, 'AWS::SecretsManager::Secret')).toHaveLength(3);
    expect(resource(named, 'AWS::Lambda::Function').id).toMatch(/^PasswordRotationFunction/);
  });
});

/** @returns resources that reach themselves over Ref, Fn::GetAtt and DependsOn */
function waitingForThemselves(of: Template): string[] {
  const all = of.toJSON().Resources as Record<string, Resource>;
  const neighbours = new Map(
    Object.entries(all).map(([id, one]) => [id, [...referencesIn(one)].filter((to) => to in all)]),
  );
  const reached = (from: string): Set<string> => {
    const seen = new Set<string>();
    const queue = [...(neighbours.get(from) ?? [])];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      queue.push(...(neighbours.get(next) ?? []));
    }
    return seen;
  };
  return Object.keys(all).filter((id) => reached(id).has(id));
}

function referencesIn(value: unknown): Set<string> {
  const found = new Set<string>();
  const visit = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return;
    for (const [key, inner] of Object.entries(part)) {
      if (key === 'Ref' || key === 'DependsOn') for (const id of listOf(inner as string | string[])) found.add(id);
      else if (key === 'Fn::GetAtt' && Array.isArray(inner)) found.add(String(inner[0]));
      else visit(inner);
    }
  };
  visit(value);
  return found;
}
