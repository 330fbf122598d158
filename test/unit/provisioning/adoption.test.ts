import { describe, expect, test } from 'vitest';
import type { ProvisioningRequest } from '../../../core/provisioning/ports.ts';
import { errorOf } from '../streamkap-bench.ts';
import { INTENT_ID, MINUTE_MS, PASSWORD, REQUESTED, World } from './bench.ts';

const POST = 'POST /project-keys';
const PATCH = 'PATCH /project-keys/{id}';
const DELETE = 'DELETE /project-keys/{id}';

/** A run stored its intent, had its key made, and died before it could store the answer; its intent is old by now. */
function orphaned(options: ConstructorParameters<typeof World>[0] = {}) {
  const world = new World(options);
  const intent = world.putIntent();
  const key = world.putKey();
  world.clock.time += 2 * MINUTE_MS;
  return { world, intent, key };
}

describe('a Kafka key whose answer was lost with the run that asked for it', () => {
  test('is adopted: its file comes from intent and detail, a login proves it, nothing is made, changed or deleted', async () => {
    const { world, key } = orphaned();
    const { outcome, file } = await world.provision();
    expect(outcome).toBe('adopted');
    expect(file).toEqual({
      type: 'streamkap_project_key',
      project_key_id: key.project_key_id,
      project: { service_id: world.streamkap.settings.serviceId },
      api: null,
      kafka: {
        username: 'orders',
        password: PASSWORD,
        bootstrap_servers: 'orders.streamkap.invalid:32400',
        security_protocol: 'SASL_SSL',
        sasl_mechanism: 'PLAIN',
        schema_registry_url: null,
      },
      kafka_acls: [],
      created_at: key.created_at,
    });
    expect(world.current).toEqual(file);
    expect(world.calls.filter((call) => /^(login|POST|PATCH|DELETE)/.test(call))).toEqual(['login']);
    expect(world.calls).toContain(`mask ${PASSWORD}`);
    expect(world.calls.indexOf(`mask ${PASSWORD}`)).toBeLessThan(world.calls.indexOf('login'));
    expect(world.calls.indexOf(`mask ${key.project_key_id}`)).toBeLessThan(world.calls.indexOf('login'));
  });

  test('keeps the ACLs it was asked for and the schema registry that its detail names', async () => {
    const world = new World();
    const acl = { topic_name: 'orders', operation: 'READ', resource_pattern_type: 'LITERAL', resource: 'TOPIC' };
    const kafka = { kafka_acls: [acl], is_create_schema_registry: true };
    world.wanted = { ...world.wanted, requested: { description: '', kafka } };
    world.fault('streamkap', POST, { kind: 'drop', when: 'after' });
    const { file } = await world.provision();
    expect(file.kafka_acls).toEqual([acl]);
    expect(file.kafka?.schema_registry_url).toBe('https://orders-schema.streamkap.invalid:8081');
  });

  test('is adopted when it became active only now', async () => {
    const world = new World({ createLatencyMs: 3 * MINUTE_MS });
    world.fault('streamkap', POST, { kind: 'drop', when: 'after' });
    expect(await world.provision()).toMatchObject({ outcome: 'adopted' });
    expect(world.count(POST)).toBe(1);
    expect(world.streamkap.projectKeys).toHaveLength(1);
  });

  test('gets the intent’s password once more when its login is refused', async () => {
    const { world } = orphaned();
    world.users.set('orders', 'somebody changed it');
    expect(await world.provision()).toMatchObject({ outcome: 'adopted', file: { kafka: { password: PASSWORD } } });
    expect(world.calls.filter((call) => /^(login|POST|PATCH|DELETE)/.test(call))).toEqual(['login', PATCH, 'login']);
    expect(world.users.passwordOf('orders')).toBe(PASSWORD);
  });

  test('is logged in with again while that password is on its way, and each try is told', async () => {
    const { world } = orphaned({ propagationDelayMs: 3_000 });
    world.users.set('orders', 'somebody changed it');
    world.meanwhile = () => world.streamkap.settle();
    await world.provision();
    const tries = world.progress.filter((line) => line.startsWith('Kafka login of orders: SASL_AUTHENTICATION_FAILED'));
    expect(tries.length).toBe(world.count('login') - 2);
    expect(tries.length).toBeGreaterThan(0);
  });

  test('is given two minutes to take that password on', async () => {
    const { world } = orphaned({ propagationDelayMs: MINUTE_MS });
    world.users.set('orders', 'somebody changed it');
    // The listener learns of a password when its time has come, not only when somebody calls.
    world.meanwhile = () => world.streamkap.settle();
    expect(await world.provision()).toMatchObject({ outcome: 'adopted' });
    expect(world.count(PATCH)).toBe(1);
  });

  test('that goes on refusing it is an error that names it: not stored, not deleted', async () => {
    const { world, key } = orphaned();
    world.login = () => 'rejected';
    const error = await errorOf(world.provision());
    expect(error).toMatchObject({ code: 'ADOPTION_UNPROVEN', changed: 'unknown', retryable: true });
    expect(error.message).toContain(
      `${key.project_key_id} was made by an earlier run, but the login of orders is rejected`,
    );
    expect(error.remedy).toContain('Nothing was deleted');
    expect(world.count(PATCH)).toBe(1);
    expect(world.count(DELETE)).toBe(0);
    expect(world.current.type).toBe('streamkap_keyring_intent');
    expect(world.streamkap.projectKeys).toHaveLength(1);
  });

  test.each<[ProvisioningRequest['verifyLogin'], string]>([
    ['auto', 'is handed out with a warning'],
    ['always', 'is an error'],
    ['never', 'is not even tried'],
  ])('that cannot be reached, with verify-login %s, %s', async (verifyLogin) => {
    const { world, key } = orphaned();
    world.login = () => 'unknown';
    const run = world.provision({ verifyLogin });
    if (verifyLogin === 'always') {
      expect(await errorOf(run)).toMatchObject({ code: 'ADOPTION_UNPROVEN' });
      expect(world.current.type).toBe('streamkap_keyring_intent');
    } else {
      expect(await run).toMatchObject({ outcome: 'adopted' });
    }
    expect(world.warnings).toEqual(
      verifyLogin === 'auto' ? [`The adopted project key ${key.project_key_id} could not be tried: TIMEOUT`] : [],
    );
    expect(world.count('login') > 0).toBe(verifyLogin !== 'never');
    expect(world.count(PATCH)).toBe(verifyLogin === 'never' ? 0 : 1);
    expect(world.count(DELETE)).toBe(0);
  });

  test('is not touched by a run that has been overtaken meanwhile, which then waits for the other', async () => {
    const { world, key } = orphaned();
    world.login = () => {
      // Another run takes over in this very moment, and stores the file a little later.
      const [taker] = Object.entries(world.secrets.labels('keyring/orders')).filter(([, stages]) =>
        stages.includes('AWSCURRENT'),
      );
      const other = world.putIntent({ attempt: 3 }, taker?.[0]);
      world.meanwhile = () => {
        if (world.clock.sleeps.length !== 2) return;
        world.put(key, { after: other, stages: ['AWSCURRENT'] });
        world.meanwhile = () => {};
      };
      return 'rejected';
    };
    expect(await world.provision()).toMatchObject({ outcome: 'found', file: { project_key_id: key.project_key_id } });
    expect(world.count('login')).toBe(1);
    // The one intent that it wrote, and no file.
    expect(world.count('PutSecretValue')).toBe(1);
    expect(world.calls.filter((call) => /^(POST|PATCH|DELETE)/.test(call))).toEqual([]);
  });

  test('without an endpoint in its detail is an error, and stays', async () => {
    const { world } = orphaned({ kafkaProxyEndpoint: '' });
    const error = await errorOf(world.provision());
    expect(error).toMatchObject({ code: 'ADOPTION_UNPROVEN' });
    expect(error.message).toContain('names no Kafka endpoint');
    expect(world.calls.filter((call) => /^(login|POST|PATCH|DELETE)/.test(call))).toEqual([]);
  });

  test.each([
    ['user', { username: null }],
    ['password', { password: null }],
  ])('whose intent names no %s is an error: no login is tried with half a credential', async (_what, lacking) => {
    const world = new World();
    world.putIntent(lacking);
    world.putKey(1, { kafka_config: { username: '', password: PASSWORD } });
    world.clock.time += 2 * MINUTE_MS;
    expect(await errorOf(world.provision())).toMatchObject({ code: 'ADOPTION_UNPROVEN', changed: 'unknown' });
    expect(world.calls.filter((call) => /^(login|POST|PATCH|DELETE)/.test(call))).toEqual([]);
  });

  test('and failed is deleted and made again', async () => {
    const world = new World();
    world.putIntent();
    const dead = world.putKey(1, { status: 'failed' });
    world.clock.time += 2 * MINUTE_MS;
    const { outcome, file } = await world.provision();
    expect(outcome).toBe('created');
    expect(file.project_key_id).not.toBe(dead.project_key_id);
    expect(world.streamkap.projectKeys.map(({ id }) => id)).toEqual([file.project_key_id]);
  });

  test.each([
    ['by its name', { description: 'For orders' }],
    ['by a marker that was copied to a key with another user', {}],
    ['by another intent’s marker', { description: 'For orders [keyring:00000000-1c2d-4e5f-8a7b-9c0d1e2f3a4b.1]' }],
    ['by a marker that somebody wrote before more text', { description: `[keyring:${INTENT_ID}.1] copied` }],
  ])('is never taken for ours %s', async (_sign, more) => {
    const world = new World();
    world.putIntent();
    const foreign = world.putKey(1, { kafka_config: { username: 'foreign', password: PASSWORD }, ...more });
    world.clock.time += 2 * MINUTE_MS;
    const { outcome, file } = await world.provision();
    expect(outcome).toBe('created');
    expect(file.project_key_id).not.toBe(foreign.project_key_id);
    expect(world.streamkap.projectKeys.map(({ id }) => id)).toContain(foreign.project_key_id);
    expect(world.calls.filter((call) => /^(PATCH|DELETE)/.test(call))).toEqual([]);
  });
});

