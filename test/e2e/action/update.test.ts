import { describe, expect, test } from 'vitest';
import { assertWorks, errorOf, fileIn, KINDS, SECRET_ID, storedIn, type World, worldOfTest } from './fixture.ts';

const QUIET = { errors: [], warnings: [], notices: [] };
const PATCH = 'PATCH /project-keys/{id}';

/** A world whose secret holds a key of a kind, made by the Action. */
async function worldWith(kind: keyof typeof KINDS, more: Readonly<Record<string, string>> = {}): Promise<World> {
  const world = await worldOfTest();
  const made = await world.run({ ...KINDS[kind], ...more });
  expect(made.outputs.result).toBe('created');
  world.forget();
  return world;
}

const keyOf = ({ sandbox }: World) => {
  const [key, ...others] = sandbox.streamkap.projectKeys;
  if (!key || others.length > 0) throw new Error(`${others.length + (key ? 1 : 0)} keys`);
  return key;
};
const labelsOf = ({ sandbox }: World) => Object.values(sandbox.secretsManager.labels(SECRET_ID)).flat();
const patches = ({ sandbox }: World) => sandbox.log.of('streamkap', PATCH);

describe('a key that lacks what is asked for', () => {
  test.each([
    ['Kafka', 'API-only', 'kafka'],
    ['API', 'Kafka-only', 'roles'],
  ] as const)('gets %s access only with update: without it, nothing is changed and the error says how', async (access, kind, input) => {
    const world = await worldWith(kind);
    const run = await world.run(KINDS['API + Kafka']);
    expect(errorOf(run)).toMatch(
      new RegExp(`${input}: .*has no ${access} access\\. Set update to true .*Nothing was changed`),
    );
    expect(world.calls()).toEqual(['secretsmanager GetSecretValue ok']);
    expect(run.outputs).toEqual({});
  });

  test.each([
    'API-only',
    'Kafka-only',
  ] as const)('%s: update adds the other access by one PATCH to the same key, stores it before it is current, and hands it out', async (kind) => {
    const world = await worldWith(kind);
    const before = storedIn(world);
    const run = await world.run({ ...KINDS['API + Kafka'], update: 'true' });
    expect(run.annotations).toEqual(QUIET);
    expect(run.outputs).toMatchObject({ result: 'updated', created: 'false', status: 'active' });
    expect(run.outputs['project-key-id']).toBe(before.project_key_id);
    expect(patches(world)).toHaveLength(1);
    expect(world.sandbox.log.of('streamkap', 'POST /project-keys')).toEqual([]);
    const file = fileIn(run);
    await assertWorks(world, file);
    expect(storedIn(world)).toEqual(file);
    const added = kind === 'API-only' ? 'kafka' : 'api';
    expect(before[added]).toBeNull();
    const expected = { ...before, [added]: file[added], ...(added === 'kafka' ? { kafka_acls: file.kafka_acls } : {}) };
    expect(file).toEqual(expected);
    expect(labelsOf(world)).not.toContain('KEYRING_INTENT');
    expect(world.calls().filter((call) => call === 'kafka login accepted')).toHaveLength(kind === 'API-only' ? 1 : 0);
  });

  test('exactly these calls add Kafka access: intent, PATCH, file, label', async () => {
    const world = await worldWith('API-only');
    await world.run({ ...KINDS['API + Kafka'], update: 'true' });
    expect(world.calls()).toEqual([
      'secretsmanager GetSecretValue ok',
      'streamkap POST /auth/access-token 200',
      'streamkap GET /auth/whoami 200',
      'streamkap GET /auth/roles 200',
      'streamkap GET /project-keys/{id} 200',
      'secretsmanager DescribeSecret ok',
      'secretsmanager PutSecretValue ok',
      'secretsmanager DescribeSecret ok',
      'streamkap GET /project-keys/{id} 200',
      'streamkap PATCH /project-keys/{id} 200',
      'secretsmanager PutSecretValue ok',
      'streamkap GET /project-keys/{id} 200',
      'secretsmanager DescribeSecret ok',
      'secretsmanager UpdateSecretVersionStage ok',
      'secretsmanager UpdateSecretVersionStage ok',
      'secretsmanager GetSecretValue ok',
      'streamkap GET /project-keys/{id} 200',
      'secretsmanager TagResource ok',
      'kafka login accepted',
    ]);
  });

  test('the secret says by its tags that there is a Kafka user now', async () => {
    const world = await worldWith('API-only');
    await world.run({ ...KINDS['API + Kafka'], update: 'true' });
    const { Tags } = world.sandbox.secretsManager.call('DescribeSecret', { SecretId: SECRET_ID });
    expect(Tags).toContainEqual({ Key: 'streamkap:kafka-username', Value: 'orders-ci' });
  });

  test('while a rotation is pending nothing is begun', async () => {
    const world = await worldWith('Kafka-only');
    const { secretsManager } = world.sandbox;
    const SecretString = secretsManager.valueOf(SECRET_ID);
    secretsManager.call('PutSecretValue', { SecretId: SECRET_ID, SecretString, VersionStages: ['AWSPENDING'] });
    const before = secretsManager.labels(SECRET_ID);
    world.forget();
    const run = await world.run({ ...KINDS['API + Kafka'], update: 'true' });
    expect(errorOf(run)).toMatch(
      /A rotation of ci\/orders is not finished.*Nothing was changed.*\[ROTATION_PENDING\]$/,
    );
    expect(secretsManager.labels(SECRET_ID)).toEqual(before);
    expect(patches(world)).toEqual([]);
  });

  test('a lost answer with a new API secret ends in API_SECRET_LOST, the key untouched, rotation not kept waiting', async () => {
    const world = await worldWith('Kafka-only');
    const before = storedIn(world);
    world.sandbox.log.script({ service: 'streamkap', operation: PATCH, action: { kind: 'drop', when: 'after' } });
    const run = await world.run({ ...KINDS['API + Kafka'], update: 'true' });
    expect(errorOf(run)).toMatch(
      /has API access at Streamkap whose secret is stored nowhere\. The key was left as it is.* name another secret-id .*Something was changed.*\[API_SECRET_LOST\]$/,
    );
    expect(run.outputs).toEqual({});
    expect(storedIn(world)).toEqual(before);
    expect(labelsOf(world)).not.toContain('KEYRING_INTENT');
    expect(keyOf(world).status).toBe('active');
    // It cannot be mended by trying again, and no run does any harm by trying.
    world.forget();
    const again = await world.run({ ...KINDS['API + Kafka'], update: 'true' });
    expect(errorOf(again)).toMatch(/Nothing was changed.*\[API_SECRET_LOST\]$/);
    expect(patches(world)).toEqual([]);
    const plain = await world.run(KINDS['Kafka-only']);
    expect(plain.outputs.result).toBe('found');
  });

  test('a lost answer with a new Kafka user loses nothing: its password was stored first', async () => {
    const world = await worldWith('API-only');
    world.sandbox.log.script({ service: 'streamkap', operation: PATCH, action: { kind: 'drop', when: 'after' } });
    const run = await world.run({ ...KINDS['API + Kafka'], update: 'true' });
    expect(run.outputs.result).toBe('updated');
    expect(patches(world)).toHaveLength(1);
    await assertWorks(world, fileIn(run));
    expect(storedIn(world)).toEqual(fileIn(run));
  });

  test('a run that dies after the PATCH is finished by the next one', async () => {
    const world = await worldWith('API-only');
    world.sandbox.log.script({
      ...{ service: 'secretsmanager', operation: 'PutSecretValue', skip: 1 },
      action: { kind: 'hang', when: 'before' },
    });
    const puts = world.called(11);
    const cancelAfter = puts.then(() => {});
    const dead = await world.run({ ...KINDS['API + Kafka'], update: 'true' }, { cancelAfter });
    expect(dead.outputs).toEqual({});
    expect(labelsOf(world)).toContain('KEYRING_INTENT');
    const run = await world.run({ ...KINDS['API + Kafka'], update: 'true', 'wait-timeout-seconds': '0' });
    expect(run.outputs.result).toBe('updated');
    await assertWorks(world, fileIn(run));
    expect(keyOf(world).kafka?.username).toBe('orders-ci');
    expect(labelsOf(world)).not.toContain('KEYRING_INTENT');
  });

  test('what Streamkap refuses leaves everything as it was', async () => {
    const world = await worldWith('API-only');
    world.sandbox.streamkap.seedProjectKey({
      name: 'other',
      kafka_config: { username: 'orders-ci', password: 'Another!Password0123456789abcdef' },
    });
    const before = storedIn(world);
    const run = await world.run(
      { ...KINDS['API + Kafka'], update: 'true' },
      { secrets: ['Another!Password0123456789abcdef'] },
    );
    expect(errorOf(run)).toMatch(/Kafka user 'orders-ci' already exists.*Nothing was changed.*\[STREAMKAP_INVALID\]$/);
    expect(storedIn(world)).toEqual(before);
    expect(labelsOf(world)).not.toContain('KEYRING_INTENT');
  });

  test('eight runs at once add it once and hand out the same credential', async () => {
    const world = await worldWith('API-only');
    const inputs = { ...KINDS['API + Kafka'], update: 'true' };
    const runs = await Promise.all(Array.from({ length: 8 }, () => world.run(inputs)));
    expect(runs.map(({ annotations }) => annotations.errors)).toEqual(runs.map(() => []));
    expect(new Set(runs.map(({ outputs }) => outputs.credentials)).size).toBe(1);
    // More than one where a slow run was helped.
    expect(runs.map(({ outputs }) => outputs.result)).toContain('updated');
    expect(patches(world)).toHaveLength(1);
    expect(labelsOf(world)).not.toContain('KEYRING_INTENT');
  });
});

