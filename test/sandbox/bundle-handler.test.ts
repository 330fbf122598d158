import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SandboxBench } from './sandbox-bench.ts';
import { field } from './streamkap/fixture.ts';

const FUNCTION_ARN = 'arn:aws:lambda:eu-central-1:123456789012:function:rotate';
const TOKEN = '7d5f3a10-2b4c-4c6e-8f01-0123456789ab';

const bench = new SandboxBench();

/** A bundle on disk, beside the CA file so that it goes when the sandbox does. */
async function bundle(source: string): Promise<string> {
  const path = join(dirname(bench.sandbox.caFile), 'bundle.mjs');
  await writeFile(path, source);
  return path;
}

describe('a bundle as the rotation function', () => {
  const ROTATING = `
    const call = async (operation, input) => {
      const response = await fetch(process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': 'secretsmanager.' + operation,
          authorization: 'AWS4-HMAC-SHA256 Credential=A/20260101/eu-central-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=' + '0'.repeat(64),
        },
        body: JSON.stringify(input),
      });
      if (!response.ok) throw new Error(operation + ' ' + response.status);
      return response.json();
    };
    export async function handler(event, context) {
      console.log(JSON.stringify({ pid: process.pid, env: process.env, left: context.getRemainingTimeInMillis() }));
      const at = { SecretId: event.SecretId, ClientRequestToken: event.ClientRequestToken };
      if (event.Step === 'createSecret') {
        await call('PutSecretValue', { ...at, SecretString: 'new', VersionStages: ['AWSPENDING'], RotationToken: event.RotationToken });
      }
      if (event.Step === 'finishSecret') {
        const { VersionIdsToStages } = await call('DescribeSecret', { SecretId: event.SecretId });
        const [current] = Object.entries(VersionIdsToStages).find(([, stages]) => stages.includes('AWSCURRENT'));
        await call('UpdateSecretVersionStage', { SecretId: event.SecretId, VersionStage: 'AWSCURRENT', MoveToVersionId: event.ClientRequestToken, RemoveFromVersionId: current });
      }
    }`;

  function rotate(): void {
    const secret = { Name: 'kafka/orders', ClientRequestToken: 'f'.repeat(32), SecretString: 'old' };
    bench.sandbox.secretsManager.call('CreateSecret', secret);
    bench.sandbox.secretsManager.call('RotateSecret', {
      SecretId: 'kafka/orders',
      ClientRequestToken: TOKEN,
      RotationLambdaARN: FUNCTION_ARN,
      RotationRules: { AutomaticallyAfterDays: 30 },
    });
  }

  async function rotations(): Promise<{ events: { eventName: string }[]; runs: Record<string, string>[] }> {
    return (await (await bench.control('GET', '/rotations')).json()) as never;
  }

  test.each([
    'left',
    'removed',
  ] as const)('is called once a step in a fresh process with nothing but its own environment; AWSPENDING is %s', async (pendingAfterSuccess) => {
    const body = { bundle: await bundle(ROTATING), env: { LOGIN_CHECK: 'required' }, pendingAfterSuccess };
    expect((await bench.control('POST', '/handler', body)).status).toBe(204);
    rotate();
    const { events, runs } = await rotations();
    expect(events.map((event) => event.eventName)).toEqual(['RotationStarted', 'RotationSucceeded']);
    expect(runs.map((run) => run.step)).toEqual(['createSecret', 'setSecret', 'testSecret', 'finishSecret']);
    const printed = runs.map((run) => JSON.parse(String(run.output)) as { pid: number; env: object; left: number });
    expect(new Set(printed.map(({ pid }) => pid)).size).toBe(4);
    const added = ['NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE'];
    const names = Object.keys(printed[0]?.env ?? {}).filter((name) => !added.includes(name));
    expect(names.sort()).toEqual([...Object.keys(bench.sandbox.environment), 'LOGIN_CHECK'].sort());
    expect(JSON.stringify(printed[0]?.env)).not.toContain(bench.sandbox.admin.clientSecret);

    const stages = pendingAfterSuccess === 'left' ? ['AWSCURRENT', 'AWSPENDING'] : ['AWSCURRENT'];
    expect(bench.sandbox.secretsManager.labels('kafka/orders')[TOKEN]?.toSorted()).toEqual(stages);
    expect(bench.sandbox.secretsManager.valueOf('kafka/orders')).toBe('new');
  });

  test.each([
    [
      'throws',
      "export async function handler() { const e = new Error('no'); e.name = 'Refused'; throw e; }",
      'Refused',
    ],
    ['exits', 'export function handler() { process.exit(3); }', 'Runtime.ExitError'],
    ['has no handler', 'export const other = 1;', 'TypeError'],
    ['hangs', 'export const handler = () => new Promise(() => setInterval(() => {}, 1000));', 'Sandbox.Timedout'],
  ])('that %s fails its step, and nothing becomes current', async (_what, source, errorName) => {
    const timeoutMs = errorName === 'Sandbox.Timedout' ? 50 : 20_000;
    bench.sandbox.setBundle({ bundle: await bundle(source), environment: {}, timeoutMs });
    rotate();
    const { events, runs } = await rotations();
    expect(runs.every((run) => run.step === 'createSecret' && run.errorName === errorName)).toBe(true);
    expect(events.at(-1)?.eventName).toBe('RotationFailed');
    expect(bench.sandbox.secretsManager.valueOf('kafka/orders')).toBe('old');
  });

  test('that is still running when the sandbox closes is killed', async () => {
    const source = 'export const handler = () => new Promise(() => setInterval(() => {}, 1000));';
    bench.sandbox.setBundle({ bundle: await bundle(source), environment: {} });
    rotate();
    await new Promise(setImmediate);
    const settled = bench.sandbox.secretsManagerServer.driver();
    await bench.sandbox.close();
    await bench.sandbox.secretsManagerServer.idle();
    expect(settled?.invocations.every((call) => call.failed)).toBe(true);
  });

  test('is refused when its path is relative or leads nowhere', async () => {
    for (const [path, message] of [
      ['functions/dist/x/index.mjs', 'bundle: must be an absolute path'],
      ['/nowhere/index.mjs', 'bundle: there is no such file'],
    ]) {
      const answer = await bench.control('POST', '/handler', { bundle: path });
      expect([answer.status, field(await answer.json(), 'error').includes(String(message))]).toEqual([400, true]);
    }
  });

  test('gives way to a handler in this process, and to none', async () => {
    bench.sandbox.setBundle({ bundle: await bundle(ROTATING), environment: {} });
    const steps: string[] = [];
    bench.sandbox.setHandler(async (event) => {
      steps.push(event.Step);
    });
    rotate();
    await bench.sandbox.secretsManagerServer.idle();
    expect(steps.slice(0, 4)).toEqual(['createSecret', 'setSecret', 'testSecret', 'finishSecret']);
    expect((await bench.control('POST', '/handler', { bundle: null })).status).toBe(204);
    expect(bench.sandbox.secretsManagerServer.driver()).toBeUndefined();
  });
});
