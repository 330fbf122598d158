import { describe, expect, test } from 'vitest';
import { SECRET_ID, type World } from '../action/fixture.ts';
import { passwordOf, patches } from '../action/rotate-fixture.ts';
import {
  begun,
  moveLabel,
  type Patient,
  patient,
  rotated,
  STUCK_MS,
  stoppedBeforeSending,
  stoppedBeforeTheMove,
  stored,
} from './doctor-worlds.ts';
import { ADMIN, atTerminal, keyring } from './fixture.ts';

const COMMAND = `keyring reconcile ${SECRET_ID} ${ADMIN.join(' ')}`;
const reconcile = (world: World, ...args: string[]) =>
  keyring(world, ['reconcile', SECRET_ID, ...ADMIN, '--yes', '--json', ...args]);
const drift = ({ world }: Patient) => world.sandbox.kafkaUsers.set('orders-ci', 'changed-in-the-console-1!');
const labels = ({ world }: Patient) => world.sandbox.secretsManager.labels(SECRET_ID);

/** Runs it, and looks that neither labels nor passwords are different afterwards. */
async function changingNothing(subject: Patient, run: () => Promise<{ code: number; stdout?: string }>) {
  const before = [labels(subject), passwordOf(subject.world)];
  subject.world.forget();
  const finished = await run();
  expect([labels(subject), passwordOf(subject.world)]).toEqual(before);
  expect(patches(subject.world)).toEqual([]);
  return finished;
}

