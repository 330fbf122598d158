import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type EvidenceBucket, startEvidenceBucket } from '../../sandbox/evidence-bucket.ts';
import { FIRST, LambdaBench, SECRET, seedKafkaKey } from '../lambda-bundle.ts';
import { keyring } from './fixture.ts';

const bench = new LambdaBench('rotate-password').use((sandbox) => seedKafkaKey(sandbox, 'single'));

let bucket: EvidenceBucket;
beforeEach(async () => {
  bucket = await startEvidenceBucket();
});
afterEach(() => bucket.stop());

async function kinds(): Promise<string[]> {
  const { sandbox } = bench;
  const world = { sandbox, secrets: () => [JSON.parse(sandbox.secretsManager.valueOf(SECRET) ?? '').kafka.password] };
  const args = ['audit', '--admin-secret-id', sandbox.adminSecretId, '--evidence-bucket', 'evidence'];
  const { code, stdout, stderr } = await keyring(world, args, bucket.environment);
  if (code === 3) throw new Error(stderr);
  const { rows } = JSON.parse(stdout);
  const row = rows.find(({ name }: { name: string }) => name === SECRET);
  return row.findings.map(({ kind }: { kind: string }) => kind);
}

const rotate = (token: string) =>
  bench
    .rotate({ secretId: SECRET, token, environment: { ...bucket.environment, PROPAGATION_TIMEOUT_SECONDS: '1' } })
    .catch(() => {});

test('a rotation that failed is found by its evidence, until one has ended well', async () => {
  const { kafkaUsers } = bench.sandbox;
  const token = randomUUID();
  kafkaUsers.delete('orders');
  await rotate(token);
  expect(await kinds()).toContain('failed-last');
  kafkaUsers.set('orders', FIRST);
  await rotate(token);
  expect(bench.sandbox.secretsManager.labels(SECRET)[token]).toContain('AWSCURRENT');
  expect(await kinds()).not.toContain('failed-last');
});

test('a bucket that cannot be read is exit code 3', async () => {
  const { sandbox } = bench;
  const world = { sandbox, secrets: () => [sandbox.admin.clientSecret] };
  const args = ['audit', '--admin-secret-id', sandbox.adminSecretId, '--evidence-bucket', 'another'];
  const { code, stderr } = await keyring(world, args, bucket.environment);
  expect(code).toBe(3);
  expect(stderr).toContain('s3:ListBucket on another failed');
});
