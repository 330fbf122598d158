import { describe, expect, test } from 'vitest';
import { successorOf } from '../../../core/provisioning/version-id.ts';
import { errorOf } from '../streamkap-bench.ts';
import { INTENT_ID, MINUTE_MS, PASSWORD, REQUESTED, SECRET, World } from './bench.ts';

const LIST = 'GET /project-keys';
const POST = 'POST /project-keys';
const DELETE = 'DELETE /project-keys/{id}';
const CREATE = 'CreateSecret';
const PUT = 'PutSecretValue';
const MOVE = 'UpdateSecretVersionStage';

const API = { username: null, password: null, requested: REQUESTED.api };

/** A run for an API key. */
function apiWorld(): World {
  const world = new World();
  world.wanted = { name: 'orders', username: null, requested: REQUESTED.api };
  return world;
}

/** An API key that some attempt of the intent made. */
function apiKey(world: World, attempt: number, intentId = INTENT_ID) {
  const description = `For orders [keyring:${intentId}.${attempt}]`;
  return world.putKey(attempt, { description, kafka_config: null, role_ids: REQUESTED.api.role_ids });
}

function holder(world: World): string | undefined {
  return Object.entries(world.secrets.labels(SECRET)).find(([, stages]) => stages.includes('AWSCURRENT'))?.[0];
}

describe('another run is first', () => {
  test('to make the secret: ours waits for its key, masks no password of its own in it, and asks for none', async () => {
    const world = new World();
    world.meanwhile = (call) => {
      if (call === CREATE && world.secrets.nameOf(SECRET) === undefined) world.putIntent();
      if (world.clock.sleeps.length === 3 && world.streamkap.projectKeys.length === 0)
        world.put(world.putKey(), { after: successorOf(undefined), stages: ['AWSCURRENT'] });
    };
    const { outcome, file } = await world.provision();
    expect(outcome).toBe('found');
    expect(file.kafka?.password).toBe(PASSWORD);
    expect(world.count(POST)).toBe(0);
    expect(world.count(CREATE)).toBe(1);
    expect(world.clock.sleeps).toEqual([1_000, 2_000, 4_000]);
  });

  test.each([
    CREATE,
    PUT,
  ])('to write by %s, and the answer to ours is lost: what lies there is read, not assumed to be ours', async (operation) => {
    const world = new World();
    if (operation === PUT) world.secrets.call(CREATE, { Name: SECRET, ClientRequestToken: successorOf('stack') });
    world.fault('secretsmanager', operation, { kind: 'drop', when: 'before' });
    world.meanwhile = (call) => {
      if (call !== operation) return;
      world.meanwhile = () => {};
      world.put('somebody’s own text');
    };
    // Nothing there was written by this run, and it says so.
    expect(await errorOf(world.provision())).toMatchObject({ code: 'SECRET_HAS_FOREIGN_VALUE', changed: 'no' });
    expect(world.count(operation)).toBe(1);
    expect(world.count(POST)).toBe(0);
    expect(world.clock.sleeps).toEqual([1_000]);
  });

  test('to take a dead run’s intent over: ours waits for it', async () => {
    const world = new World();
    const dead = world.putIntent();
    world.clock.time += 2 * MINUTE_MS;
    world.meanwhile = (call) => {
      if (call === PUT && holder(world) === dead) world.putIntent({ attempt: 2, run: 'another' }, dead);
      if (world.clock.sleeps.length === 2 && world.streamkap.projectKeys.length === 0)
        world.put(world.putKey(2), { after: holder(world), stages: ['AWSCURRENT'] });
    };
    expect(await world.provision()).toMatchObject({ outcome: 'found' });
    expect(world.clock.sleeps).toEqual([1_000, 2_000]);
    expect(world.count(PUT)).toBe(1);
    expect(world.count(POST)).toBe(0);
  });

  test('to finish the file that a dead run stored: it is found, not adopted by us', async () => {
    const world = new World();
    const intent = world.putIntent();
    const file = world.putKey();
    const stored = world.put(file, { after: intent, stages: ['KEYRING_CREATED'] });
    world.clock.time += 5_000;
    world.meanwhile = (call) => {
      if (call !== MOVE) return;
      const move = { VersionStage: 'AWSCURRENT', MoveToVersionId: stored, RemoveFromVersionId: intent };
      world.secrets.call(MOVE, { SecretId: SECRET, ...move });
    };
    expect(await world.provision()).toMatchObject({ outcome: 'found', file });
  });
});

describe('a run that was overtaken and does not know it', () => {
  test('leaves alone the key that its taker made and may be storing', async () => {
    const world = apiWorld();
    world.putIntent(API);
    world.clock.time += 2 * MINUTE_MS;
    let theirs: ReturnType<typeof apiKey> | undefined;
    world.meanwhile = (call) => {
      if (call !== LIST || world.count(LIST) !== 1) return;
      const ours = holder(world);
      const taken = world.putIntent({ ...API, attempt: 3, run: 'taker' }, ours);
      theirs = apiKey(world, 3);
      world.put(theirs, { after: taken, stages: ['KEYRING_CREATED'] });
    };
    const { outcome, file } = await world.provision();
    expect(outcome).toBe('adopted');
    expect(file).toEqual(theirs);
    expect(world.count(POST)).toBe(0);
    expect(world.count(DELETE)).toBe(0);
  });

  test('and whose POST succeeds after that deletes its key once another one’s file is current', async () => {
    const world = apiWorld();
    world.meanwhile = (call) => {
      if (call !== PUT) return;
      world.meanwhile = () => {};
      const { intentId } = world.current as { intentId: string };
      const taken = world.putIntent({ ...API, intentId, attempt: 2, run: 'taker' }, holder(world));
      world.put(apiKey(world, 2, intentId), { after: taken, stages: ['AWSCURRENT'] });
    };
    const { outcome, file } = await world.provision();
    expect(outcome).toBe('found');
    expect(world.streamkap.projectKeys.map(({ id }) => id)).toEqual([file.project_key_id]);
    expect(world.count(DELETE)).toBe(1);
    expect(world.current).toEqual(file);
  });

  test('sees that a file follows the intent it reads, and does not take an intent there for one', async () => {
    const world = new World();
    const first = world.putIntent();
    world.put({ ...(world.current as object), attempt: 2, run: 'taker' }, { after: first, stages: ['SEEN_LATE'] });
    world.clock.time += 2 * MINUTE_MS;
    expect(await errorOf(world.provision())).toMatchObject({ code: 'CREATION_NOT_FINISHED', changed: 'no' });
    expect(world.calls.filter((call) => /^(POST|PATCH|DELETE|Put|Create|Update)/.test(call))).toEqual([]);
  });
});

describe('a key whose file is stored', () => {
  test('is alone before its file is current: a twin that landed meanwhile goes, a later intent’s key stays', async () => {
    const world = apiWorld();
    let ids: unknown[] = [];
    world.meanwhile = (call) => {
      if (call !== LIST || ids.length > 0) return;
      const { intentId } = world.current as { intentId: string };
      ids = [1, 2].map((attempt) => apiKey(world, attempt, intentId).project_key_id);
    };
    const { file } = await world.provision();
    const [twin, later] = ids;
    expect(world.streamkap.projectKeys.map(({ id }) => id)).toEqual([file.project_key_id, later]);
    expect(world.count(DELETE)).toBe(1);
    expect(twin).toBeDefined();
    expect(world.calls.lastIndexOf(DELETE)).toBeLessThan(world.calls.indexOf(MOVE));
  });
});