describe('reconcile', () => {
  test('moves AWSCURRENT to the pending version that is in force, and sends nothing', async () => {
    const subject = await patient();
    await stoppedBeforeTheMove(subject);
    subject.pass(STUCK_MS);
    const [from, to] = [subject.idWith('AWSCURRENT'), subject.idWith('AWSPENDING')];
    subject.world.forget();
    const { code, stdout } = await reconcile(subject.world);
    expect(JSON.parse(stdout)).toMatchObject({ done: [{ do: 'promote', from, to }], state: 'healthy' });
    expect([code, subject.idWith('AWSCURRENT'), subject.idWith('AWSPREVIOUS')]).toEqual([0, to, from]);
    expect(stored(subject).kafka?.password).toBe(passwordOf(subject.world));
    expect(patches(subject.world)).toEqual([]);
  });

  test('sets a password that was changed elsewhere to the stored one, once, read right before and proven right after', async () => {
    const subject = await patient();
    await rotated(subject);
    drift(subject);
    const value = stored(subject);
    subject.world.forget();
    expect((await reconcile(subject.world)).code).toBe(0);
    expect(passwordOf(subject.world)).toBe(value.kafka?.password);
    expect(stored(subject)).toEqual(value);
    const calls = subject.world.calls();
    const at = calls.indexOf('streamkap PATCH /project-keys/{id} 200');
    expect(patches(subject.world)).toHaveLength(1);
    expect(calls.slice(at - 2, at + 2)).toEqual([
      'secretsmanager DescribeSecret ok',
      'secretsmanager GetSecretValue ok',
      'streamkap PATCH /project-keys/{id} 200',
      'kafka login accepted',
    ]);
  });

  test('takes the pending label off before it sends the current password', async () => {
    const subject = await patient();
    await stoppedBeforeSending(subject);
    subject.pass(STUCK_MS);
    drift(subject);
    const { code, stdout } = await reconcile(subject.world);
    expect(JSON.parse(stdout)).toMatchObject({ done: [{ do: 'clear-pending' }, { do: 'set-password' }] });
    expect([code, subject.idWith('AWSPENDING')]).toEqual([0, '']);
  });

  test('of two keys sets the current one only; the other stays as it is', async () => {
    const subject = await patient('alternating');
    await rotated(subject);
    const other = passwordOf(subject.world);
    subject.world.sandbox.kafkaUsers.set('orders-ci-b', 'changed-in-the-console-1!');
    expect((await reconcile(subject.world)).code).toBe(0);
    expect(passwordOf(subject.world)).toBe(other);
    expect(passwordOf(subject.world, 'orders-ci-b')).toBe(stored(subject).kafka?.password);
  });

  test('asks the password that was sent where the answer is lost', async () => {
    const subject = await patient();
    drift(subject);
    subject.world.sandbox.log.script({
      ...{ service: 'streamkap', operation: 'PATCH /project-keys/{id}' },
      action: { kind: 'drop', when: 'after' },
    });
    expect((await reconcile(subject.world)).code).toBe(0);
    expect(passwordOf(subject.world)).toBe(stored(subject).kafka?.password);
  });

  test('tells what it would do, and does nothing without an answer of yes', async () => {
    const subject = await patient();
    drift(subject);
    const { code } = await changingNothing(subject, async () => {
      const { code, screen } = await atTerminal(subject.world, COMMAND, 'no');
      expect(screen).toContain('Streamkap: set the password of orders-ci');
      return { code };
    });
    expect(code).toBe(2);
  });

  test('refuses where nobody can be asked, with what it would do', async () => {
    const subject = await patient();
    drift(subject);
    const { code, stdout } = await changingNothing(subject, async () => {
      const finished = await keyring(subject.world, COMMAND.split(' ').slice(1));
      expect(finished.stderr).toContain('Streamkap: set the password of orders-ci');
      expect(finished.stderr).toContain('--yes: is missing, and there is nobody to ask');
      return finished;
    });
    expect([code, stdout]).toEqual([2, '']);
  });

  test.each<[string, number, string, (subject: Patient) => void]>([
    ['is healthy', 0, 'healthy', () => undefined],
    ['may be rotating', 1, 'rotation-under-way', begun],
    [
      'has a rotation that began while its password is refused',
      1,
      'rotation-under-way',
      (subject) => {
        begun(subject);
        drift(subject);
      },
    ],
    [
      'cannot be logged in to',
      3,
      'login-unknown',
      ({ world }) =>
        world.sandbox.log.script({ service: 'kafka', operation: 'login', action: { kind: 'drop', when: 'before' } }),
    ],
    [
      'has a key that is gone',
      1,
      'key-missing',
      ({ world, old }) => world.sandbox.streamkap.removeProjectKey(old.project_key_id),
    ],
  ])('changes nothing of a secret that %s', async (_, code, state, arrange) => {
    const subject = await patient();
    arrange(subject);
    const finished = await changingNothing(subject, () => reconcile(subject.world));
    expect(finished.code).toBe(code);
    expect(JSON.parse(finished.stdout ?? '')).toMatchObject({ done: [], state });
  });

  test('sends nothing where a rotation begins after it has looked', async () => {
    const subject = await patient();
    drift(subject);
    const { log } = subject.world.sandbox;
    const record = log.record.bind(log);
    log.record = (call) => {
      record(call);
      if (call.service !== 'kafka') return;
      log.record = record;
      begun(subject);
    };
    subject.world.forget();
    const { code, stderr } = await reconcile(subject.world);
    expect(code).toBe(3);
    expect(stderr).toContain('ROTATION_UNDER_WAY');
    expect(stderr).toContain('Nothing was changed.');
    expect(patches(subject.world)).toEqual([]);
  });

  test('forces no label that somebody else has moved meanwhile', async () => {
    const subject = await patient();
    await rotated(subject);
    await stoppedBeforeTheMove({ ...subject, old: stored(subject) });
    subject.pass(STUCK_MS);
    const { secretsManager } = subject.world.sandbox;
    const call = secretsManager.call.bind(secretsManager);
    const [current, previous] = [subject.idWith('AWSCURRENT'), subject.idWith('AWSPREVIOUS')];
    secretsManager.call = (operation, input) => {
      secretsManager.call = operation === 'UpdateSecretVersionStage' ? call : secretsManager.call;
      if (operation === 'UpdateSecretVersionStage') moveLabel(subject, 'AWSCURRENT', current, previous);
      return call(operation, input);
    };
    const { code, stderr } = await reconcile(subject.world);
    expect([code, subject.idWith('AWSCURRENT')]).toEqual([3, previous]);
    expect(stderr).toContain('CURRENT_MOVED');
  });

  test('says that a password Streamkap refuses to take was not changed', async () => {
    const subject = await patient();
    drift(subject);
    subject.world.sandbox.log.script({
      ...{ service: 'streamkap', operation: 'PATCH /project-keys/{id}' },
      action: { kind: 'status', when: 'before', status: 403 },
    });
    const before = passwordOf(subject.world);
    const { code, stderr } = await reconcile(subject.world);
    expect(code).toBe(3);
    expect(stderr).toContain('Nothing was changed.');
    expect(passwordOf(subject.world)).toBe(before);
  });
});
