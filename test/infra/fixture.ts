import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll } from 'vitest';
import { CDK_FLAGS, KeyringStack } from '../../infra/keyring-stack.ts';
import { parseConfiguration } from '../../infra/read-configuration.ts';
import { ACCOUNT } from './account.ts';

export { ACCOUNT };

export interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly DependsOn?: string | string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

export interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource?: unknown;
  readonly Condition?: Record<string, Record<string, unknown>>;
  readonly Principal?: unknown;
}

/** A configuration of one stack with one key of each sort; `changes` replace fields of the stack. */
export function configuration(changes: Record<string, unknown> = {}): { stacks: Record<string, unknown>[] } {
  return {
    stacks: [
      {
        name: 'keyring',
        account: ACCOUNT,
        region: 'eu-central-1',
        secretNamePrefix: 'team/keys/',
        adminSecret: { name: 'team/admin' },
        projectKeys: [
          { name: 'waiting', secretName: 'team/keys/waiting', schedule: { rate: '30 days' } },
          {
            name: 'live',
            secretName: 'team/keys/live',
            schedule: { cron: '0 2 1 * ? *', windowHours: 4 },
            provisioned: true,
            replicas: [{ region: 'eu-west-1' }],
          },
          {
            name: 'adopted',
            secretArn: secretArn('team/keys/adopted-a1B2c3'),
            kmsKeyArn: kmsKeyArn('adopt'),
            schedule: { rate: '8 hours', windowHours: 1 },
            provisioned: true,
          },
        ],
        ...changes,
      },
    ],
  };
}

export const VPC = { subnetIds: ['subnet-0123456789abcdef0'], securityGroupIds: ['sg-0123456789abcdef0'] };

export const GITHUB = {
  roles: [
    {
      name: 'provisioning',
      repository: 'acme/infra',
      environment: 'production',
      readWrite: ['waiting'],
      adminSecret: true,
    },
    { name: 'service', repository: 'acme/service', ref: 'refs/heads/main', read: ['waiting', 'adopted'] },
  ],
};

/** Everything that can be asked for at once; `changes` replace fields of its stack, those of `rotation` one by one. */
export function everything(changes: Record<string, unknown> = {}): { stacks: Record<string, unknown>[] } {
  const [{ projectKeys = [] } = {}] = configuration().stacks;
  const pair = { name: 'pair', secretName: 'team/keys/pair', strategy: 'alternating', provisioned: true };
  const { rotation, ...rest } = changes;
  return configuration({
    adminSecret: { name: 'team/admin', kmsKeyArn: kmsKeyArn('admin') },
    adminRotation: { schedule: { rate: '30 days' } },
    projectKeys: [...(projectKeys as object[]), { ...pair, schedule: { rate: '1 day' } }],
    rotation: { vpc: VPC, retirePreviousAfterHours: 24, ...(rotation as object) },
    evidence: { athena: true },
    eventBusArn: `arn:aws:events:eu-central-1:${ACCOUNT}:event-bus/keyring`,
    dashboard: true,
    alarms: { emails: ['team@example.com'] },
    githubAccess: {
      roles: [
        ...GITHUB.roles,
        { name: 'rotating', repository: 'acme/ops', environment: 'production', rotate: ['live', 'pair'] },
        {
          ...{ name: 'making', repository: 'acme/app', environment: 'production', adminSecret: true },
          create: { secrets: ['ci/', 'nightly'], kmsKeyArn: kmsKeyArn('ci'), tagKeys: ['team', 'tier'] },
        },
      ],
    },
    ...rest,
  });
}

/** The same in a network of the stack's own. */
export const everythingWithEgress = () => everything({ rotation: { vpc: undefined, staticEgress: { zones: 2 } } });

export const secretArn = (name: string) => `arn:aws:secretsmanager:eu-central-1:${ACCOUNT}:secret:${name}`;
/** @param id up to six letters */
export const kmsKeyArn = (id: string) => {
  const digits = Buffer.from(id).toString('hex').padStart(12, '0');
  return `arn:aws:kms:eu-central-1:${ACCOUNT}:key/01234567-89ab-4cde-8f01-${digits}`;
};

const folder = mkdtempSync(join(tmpdir(), 'keyring-infra-'));
export const bundles = join(folder, 'bundles');
for (const name of ['rotate-password', 'rotate-admin']) {
  mkdirSync(join(bundles, name), { recursive: true });
  writeFileSync(join(bundles, name, 'index.mjs'), `export const handler = () => '${name}';\n`);
}
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** @returns a folder of its own, which goes with the tests */
export const outputFolder = (): string => mkdtempSync(join(folder, 'out-'));

/** @returns the template of the first stack */
export function synthesise(input: unknown = configuration()): Template {
  return Template.fromStack(stackOf(input));
}

export function stackOf(input: unknown): KeyringStack {
  const [stack] = parseConfiguration(JSON.stringify(input), 'keyring.config.json').stacks;
  if (!stack) throw new Error('the fixture has no stack');
  const app = new App({ outdir: outputFolder(), analyticsReporting: false, postCliContext: CDK_FLAGS });
  return new KeyringStack(app, stack, { bundles });
}

/** @returns the templates of all stacks that a configuration comes to, by the stacks' names, as they are deployed */
export function templatesOf(input: unknown): Map<string, object> {
  const app = new App({ outdir: outputFolder(), analyticsReporting: false, postCliContext: CDK_FLAGS });
  const { stacks } = parseConfiguration(JSON.stringify(input), 'keyring.config.json');
  for (const stack of stacks) new KeyringStack(app, stack, { bundles });
  return new Map(app.synth().stacks.map(({ stackName, template }) => [stackName, template as object]));
}

/** @returns the resources of a type, by logical id */
export function resources(template: Template, type: string): [string, Resource][] {
  return Object.entries(template.findResources(type)) as unknown as [string, Resource][];
}

/** @returns the only resource of a type whose logical id begins so */
export function resource(template: Template, type: string, begins = ''): Resource & { readonly id: string } {
  const found = resources(template, type).filter(([id]) => id.startsWith(begins));
  const [[id, only] = []] = found;
  if (!id || !only || found.length > 1) throw new Error(`${found.length} of ${type} begin with "${begins}"`);
  return { id, ...only };
}

/** @returns every statement of every policy in a template, with the resource that it is in */
export function statements(template: Template): { id: string; type: string; statement: Statement }[] {
  const found: { id: string; type: string; statement: Statement }[] = [];
  const visit = (value: unknown, at: { id: string; type: string }): void => {
    if (typeof value !== 'object' || value === null) return;
    if ('Statement' in value && Array.isArray(value.Statement)) {
      found.push(...value.Statement.map((statement: Statement) => ({ ...at, statement })));
      return;
    }
    for (const part of Object.values(value)) visit(part, at);
  };
  for (const [id, { Type, Properties }] of Object.entries(template.toJSON().Resources as Record<string, Resource>)) {
    visit(Properties, { id, type: Type });
  }
  return found;
}

/** @returns a list where CloudFormation may have a single value */
export function listOf<T>(value: T | T[] | undefined): T[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}
