import { describe, expect, test } from 'vitest';
import { successorOf } from '../../../core/provisioning/version-id.ts';
import { errorOf } from '../streamkap-bench.ts';
import { MINUTE_MS, PASSWORD, REQUESTED, SECRET, World } from './bench.ts';

const POST = 'POST /project-keys';
const DELETE = 'DELETE /project-keys/{id}';

describe('nobody has made the key', () => {
  test('it is made once; its password is masked, then stored, then asked for; the file is stored before it is current', async () => {
    const world = new World();
    const { outcome, file, versionId } = await world.provision();
    expect(outcome).toBe('created');
    expect(world.current).toEqual(file);
    expect(world.users.passwordOf('orders')).toBe(file.kafka?.password);
    expect(versionId).toBe(successorOf(successorOf(undefined)));
    expect(world.labels).toEqual(['AWSCURRENT', 'KEYRING_CREATED']);
    expect(world.calls).toEqual([
      'GetSecretValue',
      `mask ${file.kafka?.password}`,
      'CreateSecret',
      POST,
      `mask ${file.project_key_id}`,
      'PutSecretValue',
      `mask ${file.project_key_id}`,
      'GET /project-keys/{id}',
      'GET /project-keys',
      'UpdateSecretVersionStage',
      'GetSecretValue',
      `mask ${file.project_key_id}`,
    ]);
    expect(world.secrets.call('DescribeSecret', { SecretId: SECRET })).toMatchObject({
      Tags: [{ Key: 'managed-by', Value: 'streamkap-keyring' }],
    });
  });

  test('a secret that a stack made without a value is filled', async () => {
    const world = new World();
    world.secrets.call('CreateSecret', { Name: SECRET, ClientRequestToken: successorOf('stack') });
    expect(await world.provision()).toMatchObject({ outcome: 'created' });
    expect(world.count('CreateSecret')).toBe(0);
    expect(world.count('PutSecretValue')).toBe(2);
  });

  test('a key that takes its time is waited for, and its file is not current before it is active', async () => {
    for (const statusStyle of ['lower', 'title'] as const) {
      const world = new World({ createLatencyMs: 20_000, statusStyle });
      world.meanwhile = () => {
        const creating = world.streamkap.projectKeys.some(
          (key) => key.status === 'creating' && (key.due ?? 0) > world.clock.time,
        );
        if (creating && world.secrets.nameOf(SECRET)) expect(world.current.type).toBe('streamkap_keyring_intent');
      };
      expect(await world.provision()).toMatchObject({ outcome: 'created' });
      expect(world.clock.sleeps).toEqual([1_000, 2_000, 4_000, 5_000, 5_000, 5_000]);
      expect(world.count(POST)).toBe(1);
    }
  });

  test('a key that never becomes active is left alone; the next run finishes it', async () => {
    const world = new World({ createLatencyMs: 15 * MINUTE_MS });
    expect(await errorOf(world.provision())).toMatchObject({
      code: 'KEY_NOT_SETTLED',
      changed: 'yes',
      retryable: true,
    });
    expect(world.count(DELETE)).toBe(0);
    expect(world.clock.sleeps.reduce((sum, pause) => sum + pause, 0)).toBeLessThanOrEqual(10 * MINUTE_MS);
    expect(world.progress).toContain(
      `the project key ${world.streamkap.projectKeys[0]?.id} is "creating", looking again`,
    );
    world.clock.time += 10 * MINUTE_MS;
    expect(await world.provision()).toMatchObject({ outcome: 'adopted' });
    expect(world.count(POST)).toBe(1);
    expect(world.labels).toEqual(['AWSCURRENT', 'KEYRING_CREATED']);
  });
});

describe('the key is there', () => {
  test('it is found by one call, and nobody else is asked', async () => {
    const world = new World();
    world.put(world.putKey());
    expect(await world.provision()).toMatchObject({ outcome: 'found', versionId: successorOf(undefined) });
    expect(world.calls).toEqual(['GetSecretValue', expect.stringMatching(/^mask /)]);
    expect(world.prepared).toBe(0);
  });

  test.each([
    ['a password on its own', 'hunter2-hunter2'],
    ['another product’s JSON', '{"password":"hunter2-hunter2"}'],
    ['half a file', '{"type":"streamkap_project_key","project_key_id":"hunter2-hunter2"}'],
    ['half an intent', '{"type":"streamkap_keyring_intent","password":"hunter2-hunter2"}'],
  ])('or something else is (%s): an error that does not quote it, nothing changed', async (_what, value) => {
    const world = new World();
    world.put(value);
    const before = world.secrets.snapshot({ dates: false });
    const error = await errorOf(world.provision());
    expect(error).toMatchObject({ code: 'SECRET_HAS_FOREIGN_VALUE', changed: 'no', retryable: false });
    expect(`${error.message} ${error.remedy}`).not.toContain('hunter2');
    expect(world.secrets.snapshot({ dates: false })).toBe(before);
    expect(world.calls).toEqual(['GetSecretValue']);
  });

  test('or it waits for its deletion: an error with the way back, and it is not brought back', async () => {
    const world = new World();
    world.put(world.putKey());
    world.secrets.call('DeleteSecret', { SecretId: SECRET });
    const error = await errorOf(world.provision());
    expect(error).toMatchObject({ code: 'SECRET_SCHEDULED_FOR_DELETION', changed: 'no' });
    expect(error.remedy).toContain('restore-secret');
    expect(world.calls).toEqual(['GetSecretValue']);
  });
});

