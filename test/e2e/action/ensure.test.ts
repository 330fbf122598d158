import { describe, expect, test } from 'vitest';
import { fileIn, KIND_NAMES, KINDS, SECRET_ID, storedIn, worldOfTest } from './fixture.ts';

const CREATION = {
  look: ['secretsmanager GetSecretValue ResourceNotFoundException'],
  identify: ['streamkap POST /auth/access-token 200', 'streamkap GET /auth/whoami 200'],
  roles: ['streamkap GET /auth/roles 200'],
  make: [
    'secretsmanager CreateSecret ok',
    'streamkap POST /project-keys 201',
    'secretsmanager PutSecretValue ok',
    'streamkap GET /project-keys/{id} 200',
    'streamkap GET /project-keys 200',
    'secretsmanager UpdateSecretVersionStage ok',
    'secretsmanager GetSecretValue ok',
    'secretsmanager TagResource ok',
  ],
  login: ['kafka login accepted'],
};

const EXPECTED_CALLS = {
  'Kafka-only': [...CREATION.look, ...CREATION.identify, ...CREATION.make, ...CREATION.login],
  'API-only': [...CREATION.look, ...CREATION.identify, ...CREATION.roles, ...CREATION.make],
  'API + Kafka': [...CREATION.look, ...CREATION.identify, ...CREATION.roles, ...CREATION.make, ...CREATION.login],
} as const;

