import { describe, expect, test } from 'vitest';
import { successorOf } from '../../../../core/provisioning/version-id.ts';
import { errorOf } from '../../streamkap-bench.ts';
import { MINUTE_MS, PASSWORD, SECRET } from '../bench.ts';
import { BOTH, GET, KeyInUse, MOVE, PATCH, PUT, READ, READER, withStoredFile } from './bench.ts';

const NAMED = { name: 'New name' };
const addKafka = (world: KeyInUse, takeOverAfterMs = 2 * MINUTE_MS) =>
  world.update({ requested: BOTH }, { takeOverAfterMs });
const addApi = (world: KeyInUse, takeOverAfterMs = 2 * MINUTE_MS) =>
  world.update({ requested: { role_ids: [READER] } }, { takeOverAfterMs });

/** The intent of an update that adds access, as its run stored it before it went away. */
const intentOf = (world: KeyInUse, more: object = {}) => ({
  ...{ type: 'streamkap_keyring_update', keyId: world.file.project_key_id, run: 'org/repo run 0.9' },
  ...{ adds: 'kafka', username: 'orders', password: PASSWORD },
  requested: { description: '', kafka: { kafka_acls: [READ], is_create_schema_registry: false } },
  ...more,
});
const API_INTENT = { adds: 'api', username: null, password: null, requested: { description: '', role_ids: [READER] } };

