import { describe, expect, it } from 'vitest';
import { FIRST, LambdaBench, SECRET, STEPS, seedKafkaKey } from './lambda-bundle.ts';

const TOKEN = '7d5f3a10-2b4c-4c6e-8f01-0123456789ab';

const bench = new LambdaBench('rotate-password').use((sandbox) => seedKafkaKey(sandbox, 'single'));

/** The call log begins with it. */
async function rotate(environment: Record<string, string> = {}, immediately = true): Promise<void> {
  bench.sandbox.log.calls.length = 0;
  await bench.rotate({ secretId: SECRET, token: TOKEN, environment, immediately });
}

const current = () =>
  JSON.parse(bench.sandbox.secretsManager.valueOf(SECRET) ?? '{}') as { kafka: { password: string } };
const patches = () => bench.sandbox.log.of('streamkap', 'PATCH /project-keys/{id}');

describe('the bundle, called by RotateSecret, each step in a process of its own', () => {
  it('rotates within its budget of calls, over the network, and proves it by logins', async () => {
    await rotate();
    const { calls } = bench.sandbox.log;
    expect((await bench.runs()).map(({ step, errorName }) => [step, errorName])).toEqual(
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
      kafka: { password: bench.sandbox.kafkaUsers.passwordOf('orders') },
    });
    expect(current().kafka.password).not.toBe(FIRST);
  });

  it('prints one line of JSON a step, in which nothing is secret', async () => {
    await rotate();
    const lines = (await bench.runs()).map(({ output }) => JSON.parse(output) as Record<string, unknown>);
    expect(lines).toMatchObject(
      STEPS.map((step) => ({ level: 'INFO', mode: 'rotation', strategy: 'single', token: TOKEN, step })),
    );
    const printed = JSON.stringify(lines);
    for (const secret of [FIRST, current().kafka.password, bench.sandbox.admin.clientSecret]) {
      expect(printed).not.toContain(secret);
      expect(printed).not.toContain(Buffer.from(secret).toString('base64'));
    }
  });

  it('finds a change whose answer was lost, and does not send it again', async () => {
    const operation = 'PATCH /project-keys/{id}';
    bench.sandbox.log.script({ service: 'streamkap', operation, action: { kind: 'drop', when: 'after' } });
    await rotate();
    expect(patches()).toHaveLength(1);
    expect(current().kafka.password).toBe(bench.sandbox.kafkaUsers.passwordOf('orders'));
  });

  it('takes broken logins for unknown: fails, changes nothing, and succeeds when Kafka is back', async () => {
    bench.sandbox.log.script({
      service: 'kafka',
      operation: 'login',
      times: 2,
      action: { kind: 'drop', when: 'before' },
    });
    await rotate();
    const failed = (await bench.runs()).filter(({ errorName }) => errorName);
    expect(failed).toMatchObject([{ step: 'setSecret', errorName: 'RotationError' }]);
    expect(JSON.parse(failed[0]?.output ?? '')).toMatchObject({ error_code: 'LOGIN_UNKNOWN', changed: 'no' });
    expect(patches()).toHaveLength(1);
    expect(current().kafka.password).toBe(bench.sandbox.kafkaUsers.passwordOf('orders'));
  });

  it('passes the test at deploy time without a change', async () => {
    await rotate({}, false);
    expect((await bench.runs()).map(({ step, errorName }) => [step, errorName])).toEqual([['testSecret', undefined]]);
    expect(patches()).toEqual([]);
    expect(bench.sandbox.kafkaUsers.passwordOf('orders')).toBe(FIRST);
  });

  it('names a variable that is wrong, and calls nothing', async () => {
    await rotate({ ON_DRIFT: 'maybe' });
    const [run] = await bench.runs();
    expect(JSON.parse(run?.output ?? '')).toMatchObject({
      error_code: 'INVALID_INPUT',
      error: expect.stringContaining('ON_DRIFT'),
    });
    expect(bench.sandbox.log.calls.filter(({ operation }) => operation !== 'RotateSecret')).toEqual([]);
  });

  it('stays under the size that a quick start allows, and loads what only some calls need when they do', () => {
    expect(bench.of().eager.bytes).toBeGreaterThan(100_000);
    expect(bench.of().eager.bytes).toBeLessThan(700_000);
    expect(
      bench
        .of()
        .eager.sources.filter((path) =>
          /client-(s3|eventbridge)\/|credential-provider-(sso|ini|process)\/|nested-clients\//.test(path),
        ),
    ).toEqual([]);
    process.stdout.write(`rotate-password, loaded eagerly: ${Math.round(bench.of().eager.bytes / 1000)} kB\n`);
  });
});
