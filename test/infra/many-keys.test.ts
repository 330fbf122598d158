import { App } from 'aws-cdk-lib';
import { beforeAll, describe, expect, it } from 'vitest';
import { CDK_FLAGS, KeyringStack } from '../../infra/keyring-stack.ts';
import { parseConfiguration } from '../../infra/read-configuration.ts';
import { bundles, configuration, outputFolder, type Resource } from './fixture.ts';

/** CloudFormation's quotas: resources in a template, and bytes of one that it takes from S3. */
const MOST_RESOURCES = 500;
const MOST_BYTES = 1_000_000;
const PATIENCE_MS = 300_000;

type Templates = Map<string, Record<string, Resource>>;

function keys(names: readonly string[]) {
  return names.map((name, index) => ({
    name,
    secretName: `team/keys/${name}_key`,
    strategy: index % 2 === 0 ? 'single' : 'alternating',
    schedule: { cron: '0 2 1 * ? *', windowHours: 4 },
    provisioned: true,
  }));
}

function synthesise(projectKeys: ReturnType<typeof keys>, keyStacks: number): Templates {
  const input = JSON.stringify(configuration({ projectKeys, keyStacks }));
  const app = new App({ outdir: outputFolder(), analyticsReporting: false, postCliContext: CDK_FLAGS });
  for (const stack of parseConfiguration(input, 'f.json').stacks) new KeyringStack(app, stack, { bundles });
  return new Map(app.synth().stacks.map(({ stackName, template }) => [stackName, template.Resources]));
}

const secretNames = (template: Record<string, Resource>) =>
  Object.values(template)
    .filter(({ Type }) => Type === 'AWS::SecretsManager::Secret')
    .map(({ Properties }) => String(Properties.Name));

describe('a thousand keys', () => {
  const thousand = keys(Array.from({ length: 1000 }, (_, index) => `key-${index}`));
  const leaving = thousand[500]?.name ?? '';
  const [newcomer] = keys(['newcomer']);
  let before: Templates;
  let after: Templates;
  beforeAll(() => {
    before = synthesise(thousand, 8);
    after = synthesise([...(newcomer ? [newcomer] : []), ...thousand.filter(({ name }) => name !== leaving)], 8);
  }, PATIENCE_MS);

  it('lie in templates that CloudFormation takes', () => {
    expect([...before.keys()]).toHaveLength(9);
    for (const [name, template] of before) {
      expect([name, Object.keys(template).length < MOST_RESOURCES]).toEqual([name, true]);
      expect([name, JSON.stringify({ Resources: template }, undefined, 1).length < MOST_BYTES]).toEqual([name, true]);
    }
  });

  it('are all there, once, and each other one with its standby', () => {
    const names = [...before.values()].flatMap(secretNames);
    const wanted = thousand.flatMap(({ secretName, strategy }) =>
      strategy === 'single' ? [secretName] : [secretName, `${secretName}/standby`],
    );
    expect(names.sort()).toEqual(wanted.sort());
    const schedules = [...before.values()].flatMap((template) =>
      Object.values(template).filter(({ Type }) => Type === 'AWS::SecretsManager::RotationSchedule'),
    );
    expect(schedules).toHaveLength(thousand.length);
  });

  it('stay what and where they are when one goes and another one comes', () => {
    expect([...after.keys()]).toEqual([...before.keys()]);
    const differing: string[] = [];
    for (const [stack, template] of before) {
      const other = after.get(stack) ?? {};
      const ids = new Set([...Object.keys(template), ...Object.keys(other)]);
      differing.push(...[...ids].filter((id) => JSON.stringify(template[id]) !== JSON.stringify(other[id])));
    }
    const owned = (name: string) => differing.filter((id) => id.startsWith(`ProjectKeys${name.replace('-', '')}`));
    expect(owned(leaving).length).toBeGreaterThan(1);
    expect(owned('newcomer').length).toBeGreaterThan(1);
    expect(differing).toHaveLength(owned(leaving).length + owned('newcomer').length);
  });
});