describe('an update that another run began', () => {
  test('and whose intent is younger than the take-over age is waited for', async () => {
    const world = new KeyInUse('api');
    world.putUnder('KEYRING_INTENT', intentOf(world));
    world.clock.time += MINUTE_MS;
    const { file } = await addKafka(world);
    expect(world.clock.sleeps.reduce((sum, pause) => sum + pause, 0)).toBeGreaterThanOrEqual(MINUTE_MS);
    expect(file.kafka?.password).toBe(PASSWORD);
  });

  test('and that is older is gone on from, with its user, its password and its ACLs, not with ours', async () => {
    const world = new KeyInUse('api');
    world.putUnder('KEYRING_INTENT', intentOf(world));
    world.clock.time += 2 * MINUTE_MS;
    const { file, outcome, kafkaAdded } = await addKafka(world);
    expect({ outcome, kafkaAdded }).toEqual({ outcome: 'updated', kafkaAdded: true });
    expect(file.kafka?.password).toBe(PASSWORD);
    expect(world.users.passwordOf('orders')).toBe(PASSWORD);
    expect(world.clock.sleeps).toEqual([]);
    expect(world.calls.indexOf(`mask ${PASSWORD}`)).toBeLessThan(world.calls.indexOf(PATCH));
    expect(world.calls.indexOf(`mask ${PASSWORD}`)).toBeGreaterThan(0);
    expect(world.current).toEqual(file);
    expect(world.holderOf('KEYRING_INTENT')).toBeUndefined();
  });

  test('and whose API secret nobody has stored a minute later is lost; until then that run may be about to', async () => {
    const world = new KeyInUse('kafka');
    world.putUnder('KEYRING_INTENT', intentOf(world, API_INTENT));
    world.meanwhile = (call) => {
      if (call !== GET || world.count(GET) !== 1) return;
      // The other run's PATCH lands now.
      const key = { keyId: world.file.project_key_id };
      giveApi(world, key.keyId);
    };
    world.clock.time += 2 * MINUTE_MS;
    const error = await errorOf(addApi(world));
    expect(error).toMatchObject({ code: 'API_SECRET_LOST', changed: 'yes', retryable: false });
    expect(world.clock.sleeps.reduce((sum, pause) => sum + pause, 0)).toBeGreaterThan(55_000);
    expect(world.clock.sleeps.reduce((sum, pause) => sum + pause, 0)).toBeLessThanOrEqual(60_000);
    expect(world.progress).toContain(
      `waiting for another run to store the new API access of ${world.file.project_key_id}`,
    );
    expect(world.holderOf('KEYRING_INTENT')).toBeUndefined();
  });

  test.each([
    'its label is elsewhere',
    'its file is current',
  ])('and that stores its API secret while we wait is not lost: %s', async (how) => {
    const world = new KeyInUse('kafka');
    const intent = world.putUnder('KEYRING_INTENT', intentOf(world, API_INTENT));
    let api: object = {};
    world.meanwhile = (call) => {
      if (call === GET && world.count(GET) === 1) api = giveApi(world, world.file.project_key_id);
      if (call !== 'sleep' && world.clock.sleeps.length === 2 && !('done' in api)) {
        const done = { ...world.file, api };
        const label = how === 'its file is current' ? ['AWSCURRENT'] : ['AWSCURRENT', 'KEYRING_INTENT'];
        world.put(done, { after: 'the other run', stages: label });
        api = { ...api, done: true };
      }
    };
    world.clock.time += 2 * MINUTE_MS;
    const { file, outcome } = await addApi(world);
    expect(outcome).toBe('found');
    expect(file.api?.client_secret).toBe((api as { client_secret?: string }).client_secret);
    expect(world.clock.sleeps).toEqual([1_000, 2_000]);
    expect(world.count(PATCH)).toBe(0);
    expect(intent).toBeTruthy();
  });

  test.each([
    [4_000, [1_000]],
    [5_000, []],
  ])('and whose file is stored is given five seconds to make it current: after %d ms', async (ageMs, sleeps) => {
    const world = withStoredFile();
    world.clock.time += ageMs;
    const { outcome, file, kafkaAdded } = await addKafka(world);
    expect({ outcome, kafkaAdded }).toEqual({ outcome: 'found', kafkaAdded: false });
    expect(file.kafka?.password).toBe(PASSWORD);
    expect(file.kafka_acls).toEqual([READ]);
    expect(world.current).toEqual(file);
    expect(world.clock.sleeps).toEqual(sleeps);
    expect(world.count(PATCH)).toBe(0);
    expect(world.holderOf('KEYRING_INTENT')).toBeUndefined();
  });

  test('and whose file is stored is masked before anything is done with it', async () => {
    const world = withStoredFile();
    world.clock.time += 5_000;
    await addKafka(world);
    const masks = world.calls.flatMap((call, at) => (call === `mask ${world.file.project_key_id}` ? [at] : []));
    expect(masks[1]).toBeLessThan(world.calls.indexOf(MOVE));
  });

  test('with no patience at all, a run helps at once', async () => {
    const world = withStoredFile();
    expect(await addKafka(world, 0)).toMatchObject({ outcome: 'found' });
    expect(world.clock.sleeps).toEqual([]);
  });

  test.each<[string, (world: KeyInUse) => unknown]>([
    ['of another key', (world) => intentOf(world, { keyId: 'another' })],
    ['for access that the file has by now', (world) => intentOf(world, API_INTENT)],
    ['that somebody else wrote', () => 'hunter2-hunter2'],
    ['that is another key’s file', (world) => ({ ...world.file, project_key_id: 'another' })],
    ['that is the file of a moment ago', (world) => ({ ...world.file, name: 'before' })],
    ['that is half an intent', (world) => ({ ...intentOf(world), requested: undefined })],
  ])('is over where the label lies on something %s: the update is begun at once, and takes the label over', async (_what, value) => {
    const world = new KeyInUse('api');
    world.putUnder('KEYRING_INTENT', value(world));
    world.clock.time += 5_000;
    const { file } = await addKafka(world);
    expect(world.clock.sleeps).toEqual([]);
    expect(file.kafka?.password).toMatch(/^Generated!/);
    expect(world.holderOf('KEYRING_INTENT')).toBeUndefined();
  });

  test.each([
    [4_000, [1_000]],
    [5_000, []],
  ])('and whose file with other settings is stored is not kept from making it current: after %d ms', async (ageMs, sleeps) => {
    const world = new KeyInUse('kafka');
    world.putUnder('KEYRING_INTENT', { ...world.file, kafka_acls: [READ] });
    world.clock.time += ageMs;
    expect(await world.update(NAMED)).toMatchObject({ outcome: 'updated' });
    expect(world.clock.sleeps).toEqual(sleeps);
    expect(world.count(PATCH)).toBe(1);
  });

  test('and left its label on the version that is current is over too', async () => {
    const world = new KeyInUse('api');
    const current = world.holderOf('AWSCURRENT');
    world.secrets.call(MOVE, { SecretId: SECRET, VersionStage: 'KEYRING_INTENT', MoveToVersionId: current });
    expect(await addKafka(world)).toMatchObject({ outcome: 'updated' });
    expect(world.count('GetSecretValue')).toBe(1);
  });

  test('and used up the next ids: ours takes the first free one', async () => {
    const world = new KeyInUse('kafka');
    const first = successorOf(world.holderOf('AWSCURRENT'));
    world.secrets.call(PUT, { SecretId: SECRET, ClientRequestToken: first, SecretString: 'x', VersionStages: ['OLD'] });
    expect(await world.update(NAMED)).toMatchObject({ outcome: 'updated' });
    expect(world.secrets.labels(SECRET)).toMatchObject({ [first]: ['OLD'] });
    expect(world.clock.sleeps).toEqual([]);
  });

  test('in the very moment in which ours begins: whoever stored first holds the label, the other looks again', async () => {
    const world = new KeyInUse('kafka');
    const first = successorOf(world.holderOf('AWSCURRENT'));
    world.meanwhile = (call) => {
      if (call !== PUT) return;
      world.meanwhile = () => {};
      world.putUnder('KEYRING_INTENT', intentOf(world, { ...API_INTENT, adds: null }), first);
    };
    expect(await world.update(NAMED)).toMatchObject({ outcome: 'updated' });
    // The other run counts as alive for two minutes; until then ours writes nothing but the one intent that was refused.
    expect(slept(world)).toBeGreaterThanOrEqual(2 * MINUTE_MS);
    expect(world.clock.sleeps.slice(0, 3)).toEqual([1_000, 2_000, 4_000]);
    expect(world.effects).toEqual([PUT, PUT, PUT, PATCH, MOVE]);
  });

  test('a moment after ours and took the label: ours lets go without touching the key, and reads again', async () => {
    const world = new KeyInUse('kafka');
    world.meanwhile = (call) => {
      if (call !== 'DescribeSecret' || !world.holderOf('KEYRING_INTENT')) return;
      world.meanwhile = () => {};
      const other = world.putUnder('KEYRING_INTENT', intentOf(world, { ...API_INTENT, adds: null }));
      expect(world.holderOf('KEYRING_INTENT')).toBe(other);
    };
    expect(await world.update(NAMED)).toMatchObject({ outcome: 'updated' });
    expect(world.count(PATCH)).toBe(1);
    expect(slept(world)).toBeGreaterThanOrEqual(2 * MINUTE_MS);
  });
});