describe.each(KIND_NAMES)('where there is no %s key yet', (kind) => {
  const hasKafka = kind !== 'API-only';
  const hasApi = kind !== 'Kafka-only';

  test('ensure makes it with one POST and exactly the calls it needs', async () => {
    const world = await worldOfTest();
    const run = await world.run(KINDS[kind]);
    expect(run.outcome).toBe('success');
    expect(world.calls()).toEqual(EXPECTED_CALLS[kind]);
    expect(world.sandbox.streamkap.projectKeys).toHaveLength(1);
    expect(run.annotations).toEqual({ errors: [], warnings: [], notices: [] });
    expect(run.summary.startsWith('### Streamkap credential: created\n')).toBe(true);
    expect(run.env).toEqual({});
    expect(run.state).toEqual({});
    expect(run.post).toMatchObject({ outcome: 'success', rawTranscript: '' });
  });

  test('every output is set and agrees with the stored file, which keeps the fields nobody knows', async () => {
    const world = await worldOfTest();
    const run = await world.run(KINDS[kind]);
    const file = fileIn(run);
    expect(storedIn(world)).toEqual(file);
    expect(Object.keys(file)).toContain('created_by');
    const { secretsManager, kafkaBootstrap, streamkapHost } = world.sandbox;
    const secret = secretsManager.call('DescribeSecret', { SecretId: SECRET_ID });
    const [current] =
      Object.entries(secretsManager.labels(SECRET_ID)).find(([, stages]) => stages.includes('AWSCURRENT')) ?? [];
    expect(run.outputs).toEqual({
      credentials: run.outputs.credentials,
      result: 'created',
      created: 'true',
      'project-key-id': world.sandbox.streamkap.projectKeys[0]?.id,
      status: 'active',
      'kafka-username': hasKafka ? 'orders-ci' : '',
      'kafka-password': file.kafka?.password ?? '',
      'kafka-bootstrap-servers': hasKafka ? kafkaBootstrap : '',
      'kafka-security-protocol': hasKafka ? 'SASL_SSL' : '',
      'kafka-sasl-mechanism': hasKafka ? 'PLAIN' : '',
      'schema-registry-url': '',
      'api-client-id': file.api?.client_id ?? '',
      'api-client-secret': file.api?.client_secret ?? '',
      'api-url': hasApi ? streamkapHost : '',
      'secret-arn': secret.ARN,
      'secret-version-id': current,
      'expires-at': '',
    });
  });

  test('the secret says by its tags what it holds', async () => {
    const world = await worldOfTest();
    const run = await world.run({ ...KINDS[kind], tags: 'team: data\ntier: 1' });
    const { Tags } = world.sandbox.secretsManager.call('DescribeSecret', { SecretId: SECRET_ID });
    const tags = Object.fromEntries((Tags as { Key: string; Value: string }[]).map(({ Key, Value }) => [Key, Value]));
    expect(tags).toEqual({
      team: 'data',
      tier: '1',
      'managed-by': 'streamkap-keyring',
      'streamkap:project-key-id': run.outputs['project-key-id'],
      'streamkap:service-id': world.sandbox.serviceId,
      ...(hasKafka ? { 'streamkap:kafka-username': 'orders-ci' } : {}),
      'streamkap:repository': 'octo-org/orders',
      'streamkap:run-url': 'https://github.com/octo-org/orders/actions/runs/1658821493/attempts/1',
      'streamkap:run-attempt': '1',
      'streamkap:actor': 'octocat',
    });
  });

  test('a second run finds it with one call to AWS and none to Streamkap or Kafka', async () => {
    const world = await worldOfTest();
    const first = await world.run(KINDS[kind]);
    world.forget();
    const second = await world.run(KINDS[kind]);
    expect(world.calls()).toEqual(['secretsmanager GetSecretValue ok']);
    const handedOut = { ...first.outputs, result: 'found', created: 'false', status: 'unverified' };
    expect(second.outputs).toEqual(handedOut);
    expect(second.annotations).toEqual({ errors: [], warnings: [], notices: [] });
  });

  test('an empty secret that a stack made is filled, not made again', async () => {
    const world = await worldOfTest();
    world.sandbox.secretsManager.call('CreateSecret', { Name: SECRET_ID });
    const run = await world.run(KINDS[kind]);
    expect(run.outputs.result).toBe('created');
    expect(storedIn(world)).toEqual(fileIn(run));
    expect(world.calls()).not.toContain('secretsmanager CreateSecret ok');
    expect(world.sandbox.log.of('streamkap', 'POST /project-keys')).toHaveLength(1);
  });

  test('secrets are masked before the call that could first reveal them', async () => {
    const world = await worldOfTest();
    const { log } = world.sandbox;
    const cutAt = async (operation: string, service: 'streamkap' | 'secretsmanager') => {
      log.script({ service, operation, action: { kind: 'hang', when: 'after' } });
      const index = EXPECTED_CALLS[kind].findIndex((call) => call.startsWith(`${service} ${operation} `));
      const run = await world.run(KINDS[kind], { cancelAfter: world.called(index + 1) });
      expect(run.outcome).toBe('cancelled');
      return run;
    };
    // Nothing but what was printed before the POST is in this transcript: its answer never comes.
    const posting = await cutAt('POST /project-keys', 'streamkap');
    const key = world.sandbox.streamkap.projectKeys[0];
    if (hasKafka) expect(posting.masks).toContain(key?.kafka?.password);
    const firstMask = posting.rawLines.findIndex((line) => line.isMask);
    const firstText = posting.rawLines.findIndex((line) => !line.isMask);
    expect(firstMask).toBe(0);
    expect(firstText).toBe(posting.masks.length);
  });

  test('every secret of the answer is masked before it is stored', async () => {
    const world = await worldOfTest();
    world.sandbox.log.script({
      service: 'secretsmanager',
      operation: 'PutSecretValue',
      action: { kind: 'hang', when: 'after' },
    });
    const index = EXPECTED_CALLS[kind].indexOf('secretsmanager PutSecretValue ok');
    const storing = await world.run(KINDS[kind], { cancelAfter: world.called(index + 1) });
    const { streamkap } = world.sandbox;
    const api = streamkap.clientCredentials.find((credential) => credential.projectKeyId !== null);
    if (hasApi) expect(storing.masks).toContain(api?.secret);
    if (hasKafka) expect(storing.masks).toContain(streamkap.projectKeys[0]?.kafka?.password);
    expect(storing.outputs).toEqual({});
  });
});

test('roles may be given by name in any case, by key or by id', async () => {
  const readOnly = '1c9e5b37-6f84-4d21-b0c9-77a2e8d15a03';
  const world = await worldOfTest();
  for (const [index, roles] of ['read only', 'read-only', readOnly, `Read Only\n${readOnly}`].entries()) {
    const run = await world.run({ name: `role ${index}`, 'secret-id': `ci/role-${index}`, roles });
    expect(run.outputs.result).toBe('created');
    const clientId = run.outputs['api-client-id'];
    const credential = world.sandbox.streamkap.clientCredentials.find((each) => each.clientId === clientId);
    expect(new Set(credential?.roleIds)).toEqual(new Set([readOnly]));
  }
  expect(world.sandbox.log.of('kafka', 'login')).toEqual([]);
});

