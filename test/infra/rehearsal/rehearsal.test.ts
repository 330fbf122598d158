import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { synth } from '../../../infra/synth.ts';
import { openWorld, type World } from '../../e2e/action/fixture.ts';
import { configuration } from '../fixture.ts';
import { DeployedStack, type Resources } from './deployed-stack.ts';

// Each runs the Action and some functions in processes of their own: a busy machine is no failure.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

const ORDERS = 'team/keys/orders';
const CLICKS = 'team/keys/clicks';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyring-rehearsal-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const schedule = { cron: '0 2 1 * ? *', windowHours: 4 };
/** One key of each strategy, before and after somebody has filled their secrets. */
const keys = (provisioned: boolean) => [
  { name: 'orders', secretName: ORDERS, schedule, provisioned },
  { name: 'clicks', secretName: CLICKS, schedule, provisioned, strategy: 'alternating' },
];

/** `npm run synth` itself, into the one assembly of the file. */
async function synthesise(changes: object): Promise<Resources> {
  const file = join(folder, 'keyring.config.json');
  const input = configuration({ adminSecret: { name: 'streamkap/admin' }, ...changes });
  await writeFile(file, JSON.stringify(input));
  const complaints: string[] = [];
  const environment = { CDK_OUTDIR: join(folder, 'cdk.out') };
  const code = await synth([file], { say() {}, complain: (line) => complaints.push(line), environment });
  expect({ code, complaints }).toEqual({ code: 0, complaints: [] });
  return JSON.parse(await readFile(join(folder, 'cdk.out/keyring.template.json'), 'utf8')).Resources;
}

let world: World;
let stack: DeployedStack;
beforeEach(async () => {
  const canInvoke = (functionArn: string, arn: string) => stack.mayBeInvoked(functionArn, arn);
  world = await openWorld({ secretsManager: { canInvoke }, rotation: { maxSequences: 2 } });
  stack = new DeployedStack(world.sandbox, join(folder, 'cdk.out'));
});
afterEach(async () => {
  await stack.stop();
  await world.close();
});

interface Credential {
  readonly username: string;
  readonly password: string;
}

const aws = (operation: string, input: object) => world.sandbox.secretsManager.call(operation, input);
const credentialIn = (secretId: string) =>
  (JSON.parse(world.sandbox.secretsManager.valueOf(secretId) ?? '{}') as { kafka: Credential }).kafka;
const works = ({ username, password }: Credential) => world.sandbox.kafkaUsers.passwordOf(username) === password;
const passwordsSent = () =>
  world.sandbox.log.calls.filter(({ service, operation }) => service === 'streamkap' && operation.startsWith('PATCH'));

/** How many calls of functions have been looked at. */
let seen = 0;
beforeEach(() => {
  seen = 0;
});
/** @returns the steps that Secrets Manager has called since it was asked last, each with how it ended */
function steps(): string[] {
  const all = world.sandbox.secretsManagerServer.driver()?.invocations ?? [];
  const fresh = all.slice(seen).map(({ step, failed, error }) => (failed ? `${step}: ${String(error)}` : step));
  seen = all.length;
  return fresh;
}

const ROTATION = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'];

/** As Secrets Manager's own scheduler does when the window opens. */
async function windowOpens(secretId: string): Promise<void> {
  aws('RotateSecret', { SecretId: secretId, ClientRequestToken: world.sandbox.secretsManager.randomId() });
  await world.sandbox.secretsManagerServer.idle();
}

/** The first deployment, and the Action that fills the secrets. */
async function deployAndFill(): Promise<void> {
  await stack.deploy(await synthesise({ projectKeys: keys(false) }));
  for (const [name, secretId] of Object.entries({ orders: ORDERS, clicks: CLICKS })) {
    const inputs = { mode: 'ensure', name, 'secret-id': secretId, 'kafka-acls': ACLS };
    const { exitCode } = await world.run(inputs);
    expect(exitCode).toBe(0);
  }
}
const ACLS = '- { topic_name: orders, operation: READ }';

/** The second deployment, which schedules the rotations. */
async function deployed(): Promise<void> {
  await deployAndFill();
  await stack.deploy(await synthesise({ projectKeys: keys(true) }));
  steps();
}

