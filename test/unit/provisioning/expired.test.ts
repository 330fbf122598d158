import { describe, expect, test } from 'vitest';
import { sweepExpired } from '../../../core/provisioning/expired.ts';
import { withMarker } from '../../../core/provisioning/marker.ts';
import { withRotationMarker } from '../../../core/rotation/admin/marker.ts';
import { inProcessStreamkap } from '../../sandbox/streamkap/in-process.ts';
import { clientOver, errorOf } from '../streamkap-bench.ts';
import { INTENT_ID, MINUTE_MS, PASSWORD, World } from './bench.ts';

const LIST = 'GET /project-keys';
const DELETE = 'DELETE /project-keys/{id}';

function sweep(world: World) {
  const client = clientOver(inProcessStreamkap({ state: world.streamkap, log: world.log }), { clock: world.clock });
  return sweepExpired({ streamkap: client, clock: world.clock }, world.streamkap.settings.serviceId);
}

/** @param inMs when it expires, from now; negative: it has */
function putEphemeral(world: World, number: number, inMs: number, more: object = {}): string {
  const key = { name: `Nightly ${number}`, username: `nightly-${number}` };
  const file = world.streamkap.seedProjectKey({
    name: key.name,
    description: withMarker('x', { intentId: INTENT_ID, attempt: 1, ...key, expiresAt: world.clock.time + inMs }),
    kafka_config: { username: key.username, password: PASSWORD },
    ...more,
  });
  return String(file.project_key_id);
}

function calls(world: World): string[] {
  return world.log.calls.filter(({ operation }) => !operation.includes('/auth/')).map(({ operation }) => operation);
}

function idsLeft(world: World): string[] {
  return world.streamkap.projectKeys.filter(({ status }) => status !== 'deleting').map(({ id }) => id);
}