describe('the current version is another one than was read', () => {
  test('by the time the intent is stored: the label goes, and everything is read again', async () => {
    const world = new KeyInUse('kafka');
    world.meanwhile = (call) => {
      if (call !== PUT) return;
      world.meanwhile = () => {};
      world.put({ ...world.file, rotated: true }, { after: 'a rotation' });
    };
    const { file, outcome } = await world.update(NAMED);
    expect(outcome).toBe('updated');
    expect(file).toMatchObject({ rotated: true });
    expect(world.effects).toEqual([PUT, MOVE, PUT, PATCH, MOVE]);
    expect(world.clock.sleeps).toEqual([1_000]);
  });

  test('by the time our file shall be current: the other’s is kept, and gets what ours has in another round', async () => {
    const world = new KeyInUse('kafka');
    world.meanwhile = (call) => {
      if (call !== MOVE) return;
      world.meanwhile = () => {};
      world.put({ ...world.file, rotated: true }, { after: 'a rotation' });
    };
    world.clock.time += MINUTE_MS;
    const { file } = await addApi(world, 0);
    expect(file).toMatchObject({ rotated: true, api: { client_secret: expect.any(String) } });
    expect(world.current).toEqual(file);
    expect(world.count(PATCH)).toBe(1);
    expect(world.holderOf('KEYRING_INTENT')).toBeUndefined();
  });

  test('and the label is another run’s: ours does not become current', async () => {
    const world = new KeyInUse('kafka');
    let taken: string | undefined;
    world.meanwhile = (call) => {
      if (call !== 'DescribeSecret' || world.count(PATCH) === 0 || taken) return;
      taken = world.putUnder('KEYRING_INTENT', { ...world.under('KEYRING_INTENT'), theirs: true });
    };
    const { file } = await addApi(world, 0);
    expect(file).toMatchObject({ api: { client_secret: expect.any(String) } });
    expect(world.count(PATCH)).toBe(1);
    // Read again before anything became current, and then it was what the label lies on.
    expect(world.calls.indexOf('GetSecretValue')).toBeLessThan(world.calls.indexOf(MOVE));
  });

  test('because the secret is being deleted: an error, and the key is not touched', async () => {
    for (const moment of ['DescribeSecret', PUT]) {
      const world = new KeyInUse('kafka');
      world.meanwhile = (call) => {
        if (call === moment) world.secrets.call('DeleteSecret', { SecretId: SECRET, ForceDeleteWithoutRecovery: true });
        world.meanwhile = call === moment ? () => {} : world.meanwhile;
      };
      expect(await errorOf(world.update(NAMED))).toMatchObject({ changed: 'no' });
      expect(world.count(PATCH)).toBe(0);
    }
  });

  test('because the secret is gone once the key is changed: an error that says both', async () => {
    const world = new KeyInUse('api');
    world.meanwhile = (call) => {
      if (call !== 'DescribeSecret' || world.count(PATCH) === 0) return;
      world.meanwhile = () => {};
      world.secrets.call('DeleteSecret', { SecretId: SECRET, ForceDeleteWithoutRecovery: true });
    };
    expect(await errorOf(addKafka(world))).toMatchObject({ code: 'SECRET_CHANGED', changed: 'yes' });
  });
});

