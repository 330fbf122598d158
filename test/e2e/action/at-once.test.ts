import { expect, test } from 'vitest';
import { assertWorks, fileIn, KIND_NAMES, KINDS, storedIn, worldOfTest } from './fixture.ts';
import { timedWorld } from './ten-runs-fixture.ts';

const PROCESSES = 12;

test.each(KIND_NAMES)('twelve jobs that want one %s key at once make one and all get it', async (kind) => {
  const world = await timedWorld();
  const runs = await Promise.all(Array.from({ length: PROCESSES }, () => world.run(KINDS[kind])));
  expect(runs.map((run) => run.outcome)).toEqual(Array(PROCESSES).fill('success'));
  const { log, streamkap } = world.sandbox;
  expect(log.of('streamkap', 'POST /project-keys')).toHaveLength(1);
  expect(log.of('streamkap', 'DELETE /project-keys/{id}')).toEqual([]);
  expect(log.of('streamkap', 'PATCH /project-keys/{id}')).toEqual([]);
  expect(streamkap.projectKeys).toHaveLength(1);
  expect(new Set(runs.map((run) => run.outputs.credentials)).size).toBe(1);
  expect(new Set(runs.map((run) => run.outputs['secret-version-id'])).size).toBe(1);
  expect(runs.filter((run) => run.outputs.result === 'created')).toHaveLength(1);
  const [first] = runs;
  if (!first) throw new Error('no run');
  expect(fileIn(first)).toEqual(storedIn(world));
  await assertWorks(world, fileIn(first));
});

test('jobs that want keys of different names at once do not get in each other’s way', async () => {
  const world = await worldOfTest();
  const names = ['orders', 'billing', 'search', 'audit'];
  const runs = await Promise.all(
    names.map((name) => world.run({ name, kafka: 'true', 'secret-id': `ci/${name}`, roles: 'Read Only' })),
  );
  expect(runs.map((run) => run.outputs.result)).toEqual(names.map(() => 'created'));
  expect(runs.map((run) => run.outputs['kafka-username'])).toEqual(names);
  expect(world.sandbox.streamkap.projectKeys).toHaveLength(names.length);
  expect(world.sandbox.log.of('streamkap', 'DELETE /project-keys/{id}')).toEqual([]);
});
