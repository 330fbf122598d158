import { describe, expect, it } from 'vitest';
import { FIRST, LambdaBench, SECRET, seedKafkaKey } from './lambda-bundle.ts';

const STANDBY = `${SECRET}/standby`;
const PATCH = 'PATCH /project-keys/{id}';
const ALTERNATING = { ROTATION_STRATEGY: 'alternating' };

interface Credential {
  readonly username: string;
  readonly password: string;
}

const bench = new LambdaBench('rotate-password').use((sandbox) => seedKafkaKey(sandbox, 'alternating'));

/** The call log begins with it. */
async function rotate(): Promise<void> {
  bench.sandbox.log.calls.length = 0;
  await bench.rotate({ secretId: SECRET, environment: ALTERNATING });
}

const fileIn = (secretId: string) =>
  (JSON.parse(bench.sandbox.secretsManager.valueOf(secretId) ?? '{}') as { kafka: Credential }).kafka;
const works = ({ username, password }: Credential) => bench.sandbox.kafkaUsers.passwordOf(username) === password;

describe('the bundle with ROTATION_STRATEGY=alternating, each step in a process of its own', () => {
  it('makes a second key, then takes turns: the outgoing credential is accepted after each rotation', async () => {
    const current: string[] = [];
    for (let rotation = 1; rotation <= 3; rotation++) {
      const outgoing = fileIn(SECRET);
      await rotate();
      expect([works(fileIn(SECRET)), works(outgoing)]).toEqual([true, true]);
      expect(fileIn(STANDBY)).toEqual(outgoing);
      expect(bench.sandbox.log.of('streamkap', PATCH)).toHaveLength(rotation === 1 ? 0 : 1);
      current.push(fileIn(SECRET).username);
    }
    expect(current).toEqual(['orders-b', 'orders', 'orders-b']);
    expect(bench.sandbox.streamkap.projectKeys).toHaveLength(2);
    expect(bench.sandbox.secretsManager.valueOf(SECRET)).not.toContain(FIRST);
  });

  it('needs 14 calls of Secrets Manager from the second rotation on, and logs in with the old one after the move', async () => {
    await rotate();
    await rotate();
    const { calls } = bench.sandbox.log;
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
      const runs = await bench.runs();
      expect(runs.map(({ output }) => JSON.parse(output) as object)).toMatchObject(
        Array(4).fill({ level: 'INFO', strategy: 'alternating' }),
      );
      printed += runs.map(({ output }) => output).join('');
    }
    for (const secret of [FIRST, fileIn(SECRET).password, fileIn(STANDBY).password, bench.sandbox.admin.clientSecret]) {
      expect(printed).not.toContain(secret);
      expect(printed).not.toContain(Buffer.from(secret).toString('base64'));
    }
  });

  it('stays under the size that a quick start allows', () => {
    expect(bench.of().eager.bytes).toBeLessThan(700_000);
  });
});