test('a label that cannot be taken away does no harm: the update has been made, and the next one is not kept waiting for long', async () => {
  const world = new KeyInUse('kafka');
  const denied = { kind: 'status', when: 'before', status: 400, code: 'AccessDeniedException' } as const;
  world.fault('secretsmanager', MOVE, denied);
  expect(await world.update(NAMED)).toMatchObject({ outcome: 'updated' });
  expect(world.holderOf('KEYRING_INTENT')).toBeDefined();
  world.clock.time += 2 * MINUTE_MS;
  expect(await world.update({ name: 'Newer name' })).toMatchObject({ outcome: 'updated' });
  expect(world.clock.sleeps).toEqual([]);
  expect(world.holderOf('KEYRING_INTENT')).toBeUndefined();
});

test('a key may be changed as often as somebody likes, also in what its file does not hold', async () => {
  const world = new KeyInUse('kafka');
  for (let change = 1; change <= 60; change++) {
    world.calls.length = 0;
    expect(await world.update({ name: `Name ${change}` })).toMatchObject({ outcome: 'updated' });
  }
  expect(world.streamkap.projectKeys[0]?.name).toBe('Name 60');
});

/** How long the run waited, in milliseconds. */
function slept({ clock }: KeyInUse): number {
  return clock.sleeps.reduce((sum, pause) => sum + pause, 0);
}

/** What the other run's PATCH did. @returns the api section that its answer had */
function giveApi(world: KeyInUse, id: string): object {
  const { accessToken } = JSON.parse(
    world.streamkap.handle({
      ...{ method: 'POST', path: '/auth/access-token', headers: { 'content-type': 'application/json' } },
      body: JSON.stringify({ client_id: 'admin-client', secret: 'admin-secret-0000' }),
    }).body,
  ) as { accessToken: string };
  const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ role_ids: [READER] });
  const answer = world.streamkap.handle({ method: 'PATCH', path: `/project-keys/${id}`, headers, body });
  return (JSON.parse(answer.body) as { new_api_credentials: object }).new_api_credentials;
}