describe('a deployment', () => {
  it('makes empty secrets first, and calls no function', async () => {
    const events = await stack.deploy(await synthesise({ projectKeys: keys(false) }));
    expect(events.every(({ status }) => status === 'CREATE')).toBe(true);
    for (const name of [ORDERS, CLICKS, `${CLICKS}/standby`]) {
      expect(world.sandbox.secretsManager.valueOf(name)).toBeUndefined();
      expect(aws('DescribeSecret', { SecretId: name })).not.toHaveProperty('RotationEnabled');
    }
    expect(steps()).toEqual([]);
  });

  it('schedules a filled secret with one call of testSecret, and changes no password', async () => {
    await deployAndFill();
    const before = [ORDERS, CLICKS].map(credentialIn);
    const events = await stack.deploy(await synthesise({ projectKeys: keys(true) }));
    expect(events.map(({ status, id }) => [status, id.replace(/[0-9A-F]{8}$/, '')])).toEqual([
      ['CREATE', 'ProjectKeysordersSchedule'],
      ['CREATE', 'ProjectKeysclicksSchedule'],
    ]);
    expect(steps()).toEqual(['testSecret', 'testSecret']);
    expect([ORDERS, CLICKS].map(credentialIn)).toEqual(before);
    expect(before.map(works)).toEqual([true, true]);
    expect(passwordsSent()).toEqual([]);
    expect(aws('DescribeSecret', { SecretId: ORDERS })).toMatchObject({
      RotationEnabled: true,
      RotationRules: { ScheduleExpression: 'cron(0 2 1 * ? *)', Duration: '4h' },
    });
  });

  it('is followed by rotations, whose passwords work', async () => {
    await deployed();
    for (const secretId of [ORDERS, CLICKS]) {
      for (let rotation = 1; rotation <= 2; rotation++) {
        const outgoing = credentialIn(secretId);
        await windowOpens(secretId);
        expect(steps()).toEqual(ROTATION);
        expect(credentialIn(secretId)).not.toEqual(outgoing);
        expect(works(credentialIn(secretId))).toBe(true);
        // Alternating: who still has the outgoing credential goes on.
        expect(works(outgoing)).toBe(secretId === CLICKS);
      }
    }
  });

  it('of other settings rotates nothing, and calls no function', async () => {
    await deployed();
    const before = [ORDERS, CLICKS].map(credentialIn);
    const changed = {
      projectKeys: keys(true),
      rotation: { logLevel: 'DEBUG', propagationTimeoutSeconds: 200 },
      alarms: { emails: ['team@example.com'] },
    };
    const events = await stack.deploy(await synthesise(changed));
    expect(events.filter(({ status }) => status === 'UPDATE').map(({ id }) => id)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^PasswordRotationFunction/)]),
    );
    expect(steps()).toEqual([]);
    expect([ORDERS, CLICKS].map(credentialIn)).toEqual(before);
    await windowOpens(ORDERS);
    expect(steps()).toEqual(ROTATION);
  });

  it('of another schedule tests the current password, and rotates nothing', async () => {
    await deployed();
    const before = credentialIn(ORDERS);
    const [orders, clicks] = keys(true);
    await stack.deploy(await synthesise({ projectKeys: [{ ...orders, schedule: { rate: '10 days' } }, clicks] }));
    expect(steps()).toEqual(['testSecret']);
    expect(credentialIn(ORDERS)).toEqual(before);
    expect(passwordsSent()).toEqual([]);
  });

  it('without one of the keys ends its rotation, and leaves its secret and password as they are', async () => {
    await deployed();
    const before = credentialIn(ORDERS);
    const [, clicks] = keys(true);
    const events = await stack.deploy(await synthesise({ projectKeys: [clicks] }));
    const own = events.filter(({ id }) => id.startsWith('ProjectKeysorders')).map(({ status }) => status);
    expect(own.sort()).toEqual(['DELETE', 'DELETE_SKIPPED']);
    expect(aws('DescribeSecret', { SecretId: ORDERS })).toMatchObject({ RotationEnabled: false });
    expect(credentialIn(ORDERS)).toEqual(before);
    expect(works(before)).toBe(true);
    await windowOpens(CLICKS);
    expect(steps()).toEqual(ROTATION);
  });

  it('that is taken away loses no secret: what was current can be read and works', async () => {
    await deployed();
    await windowOpens(ORDERS);
    await windowOpens(CLICKS);
    steps();
    const before = [ORDERS, CLICKS, `${CLICKS}/standby`].map(credentialIn);
    const resources = await synthesise({ projectKeys: keys(true), evidence: {} });
    await stack.deploy(resources);
    const events = await stack.delete();
    const kept = events.filter(({ status }) => status === 'DELETE_SKIPPED').map(({ id }) => resources[id]?.Type);
    expect(new Set(kept)).toEqual(
      new Set(['AWS::SecretsManager::Secret', 'AWS::KMS::Key', 'AWS::Logs::LogGroup', 'AWS::S3::Bucket']),
    );
    expect([ORDERS, CLICKS, `${CLICKS}/standby`].map(credentialIn)).toEqual(before);
    expect(before.map(works)).toEqual([true, true, true]);
    for (const SecretId of [ORDERS, CLICKS])
      expect(aws('DescribeSecret', { SecretId })).toMatchObject({ RotationEnabled: false });
    expect(steps()).toEqual([]);
    expect(world.sandbox.streamkap.projectKeys).toHaveLength(3);
  });

  it('over secrets that stayed is refused under their names, and adopts them under their ARNs', async () => {
    await deployed();
    await stack.delete();
    await expect(stack.deploy(await synthesise({ projectKeys: keys(true) }))).rejects.toMatchObject({
      code: 'ResourceExistsException',
    });
    const adopted = { name: 'orders', secretArn: String(aws('DescribeSecret', { SecretId: ORDERS }).ARN) };
    const again = new DeployedStack(world.sandbox, join(folder, 'cdk.out'));
    stack = again;
    seen = 0;
    await again.deploy(await synthesise({ projectKeys: [{ ...adopted, schedule, provisioned: true }] }));
    expect(steps()).toEqual(['testSecret']);
    await windowOpens(ORDERS);
    expect(steps()).toEqual(ROTATION);
    expect(works(credentialIn(ORDERS))).toBe(true);
  });
});