describe('a sweep', () => {
  test('deletes the ephemeral keys that are past their expiry, and waits for none', async () => {
    const world = new World({ deleteLatencyMs: 60_000 });
    const expired = [putEphemeral(world, 1, -MINUTE_MS), putEphemeral(world, 2, 0)];
    const living = [putEphemeral(world, 3, 1_000), putEphemeral(world, 4, MINUTE_MS)];
    expect(await sweep(world)).toEqual({ deleted: expired, refused: [], left: 0 });
    expect(calls(world)).toEqual([LIST, DELETE, DELETE]);
    expect(idsLeft(world)).toEqual(living);
    expect(world.clock.sleeps).toEqual([]);
  });

  test('lets an error that is not Streamkap’s through: it is a bug of ours', async () => {
    const world = new World();
    putEphemeral(world, 1, -MINUTE_MS);
    const { streamkap } = world.ports;
    const broken = {
      listProjectKeys: () => streamkap.listProjectKeys(),
      deleteProjectKey: () => Promise.reject(new TypeError('a bug')),
    };
    const run = sweepExpired(
      { streamkap: { until: () => broken }, clock: world.clock },
      world.streamkap.settings.serviceId,
    );
    await expect(run).rejects.toThrow(TypeError);
  });

  test('knows a project that has no id as its own where the caller has none either', async () => {
    const world = new World();
    const id = putEphemeral(world, 1, -MINUTE_MS);
    const { streamkap } = world.ports;
    const without = {
      listProjectKeys: async () => (await streamkap.listProjectKeys()).map(({ service_id: _, ...key }) => key),
      deleteProjectKey: (key: string) => streamkap.deleteProjectKey(key),
    };
    const sweepOf = (serviceId: string) =>
      sweepExpired({ streamkap: { until: () => without }, clock: world.clock }, serviceId);
    expect(await sweepOf(world.streamkap.settings.serviceId)).toMatchObject({ deleted: [] });
    expect(await sweepOf('')).toMatchObject({ deleted: [id] });
  });

  test('of nothing is one call', async () => {
    const world = new World();
    expect(await sweep(world)).toEqual({ deleted: [], refused: [], left: 0 });
    expect(calls(world)).toEqual([LIST]);
  });

  test('reaches keys without Kafka, and such as failed or could not be deleted before', async () => {
    const world = new World();
    const name = 'API only';
    const key = { intentId: INTENT_ID, attempt: 1, name, username: null, expiresAt: world.clock.time - 1_000 };
    const roles = { name, description: withMarker('', key), kafka_config: null, role_ids: ['r'] };
    const file = world.streamkap.seedProjectKey(roles);
    const failed = putEphemeral(world, 1, -1_000, { status: 'failed' });
    const stuck = putEphemeral(world, 2, -1_000, { status: 'delete_failed' });
    expect((await sweep(world)).deleted).toEqual([file.project_key_id, failed, stuck]);
  });

  test('leaves alone what is on its way out already', async () => {
    const world = new World();
    putEphemeral(world, 1, -1_000, { status: 'deleting' });
    expect(await sweep(world)).toEqual({ deleted: [], refused: [], left: 0 });
    expect(calls(world)).toEqual([LIST]);
  });

  test.each([
    ['no description', { description: null }],
    ['a person’s words only', { description: 'expired in 2020, delete me' }],
    [
      'the marker of a key that stays',
      { description: withMarker('', { intentId: INTENT_ID, attempt: 1, name: 'x', username: null }) },
    ],
    ['a rotation’s marker', { description: withRotationMarker('', { token: INTENT_ID, nonce: '2020-01-01' }) }],
    ['words behind its marker', { description: expiredMarkerOf('other', 'other').concat(' copied') }],
    [
      'the marker of another key, copied with its description',
      { description: expiredMarkerOf('Nightly 1', 'nightly-1') },
    ],
    [
      'a marker of the right key in another project',
      { description: expiredMarkerOf('other', 'other'), serviceId: 'another' },
    ],
  ])('never touches a key with %s', async (_what, more) => {
    const world = new World();
    world.streamkap.seedProjectKey({ name: 'other', kafka_config: { username: 'other', password: PASSWORD }, ...more });
    expect(await sweep(world)).toEqual({ deleted: [], refused: [], left: 0 });
    expect(calls(world)).toEqual([LIST]);
    expect(world.streamkap.projectKeys).toHaveLength(1);
  });

  test('is bounded: twenty keys, and the next one takes the rest', async () => {
    const world = new World();
    for (let number = 1; number <= 25; number++) putEphemeral(world, number, -1_000);
    expect(await sweep(world)).toMatchObject({ deleted: expect.objectContaining({ length: 20 }), left: 5 });
    expect(await sweep(world)).toMatchObject({ deleted: expect.objectContaining({ length: 5 }), left: 0 });
    expect(world.streamkap.projectKeys).toEqual([]);
  });

  test('goes on behind a key that cannot be deleted, and gives up at the third', async () => {
    const world = new World();
    const ids = [1, 2, 3, 4, 5].map((number) => putEphemeral(world, number, -1_000));
    const refusal = { kind: 'status', when: 'before', status: 409 } as const;
    world.log.script({ service: 'streamkap', operation: DELETE, action: refusal });
    world.log.script({ service: 'streamkap', operation: DELETE, skip: 1, times: 2, action: refusal });
    const code = 'STREAMKAP_CONFLICT';
    const refused = [ids[0], ids[2], ids[3]].map((id) => ({ id, code }));
    expect(await sweep(world)).toEqual({ deleted: [ids[1]], refused, left: 1 });
  });

  test('ends in time when Streamkap takes its time', async () => {
    const world = new World();
    for (const number of [1, 2, 3]) putEphemeral(world, number, -1_000);
    const transport = inProcessStreamkap({ state: world.streamkap, log: world.log });
    const slow = clientOver(
      async (request) => {
        if (request.method === 'DELETE') await world.clock.sleep(10_000);
        return await transport(request);
      },
      { clock: world.clock },
    );
    const swept = await sweepExpired({ streamkap: slow, clock: world.clock }, world.streamkap.settings.serviceId);
    expect(swept).toMatchObject({ deleted: [expect.anything(), expect.anything()], refused: [], left: 1 });
  });

  test('that may not read the list is an error, and nothing was deleted', async () => {
    const world = new World();
    putEphemeral(world, 1, -1_000);
    const refusal = { kind: 'status', when: 'before', status: 403 } as const;
    world.log.script({ service: 'streamkap', operation: LIST, action: refusal });
    expect(await errorOf(sweep(world))).toMatchObject({ code: 'STREAMKAP_FORBIDDEN', changed: 'no' });
    expect(idsLeft(world)).toHaveLength(1);
  });
});

function expiredMarkerOf(name: string, username: string): string {
  return withMarker('', {
    intentId: INTENT_ID,
    attempt: 1,
    name,
    username,
    expiresAt: Date.parse('2020-01-01T00:00:00Z'),
  });
}