describe('Streamkap cannot finish the key', () => {
  test.each([
    ['a Kafka key', REQUESTED.kafka, 'orders'],
    ['an API key', REQUESTED.api, null],
  ])('once: %s is deleted and made again', async (_kind, requested, username) => {
    const world = new World();
    world.wanted = { name: 'orders', username, requested };
    world.streamkap.failNextCreates(1);
    world.meanwhile = (call) => {
      if (call !== POST) return;
      const { password } = world.current as { password?: unknown };
      expect(password === null).toBe(username === null);
    };
    const { outcome, file } = await world.provision();
    expect(outcome).toBe('created');
    expect(world.count(POST)).toBe(2);
    expect(world.streamkap.projectKeys.map(({ id, status }) => [id, status])).toEqual([
      [file.project_key_id, 'active'],
    ]);
    expect(world.current).toEqual(file);
  });

  test('twice: both are deleted, an error says so, and the next run begins afresh at once', async () => {
    const world = new World();
    world.streamkap.failNextCreates(2);
    expect(await errorOf(world.provision())).toMatchObject({ code: 'CREATE_FAILED', changed: 'yes', retryable: true });
    expect(world.streamkap.projectKeys).toEqual([]);
    expect(world.current).toMatchObject({ withdrawn: true, password: null });
    const sleeps = world.clock.sleeps.length;
    expect(await world.provision()).toMatchObject({ outcome: 'created' });
    expect(world.clock.sleeps).toHaveLength(sleeps);
    expect(world.streamkap.projectKeys).toHaveLength(1);
  });

  test('nor delete it: the DELETE is sent again', async () => {
    const world = new World({ deleteLatencyMs: 1_500 });
    world.streamkap.failNextCreates(1);
    world.streamkap.failNextDeletes(2);
    expect(await world.provision()).toMatchObject({ outcome: 'created' });
    expect(world.count(DELETE)).toBe(3);
    expect(world.streamkap.projectKeys).toHaveLength(1);
  });

  test('nor ever delete it: three times, then it is an error and the key is named', async () => {
    const world = new World();
    world.streamkap.failNextCreates(1);
    world.streamkap.failNextDeletes(99);
    const error = await errorOf(world.provision());
    expect(error).toMatchObject({ code: 'KEY_NOT_SETTLED', changed: 'yes', retryable: true });
    expect(error.message).toContain(world.streamkap.projectKeys[0]?.id);
    expect(world.count(DELETE)).toBe(3);
    expect(world.count(POST)).toBe(1);
  });
});

describe('another run holds an intent', () => {
  test('a young one is waited for, and the wait is told with the intent’s age', async () => {
    const world = new World();
    const intent = world.putIntent();
    world.clock.time += 30_000;
    world.meanwhile = (call) => {
      if (call !== 'GetSecretValue' || world.clock.sleeps.length !== 3 || world.streamkap.projectKeys.length > 0)
        return;
      world.put(world.putKey(), { after: intent, stages: ['AWSCURRENT'] });
    };
    expect(await world.provision()).toMatchObject({ outcome: 'found', file: { kafka: { password: PASSWORD } } });
    expect(world.progress).toEqual(
      [30, 31, 33].map((age) => `waiting for another run to finish creating the key (begun ${age} s ago)`),
    );
    expect(world.calls.filter((call) => /^(POST|DELETE|Put|Create|Update)/.test(call))).toEqual([]);
    expect(world.prepared).toBe(0);
  });

  test('an old one is taken over with its password and username, by the next attempt', async () => {
    const world = new World();
    world.putIntent();
    world.clock.time += 2 * MINUTE_MS;
    const { outcome, file } = await world.provision();
    expect(outcome).toBe('created');
    expect(file.kafka).toMatchObject({ username: 'orders', password: PASSWORD });
    expect(world.streamkap.projectKeys[0]?.description).toMatch(/\.2\]$/);
    expect(world.calls).toContain(`mask ${PASSWORD}`);
    expect(world.calls.indexOf(`mask ${PASSWORD}`)).toBeLessThan(world.calls.indexOf('PutSecretValue'));
    expect(world.clock.sleeps).toEqual([]);
    expect(world.prepared).toBe(0);
  });

  test('an old one whose key is still being made is waited for all the same', async () => {
    const world = new World({ createLatencyMs: 60 * MINUTE_MS });
    world.putIntent();
    world.putKey(1, { status: 'creating' });
    world.clock.time += 5 * MINUTE_MS;
    expect(await errorOf(world.provision())).toMatchObject({
      code: 'CREATION_NOT_FINISHED',
      changed: 'no',
      retryable: true,
    });
    expect(world.calls.filter((call) => /^(POST|PATCH|DELETE|Put|Create|Update)/.test(call))).toEqual([]);
    // Take-over age and a quarter of an hour.
    expect(world.clock.sleeps.reduce((sum, pause) => sum + pause, 0)).toBeGreaterThan(17 * MINUTE_MS);
    expect(world.clock.sleeps.reduce((sum, pause) => sum + pause, 0)).toBeLessThan(18 * MINUTE_MS);
  });

  test('a withdrawn one is followed at once, by what is wanted now', async () => {
    const world = new World({ uniqueNames: true });
    world.streamkap.seedProjectKey({ name: 'orders', kafka_config: { username: 'other', password: PASSWORD } });
    const refused = await errorOf(world.provision());
    expect(refused).toMatchObject({ code: 'STREAMKAP_INVALID', changed: 'yes' });
    expect(world.current).toMatchObject({ withdrawn: true, password: null });
    world.wanted = { ...world.wanted, name: 'orders of ours' };
    expect(await world.provision()).toMatchObject({ outcome: 'created' });
    expect(world.clock.sleeps).toEqual([]);
    expect(world.count(POST)).toBe(2);
    expect(world.streamkap.projectKeys.map(({ name }) => name)).toEqual(['orders', 'orders of ours']);
  });
});

