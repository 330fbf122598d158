import { describe, expect, test } from 'vitest';
import { makeKey } from '../../../core/provisioning/making.ts';
import type { KindPorts } from '../../../core/provisioning/ports.ts';
import { projectKeys } from '../../../core/provisioning/project-keys.ts';
import { errorOf } from '../streamkap-bench.ts';
import { INTENT_ID, MINUTE_MS, REQUESTED, World } from './bench.ts';

const GET = 'GET /project-keys/{id}';
const POST = 'POST /project-keys';
const DELETE = 'DELETE /project-keys/{id}';

/** A dead run's API key, whose secret is lost: the next run has to delete it before it makes another. */
function orphaned(status: string, options: ConstructorParameters<typeof World>[0] = {}) {
  const world = new World(options);
  world.wanted = { name: 'orders', username: null, requested: REQUESTED.api };
  world.putIntent({ username: null, password: null, requested: REQUESTED.api });
  const { project_key_id: id } = world.putKey(1, { kafka_config: null, role_ids: REQUESTED.api.role_ids });
  const key = world.streamkap.projectKeys[0] as { status: string };
  key.status = status;
  world.clock.time += 2 * MINUTE_MS;
  return { world, id };
}

describe('a key that has to go before another one is made', () => {
  test.each([
    'active',
    'failed',
    'delete_failed',
    'Delete Failed',
    'suspended',
  ])('is deleted whatever Streamkap calls its state: %s', async (status) => {
    const { world, id } = orphaned(status);
    const { outcome, file } = await world.provision();
    expect(outcome).toBe('created');
    expect(world.count(DELETE)).toBe(1);
    expect(file.project_key_id).not.toBe(id);
    expect(world.streamkap.projectKeys.map((key) => key.id)).toEqual([file.project_key_id]);
    expect(world.calls.indexOf(DELETE)).toBeLessThan(world.calls.indexOf(POST));
  });

  test('is waited for until it is gone, and each look is told', async () => {
    const { world, id } = orphaned('active', { deleteLatencyMs: 4_000 });
    expect(await world.provision()).toMatchObject({ outcome: 'created' });
    expect(world.count(DELETE)).toBe(1);
    expect(world.clock.sleeps).toEqual([2_000, 4_000]);
    expect(world.progress.slice(0, 2)).toEqual(Array(2).fill(`the project key ${id} is "deleting", looking again`));
  });

  test('and whose deletion takes longer than three minutes is an error that names it, before anything else is made', async () => {
    const { world, id } = orphaned('active', { deleteLatencyMs: 60 * MINUTE_MS });
    const error = await errorOf(world.provision());
    expect(error).toMatchObject({ code: 'KEY_NOT_SETTLED', changed: 'yes', retryable: true });
    expect(error.message).toContain(`The project key ${id} is still "deleting"`);
    expect(world.clock.sleeps.reduce((sum, pause) => sum + pause, 0)).toBeGreaterThan(2 * MINUTE_MS);
    expect(world.clock.sleeps.reduce((sum, pause) => sum + pause, 0)).toBeLessThanOrEqual(3 * MINUTE_MS);
    expect(world.count(POST)).toBe(0);
  });

  test.each([
    ['before', 2],
    ['after', 1],
  ] as const)('may be deleted without an answer: the next look tells (lost %s Streamkap heard of it)', async (when, times) => {
    const { world } = orphaned('active');
    world.fault('streamkap', DELETE, { kind: 'drop', when });
    expect(await world.provision()).toMatchObject({ outcome: 'created' });
    expect(world.count(DELETE)).toBe(times);
    expect(world.streamkap.projectKeys).toHaveLength(1);
  });

  test('and that Streamkap refuses to delete is that refusal, and nothing is made', async () => {
    const { world } = orphaned('active');
    world.fault('streamkap', DELETE, { kind: 'status', when: 'before', status: 409 }, 3);
    expect(await errorOf(world.provision())).toMatchObject({ code: 'STREAMKAP_CONFLICT', changed: 'yes' });
    expect(world.count(DELETE)).toBe(1);
    expect(world.count(POST)).toBe(0);
  });
});

describe('a key whose file is stored and that is gone, or cannot go, when it is looked at', () => {
  test.each(['gone', 'delete_failed'])('%s: it is replaced', async (what) => {
    const world = new World();
    const file = world.putKey();
    world.put(file, { after: world.putIntent(), stages: ['KEYRING_CREATED'] });
    if (what === 'gone') world.streamkap.removeProjectKey(file.project_key_id);
    else (world.streamkap.projectKeys[0] as { status: string }).status = what;
    world.clock.time += 5_000;
    const made = await world.provision();
    expect(made.file.project_key_id).not.toBe(file.project_key_id);
    expect(world.streamkap.projectKeys.map(({ id }) => id)).toEqual([made.file.project_key_id]);
    expect(world.count(GET)).toBeGreaterThan(0);
  });
});

describe('an error that is not Streamkap’s is a bug of ours, and let through', () => {
  const intent = {
    ...({ type: 'streamkap_keyring_intent', intentId: INTENT_ID, attempt: 1, since: 1, failures: 0 } as const),
    ...{ name: 'orders', username: null, formerUsernames: [], password: null, requested: REQUESTED.api, run: 'r' },
  };
  const bug = () => Promise.reject(new TypeError('a bug'));
  const make = (world: World, broken: Partial<KindPorts<never>['kind']>, lookFirst: boolean) => {
    const kind = { ...projectKeys(world.ports.streamkap), ...broken };
    const request = { lookFirst, verifyLogin: 'auto', stillOurs: async () => true } as const;
    return makeKey({ ...world.ports, kind }, intent, request);
  };

  test('where a key is asked for', async () => {
    await expect(make(new World(), { create: bug }, false)).rejects.toThrow(TypeError);
  });

  test('where one is deleted', async () => {
    const world = new World();
    world.putKey(1, { kafka_config: null, role_ids: REQUESTED.api.role_ids });
    await expect(make(world, { delete: bug }, true)).rejects.toThrow(TypeError);
    expect(world.count(POST)).toBe(0);
  });
});
