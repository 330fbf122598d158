import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type EventBus, startEventBus } from '../sandbox/event-bus.ts';
import { type EvidenceBucket, startEvidenceBucket } from '../sandbox/evidence-bucket.ts';
import { FIRST, LambdaBench, SECRET, seedKafkaKey } from './lambda-bundle.ts';

const bench = new LambdaBench('rotate-password').use((sandbox) => seedKafkaKey(sandbox, 'single'));

let bus: EventBus;
let bucket: EvidenceBucket;

beforeEach(async () => {
  [bus, bucket] = await Promise.all([startEventBus(), startEvidenceBucket()]);
});
afterEach(() => Promise.all([bus.stop(), bucket.stop()]));

async function rotate(): Promise<string> {
  const token = randomUUID();
  const environment = { ...bus.environment, ...bucket.environment };
  await bench.rotate({ secretId: SECRET, token, environment });
  return token;
}

/** What the function printed, one object a line. */
async function lines(): Promise<{ message: string; failure?: string }[]> {
  const printed = (await bench.runs()).flatMap(({ output }) => output.trim().split('\n'));
  return printed.map((line) => JSON.parse(line));
}

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
  const { kafka } = JSON.parse(bench.sandbox.secretsManager.valueOf(SECRET) ?? '');
  for (const secret of [FIRST, kafka.password]) expect(told).not.toContain(secret);
});

it('a bus and a bucket that cannot be reached are told of in the log, and never fail a rotation', async () => {
  await Promise.all([bus.stop(), bucket.stop()]);
  const token = await rotate();
  expect(bench.sandbox.secretsManager.labels(SECRET)[token]).toContain('AWSCURRENT');
  expect((await lines()).map(({ message }) => message)).toEqual(
    expect.arrayContaining(['event was not written', 'evidence was not written']),
  );
  // As when nobody listens, and not a client that was never there.
  expect(new Set((await lines()).flatMap(({ failure }) => failure ?? []))).toEqual(new Set(['Error']));
});
