import { readdir } from 'node:fs/promises';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { markerOf } from '../../../core/provisioning/marker.ts';
import type { Directories } from '../../runner-harness/run-action.ts';
import type { Call } from '../../sandbox/call-log.ts';
import {
  assertGoneOrMarked,
  clockOff,
  EPHEMERAL,
  idsLeft,
  killedBeforeItsFileIsWhole,
  OUTPUTS,
  signalledAtOutput,
} from './ephemeral-fixture.ts';
import { faultAt, fileIn, inTurns, openWorld, type RunOptions, type World, worldOfTest } from './fixture.ts';
import { startHoldingProxy } from './holding-proxy.ts';

/** Children at a time. */
const WIDTH = 4;
/** As the runner cancels a step; a process that ends at the first signal never sees the others. */
const AS_THE_RUNNER_DOES = { sigintMs: 7_500, sigtermMs: 2_500 };
/** Killed before it can do anything about it. */
const AT_ONCE = { sigintMs: 0, sigtermMs: 0 };
const POST = { service: 'streamkap', operation: 'POST /project-keys' } as const;

const KINDS = {
  'Kafka-only': EPHEMERAL,
  'API-only': { ...EPHEMERAL, 'kafka-acls': '', roles: 'Read Only' },
  'API + Kafka': { ...EPHEMERAL, roles: 'Read Only' },
} as const;

describe.each(Object.entries(KINDS))('%s', (_kind, inputs) => {
  /** The calls of main in an undisturbed run: token, whoami, roles or not, the sweep's list, POST, the wait for active, login. */
  const calls: Call[] = [];

  beforeAll(async () => {
    const world = await openWorld();
    await world.run(inputs, { afterMain: () => void calls.push(...world.sandbox.log.calls) });
    await world.close();
    expect(calls.length).toBeGreaterThanOrEqual(5);
  });

  test.each([
    ['as the runner does it', AS_THE_RUNNER_DOES],
    ['without a warning', AT_ONCE],
  ])('whichever call a job is in when it is cancelled %s, its key is gone, and nothing was handed out', async (_how, grace) => {
    const places = calls.flatMap((call, index) => [
      { index, when: 'before' as const },
      ...(call.tookEffect ? [{ index, when: 'after' as const }] : []),
    ]);
    expect(places.map(({ when }) => when)).toContain('after');
    const problems = await inTurns(
      places.map((place) => () => problemOf(place.index, place.when, grace)),
      WIDTH,
    );
    expect(problems.flat()).toEqual([]);
  });

  async function problemOf(index: number, when: 'before' | 'after', grace: RunOptions['grace'] = AT_ONCE) {
    const world = await openWorld();
    try {
      world.sandbox.log.script({ ...faultAt(calls, index), action: { kind: 'hang', when } });
      const run = await world.run(inputs, { grace, cancelAfter: world.called(index + 1) });
      expect(run.outcome).toBe('cancelled');
      if (grace !== AT_ONCE) expect(run.exitCode).toBe(130);
      expect([run.outputs, run.env, run.summary]).toEqual([{}, {}, '']);
      expect(run.post).toMatchObject({ outcome: 'success', annotations: { warnings: [] } });
      expect(idsLeft(world)).toEqual([]);
      return [];
    } catch (error) {
      return [`${when} ${index + 1} ${calls[index]?.operation}: ${String(error)}\n${world.calls().join('\n')}`];
    } finally {
      await world.close();
    }
  }
});