describe('a key whose settings differ from the inputs', () => {
  const ACLS = '- {topic_name: orders, operation: READ}\n- {topic_name: clicks, operation: WRITE}';
  const CHANGED = {
    ...KINDS['API + Kafka'],
    ...{ roles: 'Data Admin', 'kafka-acls': ACLS, 'whitelist-ips': '203.0.113.7' },
    ...{ description: 'For clicks too', 'tool-profile': 'read-only' },
  };

  test('is reported as far as the file tells, and neither Streamkap nor anything else is asked', async () => {
    const world = await worldWith('API + Kafka');
    const run = await world.run(CHANGED);
    expect(run.outputs.result).toBe('found');
    expect(run.annotations.warnings).toEqual([
      expect.stringMatching(
        /and its Kafka ACLs are not those of kafka-acls; it is handed out as it is \(update: true changes it\)$/,
      ),
    ]);
    expect(world.calls()).toEqual(['secretsmanager GetSecretValue ok']);
  });

  test('is reported in full where Streamkap is asked anyway, and nothing is changed', async () => {
    const world = await worldWith('API + Kafka');
    const run = await world.run({ ...CHANGED, 'verify-login': 'always' });
    expect(run.annotations.warnings.map((line) => /, and (.*);/.exec(line)?.[1])).toEqual([
      'its description is not that of description',
      'its roles are not those of roles',
      'its Kafka ACLs are not those of kafka-acls',
      'its safe list is not that of whitelist-ips',
      'its tool profile is not that of tool-profile',
    ]);
    expect(patches(world)).toEqual([]);
  });

  test('is changed by update, the description keeping its marker, and the stored file says what is true then', async () => {
    const world = await worldWith('API + Kafka', { description: 'For orders' });
    const marker = /\[keyring:[^\]]+\]$/.exec(keyOf(world).description ?? '')?.[0] ?? 'none';
    const run = await world.run({ ...CHANGED, update: 'true' });
    expect(run.annotations).toEqual(QUIET);
    expect(run.outputs.result).toBe('updated');
    const key = keyOf(world);
    expect(key.description).toMatch(/^For clicks too /);
    expect(key.description?.endsWith(marker)).toBe(true);
    expect(key.kafka).toMatchObject({
      whitelistIps: '203.0.113.7',
      acls: [{ topic_name: 'orders' }, { topic_name: 'clicks' }],
    });
    expect(storedIn(world)).toEqual(fileIn(run));
    expect(fileIn(run)).toMatchObject({
      tool_profile: 'read-only',
      kafka_acls: [{ topic_name: 'orders' }, { topic_name: 'clicks' }],
      api: { roles: world.sandbox.streamkap.clientCredentials.at(-1)?.roleIds },
    });
    await assertWorks(world, fileIn(run));
    expect(patches(world)).toHaveLength(1);
    // Nothing is left to change, and nothing is.
    world.forget();
    const again = await world.run({ ...CHANGED, update: 'true' });
    expect(again.outputs).toMatchObject({ result: 'found', status: 'active', credentials: run.outputs.credentials });
    expect(world.calls().filter((call) => call.startsWith('secretsmanager'))).toEqual([
      'secretsmanager GetSecretValue ok',
    ]);
    expect(patches(world)).toEqual([]);
  });

  test('a description alone changes the key and not the secret', async () => {
    const world = await worldWith('Kafka-only');
    const versions = Object.keys(world.sandbox.secretsManager.labels(SECRET_ID));
    const run = await world.run({ ...KINDS['Kafka-only'], description: 'Now described', update: 'true' });
    expect(run.outputs.result).toBe('updated');
    expect(keyOf(world).description).toMatch(/^Now described \[made by [^\]]+\] \[keyring:/);
    const [current] = Object.entries(world.sandbox.secretsManager.labels(SECRET_ID)).filter(([, stages]) =>
      stages.includes('AWSCURRENT'),
    );
    expect(versions).toContain(current?.[0]);
    expect(world.calls()).not.toContain('kafka login accepted');
  });

  test.each([
    'p99 < 5 ms & R&D > all',
    'for <b>orders</b><script>alert(1)</script>',
    'an unfinished <b',
  ])('a description that Streamkap cleans of HTML is no difference on the next run: %s', async (description) => {
    const world = await worldWith('Kafka-only', { description });
    const asked = { ...KINDS['Kafka-only'], description, update: 'true' };
    const made = keyOf(world).description;
    expect(made).not.toContain('<');
    expect(made).toMatch(/ \[made by [^\]]+\] \[keyring:[^\]]+\]$/);
    const run = await world.run(asked);
    expect(run.outputs.result).toBe('found');
    expect(run.annotations).toEqual(QUIET);
    expect(patches(world)).toEqual([]);
    // Changed and changed back, it is as it was made: nothing was eaten.
    expect((await world.run({ ...asked, description: `${description} or so` })).outputs.result).toBe('updated');
    expect((await world.run(asked)).outputs.result).toBe('updated');
    expect(keyOf(world).description).toBe(made);
    expect(patches(world)).toHaveLength(2);
  });

  test('ACLs that were not written down stay as they are', async () => {
    const world = await worldWith('Kafka-only');
    const { 'kafka-acls': _acls, ...rest } = KINDS['Kafka-only'];
    const run = await world.run({ ...rest, kafka: 'true', update: 'true' });
    expect(run.outputs.result).toBe('found');
    expect(keyOf(world).kafka?.acls).toHaveLength(1);
  });

  test('what no call can change is a warning', async () => {
    const world = await worldWith('Kafka-only');
    const run = await world.run({ ...KINDS['Kafka-only'], 'kafka-username': 'other', update: 'true' });
    expect(run.outputs.result).toBe('found');
    expect(run.annotations.warnings).toEqual([
      expect.stringMatching(
        /its Kafka username is orders-ci, not other, which cannot be changed; it is handed out as it is$/,
      ),
    ]);
    expect(patches(world)).toEqual([]);
  });

  test('a key that takes turns with another is not changed on its own', async () => {
    const world = await worldWith('Kafka-only');
    const Tags = [{ Key: 'streamkap:strategy', Value: 'alternating' }];
    world.sandbox.secretsManager.call('TagResource', { SecretId: SECRET_ID, Tags });
    world.forget();
    const run = await world.run({ ...KINDS['Kafka-only'], 'whitelist-ips': '203.0.113.7', update: 'true' });
    expect(errorOf(run)).toMatch(/two keys that take turns.*Nothing was changed.*\[KEY_TAKES_TURNS\]$/);
    expect(patches(world)).toEqual([]);
  });

  test('another key than project-key-id names is not changed', async () => {
    const world = await worldWith('Kafka-only');
    const inputs = { ...KINDS['Kafka-only'], 'project-key-id': 'another', 'whitelist-ips': '203.0.113.7' };
    const run = await world.run({ ...inputs, update: 'true' });
    expect(errorOf(run)).toMatch(/project-key-id: the credential is for another project key/);
    expect(world.calls()).toEqual(['secretsmanager GetSecretValue ok']);
  });

  test('a success that changed nothing is an error', async () => {
    const world = await worldWith('Kafka-only');
    const { streamkap } = world.sandbox;
    const handle = streamkap.handle.bind(streamkap);
    streamkap.handle = (request, delayMs) =>
      handle(request.method === 'PATCH' ? { ...request, body: '{"unknown_field": 1}' } : request, delayMs);
    const run = await world.run({ ...KINDS['Kafka-only'], 'whitelist-ips': '203.0.113.7', update: 'true' });
    expect(errorOf(run)).toMatch(/whitelist_ips is not as it was asked for.*\[UPDATE_NOT_APPLIED\]$/);
  });
});
