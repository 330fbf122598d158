import { beforeEach, describe, expect, it } from 'vitest';
import { BundleHandler } from '../sandbox/bundle-handler.ts';
import type { RotationStep } from '../sandbox/secrets-manager/rotation-events.ts';
import { startHoldingProxy } from './action/holding-proxy.ts';
import { FIRST, LambdaBench, SECRET, STEPS, seedKafkaKey } from './lambda-bundle.ts';

const POST = 'POST /auth/client-credentials';
const DELETE = 'DELETE /auth/client-credentials/{client_id}';
const LIMIT_BYTES = 700_000;

const bench = new LambdaBench('rotate-admin', 'rotate-password').use();

const tokenOf = (name: string) =>
  `00000000-0000-4000-8000-${Buffer.from(name).toString('hex').padStart(12, '0').slice(-12)}`;

const rotate = (name: string, secretId = bench.sandbox.adminSecretId) =>
  bench.rotate({ secretId, token: tokenOf(name) });

function stored(stage = 'AWSCURRENT'): { client_id: string; client_secret: string } {
  return JSON.parse(bench.sandbox.secretsManager.valueOf(bench.sandbox.adminSecretId, { stage }) ?? '{}') as ReturnType<
    typeof stored
  >;
}

async function accepts(pair: { client_id: string; client_secret: string }): Promise<boolean> {
  const answer = await fetch(`${bench.sandbox.streamkapHost}/auth/access-token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_id: pair.client_id, secret: pair.client_secret }),
  });
  return answer.status === 200;
}

const live = () => bench.sandbox.streamkap.clientCredentials.map(({ clientId }) => clientId);

describe('the bundle, called by RotateSecret, each step in a process of its own', () => {
  it('replaces the credential, keeps the one before it, and deletes the one before that', async () => {
    const first = stored();
    await rotate('second');
    expect((await bench.runs()).map(({ step, errorName }) => [step, errorName])).toEqual(
      STEPS.map((step) => [step, undefined]),
    );
    expect([await accepts(stored()), await accepts(stored('AWSPREVIOUS'))]).toEqual([true, true]);
    expect(stored('AWSPREVIOUS')).toEqual(first);
    const second = stored();
    await rotate('third');
    expect(live()).toEqual([second.client_id, stored().client_id]);
    expect([await accepts(first), await accepts(second), await accepts(stored())]).toEqual([false, true, true]);
    expect(bench.sandbox.log.of('streamkap', POST)).toHaveLength(2);
    expect(bench.sandbox.log.of('streamkap', DELETE)).toHaveLength(1);
  });

  it('prints lines of JSON in which nothing is secret', async () => {
    const first = stored();
    await rotate('second');
    const outputs = (await bench.runs()).map(({ output }) => output);
    const lines = outputs.map((output) => JSON.parse(output) as Record<string, unknown>);
    expect(lines).toMatchObject(STEPS.map((step) => ({ level: 'INFO', mode: 'rotation', strategy: 'admin', step })));
    for (const { client_secret: secret } of [first, stored()]) {
      expect(outputs.join()).not.toContain(secret);
      expect(outputs.join()).not.toContain(Buffer.from(secret).toString('base64'));
    }
  });

  it('goes on after a lost answer, and leaves what was lost marked', async () => {
    bench.sandbox.log.script({ service: 'streamkap', operation: POST, action: { kind: 'drop', when: 'after' } });
    await rotate('second');
    const failed = (await bench.runs()).filter(({ errorName }) => errorName);
    expect(failed).toMatchObject([{ step: 'createSecret', errorName: 'RotationError' }]);
    expect(JSON.parse(failed[0]?.output ?? '')).toMatchObject({ error_code: 'ANSWER_LOST', changed: 'unknown' });
    expect(await accepts(stored())).toBe(true);
    const [, lost] = bench.sandbox.streamkap.clientCredentials;
    expect(lost?.description).toContain(`[keyring:${tokenOf('second')}:`);
    expect(live()).toHaveLength(3);
  });

  it('refuses another secret, and calls nothing', async () => {
    const value = JSON.stringify(stored());
    bench.sandbox.secretsManager.call('CreateSecret', {
      Name: 'other',
      ClientRequestToken: tokenOf('o'),
      SecretString: value,
    });
    bench.sandbox.log.calls.length = 0;
    await rotate('second', 'other');
    const [run] = await bench.runs();
    expect(JSON.parse(run?.output ?? '')).toMatchObject({ error_code: 'WRONG_SECRET', changed: 'no' });
    expect(bench.sandbox.log.calls).toEqual([]);
  });

  it('stays under the size that a quick start allows', () => {
    expect(bench.of().eager.bytes).toBeLessThan(LIMIT_BYTES);
  });
});

describe('rotate-password, while the admin secret is rotated under it', () => {
  const PATCH = 'PATCH /project-keys/{id}';
  let arn: string;

  beforeEach(() => {
    seedKafkaKey(bench.sandbox, 'single');
    arn = String(bench.sandbox.secretsManager.call('DescribeSecret', { SecretId: SECRET }).ARN);
    // No handler is set yet: the rotation is registered, and its steps are called by the test.
    bench.sandbox.secretsManager.call('RotateSecret', {
      ...{ SecretId: SECRET, ClientRequestToken: tokenOf('second'), RotationLambdaARN: bench.functionArn },
      RotationRules: { AutomaticallyAfterDays: 30 },
    });
  });

  async function run(handler: BundleHandler, ...steps: RotationStep[]): Promise<void> {
    for (const Step of steps) {
      const event = { Step, SecretId: arn, ClientRequestToken: tokenOf('second'), RotationToken: tokenOf('r') };
      await handler.invoke(event, { functionArn: bench.functionArn });
    }
  }

  const password = () =>
    (JSON.parse(bench.sandbox.secretsManager.valueOf(SECRET) ?? '{}') as { kafka: { password: string } }).kafka
      .password;

  it.each([
    ['after it read the admin secret', 'POST /auth/access-token', () => {}],
    [
      'after it got a token, which is refused by then',
      'PATCH /project-keys/',
      () => bench.sandbox.streamkap.revokeTokens(),
    ],
  ])('%s: it reads it once more, and changes the password once', async (_when, call, meanwhile) => {
    const proxy = await startHoldingProxy(() => bench.sandbox.streamkapHost, 'request', call);
    const environment = { ...bench.sandbox.environment, STREAMKAP_HOST: proxy.url };
    const handler = new BundleHandler({ bundle: bench.of('rotate-password').bundle, environment });
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
    expect(bench.sandbox.log.of('streamkap', PATCH).filter(({ tookEffect }) => tookEffect)).toHaveLength(1);
    expect(password()).toBe(bench.sandbox.kafkaUsers.passwordOf('orders'));
    expect(password()).not.toBe(FIRST);
  });
});