describe('another run stored its file and is not there any more', () => {
  function halfway(): World {
    const world = new World();
    world.put(world.putKey(), { after: world.putIntent(), stages: ['KEYRING_CREATED'] });
    return world;
  }

  test('a moment ago: it is given time to finish', async () => {
    const world = halfway();
    world.clock.time += 4_000;
    expect(await world.provision()).toMatchObject({ outcome: 'adopted' });
    expect(world.clock.sleeps).toEqual([1_000]);
    expect(world.count(POST)).toBe(0);
  });

  test('longer ago: its key is finished, none is made, none is deleted', async () => {
    const world = halfway();
    world.clock.time += 5_000;
    const { outcome, file } = await world.provision();
    expect(outcome).toBe('adopted');
    expect(world.current).toEqual(file);
    expect(world.clock.sleeps).toEqual([]);
    expect(world.calls.filter((call) => /^(POST|PATCH|DELETE|Put|Create)/.test(call))).toEqual([]);
  });

  test('and its key failed meanwhile: it is replaced', async () => {
    const world = new World();
    const file = world.putKey(1, { status: 'failed' });
    world.put(file, { after: world.putIntent(), stages: ['KEYRING_CREATED'] });
    world.clock.time += 5_000;
    const made = await world.provision();
    expect(made.file.project_key_id).not.toBe(file.project_key_id);
    expect(world.streamkap.projectKeys.map(({ id }) => id)).toEqual([made.file.project_key_id]);
    expect(world.current).toEqual(made.file);
    expect(world.clock.sleeps).toEqual([]);
  });
});

describe('the secret cannot be written', () => {
  test('before anything was asked for: no key is made', async () => {
    const world = new World();
    world.fault('secretsmanager', 'CreateSecret', {
      kind: 'status',
      when: 'before',
      status: 400,
      code: 'AccessDeniedException',
    });
    expect(await errorOf(world.provision())).toMatchObject({ code: 'AWS_ACCESS_DENIED', changed: 'no' });
    expect(world.count(POST)).toBe(0);
  });

  test('once the key is made: the error names the key and says that something changed; the next run has it', async () => {
    const world = new World();
    world.fault('secretsmanager', 'PutSecretValue', {
      kind: 'status',
      when: 'before',
      status: 400,
      code: 'AccessDeniedException',
    });
    const error = await errorOf(world.provision());
    const id = world.streamkap.projectKeys[0]?.id ?? 'none';
    expect(error).toMatchObject({ code: 'AWS_ACCESS_DENIED', changed: 'yes', retryable: false });
    expect(error.message).toContain(`The project key ${id} was made, but its file could not be stored`);
    expect(world.current.type).toBe('streamkap_keyring_intent');
    world.clock.time += 2 * MINUTE_MS;
    expect(await world.provision()).toMatchObject({ outcome: 'adopted', file: { project_key_id: id } });
  });

  test.each([
    'CreateSecret',
    'PutSecretValue',
  ])('surely: the answer to %s is lost, so the version is read before anything is concluded', async (operation) => {
    for (const when of ['before', 'after'] as const) {
      const world = new World();
      world.fault('secretsmanager', operation, { kind: 'drop', when });
      expect(await world.provision()).toMatchObject({ outcome: 'created' });
      expect(world.count(operation)).toBe(when === 'before' ? 2 : 1);
      expect(world.count(POST)).toBe(1);
    }
  });

  test('for all of three tries: an error, and whether it was written stays open', async () => {
    const world = new World();
    world.fault('secretsmanager', 'CreateSecret', { kind: 'drop', when: 'before' }, 9);
    expect(await errorOf(world.provision())).toMatchObject({
      code: 'AWS_UNREACHABLE',
      changed: 'unknown',
      retryable: true,
    });
    expect(world.count('CreateSecret')).toBe(3);
    expect(world.count(POST)).toBe(0);
  });
});
