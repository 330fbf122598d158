import { describe, expect, test } from 'vitest';
import { MINUTE_MS, REQUESTED, World } from './bench.ts';

const DELETE = 'DELETE /project-keys/{id}';
const LIST = 'GET /project-keys';

/**
 * The answer to an API key's POST was lost, so the key was made again: its file carries the label, since a POST that was given up
 * on may still land. (A Kafka key's cannot: the username is taken.)
 */
async function madeTwice() {
  const world = new World();
  world.wanted = { name: 'orders', username: null, requested: REQUESTED.api };
  world.fault('streamkap', 'POST /project-keys', { kind: 'drop', when: 'before' });
  const { file } = await world.provision();
  const description = world.streamkap.projectKeys[0]?.description ?? '';
  world.calls.length = 0;
  world.clock.sleeps.length = 0;
  return { world, file, lands: () => seed(world, description) };
}

function seed(world: World, description: string): unknown {
  return world.streamkap.seedProjectKey({ name: 'orders', description, role_ids: REQUESTED.api.role_ids })
    .project_key_id;
}

describe('a file whose making may have left a POST under way', () => {
  test('says so by a label; one whose only POST was answered does not', async () => {
    const { world } = await madeTwice();
    expect(world.labels).toEqual(['AWSCURRENT', 'KEYRING_CREATED', 'KEYRING_SWEEP']);
    const clean = new World();
    await clean.provision();
    expect(clean.labels).not.toContain('KEYRING_SWEEP');
  });

  test('makes the next run look for late twins and delete them, and keep the label while more may come', async () => {
    const { world, file, lands } = await madeTwice();
    lands();
    lands();
    world.clock.time += 59 * MINUTE_MS;
    expect(await world.provision()).toMatchObject({ outcome: 'found', file: { project_key_id: file.project_key_id } });
    expect(world.streamkap.projectKeys.map(({ id }) => id)).toEqual([file.project_key_id]);
    expect(world.count(DELETE)).toBe(2);
    expect(world.labels).toContain('KEYRING_SWEEP');
    expect(world.clock.sleeps).toEqual([]);
  });

  test('loses the label after an hour, and then costs nothing more', async () => {
    const { world } = await madeTwice();
    world.clock.time += 60 * MINUTE_MS;
    await world.provision();
    expect(world.labels).toEqual(['AWSCURRENT', 'KEYRING_CREATED']);
    world.calls.length = 0;
    await world.provision();
    expect(world.count(LIST)).toBe(0);
  });

  test('is handed out although nobody could look: with a warning, and the label stays', async () => {
    for (const status of [403, 500]) {
      const { world, file, lands } = await madeTwice();
      const twin = lands();
      world.clock.time += 60 * MINUTE_MS;
      world.fault('streamkap', LIST, { kind: 'status', when: 'before', status });
      expect(await world.provision()).toMatchObject({ outcome: 'found' });
      expect(world.warnings).toEqual([
        `Keys that an interrupted creation of ${file.project_key_id} may have left could not be looked for`,
      ]);
      expect(world.labels).toContain('KEYRING_SWEEP');
      expect(world.streamkap.projectKeys.map(({ id }) => id)).toContain(twin);
    }
  });

  test('makes nobody delete a key with another Kafka user whose description was copied from ours', async () => {
    const { world } = await madeTwice();
    const description = world.streamkap.projectKeys[0]?.description ?? '';
    const kafka = { username: 'others', password: 'Somebody!Elses0123' };
    world.streamkap.seedProjectKey({ name: 'copy', description, kafka_config: kafka });
    await world.provision();
    expect(world.count(DELETE)).toBe(0);
  });

  test('makes nobody delete anything once its own key is gone, or has lost its marker: nothing tells twins then', async () => {
    for (const what of ['gone', 'unmarked']) {
      const { world, file, lands } = await madeTwice();
      const twin = lands();
      seed(world, '');
      const own = world.streamkap.projectKeys.find(({ id }) => id === file.project_key_id) as { description: string };
      if (what === 'gone') world.streamkap.removeProjectKey(file.project_key_id);
      else own.description = 'rewritten by hand';
      await world.provision();
      expect(world.count(DELETE)).toBe(0);
      expect(world.warnings).toEqual([]);
      expect(world.streamkap.projectKeys.map(({ id }) => id)).toContain(twin);
    }
  });

  test('makes nobody delete a key of another intent, or one without a marker', async () => {
    const { world } = await madeTwice();
    for (const description of ['[keyring:00000000-1c2d-4e5f-8a7b-9c0d1e2f3a4b.1]', 'by hand', ''])
      seed(world, description);
    await world.provision();
    expect(world.count(DELETE)).toBe(0);
    expect(world.streamkap.projectKeys).toHaveLength(4);
  });
});
