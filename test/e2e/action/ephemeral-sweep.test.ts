import { describe, expect, test } from 'vitest';
import { withMarker } from '../../../core/provisioning/marker.ts';
import { clockOff, DELETE, EPHEMERAL, idsLeft } from './ephemeral-fixture.ts';
import { type World, worldOfTest } from './fixture.ts';

const LIST = 'streamkap GET /project-keys 200';
const DELETION = { service: 'streamkap', operation: 'DELETE /project-keys/{id}' } as const;
const INTENT_ID = '3f0b8a9e-1c2d-4e5f-8a7b-9c0d1e2f3a4b';

describe('keys that an earlier run left', () => {
  test('are deleted by the next run once they are past their expiry, before it makes its own', async () => {
    const world = await worldOfTest();
    const left = await leaveKey(world, -2);
    world.forget();
    const run = await world.run(EPHEMERAL);
    expect(run.outcome).toBe('success');
    expect(run.annotations.warnings).toEqual([]);
    expect(run.rawTranscript).toMatch(`deleted expired ephemeral project keys of earlier runs: ${left}`);
    expect(world.calls().slice(2, 5)).toEqual([LIST, DELETE, 'streamkap POST /project-keys 201']);
    expect(idsLeft(world)).toEqual([]);
  });

  test('stay until then', async () => {
    const world = await worldOfTest();
    const left = await leaveKey(world, 0);
    await world.run(EPHEMERAL);
    expect(idsLeft(world)).toEqual([left]);
  });

  test('stay where sweep-expired is false, and the keys are not even listed', async () => {
    const world = await worldOfTest();
    const left = await leaveKey(world, -2);
    world.forget();
    await world.run({ ...EPHEMERAL, 'sweep-expired': 'false' });
    expect(idsLeft(world)).toEqual([left]);
    expect(world.calls()).not.toContain(LIST);
  });

  test('stay where the run makes a key that stays', async () => {
    const world = await worldOfTest();
    const left = await leaveKey(world, -2);
    const run = await world.run({ ...EPHEMERAL, ephemeral: 'false' });
    expect(run.outputs['expires-at']).toBe('');
    expect(idsLeft(world)).toEqual([left, run.outputs['project-key-id']]);
  });

  test('give their username free again', async () => {
    const world = await worldOfTest();
    await leaveKey(world, -2, { 'kafka-username': 'nightly' });
    const run = await world.run({ ...EPHEMERAL, 'kafka-username': 'nightly' });
    expect(run.outcome).toBe('success');
    expect(idsLeft(world)).toEqual([]);
  });

  test('are told from keys with any other marker, with none, and of other projects', async () => {
    const world = await worldOfTest();
    const { streamkap } = world.sandbox;
    const expired = { intentId: INTENT_ID, attempt: 1, expiresAt: Date.parse('2020-01-01T00:00:00Z') };
    const markers = [
      null,
      'expired on 2020-01-01',
      withMarker('stays', { intentId: INTENT_ID, attempt: 1, name: 'key 2', username: null }),
      `a rotation's [keyring:${INTENT_ID}:abc-2020-01-01]`,
      `copied ${withMarker('', { ...expired, name: 'another', username: null })}`,
      `${withMarker('', { ...expired, name: 'key 5', username: null })} and more`,
    ];
    for (const [index, description] of markers.entries())
      streamkap.seedProjectKey({ name: `key ${index}`, description, role_ids: ['r'] });
    const foreign = { name: 'foreign', username: null };
    const description = withMarker('', { ...expired, ...foreign });
    streamkap.seedProjectKey({ name: foreign.name, description, role_ids: ['r'], serviceId: 'another-project' });
    const run = await world.run(EPHEMERAL);
    expect(run.outcome).toBe('success');
    expect(idsLeft(world)).toHaveLength(markers.length + 1);
  });

  test('that cannot be deleted are a warning with their ids, and the run goes on', async () => {
    const world = await worldOfTest();
    const left = await leaveKey(world, -2);
    world.sandbox.log.script({ ...DELETION, action: { kind: 'status', when: 'before', status: 409 } });
    const run = await world.run(EPHEMERAL);
    expect(run.outcome).toBe('success');
    expect(run.annotations.warnings).toEqual([
      `Expired ephemeral project keys of earlier runs could not be deleted: ${left} (STREAMKAP_CONFLICT)`,
    ]);
    expect(idsLeft(world)).toEqual([left]);
  });

  test('that cannot be looked for are a warning, and the run goes on', async () => {
    const world = await worldOfTest();
    const action = { kind: 'status', when: 'before', status: 403 } as const;
    world.sandbox.log.script({ service: 'streamkap', operation: 'GET /project-keys', action });
    const run = await world.run(EPHEMERAL);
    expect(run.outcome).toBe('success');
    expect(run.annotations.warnings).toEqual([
      expect.stringMatching(/could not be looked for: .*\[STREAMKAP_FORBIDDEN\]$/),
    ]);
  });
});

/** A run whose post stage never reaches Streamkap, this many hours from now. @returns the id of the key it leaves */
async function leaveKey(world: World, hours: number, inputs: Record<string, string> = {}): Promise<string> {
  const { log } = world.sandbox;
  const afterMain = () => {
    log.script({
      service: 'streamkap',
      operation: '*',
      times: 99,
      action: { kind: 'status', when: 'before', status: 403 },
    });
  };
  const run = await world.run({ ...EPHEMERAL, ...inputs }, { env: clockOff(hours), afterMain });
  log.clearFaults();
  const id = run.outputs['project-key-id'] ?? '';
  expect(idsLeft(world)).toContain(id);
  return id;
}
