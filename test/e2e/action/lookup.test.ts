import { describe, expect, test } from 'vitest';
import { errorOf, fileIn, KINDS, SECRET_ID, worldOfTest } from './fixture.ts';

const LOOKUP = { mode: 'lookup', 'secret-id': SECRET_ID };
const NO_ADMIN = { env: { STREAMKAP_CLIENT_ID: undefined, STREAMKAP_SECRET: undefined } };
const NO_AWS = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined, AWS_REGION: undefined };

/** A world whose secret holds the file of an API + Kafka key, and nothing in its call log. */
async function worldWithKey() {
  const world = await worldOfTest();
  const { streamkap, secretsManager } = world.sandbox;
  const file = streamkap.seedProjectKey({
    name: 'Orders CI',
    role_ids: [streamkap.settings.roles[2]?.id ?? ''],
    kafka_config: { username: 'orders-ci', password: 'Kx7-mQ2_vT9-pL4_wR8z', kafka_acls: [] },
  });
  secretsManager.call('CreateSecret', { Name: SECRET_ID, SecretString: JSON.stringify(file) });
  // The password of a key that no call made; the fixture hears only of calls.
  const secrets = ['Kx7-mQ2_vT9-pL4_wR8z', ...world.sandbox.streamkap.clientCredentials.map((each) => each.secret)];
  return { world, file, secrets };
}

