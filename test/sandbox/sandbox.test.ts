import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { connect } from 'node:tls';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describe, expect, test } from 'vitest';
import { factsOf, startSandbox } from './sandbox.ts';
import { SandboxBench } from './sandbox-bench.ts';
import { field, OTHER_PASSWORD, PASSWORD } from './streamkap/fixture.ts';

const bench = new SandboxBench();

function client(): SecretsManagerClient {
  return new SecretsManagerClient({
    region: 'eu-central-1',
    endpoint: bench.sandbox.secretsManagerEndpoint,
    credentials: { accessKeyId: 'AKIASANDBOXSANDBOX00', secretAccessKey: 'sandbox' },
    maxAttempts: 1,
  });
}

describe('the sandbox as a whole', () => {
  test('the secret it is started with opens Streamkap’s API', async () => {
    const aws = client();
    const { SecretString = '' } = await aws.send(new GetSecretValueCommand({ SecretId: bench.sandbox.adminSecretId }));
    aws.destroy();
    expect(JSON.parse(SecretString)).toEqual({
      client_id: bench.sandbox.admin.clientId,
      client_secret: bench.sandbox.admin.clientSecret,
    });
    const token = await bench.adminToken();
    const whoami: unknown = await (await bench.streamkap('GET', '/auth/whoami', undefined, token)).json();
    expect(whoami).toMatchObject({ service_id: bench.sandbox.serviceId, sub: bench.sandbox.admin.clientId });
    expect(bench.sandbox.log.calls.map((call) => call.operation)).toEqual([
      'GetSecretValue',
      'POST /auth/access-token',
      'GET /auth/whoami',
    ]);
  });

  test('a key points at the sandbox’s own listener, and a new password cuts its sessions', async () => {
    const token = await bench.adminToken();
    const config = { name: 'k', kafka_config: { username: 'orders', password: PASSWORD } };
    const file: unknown = await (await bench.streamkap('POST', '/project-keys', config, token)).json();
    expect(field(file, 'kafka', 'bootstrap_servers')).toBe(bench.sandbox.kafkaBootstrap);
    expect(bench.sandbox.kafkaUsers.passwordOf('orders')).toBe(PASSWORD);

    const socket = await login('orders', PASSWORD);
    expect(bench.sandbox.kafka?.sessions()).toEqual(['orders']);
    const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const path = `/project-keys/${field(file, 'project_key_id')}`;
    await bench.streamkap('PATCH', path, { kafka_password: OTHER_PASSWORD }, token);
    await ended;
    expect(bench.sandbox.kafka?.sessions()).toEqual([]);
    expect(JSON.stringify(bench.sandbox.log.calls)).not.toMatch(new RegExp(`${PASSWORD}|${OTHER_PASSWORD}`));
  });

  test('a file points API clients back at the sandbox', async () => {
    const file = bench.sandbox.streamkap.seedProjectKey({ name: 'k', role_ids: [] });
    expect(field(file, 'api', 'api_url')).toBe(bench.sandbox.streamkapHost);
  });

  test('facts are plain data; closing removes the directory and ends hung calls', async () => {
    expect(JSON.parse(JSON.stringify(factsOf(bench.sandbox)))).toEqual(factsOf(bench.sandbox));
    expect(await readFile(bench.sandbox.caFile, 'utf8')).toContain('BEGIN CERTIFICATE');
    bench.sandbox.log.script({ service: 'streamkap', operation: '*', action: { kind: 'hang', when: 'before' } });
    const hung = bench.streamkap('GET', '/auth/whoami').catch(() => 'cut');
    const before = bench.sandbox.log.calls.length;
    while (bench.sandbox.log.calls.length === before) await new Promise(setImmediate);
    await bench.sandbox.close();
    expect(await hung).toBe('cut');
    expect(existsSync(dirname(bench.sandbox.caFile))).toBe(false);
  });

  test('with somebody else’s Kafka no listener is started', async () => {
    const users = new Map<string, string>();
    const outer = await startSandbox({
      kafka: {
        users: {
          set: (name, password) => users.set(name, password),
          delete: (name) => users.delete(name),
          passwordOf: (name) => users.get(name),
        },
        bootstrap: 'broker.invalid:9093',
        caPem: 'their CA',
      },
    });
    try {
      const file = outer.streamkap.seedProjectKey({
        name: 'k',
        kafka_config: { username: 'orders', password: PASSWORD },
      });
      expect(field(file, 'kafka', 'bootstrap_servers')).toBe('broker.invalid:9093');
      expect(users.get('orders')).toBe(PASSWORD);
      expect([outer.kafka, await readFile(outer.caFile, 'utf8')]).toEqual([undefined, 'their CA']);
    } finally {
      await outer.close();
    }
  });
});

/** Logs in with PLAIN, byte by byte as the protocol has it, and keeps the session. */
async function login(username: string, password: string): Promise<ReturnType<typeof connect>> {
  const [host, port] = bench.sandbox.kafkaBootstrap.split(':');
  const ca = await readFile(bench.sandbox.caFile, 'utf8');
  const socket = connect({ host: String(host), port: Number(port), ca });
  socket.on('error', () => {});
  const request = (apiKey: number, version: number, body: Buffer): Promise<Buffer> => {
    const header = Buffer.alloc(14);
    header.writeInt32BE(10 + body.length, 0);
    header.writeInt16BE(apiKey, 4);
    header.writeInt16BE(version, 6);
    header.writeInt32BE(1, 8);
    header.writeInt16BE(-1, 12);
    socket.write(Buffer.concat([header, body]));
    return new Promise((resolve) => socket.once('data', resolve));
  };
  const plain = Buffer.from(`\0${username}\0${password}`);
  const length = Buffer.alloc(4);
  length.writeInt32BE(plain.length);
  await request(17, 1, Buffer.from('\0\x05PLAIN', 'latin1'));
  const answer = await request(36, 1, Buffer.concat([length, plain]));
  expect(answer.readInt16BE(8)).toBe(0);
  return socket;
}
