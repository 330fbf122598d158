import { expect, test } from 'vitest';
import { lookUp } from '../../../core/provisioning/look-up.ts';
import { successorOf } from '../../../core/provisioning/version-id.ts';
import { errorOf } from '../streamkap-bench.ts';
import { MINUTE_MS, SECRET, World } from './bench.ts';

const WAIT_MS = 2 * MINUTE_MS;

function look(world: World, waitMs = WAIT_MS) {
  return lookUp(world.ports, { secretId: SECRET, waitMs });
}

function empty(): World {
  const world = new World();
  world.secrets.call('CreateSecret', { Name: SECRET, ClientRequestToken: successorOf('stack') });
  return world;
}

test('a file that is there is found by one call, masked, and told with its version', async () => {
  const world = new World();
  const file = world.putKey();
  const versionId = world.put(file);
  expect(await look(world)).toEqual({ outcome: 'found', file, secretArn: expect.stringMatching(/^arn:/), versionId });
  expect(world.calls).toEqual(['GetSecretValue', `mask ${file.project_key_id}`]);
});

test('a secret that does not exist is an error at once', async () => {
  const world = new World();
  const error = await errorOf(look(world));
  expect(error).toMatchObject({ code: 'SECRET_NOT_FOUND', changed: 'no', retryable: false });
  expect(error.remedy).toContain('ensure');
  expect(world.calls).toEqual(['GetSecretValue']);
});

test.each([
  ['without a value', empty(), 'SECRET_EMPTY'],
  ['with an intent', withIntent(), 'CREATION_NOT_FINISHED'],
])('a secret %s is waited for, however old, and never taken over', async (_what, world, code) => {
  world.clock.time += 60 * MINUTE_MS;
  const before = world.secrets.snapshot({ dates: false });
  expect(await errorOf(look(world))).toMatchObject({ code, changed: 'no', retryable: true });
  const waited = world.clock.sleeps.reduce((sum, pause) => sum + pause, 0);
  expect(waited).toBeLessThanOrEqual(WAIT_MS);
  expect(waited).toBeGreaterThan(WAIT_MS - 6_000);
  expect(new Set(world.calls)).toEqual(new Set(['GetSecretValue', 'sleep']));
  expect(world.progress[0]).toContain(`waiting for the credential in ${SECRET}`);
  expect(world.secrets.snapshot({ dates: false })).toBe(before);
});

test('a creation that Streamkap refused is not waited for: the error names the run that can make it', async () => {
  const world = new World();
  world.putIntent({ withdrawn: true, password: null });
  const error = await errorOf(look(world));
  expect(error).toMatchObject({ code: 'CREATION_REFUSED', changed: 'no', retryable: true });
  expect(error.remedy).toContain('ensure');
  expect(world.calls).toEqual(['GetSecretValue']);
});

test('no time to wait means one look', async () => {
  const world = empty();
  expect(await errorOf(look(world, 0))).toMatchObject({ code: 'SECRET_EMPTY' });
  expect(world.calls).toEqual(['GetSecretValue']);
});

test('a file that comes meanwhile is found', async () => {
  const world = withIntent();
  const intent = successorOf(undefined);
  world.meanwhile = () => {
    if (world.clock.sleeps.length === 3) world.put(world.putKey(), { after: intent, stages: ['AWSCURRENT'] });
  };
  expect(await look(world)).toMatchObject({ outcome: 'found', versionId: successorOf(intent) });
  expect(world.clock.sleeps).toEqual([1_000, 2_000, 4_000]);
});

test('a file that is stored but not current yet is not handed out', async () => {
  const world = withIntent();
  world.put(world.putKey(), { after: successorOf(undefined), stages: ['KEYRING_CREATED'] });
  expect(await errorOf(look(world, 0))).toMatchObject({ code: 'CREATION_NOT_FINISHED' });
});

test('something else is an error that does not quote it', async () => {
  const world = new World();
  world.put('hunter2-hunter2');
  const error = await errorOf(look(world));
  expect(error).toMatchObject({ code: 'SECRET_HAS_FOREIGN_VALUE', changed: 'no', retryable: false });
  expect(error.message).not.toContain('hunter2');
});

function withIntent(): World {
  const world = new World();
  world.putIntent();
  return world;
}
