import { afterEach, beforeEach, expect, test } from 'vitest';
import { fileIn, KINDS, openWorld, SECRET_ID, type World } from '../action/fixture.ts';
import { keyring } from './fixture.ts';

const ADMIN = ['--admin-secret-id', 'streamkap/admin'];

let world: World;
let id: string;
beforeEach(async () => {
  world = await openWorld();
  id = fileIn(await world.run(KINDS['Kafka-only'])).project_key_id;
  world.forget();
});
afterEach(() => world.close());

const decommission = (...args: string[]) => keyring(world, ['decommission', ...ADMIN, ...args]);
const deletions = () => world.calls().filter((call) => call.startsWith('streamkap DELETE'));
const isThere = () => world.sandbox.kafkaUsers.passwordOf('orders-ci') !== undefined;

/** The secret is gone, and with it everything that knew the key. */
const loseSecret = () =>
  world.sandbox.secretsManager.call('DeleteSecret', { SecretId: SECRET_ID, ForceDeleteWithoutRecovery: true });

test('a key that is in no secret any more is deleted, and a second time is no error', async () => {
  loseSecret();
  const { code, stderr } = await decommission('--project-key-id', id, '--yes');
  expect([code, stderr]).toEqual([0, `project key ${id}: gone\n`]);
  expect(isThere()).toBe(false);
  expect(await decommission('--project-key-id', id, '--yes')).toMatchObject({
    code: 0,
    stderr: `project key ${id}: was not there\n`,
  });
});

test('a key that a secret holds is not deleted', async () => {
  const { code, stderr } = await decommission('--project-key-id', id, '--yes');
  expect(code).toBe(3);
  expect(stderr).toContain(`The secret ${SECRET_ID} names the project key ${id} (KEY_IN_USE)`);
  expect(deletions()).toEqual([]);
  expect(isThere()).toBe(true);
});

test('nothing is deleted where nobody can be asked', async () => {
  loseSecret();
  const { code, stderr } = await decommission('--project-key-id', id);
  expect(code).toBe(2);
  expect(stderr).toContain('--yes: is missing, and there is nobody to ask');
  expect(deletions()).toEqual([]);
});

test('a deletion that Streamkap fails at first is asked for again', async () => {
  loseSecret();
  world.sandbox.streamkap.failNextDeletes(1);
  expect((await decommission('--project-key-id', id, '--yes')).code).toBe(0);
  expect(isThere()).toBe(false);
});

test('the credential that the command itself uses is not deleted', async () => {
  const { code, stderr } = await decommission('--client-id', world.sandbox.admin.clientId, '--yes');
  expect(code).toBe(2);
  expect(stderr).toContain('is the credential that this command uses itself');
  expect(deletions()).toEqual([]);
});

test.each([
  [[]],
  [['--project-key-id', 'a', '--client-id', 'b']],
])('with the options %j nothing is asked', async (args) => {
  expect((await decommission(...args)).code).toBe(2);
  expect(world.calls()).toEqual([]);
});
