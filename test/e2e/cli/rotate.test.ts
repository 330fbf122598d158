import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { SECRET_ID, storedIn } from '../action/fixture.ts';
import { BUNDLE, FUNCTION_ARN, passwordOf, patches, starts } from '../action/rotate-fixture.ts';
import { begun, type Patient, patient, stoppedBeforeTheMove, stored } from './doctor-worlds.ts';
import { doctor, keyring } from './fixture.ts';

async function rotate({ world }: Patient, ...args: string[]) {
  const finished = await keyring(world, ['rotate', SECRET_ID, '--json', ...args]);
  await world.sandbox.secretsManagerServer.idle();
  return { ...finished, facts: JSON.parse(finished.stdout || '{}') as Record<string, unknown> };
}

describe('rotate', () => {
  test('with --wait ends when the new password is current and Kafka accepts it', async () => {
    const subject = await patient();
    const { code, facts, stderr } = await rotate(subject, '--wait');
    expect([code, stderr]).toEqual([0, '']);
    expect(facts).toEqual({
      ...{ secret: SECRET_ID, outcome: 'rotated', token: subject.idWith('AWSCURRENT'), login: 'accepted', old: null },
    });
    expect(stored(subject).kafka?.password).not.toBe(subject.old.kafka?.password);
    expect(passwordOf(subject.world)).toBe(stored(subject).kafka?.password);
    expect([starts(subject.world).length, patches(subject.world).length]).toEqual([1, 1]);
    expect((await doctor(subject.world)).state).toBe('healthy');
  });

  test('without --wait ends when the rotation has begun', async () => {
    const subject = await patient();
    const { code, facts } = await rotate(subject);
    expect([code, facts]).toEqual([0, { secret: SECRET_ID, outcome: 'begun', token: subject.idWith('AWSCURRENT') }]);
    expect(starts(subject.world)).toHaveLength(1);
  });

  test('after a compromise of one key shows that the old password is refused', async () => {
    const subject = await patient();
    const { code, facts } = await rotate(subject, '--wait', '--reason', 'compromise');
    expect([code, facts.old]).toEqual([0, 'refused']);
    expect(subject.world.calls().slice(-2)).toEqual(['kafka login accepted', 'kafka login rejected']);
  });

  test('after a compromise of two keys has the old password retired', async () => {
    const subject = await patient('alternating');
    const { code, facts } = await rotate(subject, '--wait', '--reason', 'compromise');
    expect([code, facts.old]).toEqual([0, 'retired']);
    expect(passwordOf(subject.world)).not.toBe(subject.old.kafka?.password);
    const standby = storedIn(subject.world, `${SECRET_ID}/standby`) as never as Patient['old'];
    expect(passwordOf(subject.world)).toBe(standby.kafka?.password);
  });

  test('of the admin credential ends when the new one is current', async () => {
    const { world } = await patient();
    const { sandbox } = world;
    const first = storedIn(world, sandbox.adminSecretId);
    sandbox.setBundle({ bundle: BUNDLE.replace('rotate-password', 'rotate-admin'), environment: {} });
    sandbox.secretsManager.call('RotateSecret', {
      ...{ SecretId: sandbox.adminSecretId, ClientRequestToken: randomUUID(), RotateImmediately: false },
      ...{ RotationLambdaARN: FUNCTION_ARN, RotationRules: { AutomaticallyAfterDays: 30 } },
    });
    await sandbox.secretsManagerServer.idle();
    world.forget();
    const refused = await keyring(world, ['rotate', sandbox.adminSecretId, '--wait', '--reason', 'compromise']);
    expect([refused.code, starts(world)]).toEqual([2, []]);
    expect(refused.stderr).toContain('--reason: is for keys with a Kafka password');
    const { code, stdout } = await keyring(world, ['rotate', sandbox.adminSecretId, '--wait']);
    expect(code).toBe(0);
    expect(stdout).toContain('is current; the function has proved it');
    expect(storedIn(world, sandbox.adminSecretId).client_id).not.toBe(first.client_id);
  });

  test('says of an old password that could not be tried that it is not known', async () => {
    const subject = await patient();
    const { log } = subject.world.sandbox;
    const record = log.record.bind(log);
    log.record = (call) => {
      record(call);
      const moved = subject.idWith('AWSCURRENT') !== first;
      if (moved && call.service === 'kafka' && call.outcome === 'accepted')
        log.script({ service: 'kafka', operation: 'login', action: { kind: 'drop', when: 'before' } });
    };
    const first = subject.idWith('AWSCURRENT');
    const { code, facts } = await rotate(subject, '--wait', '--reason', 'compromise');
    expect([code, facts.outcome, facts.old]).toEqual([3, 'rotated', 'not known']);
  });

  test.each<[string, string, (subject: Patient) => void | Promise<void>]>([
    ['is rotating already', 'ROTATION_PENDING', begun],
    ['has a password in force that is pending', 'ROTATION_PENDING', stoppedBeforeTheMove],
    ['has its rotation switched off', 'ROTATION_DISABLED', ({ aws }) => aws('CancelRotateSecret')],
    ['is not there', 'SECRET_NOT_FOUND', ({ aws }) => aws('DeleteSecret', { ForceDeleteWithoutRecovery: true })],
  ])('refuses a secret that %s, and begins nothing', async (_, code, arrange) => {
    const subject = await patient();
    await arrange(subject);
    const password = passwordOf(subject.world);
    subject.world.forget();
    const finished = await rotate(subject, '--wait');
    expect([finished.code, finished.stdout]).toEqual([1, '']);
    expect(finished.stderr).toContain(code);
    expect(finished.stderr).toContain('Nothing was changed.');
    expect([starts(subject.world), passwordOf(subject.world)]).toEqual([[], password]);
  });

  test.each([
    [['--reason', 'compromise'], '--reason: needs --wait'],
    [['--reason', 'leak'], 'Allowed choices are compromise'],
    [['--wait', '--yes'], "unknown option '--yes'"],
  ])('ends with exit code 2 for %j, and asks nothing', async (args, says) => {
    const subject = await patient();
    const { code, stdout, stderr } = await rotate(subject, ...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(says);
    expect(subject.world.calls()).toEqual([]);
  });
});
