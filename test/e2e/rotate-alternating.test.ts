import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { bundleLambda, type LambdaBundle } from './lambda-bundle.ts';

const SECRET = 'keyring/orders';
const STANDBY = `${SECRET}/standby`;
const FIRST = 'First-Password!0000000000000001';
const FUNCTION_ARN = 'arn:aws:lambda:eu-central-1:123456789012:function:rotate-password';
const PATCH = 'PATCH /project-keys/{id}';

interface Credential {
  readonly username: string;
  readonly password: string;
}

let directory: string;
let bundle: string;
let eager: LambdaBundle['eager'];
let sandbox: Sandbox;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyring-rotate-alternating-'));
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
    Tags: [{ Key: 'streamkap:strategy', Value: 'alternating' }],
  });
  sandbox.secretsManager.call('CreateSecret', { Name: STANDBY });
});
afterEach(() => sandbox.close());

async function rotate(): Promise<void> {
  sandbox.setBundle({ bundle, environment: { ROTATION_STRATEGY: 'alternating' } });
  sandbox.log.calls.length = 0;
  sandbox.secretsManager.call('RotateSecret', {
    ...{ SecretId: SECRET, ClientRequestToken: randomUUID(), RotationLambdaARN: FUNCTION_ARN },
    RotationRules: { AutomaticallyAfterDays: 30 },
  });
  await sandbox.secretsManagerServer.idle();
}

const fileIn = (secretId: string) =>
  (JSON.parse(sandbox.secretsManager.valueOf(secretId) ?? '{}') as { kafka: Credential }).kafka;
const works = ({ username, password }: Credential) => sandbox.kafkaUsers.passwordOf(username) === password;

describe('the bundle with ROTATION_STRATEGY=alternating, each step in a process of its own', () => {
  it('makes a second key, then takes turns: the outgoing credential is accepted after each rotation', async () => {
    const current: string[] = [];
    for (let rotation = 1; rotation <= 3; rotation++) {
      const outgoing = fileIn(SECRET);
      await rotate();
      expect([works(fileIn(SECRET)), works(outgoing)]).toEqual([true, true]);
      expect(fileIn(STANDBY)).toEqual(outgoing);
      expect(sandbox.log.of('streamkap', PATCH)).toHaveLength(rotation === 1 ? 0 : 1);
      current.push(fileIn(SECRET).username);
    }
    expect(current).toEqual(['orders-b', 'orders', 'orders-b']);
    expect(sandbox.streamkap.projectKeys).toHaveLength(2);
    expect(sandbox.secretsManager.valueOf(SECRET)).not.toContain(FIRST);
  });

  it('needs 14 calls of Secrets Manager from the second rotation on, and logs in with the old one after the move', async () => {
    await rotate();
    await rotate();
    const { calls } = sandbox.log;
    const ofAws = calls.filter(
      ({ service, operation }) => service === 'secretsmanager' && operation !== 'RotateSecret',
    );
    expect(ofAws).toHaveLength(14);
    const logins = calls.filter(({ service }) => service === 'kafka').map(({ target, outcome }) => [target, outcome]);
    expect(logins).toEqual([
      ['orders', 'rejected'],
      ['orders', 'accepted'],
      ['orders', 'accepted'],
      ['orders-b', 'accepted'],
    ]);
  });

  it('prints lines in which nothing is secret', async () => {
    let printed = '';
    for (let rotation = 1; rotation <= 2; rotation++) {
      await rotate();
      const answer = await fetch(`${sandbox.controlUrl}/rotations`);
      const { runs } = (await answer.json()) as { runs: { output: string }[] };
      expect(runs.map(({ output }) => JSON.parse(output) as object)).toMatchObject(
        Array(4).fill({ level: 'INFO', strategy: 'alternating' }),
      );
      printed += runs.map(({ output }) => output).join('');
    }
    for (const secret of [FIRST, fileIn(SECRET).password, fileIn(STANDBY).password, sandbox.admin.clientSecret]) {
      expect(printed).not.toContain(secret);
      expect(printed).not.toContain(Buffer.from(secret).toString('base64'));
    }
  });

  it('stays under the size that a quick start allows', () => {
    expect(eager.bytes).toBeLessThan(700_000);
  });
});