test('a role nobody has is refused with the names there are, before anything is changed', async () => {
  const world = await worldOfTest();
  const run = await world.run({ ...KINDS['API-only'], roles: 'Owner' });
  expect(run.annotations.errors[0]).toMatch(
    /roles: there is no role "Owner"\. The roles are: Admin, Data Admin, Read Only\..*\[INVALID_INPUT\]$/,
  );
  expect(world.sandbox.log.calls.filter((call) => call.tookEffect)).toEqual([]);
  expect(world.sandbox.streamkap.projectKeys).toEqual([]);
});

test('the request reaches Streamkap as it was written', async () => {
  const world = await worldOfTest();
  const run = await world.run({
    ...KINDS['API + Kafka'],
    description: 'For the nightly import',
    'kafka-username': 'import-7',
    'kafka-acls':
      '[{"topic_name":"orders.","operation":"write","resource_pattern_type":"prefixed"},{"topic_name":"g","operation":"READ","resource":"group"}]',
    'whitelist-ips': '203.0.113.7, 192.168.1.0/24',
    'schema-registry': 'true',
    'tool-profile': 'read-only',
    'allowed-tools': 'a, b',
    'blocked-tools': 'c',
  });
  expect(world.sandbox.streamkap.projectKeys[0]).toMatchObject({
    name: 'Orders CI',
    description: expect.stringMatching(/^For the nightly import \[made by [^\]]+\] \[keyring:[0-9a-f-]{36}\.1\]$/),
    kafka: {
      username: 'import-7',
      whitelistIps: '203.0.113.7,192.168.1.0/24',
      acls: [
        { topic_name: 'orders.', operation: 'WRITE', resource_pattern_type: 'PREFIXED', resource: 'TOPIC' },
        { topic_name: 'g', operation: 'READ', resource_pattern_type: 'LITERAL', resource: 'GROUP' },
      ],
    },
    toolProfile: 'read-only',
    allowedTools: ['a', 'b'],
    blockedTools: ['c'],
  });
  expect(run.outputs['schema-registry-url']).toContain('import-7');
  expect(run.outputs['kafka-username']).toBe('import-7');
});

test('the admin credential may lie in a secret, as a pair or as a credential file with API access', async () => {
  const world = await worldOfTest();
  const withoutPair = { env: { STREAMKAP_CLIENT_ID: undefined, STREAMKAP_SECRET: undefined } };
  const { adminSecretId, secretsManager, streamkap } = world.sandbox;
  const first = await world.run({ ...KINDS['Kafka-only'], 'admin-secret-id': adminSecretId }, withoutPair);
  expect(first.outputs.result).toBe('created');
  const file = streamkap.seedProjectKey({ name: 'admin', role_ids: [streamkap.settings.roles[0]?.id ?? ''] });
  secretsManager.call('CreateSecret', { Name: 'admin/file', SecretString: JSON.stringify(file) });
  const inputs = { name: 'second', 'secret-id': 'ci/second', kafka: 'true', 'admin-secret-id': 'admin/file' };
  const second = await world.run(inputs, withoutPair);
  expect(second.outputs.result).toBe('created');
  world.forget();
  // Where the credential is there already, the admin secret is not even read.
  await world.run(inputs, withoutPair);
  expect(world.calls()).toEqual(['secretsmanager GetSecretValue ok']);
});

test('unknown fields at any depth of what Streamkap answers are stored and handed out', async () => {
  const world = await worldOfTest();
  const { streamkap } = world.sandbox;
  const handle = streamkap.handle.bind(streamkap);
  streamkap.handle = (request, delayMs) => {
    const answer = handle(request, delayMs);
    if (request.method !== 'POST' || request.path !== '/project-keys') return answer;
    const file = JSON.parse(answer.body);
    Object.assign(file, { region: 'eu', nested: { deep: [1, null, 'ü'] } });
    Object.assign(file.kafka, { extra_secret: 'another-secret-0123456789' });
    return { ...answer, body: JSON.stringify(file) };
  };
  const run = await world.run(KINDS['Kafka-only'], { secrets: ['another-secret-0123456789'] });
  expect(fileIn(run)).toMatchObject({ region: 'eu', nested: { deep: [1, null, 'ü'] } });
  expect(storedIn(world)).toEqual(fileIn(run));
  expect(run.masks).toContain('another-secret-0123456789');
});
