import { describe, expect, test } from 'vitest';
import { errorOf, type fileIn, KINDS, SECRET_ID, storedIn, type World, worldOfTest } from './fixture.ts';

const DRY = { 'dry-run': 'true' };
const SECRETS = ['credentials', 'kafka-password', 'api-client-secret'];
const ORDERS_READ = '+ ACL READ on TOPIC orders (LITERAL)';

/** The plan's lines in the log. */
const planIn = (transcript: string) => transcript.split('\n').filter((line) => /^[+~-] /.test(line));
/** Calls that change something, by what they are, and those that did. */
function changesIn({ sandbox }: World): string[] {
  const harmless = /^(GET |POST \/auth\/access-token|GetSecretValue|DescribeSecret|login)/;
  return sandbox.log.calls
    .filter(
      ({ operation, tookEffect }) => !harmless.test(operation) || (tookEffect && !operation.startsWith('POST /auth')),
    )
    .map(({ operation }) => operation);
}

async function worldWith(kind: keyof typeof KINDS): Promise<World> {
  const world = await worldOfTest();
  expect((await world.run(KINDS[kind])).outputs.result).toBe('created');
  world.forget();
  return world;
}

describe('where there is no key yet, a dry run', () => {
  test.each([
    ['ensure', { secret: `+ secret ${SECRET_ID}` }],
    ['create', { secret: `+ secret ${SECRET_ID}` }],
  ])('of %s prints what would be made, checks it with Streamkap and AWS, and makes nothing', async (mode, {
    secret,
  }) => {
    const world = await worldOfTest();
    const run = await world.run({ ...KINDS['API + Kafka'], ...DRY, mode, description: 'For orders' });
    expect(run.outcome).toBe('success');
    expect(run.annotations).toEqual({ errors: [], warnings: [], notices: [] });
    expect(planIn(run.rawTranscript)).toEqual([
      secret,
      '+ project key "Orders CI"',
      '+ description "For orders"',
      expect.stringMatching(/^\+ API access with the roles [\w-]+$/),
      '+ Kafka access as orders-ci',
      ORDERS_READ,
    ]);
    expect(world.calls()).toEqual([
      'secretsmanager GetSecretValue ResourceNotFoundException',
      'streamkap POST /auth/access-token 200',
      'streamkap GET /auth/whoami 200',
      'streamkap GET /auth/roles 200',
      'streamkap GET /project-keys 200',
    ]);
    expect(run.outputs).toMatchObject({ result: 'planned', created: 'false', 'project-key-id': '' });
    expect(Object.keys(run.outputs)).toHaveLength(17);
    expect(run.env).toEqual({});
    expect(run.state).toEqual({});
    expect(run.summary).toContain('+ Kafka access as orders-ci');
  });

  test('of a key that is stored nowhere asks only Streamkap', async () => {
    const world = await worldOfTest();
    const { 'secret-id': _secret, ...inputs } = KINDS['Kafka-only'];
    const run = await world.run({ ...inputs, ...DRY, mode: 'create', ephemeral: 'true' });
    expect(planIn(run.rawTranscript).at(-1)).toBe('- the same key, when the job ends');
    expect(world.calls().filter((call) => call.startsWith('secretsmanager'))).toEqual([]);
    expect(changesIn(world)).toEqual([]);
  });

  test('says of an empty secret that it gets its first value', async () => {
    const world = await worldOfTest();
    world.sandbox.secretsManager.call('CreateSecret', { Name: SECRET_ID });
    world.forget();
    const run = await world.run({ ...KINDS['Kafka-only'], ...DRY });
    expect(planIn(run.rawTranscript)[0]).toBe(`~ secret ${SECRET_ID}: gets its first value`);
    expect(changesIn(world)).toEqual([]);
  });

  test.each([
    ['a role that does not exist', { roles: 'Nobody' }, /there is no role "Nobody"/],
    [
      'an admin credential that is refused',
      { 'client-id': 'x', 'client-secret': 'wrong-secret-0123456789' },
      /STREAMKAP_UNAUTHENTICATED/,
    ],
  ])('fails as the run would: %s', async (_what, more, message) => {
    const world = await worldOfTest();
    const run = await world.run({ ...KINDS['API + Kafka'], ...DRY, ...more }, { secrets: ['wrong-secret-0123456789'] });
    expect(errorOf(run)).toMatch(message);
    expect(run.outputs).toEqual({});
    expect(changesIn(world)).toEqual([]);
  });

  test('fails where the Kafka username is taken, naming the key that has it', async () => {
    const world = await worldOfTest();
    const password = 'Another!Password0123456789abcdef';
    world.sandbox.streamkap.seedProjectKey({ name: 'Theirs', kafka_config: { username: 'orders-ci', password } });
    const run = await world.run({ ...KINDS['Kafka-only'], ...DRY }, { secrets: [password] });
    expect(errorOf(run)).toMatch(/kafka-username: "orders-ci" is the Kafka user of the project key "Theirs" \(.+\)/);
    expect(changesIn(world)).toEqual([]);
  });
});