describe('a job that is cancelled', () => {
  test('before the POST has noted nothing, and post calls nobody', async () => {
    const world = await worldOfTest();
    const action = { kind: 'hang', when: 'before' } as const;
    world.sandbox.log.script({ service: 'streamkap', operation: 'GET /project-keys', action });
    const run = await world.run(EPHEMERAL, { grace: AS_THE_RUNNER_DOES, cancelAfter: world.called(3) });
    expect(run.state).toEqual({});
    expect(run.post?.rawTranscript).toBe('');
    expect(world.calls()).toHaveLength(3);
  });

  test('while Streamkap makes the key has noted the marker, and post finds the key by it', async () => {
    const world = await worldOfTest();
    world.sandbox.log.script({ ...POST, action: { kind: 'hang', when: 'after' } });
    const run = await world.run(EPHEMERAL, { grace: AS_THE_RUNNER_DOES, cancelAfter: world.called(4) });
    const [expiresAt, username] = [expect.stringMatching(/Z$/), expect.stringMatching(/^nightly-/)];
    const intentId = expect.stringMatching(/^[0-9a-f-]{36}$/);
    expect(JSON.parse(run.state.keyToDelete ?? '')).toEqual({ intentId, username, expiresAt });
    expect(operationsOfPost(world, 4)).toEqual([
      'POST /auth/access-token',
      'GET /project-keys',
      'DELETE /project-keys/{id}',
    ]);
    expect(idsLeft(world)).toEqual([]);
  });

  test('while it waits for the key to become active has noted the id, and post needs no list', async () => {
    const world = await worldOfTest({ streamkap: { createLatencyMs: 600_000 } });
    const run = await world.run(EPHEMERAL, { grace: AS_THE_RUNNER_DOES, cancelAfter: world.called(5) });
    expect(JSON.parse(run.state.keyToDelete ?? '')).toMatchObject({ id: expect.any(String), alone: true });
    expect(operationsOfPost(world, 5)).toEqual(['POST /auth/access-token', 'DELETE /project-keys/{id}']);
    expect(idsLeft(world)).toEqual([]);
  });

  test('while a key is made that Streamkap will not delete yet leaves it with its expiry, and a warning', async () => {
    const world = await worldOfTest({ streamkap: { createLatencyMs: 600_000, deleteWhileCreating: 'refuse' } });
    const run = await world.run(EPHEMERAL, { grace: AS_THE_RUNNER_DOES, cancelAfter: world.called(5) });
    expect(run.post?.annotations.warnings).toEqual([
      expect.stringMatching(/may be left\. It expires at .*sweep-expired/),
    ]);
    expect(idsLeft(world)).toHaveLength(1);
    assertGoneOrMarked(world, run);
  });

  test('before its POST arrived at Streamkap leaves no key: it arrives while post is looking for it', async () => {
    const world = await worldOfTest();
    const proxy = await heldCreation(world);
    const run = await world.run(
      { ...EPHEMERAL, 'streamkap-host': proxy.url },
      {
        grace: AS_THE_RUNNER_DOES,
        cancelAfter: proxy.held,
        // Main's three calls, post's token, its first list: then the creation lands.
        afterMain: () => void world.called(5).then(proxy.release),
      },
    );
    expect(operationsOfPost(world, 4)).toEqual([
      'GET /project-keys',
      'POST /project-keys',
      'GET /project-keys',
      'DELETE /project-keys/{id}',
    ]);
    expect(run.post?.rawTranscript).toMatch(/deleted the ephemeral project key/);
    expect(idsLeft(world)).toEqual([]);
    assertGoneOrMarked(world, run);
  });

  test('before its POST arrived long after everybody looked leaves a key that a later run deletes by its expiry', async () => {
    const world = await worldOfTest();
    const proxy = await heldCreation(world);
    const run = await world.run(
      { ...EPHEMERAL, 'streamkap-host': proxy.url },
      { grace: AS_THE_RUNNER_DOES, cancelAfter: proxy.held },
    );
    expect(run.post?.rawTranscript).toMatch(/no ephemeral project key was left/);
    const landed = world.called(world.sandbox.log.calls.length + 1);
    proxy.release();
    await landed;
    expect(idsLeft(world)).toHaveLength(1);
    assertGoneOrMarked(world, run);
    const { description } = world.sandbox.streamkap.projectKeys[0] ?? {};
    expect(markerOf({ description })).toMatchObject({ kind: 'ephemeral' });
    const next = await world.run(EPHEMERAL, { env: clockOff(2) });
    expect(next.outcome).toBe('success');
    expect(idsLeft(world)).toEqual([]);
  });

  test.each([
    'SIGINT',
    'SIGTERM',
  ] as const)('by %s while it hands the key out has handed out all of it, and the key is deleted', async (signal) => {
    const world = await worldOfTest();
    const inputs = { ...EPHEMERAL, 'export-env': 'true' };
    const run = await world.run(inputs, { env: signalledAtOutput('kafka-username', signal) });
    expect(Object.keys(run.outputs)).toHaveLength(OUTPUTS);
    expect(fileIn(run).kafka?.password).toBe(run.env.STREAMKAP_KAFKA_PASSWORD);
    expect(idsLeft(world)).toEqual([]);
    assertGoneOrMarked(world, run);
  });
});

test('a job that is killed while it writes its configuration file leaves no file, whole or half, and no key', async () => {
  const world = await worldOfTest();
  const files: string[][] = [];
  const list = async ({ workspace }: Directories) => void files.push(await readdir(workspace));
  const run = await world.run(
    { ...EPHEMERAL, 'config-file': 'client.properties' },
    { env: killedBeforeItsFileIsWhole(), afterMain: (_main, directories) => list(directories), afterPost: list },
  );
  expect(run).toMatchObject({ outcome: 'failure', exitCode: null, outputs: {}, summary: '' });
  expect(files).toEqual([[expect.stringMatching(/^\.client\.properties\.[0-9a-f-]{36}$/)], []]);
  expect(run.post).toMatchObject({ outcome: 'success', annotations: { warnings: [] } });
  expect(idsLeft(world)).toEqual([]);
});

test('a look-up that gets a signal while it hands a key out has handed out all of it', async () => {
  const world = await worldOfTest();
  const inputs = { name: 'Orders CI', 'secret-id': 'ci/orders', 'kafka-acls': EPHEMERAL['kafka-acls'] };
  await world.run(inputs);
  const run = await world.run(
    { mode: 'lookup', 'secret-id': 'ci/orders' },
    { env: signalledAtOutput('result', 'SIGINT') },
  );
  expect(Object.keys(run.outputs)).toHaveLength(OUTPUTS);
});

/** A proxy that keeps the creation to itself until it is told. */
async function heldCreation(world: World) {
  const proxy = await startHoldingProxy(() => world.sandbox.streamkapHost, 'request');
  onTestFinished(() => proxy.close());
  return proxy;
}

/** @param before how many calls main made */
function operationsOfPost({ sandbox }: World, before: number): string[] {
  return sandbox.log.calls.slice(before).map(({ operation }) => operation);
}
