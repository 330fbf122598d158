import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type EventBus, startEventBus } from '../sandbox/event-bus.ts';
import { type EvidenceBucket, startEvidenceBucket } from '../sandbox/evidence-bucket.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { bundleLambda } from './lambda-bundle.ts';

const SECRET = 'keyring/orders';
const FIRST = 'First-Password!0000000000000001';

let directory: string;
let sandbox: Sandbox;
let bus: EventBus;
let bucket: EvidenceBucket;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyring-rotate-evidence-'));
  const { bundle } = await bundleLambda('rotate-password', directory);
  [bus, bucket] = await Promise.all([startEventBus(), startEvidenceBucket()]);
  sandbox = await startSandbox({ rotation: { maxSequences: 1 } });
  sandbox.setBundle({ bundle, environment: { ...bus.environment, ...bucket.environment } });
  const kafka = { username: 'orders', password: FIRST, kafka_acls: [], is_create_schema_registry: false };
  const file = sandbox.streamkap.seedProjectKey({ name: 'orders', kafka_config: kafka });
  sandbox.secretsManager.call('CreateSecret', {
    ...{ Name: SECRET, ClientRequestToken: randomUUID(), SecretString: JSON.stringify(file) },
    Tags: [{ Key: 'streamkap:strategy', Value: 'single' }],
  });
});
afterEach(async () => {
  await Promise.all([sandbox.close(), bus.stop(), bucket.stop()]);
  await rm(directory, { recursive: true, force: true });
});

async function rotate(): Promise<string> {
  const token = randomUUID();
  sandbox.secretsManager.call('RotateSecret', {
    ...{ SecretId: SECRET, ClientRequestToken: token, RotationRules: { AutomaticallyAfterDays: 30 } },
    RotationLambdaARN: 'arn:aws:lambda:eu-central-1:123456789012:function:rotate-password',
  });
  await sandbox.secretsManagerServer.idle();
  return token;
}

/** What the function printed, one object a line. */
const lines = async () => {
  const { runs } = (await (await fetch(`${sandbox.controlUrl}/rotations`)).json()) as { runs: { output: string }[] };
  return runs.flatMap(({ output }) => output.trim().split('\n')).map((line) => JSON.parse(line) as { message: string; failure?: string });
};

it('the bundle says on the event bus that the credential was rotated, and keeps evidence of it, without a secret', async () => {
  const token = await rotate();
  expect(bus.events).toMatchObject([
    {
      ...{ source: 'streamkap-keyring', 'detail-type': 'credential rotated' },
      detail: { token, strategy: 'single', movedNow: true },
    },
  ]);
  // Those of setSecret and testSecret are not waited for: consumers may be.
  const steps = [...bucket.fragments.values()].map(({ step, outcome }) => `${step} ${outcome}`);
  for (const step of ['createSecret made', 'finishSecret moved']) expect(steps).toContain(step);
  expect((await lines()).map(({ message }) => message)).toEqual(Array(4).fill('rotation step done'));
  const told = JSON.stringify([bus.events, [...bucket.fragments]]);
  const { kafka } = JSON.parse(sandbox.secretsManager.valueOf(SECRET) ?? '') as { kafka: { password: string } };
  for (const secret of [FIRST, kafka.password]) expect(told).not.toContain(secret);
});

it('a bus and a bucket that cannot be reached are told of in the log, and never fail a rotation', async () => {
  await Promise.all([bus.stop(), bucket.stop()]);
  const token = await rotate();
  expect(sandbox.secretsManager.labels(SECRET)[token]).toContain('AWSCURRENT');
  expect((await lines()).map(({ message }) => message)).toEqual(
    expect.arrayContaining(['event was not written', 'evidence was not written']),
  );
  // As when nobody listens, and not a client that was never there.
  expect(new Set((await lines()).flatMap(({ failure }) => failure ?? []))).toEqual(new Set(['Error']));
});
