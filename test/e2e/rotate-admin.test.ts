import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BundleHandler } from '../sandbox/bundle-handler.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import type { RotationStep } from '../sandbox/secrets-manager/rotation-events.ts';
import { startHoldingProxy } from './action/holding-proxy.ts';
import { bundleLambda, type LambdaBundle } from './lambda-bundle.ts';

const FUNCTION_ARN = 'arn:aws:lambda:eu-central-1:123456789012:function:rotate-admin';
const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
const POST = 'POST /auth/client-credentials';
const DELETE = 'DELETE /auth/client-credentials/{client_id}';
const LIMIT_BYTES = 700_000;

let directory: string;
let sandbox: Sandbox;
const bundles = new Map<string, LambdaBundle>();
const bundleOf = (name: string) => bundles.get(name)?.bundle ?? '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyring-rotate-admin-'));
  for (const name of ['rotate-admin', 'rotate-password']) {
    bundles.set(name, await bundleLambda(name, directory));
  }
});
afterAll(() => rm(directory, { recursive: true, force: true }));

beforeEach(async () => {
  sandbox = await startSandbox({ rotation: { maxSequences: 3 } });
});
afterEach(() => sandbox.close());

const tokenOf = (name: string) =>
  `00000000-0000-4000-8000-${Buffer.from(name).toString('hex').padStart(12, '0').slice(-12)}`;

async function rotate(name: string, environment: Record<string, string> = {}, secretId = sandbox.adminSecretId) {
  sandbox.setBundle({ bundle: bundleOf('rotate-admin'), environment });
  sandbox.secretsManager.call('RotateSecret', {
    ...{ SecretId: secretId, ClientRequestToken: tokenOf(name), RotationLambdaARN: FUNCTION_ARN },
    RotationRules: { AutomaticallyAfterDays: 30 },
  });
  await sandbox.secretsManagerServer.idle();
}

async function runs(): Promise<{ step: string; output: string; errorName?: string }[]> {
  const answer = await fetch(`${sandbox.controlUrl}/rotations`);
  return ((await answer.json()) as { runs: { step: string; output: string; errorName?: string }[] }).runs;
}

function stored(stage = 'AWSCURRENT'): { client_id: string; client_secret: string } {
  return JSON.parse(sandbox.secretsManager.valueOf(sandbox.adminSecretId, { stage }) ?? '{}') as ReturnType<
    typeof stored
  >;
}