describe('from a secret', () => {
  test('a credential is read with one call to AWS, without an admin credential', async () => {
    const { world, file, secrets } = await worldWithKey();
    const run = await world.run(LOOKUP, { ...NO_ADMIN, secrets });
    expect(run.annotations.errors).toEqual([]);
    expect(world.calls()).toEqual(['secretsmanager GetSecretValue ok']);
    expect(fileIn(run)).toEqual(file);
    expect(run.outputs).toMatchObject({
      result: 'found',
      created: 'false',
      status: 'unverified',
      'kafka-username': 'orders-ci',
    });
  });

  test('a secret is found by its ARN too', async () => {
    const { world, file, secrets } = await worldWithKey();
    const { ARN } = world.sandbox.secretsManager.call('DescribeSecret', { SecretId: SECRET_ID });
    const run = await world.run({ ...LOOKUP, 'secret-id': String(ARN) }, { secrets });
    expect(fileIn(run)).toEqual(file);
    expect(run.outputs['secret-arn']).toBe(ARN);
    expect(world.calls()).toEqual(['secretsmanager GetSecretValue ok']);
  });

  test('a base64 value in the secret is read like JSON', async () => {
    const { world, file, secrets } = await worldWithKey();
    const SecretString = Buffer.from(JSON.stringify(file)).toString('base64');
    world.sandbox.secretsManager.call('PutSecretValue', { SecretId: SECRET_ID, SecretString });
    const run = await world.run(LOOKUP, { secrets });
    expect(fileIn(run)).toEqual(file);
  });

  test('a secret that does not exist is an error at once, and nothing is made', async () => {
    const world = await worldOfTest();
    const run = await world.run(LOOKUP);
    expect(errorOf(run)).toMatch(/There is no secret ci\/orders\..*Nothing was changed\. \[SECRET_NOT_FOUND\]$/);
    expect(world.calls()).toEqual(['secretsmanager GetSecretValue ResourceNotFoundException']);
    expect(run.outputs).toEqual({});
  });

  test.each([
    ['0', 1],
    ['1', 2],
  ])('an empty secret is looked at again for %s s, then it is an error', async (seconds, looks) => {
    const world = await worldOfTest();
    world.sandbox.secretsManager.call('CreateSecret', { Name: SECRET_ID });
    const run = await world.run({ ...LOOKUP, 'wait-timeout-seconds': seconds });
    expect(errorOf(run)).toMatch(
      /ci\/orders has no value yet\..*Nothing was changed\. It may be tried again\. \[SECRET_EMPTY\]$/,
    );
    expect(world.calls().length).toBeLessThanOrEqual(looks);
    expect(new Set(world.calls())).toEqual(new Set(['secretsmanager GetSecretValue ResourceNotFoundException']));
    expect(run.outputs).toEqual({});
  });

  test('the intent of another run is waited for and never taken over', async () => {
    const world = await worldOfTest();
    const { log, streamkap } = world.sandbox;
    log.script({ service: 'streamkap', operation: 'POST /project-keys', action: { kind: 'hang', when: 'after' } });
    await world.run(KINDS['Kafka-only'], { cancelAfter: world.called(5) });
    const before = { aws: world.sandbox.secretsManager.snapshot({ dates: false }), streamkap: streamkap.snapshot() };
    world.forget();
    const run = await world.run({ ...LOOKUP, 'wait-timeout-seconds': '0' });
    expect(errorOf(run)).toMatch(/not finished.*Run mode "ensure".*Nothing was changed\..*\[CREATION_NOT_FINISHED\]$/);
    expect(world.calls()).toEqual(['secretsmanager GetSecretValue ok']);
    expect({ aws: world.sandbox.secretsManager.snapshot({ dates: false }), streamkap: streamkap.snapshot() }).toEqual(
      before,
    );
    expect(run.outputs).toEqual({});
  });

  test.each([
    'ensure',
    'lookup',
    'create',
  ])('a value that is no credential is an error of %s, neither quoted nor changed', async (mode) => {
    const world = await worldOfTest();
    const foreign = '{"username":"admin","password":"foreign-password-123"}';
    world.sandbox.secretsManager.call('CreateSecret', { Name: SECRET_ID, SecretString: foreign });
    const run = await world.run({ ...KINDS['Kafka-only'], mode });
    expect(errorOf(run)).toMatch(
      /ci\/orders holds something that is not a Streamkap credential file.*Nothing was changed\. \[SECRET_HAS_FOREIGN_VALUE\]$/,
    );
    expect(world.calls()).toEqual(['secretsmanager GetSecretValue ok']);
    expect(world.sandbox.secretsManager.valueOf(SECRET_ID)).toBe(foreign);
  });

  test.each([
    'ensure',
    'lookup',
    'create',
  ])('a secret scheduled for deletion is an error of %s with the command that restores it', async (mode) => {
    const { world, secrets } = await worldWithKey();
    world.sandbox.secretsManager.call('DeleteSecret', { SecretId: SECRET_ID });
    const run = await world.run({ ...KINDS['Kafka-only'], mode }, { secrets });
    expect(errorOf(run)).toContain('aws secretsmanager restore-secret --secret-id ci/orders');
    expect(errorOf(run)).toMatch(/Nothing was changed\. \[SECRET_SCHEDULED_FOR_DELETION\]$/);
    expect(world.calls()).toEqual(['secretsmanager GetSecretValue InvalidRequestException']);
  });

  test('a credential of another key than project-key-id is refused', async () => {
    const { world, secrets } = await worldWithKey();
    const run = await world.run({ ...LOOKUP, 'project-key-id': 'another-key' }, { secrets });
    expect(errorOf(run)).toMatch(/project-key-id: the credential is for another project key.*\[INVALID_INPUT\]$/);
    expect(run.outputs).toEqual({});
  });

  test('a stored token_endpoint on a foreign host is refused before anything is sent there', async () => {
    const { world, file, secrets } = await worldWithKey();
    const api = { ...(file.api as object), token_endpoint: 'https://evil.example/auth/access-token' };
    const SecretString = JSON.stringify({ ...file, api });
    world.sandbox.secretsManager.call('PutSecretValue', { SecretId: SECRET_ID, SecretString });
    const run = await world.run(LOOKUP, { secrets });
    expect(errorOf(run)).toMatch(
      /secret-id: api\.token_endpoint .* is not on the configured Streamkap host.*\[INVALID_INPUT\]$/,
    );
    expect(world.calls()).toEqual(['secretsmanager GetSecretValue ok']);
    expect(run.outputs).toEqual({});
  });

  test('a job that needs Kafka does not get a credential without', async () => {
    const { world, file, secrets } = await worldWithKey();
    const SecretString = JSON.stringify({ ...file, kafka: null });
    world.sandbox.secretsManager.call('PutSecretValue', { SecretId: SECRET_ID, SecretString });
    const run = await world.run({ ...LOOKUP, kafka: 'true' }, { secrets });
    expect(errorOf(run)).toMatch(/kafka: the credential in secret-id .* has no Kafka access\..*\[INVALID_INPUT\]$/);
    expect(run.outputs).toEqual({});
  });
});

describe('from a credential file that is passed in', () => {
  test.each<[string, (json: string) => string]>([
    ['JSON', (json) => json],
    ['pretty-printed JSON', (json) => JSON.stringify(JSON.parse(json), null, 2)],
    ['base64', (json) => Buffer.from(json).toString('base64')],
    [
      'base64 with line breaks',
      (json) =>
        (
          Buffer.from(json)
            .toString('base64')
            .match(/.{1,76}/g) ?? []
        ).join('\n'),
    ],
    ['base64 without padding', (json) => Buffer.from(json).toString('base64').replace(/=+$/, '')],
  ])('%s is handed on without a single call, without AWS or an admin credential', async (_form, encode) => {
    const { world, file, secrets } = await worldWithKey();
    const input = encode(JSON.stringify(file));
    const env = { ...NO_AWS, ...NO_ADMIN.env };
    const run = await world.run({ mode: 'lookup', 'project-key': input }, { env, secrets, masked: [input] });
    expect(run.annotations.errors).toEqual([]);
    expect(world.calls()).toEqual([]);
    expect(fileIn(run)).toEqual(file);
    expect(run.outputs).toMatchObject({
      result: 'found',
      'secret-arn': '',
      'secret-version-id': '',
      status: 'unverified',
    });
  });
});