describe('where there is a key, a dry run', () => {
  test('hands out what names the key and no secret, and exports nothing', async () => {
    const world = await worldWith('API + Kafka');
    const run = await world.run({
      ...KINDS['API + Kafka'],
      ...DRY,
      'export-env': 'true',
      'config-file': 'kafka.properties',
    });
    expect(run.rawTranscript).toContain('Dry run: nothing would be changed.');
    const file = storedIn(world) as ReturnType<typeof fileIn>;
    expect(run.outputs).toMatchObject({
      ...{ result: 'planned', status: 'active', 'project-key-id': file.project_key_id },
      ...{ 'kafka-username': 'orders-ci', 'api-client-id': file.api?.client_id },
    });
    for (const name of SECRETS) expect(run.outputs[name]).toBe('');
    expect(run.env).toEqual({});
    expect(run.masks).toContain(file.kafka?.password);
    expect(changesIn(world)).toEqual([]);
  });

  test('tries the login where it is asked to', async () => {
    const world = await worldWith('Kafka-only');
    await world.run({ ...KINDS['Kafka-only'], ...DRY, 'verify-login': 'always' });
    expect(world.calls().at(-1)).toBe('kafka login accepted');
  });

  const DIFFERENT = {
    ...KINDS['Kafka-only'],
    'kafka-acls': '- {topic_name: clicks, operation: WRITE}',
    'whitelist-ips': '203.0.113.7',
    description: 'Anew',
  };
  const DIFF = [
    '~ description: (none) -> "Anew"',
    '- ACL READ on TOPIC orders (LITERAL)',
    '+ ACL WRITE on TOPIC clicks (LITERAL)',
    '~ safe list: (none) -> "203.0.113.7"',
  ];

  test('prints as a diff what update would change, and says that it would not be changed without', async () => {
    const world = await worldWith('Kafka-only');
    const run = await world.run({ ...DIFFERENT, ...DRY });
    expect(run.rawTranscript).toMatch(/nothing would be changed\.\nWith update: true it would be:\n/);
    expect(planIn(run.rawTranscript)).toEqual(DIFF);
    expect(changesIn(world)).toEqual([]);
  });

  test('with update plans the change, and a run without dry-run then does it', async () => {
    const world = await worldWith('Kafka-only');
    const run = await world.run({ ...DIFFERENT, ...DRY, update: 'true' });
    expect(planIn(run.rawTranscript)).toEqual([...DIFF, `~ secret ${SECRET_ID}: gets the file that is true then`]);
    expect(changesIn(world)).toEqual([]);
    expect((await world.run({ ...DIFFERENT, update: 'true' })).outputs.result).toBe('updated');
  });

  test('with update plans the access that would be added', async () => {
    const world = await worldWith('API-only');
    const run = await world.run({ ...KINDS['API + Kafka'], ...DRY, update: 'true' });
    expect(planIn(run.rawTranscript)).toEqual(expect.arrayContaining(['+ Kafka access as orders-ci', ORDERS_READ]));
    expect(run.outputs.result).toBe('planned');
    expect(changesIn(world)).toEqual([]);
  });

  test('fails as the run would: access is missing, a rotation is pending, the key is gone', async () => {
    const world = await worldWith('API-only');
    expect(errorOf(await world.run({ ...KINDS['API + Kafka'], ...DRY }))).toMatch(
      /has no Kafka access\. Set update to true/,
    );
    const { secretsManager, streamkap } = world.sandbox;
    const SecretString = secretsManager.valueOf(SECRET_ID);
    secretsManager.call('PutSecretValue', { SecretId: SECRET_ID, SecretString, VersionStages: ['AWSPENDING'] });
    expect(errorOf(await world.run({ ...KINDS['API + Kafka'], ...DRY, update: 'true' }))).toMatch(
      /\[ROTATION_PENDING\]$/,
    );
    streamkap.removeProjectKey(String(storedIn(world).project_key_id));
    expect(errorOf(await world.run({ ...KINDS['API-only'], ...DRY }))).toMatch(/\[KEY_DELETED\]$/);
    expect(changesIn(world)).toEqual([]);
  });

  test('of lookup reads the secret once and, with an admin credential, looks at the key', async () => {
    const world = await worldWith('Kafka-only');
    const run = await world.run({ mode: 'lookup', 'secret-id': SECRET_ID, ...DRY });
    expect(run.outputs).toMatchObject({ result: 'planned', status: 'active', 'kafka-password': '' });
    const without = { env: { STREAMKAP_CLIENT_ID: undefined, STREAMKAP_SECRET: undefined } };
    world.forget();
    const alone = await world.run({ mode: 'lookup', 'secret-id': SECRET_ID, ...DRY }, without);
    expect(alone.outputs).toMatchObject({ result: 'planned', status: 'unverified', 'kafka-password': '' });
    expect(world.calls()).toEqual(['secretsmanager GetSecretValue ok']);
  });

  test('of create fails as the run would', async () => {
    const world = await worldWith('Kafka-only');
    expect(errorOf(await world.run({ ...KINDS['Kafka-only'], ...DRY, mode: 'create' }))).toMatch(
      /already holds the project key/,
    );
    expect(changesIn(world)).toEqual([]);
  });
});