async function accepts(pair: { client_id: string; client_secret: string }): Promise<boolean> {
  const answer = await fetch(`${sandbox.streamkapHost}/auth/access-token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_id: pair.client_id, secret: pair.client_secret }),
  });
  return answer.status === 200;
}

const live = () => sandbox.streamkap.clientCredentials.map(({ clientId }) => clientId);

describe('the bundle, called by RotateSecret, each step in a process of its own', () => {
  it('replaces the credential, keeps the one before it, and deletes the one before that', async () => {
    const first = stored();
    await rotate('second');
    expect((await runs()).map(({ step, errorName }) => [step, errorName])).toEqual(
      STEPS.map((step) => [step, undefined]),
    );
    expect([await accepts(stored()), await accepts(stored('AWSPREVIOUS'))]).toEqual([true, true]);
    expect(stored('AWSPREVIOUS')).toEqual(first);
    const second = stored();
    await rotate('third');
    expect(live()).toEqual([second.client_id, stored().client_id]);
    expect([await accepts(first), await accepts(second), await accepts(stored())]).toEqual([false, true, true]);
    expect(sandbox.log.of('streamkap', POST)).toHaveLength(2);
    expect(sandbox.log.of('streamkap', DELETE)).toHaveLength(1);
  });

  it('prints lines of JSON in which nothing is secret', async () => {
    const first = stored();
    await rotate('second');
    const outputs = (await runs()).map(({ output }) => output);
    const lines = outputs.map((output) => JSON.parse(output) as Record<string, unknown>);
    expect(lines).toMatchObject(STEPS.map((step) => ({ level: 'INFO', mode: 'rotation', strategy: 'admin', step })));
    for (const { client_secret: secret } of [first, stored()]) {
      expect(outputs.join()).not.toContain(secret);
      expect(outputs.join()).not.toContain(Buffer.from(secret).toString('base64'));
    }
  });

  it('goes on after a lost answer, and leaves what was lost marked', async () => {
    sandbox.log.script({ service: 'streamkap', operation: POST, action: { kind: 'drop', when: 'after' } });
    await rotate('second');
    const failed = (await runs()).filter(({ errorName }) => errorName);
    expect(failed).toMatchObject([{ step: 'createSecret', errorName: 'RotationError' }]);
    expect(JSON.parse(failed[0]?.output ?? '')).toMatchObject({ error_code: 'ANSWER_LOST', changed: 'unknown' });
    expect(await accepts(stored())).toBe(true);
    const [, lost] = sandbox.streamkap.clientCredentials;
    expect(lost?.description).toContain(`[keyring:${tokenOf('second')}:`);
    expect(live()).toHaveLength(3);
  });

  it('refuses another secret, and calls nothing', async () => {
    const value = JSON.stringify(stored());
    sandbox.secretsManager.call('CreateSecret', {
      Name: 'other',
      ClientRequestToken: tokenOf('o'),
      SecretString: value,
    });
    sandbox.log.calls.length = 0;
    await rotate('second', {}, 'other');
    const [run] = await runs();
    expect(JSON.parse(run?.output ?? '')).toMatchObject({ error_code: 'WRONG_SECRET', changed: 'no' });
    expect(sandbox.log.calls).toEqual([]);
  });

  it('stays under the size that a quick start allows', () => {
    expect(bundles.get('rotate-admin')?.eager.bytes).toBeLessThan(LIMIT_BYTES);
  });
});

describe('rotate-password, while the admin secret is rotated under it', () => {
  const SECRET = 'keyring/orders';
  const FIRST = 'First-Password!0000000000000001';
  const PATCH = 'PATCH /project-keys/{id}';
  let arn: string;

  beforeEach(() => {
    const kafka = { username: 'orders', password: FIRST, kafka_acls: [], is_create_schema_registry: false };
    const file = sandbox.streamkap.seedProjectKey({ name: 'orders', kafka_config: kafka } as never);
    const secret = { Name: SECRET, ClientRequestToken: tokenOf('first'), SecretString: JSON.stringify(file) };
    arn = String(sandbox.secretsManager.call('CreateSecret', secret).ARN);
    // No handler is set yet: the rotation is registered, and its steps are called by the test.
    sandbox.secretsManager.call('RotateSecret', {
      ...{ SecretId: SECRET, ClientRequestToken: tokenOf('second'), RotationLambdaARN: FUNCTION_ARN },
      RotationRules: { AutomaticallyAfterDays: 30 },
    });
  });

  async function run(handler: BundleHandler, ...steps: RotationStep[]): Promise<void> {
    for (const Step of steps) {
      const event = { Step, SecretId: arn, ClientRequestToken: tokenOf('second'), RotationToken: tokenOf('r') };
      await handler.invoke(event, { functionArn: FUNCTION_ARN });
    }
  }

  const password = () =>
    (JSON.parse(sandbox.secretsManager.valueOf(SECRET) ?? '{}') as { kafka: { password: string } }).kafka.password;

  it.each([
    ['after it read the admin secret', 'POST /auth/access-token', () => {}],
    ['after it got a token, which is refused by then', 'PATCH /project-keys/', () => sandbox.streamkap.revokeTokens()],
  ])('%s: it reads it once more, and changes the password once', async (_when, call, meanwhile) => {
    const proxy = await startHoldingProxy(() => sandbox.streamkapHost, 'request', call);
    const environment = { ...sandbox.environment, STREAMKAP_HOST: proxy.url };
    const handler = new BundleHandler({ bundle: bundleOf('rotate-password'), environment });
    try {
      await run(handler, 'createSecret');
      const setting = run(handler, 'setSecret');
      await proxy.held;
      const first = stored();
      await rotate('second');
      await rotate('third');
      meanwhile();
      expect(await accepts(first)).toBe(false);
      proxy.release();
      await setting;
      await run(handler, 'testSecret', 'finishSecret');
    } finally {
      await handler.stop();
      await proxy.close();
    }
    expect(handler.runs.map(({ errorName }) => errorName)).toEqual(STEPS.map(() => undefined));
    expect(sandbox.log.of('streamkap', PATCH).filter(({ tookEffect }) => tookEffect)).toHaveLength(1);
    expect(password()).toBe(sandbox.kafkaUsers.passwordOf('orders'));
    expect(password()).not.toBe(FIRST);
  });
});
