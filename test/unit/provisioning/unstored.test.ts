import { describe, expect, test } from 'vitest';
import { createUnstored, removeUnstored } from '../../../core/provisioning/unstored.ts';
import { errorOf } from '../streamkap-bench.ts';
import { INTENT_ID, PASSWORD, REQUESTED, World } from './bench.ts';

const POST = 'POST /project-keys';
const DELETE = 'DELETE /project-keys/{id}';
const TRACE = { intentId: INTENT_ID, username: 'orders' };

function create(world: World) {
  return createUnstored(world.ports, world.wanted, {
    intentId: INTENT_ID,
    run: 'org/repo run 1.1',
    verifyLogin: 'auto',
  });
}

describe('a key that is stored nowhere', () => {
  test('is made once, masked before it is asked for, marked, waited for, and no secret is read or written', async () => {
    const world = new World({ createLatencyMs: 3_000 });
    const file = await create(world);
    expect(world.calls).toEqual([
      `mask ${file.kafka?.password}`,
      POST,
      `mask ${file.project_key_id}`,
      ...['GET /project-keys/{id}', 'sleep', 'GET /project-keys/{id}', 'sleep', 'GET /project-keys/{id}'],
    ]);
    expect(world.streamkap.projectKeys[0]?.description).toBe(`For orders [keyring:${INTENT_ID}.1]`);
  });

  test('that Streamkap cannot finish is deleted, and that is an error', async () => {
    const world = new World();
    world.streamkap.failNextCreates(1);
    expect(await errorOf(create(world))).toMatchObject({ code: 'CREATE_FAILED', changed: 'no', retryable: true });
    expect(world.streamkap.projectKeys).toEqual([]);
  });

  test('that Streamkap will not have is its refusal, and nothing was changed', async () => {
    const world = new World();
    world.wanted = { name: '', username: 'orders', requested: REQUESTED.kafka };
    expect(await errorOf(create(world))).toMatchObject({ code: 'STREAMKAP_INVALID', changed: 'no' });
    expect(world.count(POST)).toBe(1);
  });

  test('whose answer is lost is adopted, or with API access deleted and made again: one is left', async () => {
    for (const [requested, username] of [
      [REQUESTED.kafka, 'orders'],
      [REQUESTED.api, null],
    ] as const) {
      const world = new World();
      world.wanted = { name: 'orders', username, requested };
      world.fault('streamkap', POST, { kind: 'drop', when: 'after' });
      const file = await create(world);
      expect(world.streamkap.projectKeys.map(({ id }) => id)).toEqual([file.project_key_id]);
    }
  });
});

describe('taking it back', () => {
  test('deletes by the marker what was made, without waiting for it, and says which', async () => {
    const world = new World({ deleteLatencyMs: 60_000 });
    const file = await create(world);
    expect(await removeUnstored(world.ports, TRACE)).toEqual([file.project_key_id]);
    expect(world.count(DELETE)).toBe(1);
    expect(world.clock.sleeps).toEqual([]);
    expect(world.streamkap.projectKeys[0]?.status).toBe('deleting');
  });

  test('finds nothing where nothing was made, and leaves everybody else’s keys', async () => {
    const world = new World();
    world.streamkap.seedProjectKey({ name: 'orders', kafka_config: { username: 'orders', password: PASSWORD } });
    expect(await removeUnstored(world.ports, TRACE)).toEqual([]);
    expect(world.count(DELETE)).toBe(0);
  });
});
