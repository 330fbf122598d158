import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { synth } from '../../../infra/synth.ts';
import { mustRun } from '../judges/process.ts';
import { installPythonPackages } from '../judges/python.ts';

const ACCOUNT = '123456789012';
const REGION = 'eu-central-1';
const SCRIPT = fileURLToPath(new URL('./moto/create_stack.py', import.meta.url));
const REQUIREMENTS = new URL('./moto/requirements.txt', import.meta.url);
const PATIENCE_MS = 240_000;

/** What moto's CloudFormation does not know; anything else that it does not create is a fault of the template. */
const UNKNOWN_TO_MOTO = [
  'AWS::CloudWatch::Alarm',
  'AWS::Glue::Database',
  'AWS::Glue::Table',
  'AWS::S3::BucketPolicy',
  'AWS::SNS::Subscription',
  'AWS::SNS::TopicPolicy',
  'AWS::SecretsManager::RotationSchedule',
  'AWS::SecretsManager::Secret',
];

interface Report {
  readonly status: string;
  readonly created: Readonly<Record<string, number>>;
  readonly notCreated: Readonly<Record<string, number>>;
  readonly there: Readonly<Record<string, number>>;
  readonly afterDeletion: Readonly<Record<string, number>>;
  readonly functions: readonly {
    readonly runtime: string;
    readonly environment: Readonly<Record<string, string>>;
    readonly invokedBy: readonly [service: string, condition: object][];
  }[];
  readonly outputs: readonly string[];
  readonly secrets: readonly { readonly name: string; readonly versions: object }[];
  readonly lock: object;
}

let folder: string;
let report: Report;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyring-moto-'));
  const python = await installPythonPackages('moto', await readFile(REQUIREMENTS, 'utf8'));
  const options = { env: { PATH: process.env.PATH ?? '', HOME: folder }, timeoutMs: PATIENCE_MS };
  const { stdout } = await mustRun(python, [SCRIPT, await template(), ACCOUNT, REGION], options);
  report = JSON.parse(stdout);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The example's first stack without what moto cannot do: a provider for OIDC, and the deletion of a network. */
async function template(): Promise<string> {
  const { stacks } = JSON.parse(await readFile('examples/keyring.config.json', 'utf8'));
  const [stack] = stacks;
  stack.githubAccess.oidcProviderArn = `arn:aws:iam::${ACCOUNT}:oidc-provider/token.actions.githubusercontent.com`;
  stack.rotation.staticEgress = undefined;
  const file = join(folder, 'keyring.config.json');
  await writeFile(file, JSON.stringify({ stacks: [stack] }));
  const complaints: string[] = [];
  const environment = { CDK_OUTDIR: join(folder, 'cdk.out') };
  const code = await synth([file], { say() {}, complain: (line) => complaints.push(line), environment });
  expect({ code, complaints }).toEqual({ code: 0, complaints: [] });
  return join(folder, 'cdk.out', `${stack.name}.template.json`);
}

test('moto creates every resource of the template that it knows', () => {
  expect(report.status).toBe('CREATE_COMPLETE');
  expect(Object.keys(report.notCreated).sort()).toEqual(UNKNOWN_TO_MOTO);
  expect(report.there).toEqual({ functions: 3, kmsKeys: 3, logGroups: 3, topics: 1, roles: 5, buckets: 1 });
  expect(report.outputs).toEqual(
    expect.arrayContaining(['AlarmTopic', 'AlternatingRotationFunction', 'EvidenceBucket', 'RotationFunction']),
  );
});

test('a function may be called by Secrets Manager of this account for its secrets, and nobody else but the hourly rule', () => {
  const called = (pattern: string) => [
    'secretsmanager.amazonaws.com',
    {
      ArnLike: { 'AWS:SourceArn': `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${pattern}` },
      StringEquals: { 'AWS:SourceAccount': ACCOUNT },
    },
  ];
  const hourly = [
    'events.amazonaws.com',
    {
      ArnLike: { 'AWS:SourceArn': expect.stringMatching(`^arn:aws:events:${REGION}:${ACCOUNT}:rule/`) },
      StringEquals: { 'AWS:SourceAccount': ACCOUNT },
    },
  ];
  const byStrategy = new Map(report.functions.map((one) => [one.environment.ROTATION_STRATEGY ?? 'admin', one]));
  expect(byStrategy.get('single')?.invokedBy).toEqual([called('streamkap/keys/*')]);
  expect(byStrategy.get('alternating')?.invokedBy).toEqual([called('streamkap/keys/*'), hourly]);
  expect(byStrategy.get('admin')?.invokedBy).toEqual([called('streamkap/admin-??????')]);
  expect(report.functions.map(({ runtime }) => runtime)).toEqual(['nodejs24.x', 'nodejs24.x', 'nodejs24.x']);
});

test('the secrets of the template have no value and no version', () => {
  expect(report.secrets).toEqual(
    ['orders', 'clicks', 'clicks/standby'].map((name) => ({ name: `streamkap/keys/${name}`, versions: {} })),
  );
});

test("the evidence bucket's lock lets nobody delete a fragment for 400 days", () => {
  expect(report.lock).toEqual({ mode: 'GOVERNANCE', days: 400, deletion: 'AccessDenied' });
});

test('what is deleted with the stack are functions, roles and topic; KMS keys, logs and evidence stay', () => {
  expect(report.afterDeletion).toEqual({ functions: 0, kmsKeys: 3, logGroups: 3, topics: 0, roles: 0, buckets: 1 });
});
