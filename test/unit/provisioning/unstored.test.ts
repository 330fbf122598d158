import { describe, expect, test } from 'vitest';
import { createUnstored } from '../../../core/provisioning/unstored.ts';
import { errorOf } from '../streamkap-bench.ts';
import { INTENT_ID, MINUTE_MS, REQUESTED, World } from './bench.ts';

const POST = 'POST /project-keys';

function create(world: World, more: Partial<Parameters<typeof createUnstored>[2]> = {}) {
  return createUnstored(world.ports, world.wanted, {
    intentId: INTENT_ID,
    run: 'org/repo run 1.1',
    verifyLogin: 'auto',
    ...more,
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
    let id = 'none';
    const error = await errorOf(create(world, { made: (key) => (id = key.id) }));
    expect(error).toMatchObject({ code: 'CREATE_FAILED', changed: 'no', retryable: true });
    expect(error.message).toContain(`project key "orders" (${id})`);
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

  test('whose answer is lost and whose login is refused gets its password once more: nobody else can be at it', async () => {
    const world = new World();
    world.fault('streamkap', POST, { kind: 'drop', when: 'after' });
    world.login = (_password, attempt) => (attempt === 0 ? 'rejected' : 'accepted');
    const file = await create(world);
    expect(file.kafka?.password).toBe(world.users.passwordOf('orders'));
    expect(world.count('PATCH /project-keys/{id}')).toBe(1);
    // The whole file, base64 and all, is masked before it is used.
    expect(world.calls.indexOf(`mask ${file.project_key_id}`)).toBeLessThan(world.calls.indexOf('login'));
  });

  test('with API access alone needs no password: none is made', async () => {
    const world = new World();
    world.wanted = { name: 'orders', username: null, requested: REQUESTED.api };
    const file = await create(world);
    expect(world.calls[0]).toBe(POST);
    expect(file.kafka).toBeNull();
  });

  test('beside one with a later attempt in its marker, which nobody can have made: an error, and that one is not touched', async () => {
    const world = new World();
    world.wanted = { name: 'orders', username: null, requested: REQUESTED.api };
    const forged = { description: `[keyring:${INTENT_ID}.7]`, kafka_config: null, role_ids: REQUESTED.api.role_ids };
    const { project_key_id: id } = world.putKey(7, forged);
    world.fault('streamkap', POST, { kind: 'drop', when: 'before' });
    const error = await errorOf(create(world));
    expect(error).toMatchObject({ code: 'MARKER_CLASH', changed: 'unknown', retryable: false });
    expect(error.message).toContain('project key "orders"');
    expect(world.streamkap.projectKeys.map((key) => key.id)).toEqual([id]);
  });
});

describe('an ephemeral key', () => {
  test('carries its expiry from the POST on, and its id is told before anything is waited for', async () => {
    const world = new World({ createLatencyMs: 3_000 });
    const told: unknown[] = [];
    const expiresAt = world.clock.time + MINUTE_MS;
    const file = await create(world, { expiresAt, made: (key) => told.push(key, [...world.calls].at(-1)) });
    expect(told).toEqual([{ id: file.project_key_id, alone: true }, `mask ${file.project_key_id}`]);
    expect(world.streamkap.projectKeys[0]?.description).toMatch(
      new RegExp(`^For orders \\[keyring:${INTENT_ID}\\.1 until 2026-03-26T15:01:00Z for [0-9a-f]{12}\\]$`),
    );
  });

  test('whose answer was lost is not told to be alone: the lost creation may land later', async () => {
    const world = new World();
    world.fault('streamkap', POST, { kind: 'drop', when: 'after' });
    const told: unknown[] = [];
    const file = await create(world, { expiresAt: world.clock.time + MINUTE_MS, made: (key) => told.push(key) });
    expect(told).toEqual([{ id: file.project_key_id, alone: false }]);
  });
});
