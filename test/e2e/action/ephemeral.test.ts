import { describe, expect, test } from 'vitest';
import { markerOf } from '../../../core/provisioning/marker.ts';
import { DELETE, EPHEMERAL, idsLeft } from './ephemeral-fixture.ts';
import { assertWorks, errorOf, fileIn, inTurns, SECRET_ID, worldOfTest } from './fixture.ts';

const HOUR_MS = 3_600_000;
const DELETION = { service: 'streamkap', operation: 'DELETE /project-keys/{id}' } as const;

describe('an ephemeral key', () => {
  test.each([
    ['Kafka-only', { kafka: 'true' }],
    ['API-only', { 'kafka-acls': '', roles: 'Read Only' }],
    ['API + Kafka', { kafka: 'true', roles: 'Read Only' }],
  ])('with %s access works for as long as its job, and is deleted by its id when the job ends', async (_kind, access) => {
    const world = await worldOfTest();
    const living: string[] = [];
    const run = await world.run(
      { ...EPHEMERAL, ...access },
      {
        afterMain: async (main) => {
          living.push(...idsLeft(world));
          await assertWorks(world, fileIn({ ...main, jobOutputs: {}, post: undefined }));
          world.forget();
        },
      },
    );
    expect(run.outcome).toBe('success');
    expect(living).toEqual([run.outputs['project-key-id']]);
    expect(idsLeft(world)).toEqual([]);
    expect(world.calls()).toEqual(['streamkap POST /auth/access-token 200', DELETE]);
    expect(run.post?.rawTranscript).toMatch(`deleted the ephemeral project key ${living[0]}`);
  });

  test('says when it expires, in its description, in the output and in the state, where no secret is', async () => {
    const world = await worldOfTest();
    const descriptions: (string | null)[] = [];
    const run = await world.run(
      { ...EPHEMERAL, description: 'For the nightly import', 'ttl-minutes': '90' },
      { afterMain: () => void descriptions.push(...world.sandbox.streamkap.projectKeys.map((key) => key.description)) },
    );
    const marker = markerOf({ description: descriptions[0] });
    const { intentId, username, ...rest } = JSON.parse(run.state.keyToDelete ?? '{}');
    expect(descriptions[0]).toMatch(/^For the nightly import \[/);
    expect(marker).toMatchObject({ kind: 'ephemeral', attempt: 1, intentId });
    const expiresAt = marker?.kind === 'ephemeral' ? marker.expiresAt : Number.NaN;
    expect(run.outputs['expires-at']).toBe(new Date(expiresAt).toISOString().replace('.000Z', 'Z'));
    // Between when this world began and now, and ninety minutes.
    expect(Math.abs(expiresAt - Date.now() - 90 * 60_000)).toBeLessThan(HOUR_MS);
    expect(rest).toEqual({ id: run.outputs['project-key-id'], alone: true, expiresAt: run.outputs['expires-at'] });
    expect(username).toBe(run.outputs['kafka-username']);
    expect(run.jobOutputs['expires-at']).toBe(run.outputs['expires-at']);
  });

  test('is deleted by an admin credential that post reads from AWS again', async () => {
    const world = await worldOfTest();
    const { sandbox } = world;
    const env = { STREAMKAP_CLIENT_ID: undefined, STREAMKAP_SECRET: undefined };
    const run = await world.run({ ...EPHEMERAL, 'admin-secret-id': sandbox.adminSecretId }, { env });
    expect(run.outcome).toBe('success');
    expect(idsLeft(world)).toEqual([]);
    expect(sandbox.log.of('secretsmanager', 'GetSecretValue')).toHaveLength(2);
    expect(JSON.stringify(run.state)).not.toContain(sandbox.admin.clientId);
    expect(run.annotations.warnings).toEqual([]);
  });

  test('is not confused with the variables that its own job exported', async () => {
    const world = await worldOfTest();
    const inputs = { ...EPHEMERAL, roles: 'Admin', 'export-env': 'true' };
    const refused = await world.run(inputs);
    expect(errorOf(refused)).toMatch(/export-env: would replace STREAMKAP_CLIENT_ID .* Nothing was changed/);
    expect(world.calls()).toEqual([]);
    const { clientId, clientSecret } = world.sandbox.admin;
    const run = await world.run({ ...inputs, 'client-id': clientId, 'client-secret': clientSecret });
    expect(run.env.STREAMKAP_CLIENT_ID).toBe(run.outputs['api-client-id']);
    expect(idsLeft(world)).toEqual([]);
  });

  test('has a username of its own in each job of a matrix, within 24 characters', async () => {
    const world = await worldOfTest();
    const inputs = { ...EPHEMERAL, name: 'Integration tests of the orders service' };
    const runs = await inTurns(
      [1, 2, 3].map(() => () => world.run(inputs)),
      3,
    );
    const usernames = runs.map((run) => run.outputs['kafka-username'] ?? '');
    expect(new Set(usernames).size).toBe(3);
    for (const username of usernames) expect(username).toMatch(/^integration-tes-[0-9a-f]{8}$/);
    expect(idsLeft(world)).toEqual([]);
  });

  test('has exactly the username that is asked for', async () => {
    const world = await worldOfTest();
    const run = await world.run({ ...EPHEMERAL, 'kafka-username': 'nightly' });
    expect(run.outputs['kafka-username']).toBe('nightly');
  });

  test.each([
    ['mode ensure', { mode: 'ensure', 'secret-id': SECRET_ID }, /ephemeral: is true, but mode "ensure"/],
    ['a secret', { 'secret-id': SECRET_ID }, /ephemeral: is true, but secret-id would keep/],
    ['no time to live', { 'ttl-minutes': '0' }, /ttl-minutes: "0" is no number of minutes/],
  ])('cannot be had with %s: nothing is called', async (_what, inputs, says) => {
    const world = await worldOfTest();
    const run = await world.run({ ...EPHEMERAL, ...inputs });
    expect(errorOf(run)).toMatch(says);
    expect(world.calls()).toEqual([]);
    expect(run.state).toEqual({});
    expect(run.post?.rawTranscript).toBe('');
  });
});

describe('a deletion that fails', () => {
  test('warns with the id, the marker and the expiry, and does not fail the job', async () => {
    const world = await worldOfTest();
    world.sandbox.log.script({ ...DELETION, action: { kind: 'status', when: 'before', status: 403 } });
    const run = await world.run(EPHEMERAL);
    const { intentId } = JSON.parse(run.state.keyToDelete ?? '{}');
    const id = run.outputs['project-key-id'];
    expect(run.post?.outcome).toBe('success');
    expect(run.post?.annotations.warnings).toEqual([
      expect.stringMatching(
        new RegExp(
          `^A project key ${id}, marked keyring:${intentId}\\.1, may be left\\. It expires at ${run.outputs['expires-at']}; after that .*sweep-expired.*\\[STREAMKAP_FORBIDDEN\\]$`,
        ),
      ),
    ]);
    expect(idsLeft(world)).toEqual([id]);
  });

  test('because the AWS session is over is told as what it is', async () => {
    const world = await worldOfTest();
    const env = { STREAMKAP_CLIENT_ID: undefined, STREAMKAP_SECRET: undefined };
    const inputs = { ...EPHEMERAL, 'admin-secret-id': world.sandbox.adminSecretId };
    const expired = { kind: 'status', when: 'before', status: 400, code: 'ExpiredTokenException' } as const;
    const operation = 'GetSecretValue';
    world.sandbox.log.script({ service: 'secretsmanager', operation, skip: 1, times: 3, action: expired });
    const run = await world.run(inputs, { env });
    expect(run.post?.annotations.warnings).toEqual([expect.stringMatching(/may be left.*\[AWS_BAD_CREDENTIALS\]$/)]);
  });

  test('once without an answer is ordered again', async () => {
    const world = await worldOfTest();
    world.sandbox.log.script({ ...DELETION, action: { kind: 'drop', when: 'before' } });
    const run = await world.run(EPHEMERAL);
    expect(run.post?.annotations.warnings).toEqual([]);
    expect(idsLeft(world)).toEqual([]);
  });

  test('for as long as post has is given up on, with a warning', async () => {
    const world = await worldOfTest();
    world.sandbox.log.script({ ...DELETION, times: 9, action: { kind: 'hang', when: 'before' } });
    const run = await world.run(EPHEMERAL);
    expect(run.post?.outcome).toBe('success');
    expect(run.post?.annotations.warnings).toEqual([expect.stringMatching(/may be left\. It expires at /)]);
    expect(world.sandbox.log.of('streamkap', DELETION.operation)).toHaveLength(1);
  });
});

describe('a main that fails', () => {
  test('after the key was made deletes it, and post has nothing to do', async () => {
    const world = await worldOfTest({ streamkap: { apiBaseUrl: 'https://evil.example' } });
    const run = await world.run({ ...EPHEMERAL, roles: 'Read Only' });
    expect(errorOf(run)).toMatch(/api\.token_endpoint of the credential file is not on the configured Streamkap host/);
    expect(idsLeft(world)).toEqual([]);
    expect(run.outputs).toEqual({});
    expect(run.state).toEqual({ keyToDelete: '' });
    expect(run.post?.rawTranscript).toBe('');
  });

  test('and cannot delete the key leaves it to post', async () => {
    const world = await worldOfTest({ streamkap: { apiBaseUrl: 'https://evil.example' } });
    world.sandbox.log.script({ ...DELETION, action: { kind: 'status', when: 'before', status: 500 } });
    const run = await world.run({ ...EPHEMERAL, roles: 'Read Only' });
    expect(errorOf(run)).toMatch(/api\.token_endpoint/);
    expect(run.post?.rawTranscript).toMatch(/deleted the ephemeral project key/);
    expect(idsLeft(world)).toEqual([]);
  });

  test('because Streamkap will not have the key made leaves nothing to do', async () => {
    const world = await worldOfTest();
    const action = { kind: 'status', when: 'before', status: 422 } as const;
    world.sandbox.log.script({ service: 'streamkap', operation: 'POST /project-keys', action });
    const run = await world.run(EPHEMERAL);
    expect(errorOf(run)).toMatch(/\[STREAMKAP_INVALID\]$/);
    expect(run.state).toEqual({ keyToDelete: '' });
    expect(world.calls()).not.toContain(DELETE);
  });
});

describe('an AWS session', () => {
  const inSession = (hours: number) => ({
    STREAMKAP_CLIENT_ID: undefined,
    STREAMKAP_SECRET: undefined,
    // In quotes, as an output of configure-aws-credentials has it.
    AWS_CREDENTIAL_EXPIRATION: JSON.stringify(new Date(Date.now() + hours * HOUR_MS)),
  });

  test('that ends before the key expires is a warning, where the admin credential lies in AWS', async () => {
    const world = await worldOfTest();
    const inputs = { ...EPHEMERAL, 'admin-secret-id': world.sandbox.adminSecretId, 'ttl-minutes': '180' };
    const short = await world.run(inputs, { env: inSession(1) });
    expect(short.annotations.warnings).toEqual([
      expect.stringMatching(
        /^The AWS session ends at \S+Z, before the ephemeral key expires at \S+Z: .* ttl-minutes\.$/,
      ),
    ]);
    const long = await world.run(inputs, { env: inSession(4) });
    expect(long.annotations.warnings).toEqual([]);
  });

  test('does not matter where the admin credential is an input', async () => {
    const world = await worldOfTest();
    const { clientId, clientSecret } = world.sandbox.admin;
    const inputs = { ...EPHEMERAL, 'client-id': clientId, 'client-secret': clientSecret, 'ttl-minutes': '180' };
    const run = await world.run(inputs, { env: inSession(1) });
    expect(run.annotations.warnings).toEqual([]);
  });
});