describe('verify-login', () => {
  test('always: an accepted login hands the credential out', async () => {
    const { world, secrets } = await worldWithKey();
    const run = await world.run({ ...LOOKUP, 'verify-login': 'always' }, { secrets });
    expect(run.outcome).toBe('success');
    expect(world.calls()).toEqual(['secretsmanager GetSecretValue ok', 'kafka login accepted']);
    expect(run.rawTranscript).toContain('Kafka login of orders-ci accepted');
  });

  test('always: a rejected login is an error, tried once, and nothing is handed out', async () => {
    const { world, secrets } = await worldWithKey();
    world.sandbox.kafkaUsers.set('orders-ci', 'Changed-3lsewhere-by-hand');
    const run = await world.run({ ...LOOKUP, 'verify-login': 'always', 'export-env': 'true' }, { secrets });
    expect(errorOf(run)).toMatch(
      /login of orders-ci is rejected \(SASL_AUTHENTICATION_FAILED\).*Nothing was changed\..*\[LOGIN_REJECTED\]$/,
    );
    expect(world.calls()).toEqual(['secretsmanager GetSecretValue ok', 'kafka login rejected']);
    expect(run.outputs).toEqual({});
    expect(run.env).toEqual({});
  });

  test('always: a broker that is down is an error, and no reason to doubt the password', async () => {
    const { world, secrets } = await worldWithKey();
    await world.sandbox.kafka?.close();
    const run = await world.run({ ...LOOKUP, 'verify-login': 'always' }, { secrets });
    expect(errorOf(run)).toMatch(/is unknown \(ECONNREFUSED\).*Nothing was changed\..*\[LOGIN_UNKNOWN\]$/);
    expect(world.calls()).toEqual(['secretsmanager GetSecretValue ok']);
    expect(run.outputs).toEqual({});
  });

  test('always: a credential without Kafka cannot be tried', async () => {
    const { world, file, secrets } = await worldWithKey();
    const input = JSON.stringify({ ...file, kafka: null });
    const run = await world.run(
      { mode: 'lookup', 'project-key': input, 'verify-login': 'always' },
      { secrets, masked: [input] },
    );
    expect(errorOf(run)).toMatch(
      /verify-login: is "always", but the credential has no Kafka access.*\[INVALID_INPUT\]$/,
    );
    expect(world.calls()).toEqual([]);
  });

  test.each(['auto', 'never'])('%s: a credential that was found is not tried', async (verify) => {
    const { world, secrets } = await worldWithKey();
    world.sandbox.kafkaUsers.delete('orders-ci');
    const run = await world.run({ ...LOOKUP, 'verify-login': verify }, { secrets });
    expect(run.outcome).toBe('success');
    expect(world.calls()).toEqual(['secretsmanager GetSecretValue ok']);
  });

  test('always, with ensure: Streamkap is asked for the status of a key that was found', async () => {
    const { world, secrets } = await worldWithKey();
    const run = await world.run({ ...KINDS['API + Kafka'], 'verify-login': 'always' }, { secrets });
    expect(run.outputs).toMatchObject({ result: 'found', status: 'active' });
    expect(world.calls()).toEqual([
      'secretsmanager GetSecretValue ok',
      'streamkap POST /auth/access-token 200',
      'streamkap GET /project-keys/{id} 200',
      'kafka login accepted',
    ]);
  });

  test('always, with ensure: a key that was deleted at Streamkap is an error, not made again', async () => {
    const { world, file, secrets } = await worldWithKey();
    world.sandbox.streamkap.removeProjectKey(String(file.project_key_id));
    const run = await world.run({ ...KINDS['API + Kafka'], 'verify-login': 'always' }, { secrets });
    expect(errorOf(run)).toMatch(/does not exist at Streamkap any more\..*Nothing was changed\. \[KEY_DELETED\]$/);
    expect(world.sandbox.log.of('streamkap', 'POST /project-keys')).toEqual([]);
    expect(run.outputs).toEqual({});
  });

  test('never: a new key is handed out without a login', async () => {
    const world = await worldOfTest();
    const run = await world.run({ ...KINDS['Kafka-only'], 'verify-login': 'never' });
    expect(run.outputs.result).toBe('created');
    expect(world.sandbox.log.of('kafka', 'login')).toEqual([]);
  });
});
