import { describe, expect, test } from 'vitest';
import { assertWorks, errorOf, fileIn, KIND_NAMES, KINDS, storedIn, worldOfTest } from './fixture.ts';

describe.concurrent.each(KIND_NAMES)('where Streamkap makes a %s key asynchronously', (kind) => {
  test('the credential is handed out once the key is active, with one POST', async (context) => {
    const world = await worldOfTest({ streamkap: { createLatencyMs: 30 } }, context);
    const run = await world.run(KINDS[kind]);
    expect(run.outputs).toMatchObject({ result: 'created', status: 'active' });
    expect(world.sandbox.log.of('streamkap', 'POST /project-keys')).toHaveLength(1);
    expect(world.sandbox.streamkap.projectKeys[0]?.status).toBe('active');
    expect(fileIn(run)).toEqual(storedIn(world));
    await assertWorks(world, fileIn(run));
  });

  test('a key that Streamkap could not finish is replaced by a second one, and only that one is left', async (context) => {
    const world = await worldOfTest({ streamkap: { createLatencyMs: 30, deleteLatencyMs: 30 } }, context);
    const { log, streamkap } = world.sandbox;
    streamkap.failNextCreates(1);
    const run = await world.run(KINDS[kind]);
    expect(run.annotations.errors).toEqual([]);
    expect(log.of('streamkap', 'POST /project-keys')).toHaveLength(2);
    expect(streamkap.projectKeys.map(({ id, status }) => ({ id, status }))).toEqual([
      { id: run.outputs['project-key-id'], status: 'active' },
    ]);
    expect(fileIn(run)).toEqual(storedIn(world));
    await assertWorks(world, fileIn(run));
  });

  test('a key that Streamkap could not finish twice is an error, nothing is left, and the next run makes it at once', async (context) => {
    const world = await worldOfTest({ streamkap: { createLatencyMs: 30 } }, context);
    const { log, streamkap } = world.sandbox;
    streamkap.failNextCreates(2);
    const run = await world.run(KINDS[kind]);
    expect(errorOf(run)).toMatch(/could not finish the project key \S+ \("Orders CI"\), twice.*\[CREATE_FAILED\]$/);
    expect(run.outputs).toEqual({});
    expect(log.of('streamkap', 'POST /project-keys')).toHaveLength(2);
    expect(streamkap.projectKeys).toEqual([]);
    expect(streamkap.clientCredentials).toHaveLength(1);
    const next = await world.run(KINDS[kind]);
    expect(next.outcome).toBe('success');
    expect(next.rawTranscript).not.toContain('waiting for another run');
    expect(streamkap.projectKeys.map((key) => key.id)).toEqual([next.outputs['project-key-id']]);
    await assertWorks(world, fileIn(next));
  });
});

test('without a secret, a key that Streamkap could not finish is deleted again', async () => {
  const world = await worldOfTest({ streamkap: { createLatencyMs: 30 } });
  world.sandbox.streamkap.failNextCreates(1);
  const run = await world.run({ mode: 'create', name: 'Nightly', kafka: 'true' });
  expect(errorOf(run)).toMatch(/could not finish the project key "Nightly".*it was deleted.*\[CREATE_FAILED\]$/);
  expect(world.sandbox.streamkap.projectKeys).toEqual([]);
  expect(world.sandbox.log.of('streamkap', 'POST /project-keys')).toHaveLength(1);
  expect(run.outputs).toEqual({});
});

test('a key of a tenant that spells its statuses with capitals is understood too', async () => {
  const world = await worldOfTest({
    streamkap: { statusStyle: 'title', aclNameField: 'name', accessTokenField: 'access_token' },
  });
  const run = await world.run(KINDS['API + Kafka']);
  expect(run.outputs).toMatchObject({ result: 'created', status: 'active' });
});
