import { describe, expect, test } from 'vitest';
import { assertWorks, errorOf, fileIn, KIND_NAMES, KINDS, SECRET_ID, storedIn, worldOfTest } from './fixture.ts';

const UNSTORED = { mode: 'create', name: 'Nightly', kafka: 'true' };
const DELETE = 'streamkap DELETE /project-keys/{id} 200';

describe('with a secret', () => {
  test.each(KIND_NAMES)('a %s key is made and stored, with one POST', async (kind) => {
    const world = await worldOfTest();
    const run = await world.run({ ...KINDS[kind], mode: 'create' });
    expect(run.outputs.result).toBe('created');
    expect(storedIn(world)).toEqual(fileIn(run));
    expect(world.sandbox.log.of('streamkap', 'POST /project-keys')).toHaveLength(1);
    expect(run.state).toEqual({});
    await assertWorks(world, fileIn(run));
  });

  test('a secret that holds a credential already is an error, and nothing is made, changed or handed out', async () => {
    const world = await worldOfTest();
    await world.run(KINDS['API + Kafka']);
    const before = world.sandbox.secretsManager.snapshot({ dates: false });
    world.forget();
    const run = await world.run({ ...KINDS['API + Kafka'], mode: 'create' });
    expect(errorOf(run)).toMatch(
      /mode: is "create", but ci\/orders already holds the project key .*\[INVALID_INPUT\]$/,
    );
    expect(world.calls()).toEqual(['secretsmanager GetSecretValue ok']);
    expect(world.sandbox.secretsManager.snapshot({ dates: false })).toBe(before);
    expect(run.outputs).toEqual({});
    expect(run.env).toEqual({});
  });
});