describe('an API key whose answer was lost', () => {
  test('with the run: its secret is gone, so it is deleted by its id and made again', async () => {
    const world = new World();
    world.wanted = { name: 'orders', username: null, requested: REQUESTED.api };
    world.putIntent({ username: null, password: null, requested: REQUESTED.api });
    const { kafka_config: _none, ...apiOnly } = { kafka_config: null, role_ids: REQUESTED.api.role_ids };
    const lost = world.streamkap.seedProjectKey({
      name: 'orders',
      description: `x [keyring:${INTENT_ID}.1]`,
      ...apiOnly,
    });
    world.clock.time += 2 * MINUTE_MS;
    const { outcome, file } = await world.provision();
    expect(outcome).toBe('created');
    expect(file.api?.client_secret).toBeTruthy();
    expect(world.streamkap.projectKeys.map(({ id }) => id)).toEqual([file.project_key_id]);
    expect(file.project_key_id).not.toBe(lost.project_key_id);
    expect(world.calls.filter((call) => /^(login|PATCH)/.test(call))).toEqual([]);
  });
});

describe('the answer to the run’s own POST is lost', () => {
  test('for a Kafka key that was made: it is adopted, and asked for once', async () => {
    const world = new World();
    world.fault('streamkap', POST, { kind: 'drop', when: 'after' });
    expect(await world.provision()).toMatchObject({ outcome: 'adopted' });
    expect(world.count(POST)).toBe(1);
    expect(world.streamkap.projectKeys).toHaveLength(1);
  });

  test('for a key that was not made: the list is read before it is asked for again', async () => {
    const world = new World();
    world.fault('streamkap', POST, { kind: 'drop', when: 'before' });
    expect(await world.provision()).toMatchObject({ outcome: 'created' });
    const [first, second] = world.calls.flatMap((call, at) => (call === POST ? [at] : []));
    expect(world.calls.slice(first, second)).toContain('GET /project-keys');
    expect(world.streamkap.projectKeys).toHaveLength(1);
  });

  test('for an API key: what was made is deleted, one key is left', async () => {
    const world = new World();
    world.wanted = { name: 'orders', username: null, requested: REQUESTED.api };
    world.fault('streamkap', POST, { kind: 'status', when: 'after', status: 504, body: '<html>' });
    const { file } = await world.provision();
    expect(world.count(POST)).toBe(2);
    expect(world.streamkap.projectKeys.map(({ id }) => id)).toEqual([file.project_key_id]);
  });

  test('three times: an error that says so; the next run takes it from there', async () => {
    const world = new World();
    world.fault('streamkap', POST, { kind: 'drop', when: 'before' }, 3);
    expect(await errorOf(world.provision())).toMatchObject({
      code: 'CREATE_UNANSWERED',
      changed: 'unknown',
      retryable: true,
    });
    expect(world.count(POST)).toBe(3);
    world.clock.time += 2 * MINUTE_MS;
    expect(await world.provision()).toMatchObject({ outcome: 'created' });
    expect(world.streamkap.projectKeys).toHaveLength(1);
  });
});
