import { describe, expect, test } from 'vitest';
import { STATES, type State } from '../../../core/doctor/states.ts';

import { SECRET_ID } from '../action/fixture.ts';
import { BUNDLE, FUNCTION_ARN } from '../action/rotate-fixture.ts';
import { runAwsCommand } from './aws-command.ts';
import { CASES, type Case, UNMADE_CASES } from './doctor-cases.ts';
import { type Patient, patient, putByHand, rotated } from './doctor-worlds.ts';
import { ADMIN, atTerminal, doctor, keyring } from './fixture.ts';

const CODES = { healthy: 0, finding: 1, unknown: 3 } as const;

/** Looks at the subject, and that doctor names the state with the code and the command that the case says. */
async function look(subject: Patient, { state, next }: Case): Promise<string> {
  const found = await doctor(subject.world);
  expect([found.state, found.code]).toEqual([state, CODES[STATES[state].verdict]]);
  const said = found.next?.command ?? found.next?.text ?? '';
  const pattern = next.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  expect(said).toMatch(new RegExp(`^${pattern.join('[\\w-]+')}$`));
  return said;
}

describe('doctor names the state, and what it prints mends it', () => {
  test.each(CASES)('$state: $when', async (each) => {
    const subject = await each.make();
    const command = await look(subject, each);
    await each.first?.(subject);
    if (each.byHand || command === '') return;
    if (command.startsWith('aws ')) runAwsCommand(subject.world.sandbox.secretsManager, command);
    else if (command.startsWith('keyring ')) {
      const { code, screen } = await atTerminal(subject.world, command, 'yes');
      expect(code, screen).toBe(0);
    }
    await subject.world.sandbox.secretsManagerServer.idle();
    expect((await doctor(subject.world)).state).toBe('healthy');
  });

  test.each(UNMADE_CASES)('$state: $when', async (each) => {
    const subject = await each.make();
    await look(subject, each);
    await each.first?.(subject);
    const { world } = subject;
    world.sandbox.setBundle({ bundle: BUNDLE, environment: {} });
    const made = await doctor(world);
    expect(made.state).toBe('rotation-off');
    const attach = made.next?.command ?? '';
    expect(attach).toContain('FUNCTION_ARN');
    runAwsCommand(world.sandbox.secretsManager, attach.replace('FUNCTION_ARN', FUNCTION_ARN));
    await world.sandbox.secretsManagerServer.idle();
    expect((await doctor(world)).state).toBe('healthy');
  });

  test('every state has a case', () => {
    const states = new Set([...CASES, ...UNMADE_CASES].map(({ state }) => state));
    expect((Object.keys(STATES) as State[]).filter((state) => !states.has(state))).toEqual([]);
  });
});

describe('doctor', () => {
  test('logs in once where the current password works, and in all once with each stored one', async () => {
    const subject = await patient();
    await rotated(subject);
    const { world } = subject;
    const logins = async () => {
      world.forget();
      await doctor(world);
      return world.calls().filter((call) => call.startsWith('kafka'));
    };
    expect(await logins()).toEqual(['kafka login accepted']);
    world.sandbox.kafkaUsers.set('orders-ci', 'changed-in-the-console-1!');
    expect(await logins()).toEqual(['kafka login rejected', 'kafka login rejected']);
  });

  test('tells people what it means, what is safe, the next command, and each version', async () => {
    const { world } = await patient();
    world.sandbox.kafkaUsers.set('orders-ci', 'changed-in-the-console-1!');
    const { code, stdout, stderr } = await keyring(world, ['doctor', SECRET_ID, ...ADMIN, '--region', 'eu-central-1']);
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toContain(`${SECRET_ID}: drift\n  ${STATES.drift.meaning}\n  Safe: ${STATES.drift.safe}\n`);
    expect(stdout).toContain(
      `  Next: keyring reconcile ${SECRET_ID} --region eu-central-1 --admin-secret-id streamkap/admin\n`,
    );
    expect(stdout).toMatch(/AWSCURRENT.*: file of [\w-]+, \d+ min old, login rejected\n/);
  });

  test('shows nothing of a value that is no credential', async () => {
    const subject = await patient();
    putByHand(subject, { note: 'not-for-anybody-to-see' }, ['AWSCURRENT']);
    const { stdout, stderr } = await keyring(subject.world, ['doctor', SECRET_ID, ...ADMIN]);
    expect(stdout).toContain('something else');
    expect(stdout + stderr).not.toContain('not-for-anybody');
  });

  test.each([
    [[`${SECRET_ID}/standby`], `${SECRET_ID}/standby is the standby of ${SECRET_ID}`],
    [['streamkap/admin'], 'streamkap/admin holds a client credential'],
    [[], "missing required argument 'secret'"],
    [[SECRET_ID, '--format', 'csv'], "unknown option '--format'"],
  ])('ends with exit code 2 for %j', async (args, says) => {
    const { world, aws } = await patient('alternating');
    aws('TagResource', { SecretId: `${SECRET_ID}/standby`, Tags: [{ Key: 'streamkap:role', Value: 'standby' }] });
    aws('TagResource', { SecretId: 'streamkap/admin', Tags: [{ Key: 'streamkap:role', Value: 'admin' }] });
    const { code, stdout, stderr } = await keyring(world, ['doctor', ...args, ...ADMIN]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(says);
  });

  test('ends with exit code 3 where AWS does not answer', async () => {
    const { world } = await patient();
    const nowhere = { AWS_ENDPOINT_URL_SECRETS_MANAGER: 'http://127.0.0.1:1' };
    const { code, stdout, stderr } = await keyring(world, ['doctor', SECRET_ID, ...ADMIN], nowhere);
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toContain('AWS_UNREACHABLE');
  });
});