describe('without a secret', () => {
  test.each([
    ['Kafka-only', { kafka: 'true' }],
    ['API-only', { roles: 'Read Only' }],
    ['API + Kafka', { kafka: 'true', roles: 'Read Only' }],
  ])('a %s key is made and handed out, AWS hears nothing, state holds no secret', async (_kind, access) => {
    const world = await worldOfTest();
    const noAws = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined, AWS_REGION: undefined };
    const run = await world.run({ mode: 'create', name: 'Nightly', ...access }, { env: noAws });
    expect(run.outputs).toMatchObject({
      result: 'created',
      created: 'true',
      'secret-arn': '',
      'secret-version-id': '',
    });
    expect(world.sandbox.log.calls.filter((call) => call.service === 'secretsmanager')).toEqual([]);
    expect(world.sandbox.streamkap.projectKeys.map((key) => key.id)).toEqual([run.outputs['project-key-id']]);
    await assertWorks(world, fileIn(run));
    // What was handed out is the workflow's: the post stage leaves it alone.
    expect(run.state).toEqual({ keyToDelete: '' });
    expect(run.post).toMatchObject({ outcome: 'success', rawTranscript: '' });
    expect(world.calls()).not.toContain(DELETE);
  });

  // A later part that fails without waiting: a rejected login is tried again for two minutes of real time.
  test('a key whose file cannot be trusted is deleted again, and nothing is handed out', async () => {
    const world = await worldOfTest({ streamkap: { apiBaseUrl: 'https://evil.example' } });
    const { streamkap } = world.sandbox;
    const run = await world.run({ ...UNSTORED, roles: 'Read Only' });
    expect(errorOf(run)).toMatch(/api\.token_endpoint of the credential file is not on the configured Streamkap host/);
    expect(world.calls().at(-1)).toBe(DELETE);
    expect(streamkap.projectKeys).toEqual([]);
    expect(streamkap.clientCredentials).toHaveLength(1);
    expect(run.outputs).toEqual({});
    expect(run.state).toEqual({ keyToDelete: '' });
    expect(run.post?.rawTranscript).toBe('');
  });

  test('a deletion that fails does not hide why the step failed, and the post stage tries it again', async () => {
    const world = await worldOfTest({ streamkap: { apiBaseUrl: 'https://evil.example' } });
    const { log, streamkap } = world.sandbox;
    const action = { kind: 'status', when: 'before', status: 500 } as const;
    log.script({ service: 'streamkap', operation: 'DELETE /project-keys/{id}', action });
    const run = await world.run({ ...UNSTORED, roles: 'Read Only' });
    expect(errorOf(run)).toMatch(/api\.token_endpoint of the credential file is not on the configured Streamkap host/);
    expect(run.outputs).toEqual({});
    expect(run.post?.rawTranscript).toMatch(/deleted the unfinished project key/);
    expect(streamkap.projectKeys).toEqual([]);
  });

  test('a job that is cancelled right after the POST leaves no key: the post stage deletes it', async () => {
    const world = await worldOfTest();
    const { log, streamkap } = world.sandbox;
    log.script({ service: 'streamkap', operation: 'POST /project-keys', action: { kind: 'hang', when: 'after' } });
    const seen: number[] = [];
    const run = await world.run(UNSTORED, {
      cancelAfter: world.called(3),
      afterMain: () => void seen.push(streamkap.projectKeys.length),
    });
    expect(run.outcome).toBe('cancelled');
    expect(run.outputs).toEqual({});
    expect(seen).toEqual([1]);
    expect(Object.keys(run.state)).toEqual(['keyToDelete']);
    expect(streamkap.projectKeys).toEqual([]);
    expect(run.post?.outcome).toBe('success');
    expect(run.post?.rawTranscript).toMatch(/deleted the unfinished project key/);
    expect(log.of('streamkap', 'DELETE /project-keys/{id}')).toHaveLength(1);
  });

  test('a job that is cancelled before Streamkap heard of a key deletes none, not even one of the same name', async () => {
    const world = await worldOfTest();
    const { log, streamkap } = world.sandbox;
    const kafka_config = { username: 'nightly', password: 'Kx7-mQ2_vT9-pL4_wR8z', kafka_acls: [] };
    streamkap.seedProjectKey({ name: 'Nightly', description: 'somebody else’s [keyring:not-ours]', kafka_config });
    log.script({ service: 'streamkap', operation: 'POST /project-keys', action: { kind: 'hang', when: 'before' } });
    const run = await world.run(UNSTORED, { cancelAfter: world.called(3), secrets: [kafka_config.password] });
    expect(run.outcome).toBe('cancelled');
    expect(streamkap.projectKeys).toHaveLength(1);
    expect(run.post?.rawTranscript).toMatch(/no unfinished project key was left/);
    expect(log.of('streamkap', 'DELETE /project-keys/{id}')).toEqual([]);
  });

  test('a post stage that cannot delete warns with the marker, and does not fail the job', async () => {
    const world = await worldOfTest();
    const { log } = world.sandbox;
    log.script({ service: 'streamkap', operation: 'POST /project-keys', action: { kind: 'hang', when: 'after' } });
    log.script({
      service: 'streamkap',
      operation: 'DELETE /project-keys/{id}',
      action: { kind: 'status', when: 'before', status: 403 },
    });
    const run = await world.run(UNSTORED, { cancelAfter: world.called(3) });
    const { intentId } = JSON.parse(run.state.keyToDelete ?? '{}');
    expect(run.post?.outcome).toBe('success');
    expect(run.post?.annotations.warnings).toEqual([
      expect.stringMatching(
        new RegExp(`^A project key marked keyring:${intentId}\\.1 may be left\\..*\\[STREAMKAP_FORBIDDEN\\]$`),
      ),
    ]);
  });

  test('a lost answer is not followed by a second key', async () => {
    const world = await worldOfTest();
    const { log, streamkap } = world.sandbox;
    log.script({ service: 'streamkap', operation: 'POST /project-keys', action: { kind: 'drop', when: 'after' } });
    const run = await world.run({ ...UNSTORED, roles: 'Read Only' });
    expect(run.outputs.result).toBe('created');
    expect(streamkap.projectKeys.map((key) => key.id)).toEqual([run.outputs['project-key-id']]);
    await assertWorks(world, fileIn(run));
  });

  test('a second run makes a second key: nothing is remembered', async () => {
    const world = await worldOfTest();
    const first = await world.run({ ...UNSTORED, 'kafka-username': 'nightly-1' });
    const second = await world.run({ ...UNSTORED, 'kafka-username': 'nightly-2' });
    expect(first.outputs['project-key-id']).not.toBe(second.outputs['project-key-id']);
    expect(world.sandbox.streamkap.projectKeys).toHaveLength(2);
    expect(() => world.sandbox.secretsManager.valueOf(SECRET_ID)).toThrow();
  });
});

describe.each([
  ['ensure', KINDS['API-only']],
  ['create', KINDS['API-only']],
  ['create', { name: 'Nightly', roles: 'Read Only' }],
])('%s of %o', (mode, asked) => {
  test.each([
    [
      'a certain project-key-id',
      { 'project-key-id': 'pk-1' },
      /project-key-id: is given, but there is no credential yet/,
    ],
    [
      'a login without Kafka',
      { 'verify-login': 'always' },
      /verify-login: is "always", but the new key gets no Kafka access/,
    ],
  ])('asks for %s, which no new key can meet: none is made', async (_what, inputs, says) => {
    const world = await worldOfTest();
    const run = await world.run({ ...asked, ...inputs, mode });
    expect(errorOf(run)).toMatch(says);
    expect(errorOf(run)).toMatch(/Nothing was changed\. \[INVALID_INPUT\]$/);
    expect(world.sandbox.log.calls.filter((call) => call.tookEffect)).toEqual([]);
    expect(world.sandbox.log.calls.filter((call) => call.service !== 'secretsmanager')).toEqual([]);
  });
});
