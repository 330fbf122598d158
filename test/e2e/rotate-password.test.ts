import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { bundleLambda, type LambdaBundle } from './lambda-bundle.ts';

const SECRET = 'keyring/orders';
const FIRST = 'First-Password!0000000000000001';
const FUNCTION_ARN = 'arn:aws:lambda:eu-central-1:123456789012:function:rotate-password';
const TOKEN = '7d5f3a10-2b4c-4c6e-8f01-0123456789ab';
const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'];

let directory: string;
let bundle: string;
let eager: LambdaBundle['eager'];
let sandbox: Sandbox;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyring-rotate-password-'));
  ({ bundle, eager } = await bundleLambda('rotate-password', directory));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

beforeEach(async () => {
  sandbox = await startSandbox({ rotation: { maxSequences: 3 } });
  const kafka = { username: 'orders', password: FIRST, kafka_acls: [], is_create_schema_registry: false };
  const file = sandbox.streamkap.seedProjectKey({ name: 'orders', kafka_config: kafka } as never);
  sandbox.secretsManager.call('CreateSecret', {
    ...{ Name: SECRET, ClientRequestToken: 'f'.repeat(32) },
    SecretString: JSON.stringify({ ...file, vendor_note: 'kept' }),
    Tags: [{ Key: 'streamkap:strategy', Value: 'single' }],
  });
});
afterEach(() => sandbox.close());

async function rotate(environment: Record<string, string> = {}, rotateImmediately = true): Promise<void> {
  sandbox.setBundle({ bundle, environment });
  sandbox.log.calls.length = 0;
  sandbox.secretsManager.call('RotateSecret', {
    ...{ SecretId: SECRET, ClientRequestToken: TOKEN, RotationLambdaARN: FUNCTION_ARN },
    ...{ RotationRules: { AutomaticallyAfterDays: 30 }, RotateImmediately: rotateImmediately },
  });
  await sandbox.secretsManagerServer.idle();
}

async function runs(): Promise<{ step: string; output: string; errorName?: string }[]> {
  const answer = await fetch(`${sandbox.controlUrl}/rotations`);
  return ((await answer.json()) as { runs: { step: string; output: string; errorName?: string }[] }).runs;
}

const current = () => JSON.parse(sandbox.secretsManager.valueOf(SECRET) ?? '{}') as { kafka: { password: string } };
const patches = () => sandbox.log.of('streamkap', 'PATCH /project-keys/{id}');

describe('the bundle, called by RotateSecret, each step in a process of its own', () => {
  it('rotates within its budget of calls, over the network, and proves it by logins', async () => {
    await rotate();
    const { calls } = sandbox.log;
    expect((await runs()).map(({ step, errorName }) => [step, errorName])).toEqual(
      STEPS.map((step) => [step, undefined]),
    );
    expect(patches()).toHaveLength(1);
    expect(calls.filter(({ service }) => service === 'secretsmanager')).toHaveLength(11);
    const logins = calls.filter(({ service }) => service === 'kafka');
    expect(logins.map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted', 'accepted', 'rejected']);
    const patched = calls.findIndex(({ operation }) => operation.startsWith('PATCH'));
    const moved = calls.findLastIndex(({ operation }) => operation === 'UpdateSecretVersionStage');
    expect(moved - patched).toBe(5);
    expect(calls.at(-1)).toMatchObject({ service: 'kafka', outcome: 'rejected' });
    expect(current()).toMatchObject({
      vendor_note: 'kept',
      kafka: { password: sandbox.kafkaUsers.passwordOf('orders') },
    });
    expect(current().kafka.password).not.toBe(FIRST);
  });

  it('prints one line of JSON a step, in which nothing is secret', async () => {
    await rotate();
    const lines = (await runs()).map(({ output }) => JSON.parse(output) as Record<string, unknown>);
    expect(lines).toMatchObject(
      STEPS.map((step) => ({ level: 'INFO', mode: 'rotation', strategy: 'single', token: TOKEN, step })),
    );
    const printed = JSON.stringify(lines);
    for (const secret of [FIRST, current().kafka.password, sandbox.admin.clientSecret]) {
      expect(printed).not.toContain(secret);
      expect(printed).not.toContain(Buffer.from(secret).toString('base64'));
    }
  });

  it('finds a change whose answer was lost, and does not send it again', async () => {
    const operation = 'PATCH /project-keys/{id}';
    sandbox.log.script({ service: 'streamkap', operation, action: { kind: 'drop', when: 'after' } });
    await rotate();
    expect(patches()).toHaveLength(1);
    expect(current().kafka.password).toBe(sandbox.kafkaUsers.passwordOf('orders'));
  });

  it('takes broken logins for unknown: fails, changes nothing, and succeeds when Kafka is back', async () => {
    sandbox.log.script({ service: 'kafka', operation: 'login', times: 2, action: { kind: 'drop', when: 'before' } });
    await rotate();
    const failed = (await runs()).filter(({ errorName }) => errorName);
    expect(failed).toMatchObject([{ step: 'setSecret', errorName: 'RotationError' }]);
    expect(JSON.parse(failed[0]?.output ?? '')).toMatchObject({ error_code: 'LOGIN_UNKNOWN', changed: 'no' });
    expect(patches()).toHaveLength(1);
    expect(current().kafka.password).toBe(sandbox.kafkaUsers.passwordOf('orders'));
  });

  it('passes the test at deploy time without a change', async () => {
    await rotate({}, false);
    expect((await runs()).map(({ step, errorName }) => [step, errorName])).toEqual([['testSecret', undefined]]);
    expect(patches()).toEqual([]);
    expect(sandbox.kafkaUsers.passwordOf('orders')).toBe(FIRST);
  });

  it('names a variable that is wrong, and calls nothing', async () => {
    await rotate({ ON_DRIFT: 'maybe' });
    const [run] = await runs();
    expect(JSON.parse(run?.output ?? '')).toMatchObject({
      error_code: 'INVALID_INPUT',
      error: expect.stringContaining('ON_DRIFT'),
    });
    expect(sandbox.log.calls.filter(({ operation }) => operation !== 'RotateSecret')).toEqual([]);
  });

  it('stays under the size that a quick start allows, and loads the clients of S3 and EventBridge when they are needed', () => {
    expect(eager.bytes).toBeGreaterThan(100_000);
    expect(eager.bytes).toBeLessThan(700_000);
    expect(eager.sources.filter((path) => /client-(s3|eventbridge)\//.test(path))).toEqual([]);
    process.stdout.write(`rotate-password, loaded eagerly: ${Math.round(eager.bytes / 1000)} kB\n`);
  });
});
