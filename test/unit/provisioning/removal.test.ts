import { expect, test } from 'vitest';
import { projectKeys } from '../../../core/provisioning/project-keys.ts';
import { removeUnstored } from '../../../core/provisioning/removal.ts';
import { errorOf } from '../streamkap-bench.ts';
import { INTENT_ID, PASSWORD, World } from './bench.ts';

const LIST = 'GET /project-keys';
const DELETE = 'DELETE /project-keys/{id}';
const TRACE = { intentId: INTENT_ID, username: 'orders' };
/** Milliseconds that the tests' stages have for looking again. */
const PATIENCE = 6_000;

function remove(world: World, trace: Partial<Parameters<typeof removeUnstored>[1]> = {}, patience = PATIENCE) {
  const ports = { clock: world.ports.clock, kind: projectKeys(world.ports.streamkap) };
  return removeUnstored(ports, { ...TRACE, ...trace }, world.clock.time + patience);
}

test('a key that was answered is deleted by its id, with one call and without waiting for it', async () => {
  const world = new World({ deleteLatencyMs: 60_000 });
  const { project_key_id: id } = world.putKey();
  expect(await remove(world, { id, alone: true })).toEqual([id]);
  expect(world.calls).toEqual([DELETE]);
  expect(world.streamkap.projectKeys[0]?.status).toBe('deleting');
});

test('a key whose creation was not answered is found by its marker', async () => {
  const world = new World({ deleteLatencyMs: 60_000 });
  const { project_key_id: id } = world.putKey();
  expect(await remove(world)).toEqual([id]);
  expect(world.calls).toEqual([LIST, DELETE]);
});

test('where an earlier creation may have landed too, the list is read behind the deletion', async () => {
  const world = new World();
  const { project_key_id: id } = world.putKey();
  const { project_key_id: twin } = world.putKey(1, { kafka_config: null, role_ids: ['r'] });
  expect(await remove(world, { id, alone: false })).toEqual([id, twin]);
  expect(world.calls).toEqual([DELETE, LIST, DELETE]);
  expect(world.streamkap.projectKeys).toEqual([]);
});

test('a creation that lands while it is looked for is found by looking again', async () => {
  const world = new World();
  world.meanwhile = () => {
    if (world.count(LIST) === 1 && world.count('sleep') === 1) world.putKey();
  };
  expect(await remove(world)).toHaveLength(1);
  expect(world.calls).toEqual([LIST, 'sleep', LIST, DELETE]);
});

test('nothing made is nothing deleted, said within the time there is, and everybody else’s keys stay', async () => {
  const world = new World();
  const kafka_config = { username: 'orders', password: PASSWORD };
  world.streamkap.seedProjectKey({ name: 'orders', kafka_config });
  const begun = world.clock.time;
  expect(await remove(world)).toEqual([]);
  expect(world.calls).toEqual([LIST, 'sleep', LIST, 'sleep', LIST]);
  expect(world.clock.time - begun).toBeLessThanOrEqual(PATIENCE);
  expect(world.streamkap.projectKeys).toHaveLength(1);
});

test('where there is no time, it looks once', async () => {
  const world = new World();
  expect(await remove(world, {}, 0)).toEqual([]);
  expect(world.calls).toEqual([LIST]);
});

test('a key that Streamkap will not delete while it is being made is deleted as soon as it is active', async () => {
  const world = new World({ deleteWhileCreating: 'refuse', createLatencyMs: 900 });
  const id = await making(world);
  expect(await remove(world, { id, alone: true })).toEqual([id]);
  expect(world.calls).toEqual([DELETE, LIST, 'sleep', DELETE]);
});

test('one that is being made for longer is an error, after the time there is', async () => {
  const world = new World({ deleteWhileCreating: 'refuse', createLatencyMs: 60_000 });
  const id = await making(world);
  expect(await errorOf(remove(world, { id, alone: true }))).toMatchObject({ code: 'STREAMKAP_REFUSED', changed: 'no' });
  expect(world.count('sleep')).toBe(2);
});

test('a refusal that no time changes is an error at once', async () => {
  const world = new World();
  const { project_key_id: id } = world.putKey();
  world.fault('streamkap', DELETE, { kind: 'status', when: 'before', status: 403 }, 2);
  expect(await errorOf(remove(world, { id, alone: true }))).toMatchObject({ code: 'STREAMKAP_FORBIDDEN' });
  expect(world.count('sleep')).toBe(0);
  expect(await errorOf(remove(world))).toMatchObject({ code: 'STREAMKAP_FORBIDDEN' });
  expect(world.count('sleep')).toBe(0);
});

test('a key that is being made is waited for also where another one of the intent can be deleted at once', async () => {
  const world = new World({ deleteWhileCreating: 'refuse', createLatencyMs: 900 });
  const id = await making(world);
  const { project_key_id: twin } = world.putKey(1, { kafka_config: null, role_ids: ['r'] });
  expect(new Set(await remove(world))).toEqual(new Set([id, twin]));
  expect(world.count('sleep')).toBe(1);
  expect(world.streamkap.projectKeys).toEqual([]);
});

test('a key that is going already is not deleted again', async () => {
  const world = new World({ deleteLatencyMs: 60_000 });
  const { project_key_id: id } = world.putKey(1, { status: 'deleting' });
  expect(await remove(world)).toEqual([id]);
  expect(world.calls).toEqual([LIST]);
});

test('an error that is not Streamkap’s is let through: it is a bug of ours', async () => {
  const world = new World();
  const kind = { list: async () => [], delete: () => Promise.reject(new TypeError('a bug')) };
  const run = removeUnstored({ clock: world.ports.clock, kind }, { ...TRACE, id: 'k' }, 0);
  await expect(run).rejects.toThrow(TypeError);
});

test.each([
  ['the answer of a deletion that takes its time', 60_000, [DELETE, LIST]],
  ['the answer of a deletion that is quick', 0, [DELETE, LIST, 'sleep', DELETE]],
])('%s may be lost: the next look shows that it was ordered', async (_what, deleteLatencyMs, calls) => {
  const world = new World({ deleteLatencyMs });
  const { project_key_id: id } = world.putKey();
  world.fault('streamkap', DELETE, { kind: 'drop', when: 'after' });
  expect(await remove(world, { id, alone: true })).toEqual([id]);
  expect(world.calls).toEqual(calls);
  expect(world.streamkap.projectKeys.map(({ status }) => status)).toEqual(deleteLatencyMs ? ['deleting'] : []);
});

async function making(world: World): Promise<string> {
  const { streamkap } = world.ports;
  const kafka_config = { username: 'orders', password: PASSWORD, kafka_acls: [], is_create_schema_registry: false };
  const body = { name: 'orders', description: `x [keyring:${INTENT_ID}.1]`, kafka_config };
  const { project_key_id: id } = await streamkap.createProjectKey(body);
  world.calls.length = 0;
  return id;
}
