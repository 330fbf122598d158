import { describe, expect, test } from 'vitest';
import type { RequestedKey } from '../../../core/provisioning/intent.ts';
import { errorOf } from '../streamkap-bench.ts';
import { INTENT_ID, MINUTE_MS, PASSWORD, REQUESTED, World } from './bench.ts';

const LIST = 'GET /project-keys';
const POST = 'POST /project-keys';
const DELETE = 'DELETE /project-keys/{id}';
const PUT = 'PutSecretValue';

const NO_SUCH_ACL = { topic_name: 't', operation: 'NO_SUCH', resource_pattern_type: 'LITERAL', resource: 'TOPIC' };
const BAD: RequestedKey = { description: '', kafka: { kafka_acls: [NO_SUCH_ACL], is_create_schema_registry: false } };

describe('Streamkap will not have the request', () => {
  test('at once: nothing is looked for, the intent is withdrawn, and the error says that something was written', async () => {
    const world = new World();
    world.wanted = { ...world.wanted, requested: BAD };
    const error = await errorOf(world.provision());
    expect(error).toMatchObject({ changed: 'yes', retryable: false });
    expect(error.remedy).toContain('The secret keeps a note of what was begun');
    expect(world.calls.filter((call) => !call.startsWith('mask'))).toEqual([
      ...['GetSecretValue', 'CreateSecret', POST, PUT],
    ]);
    expect(world.current).toMatchObject({ withdrawn: true, password: null, attempt: 2, since: 1 });
  });

  test('and the intent cannot be withdrawn: the same error; the next run only has to wait until it counts as dead', async () => {
    const world = new World();
    world.wanted = { ...world.wanted, requested: BAD };
    const put = { kind: 'status', when: 'before', status: 400, code: 'AccessDeniedException' } as const;
    world.fault('secretsmanager', PUT, put);
    expect(await errorOf(world.provision())).toMatchObject({ code: 'STREAMKAP_INVALID', changed: 'yes' });
    expect(world.current).not.toMatchObject({ withdrawn: true });
    world.clock.time += 2 * MINUTE_MS;
    world.wanted = { ...world.wanted, requested: REQUESTED.kafka };
    expect(await world.provision()).toMatchObject({ outcome: 'created' });
  });

  test('that a dead run left: that says nothing about ours, which is made in the same run', async () => {
    const world = new World();
    world.putIntent({ requested: BAD, username: 'theirs' });
    world.clock.time += 2 * MINUTE_MS;
    const { outcome, file } = await world.provision();
    expect(outcome).toBe('created');
    expect(file.kafka?.username).toBe('orders');
    expect(world.prepared).toBe(1);
    expect(world.count(POST)).toBe(2);
    expect(world.streamkap.projectKeys).toHaveLength(1);
    // Attempt 1 was theirs, 2 the one that was refused, 3 the withdrawal.
    expect(world.streamkap.projectKeys[0]?.description).toBe(`For orders [keyring:${INTENT_ID}.4]`);
  });

  test('while another run took it over: what that run makes is waited for and handed out', async () => {
    const world = new World();
    world.meanwhile = (call) => {
      if (call !== POST) return;
      world.meanwhile = () => {};
      const ours = world.current as { intentId: string; password: string };
      const taken = world.put({ ...ours, attempt: 2, run: 'taker' }, { after: holder(world) });
      const { intentId, password } = ours;
      const key = world.putKey(2, {
        description: `For orders [keyring:${intentId}.2]`,
        kafka_config: { username: 'orders', password },
      });
      world.put(key, { after: taken, stages: ['AWSCURRENT'] });
    };
    const { outcome, file } = await world.provision();
    expect(outcome).toBe('found');
    expect(world.streamkap.projectKeys.map(({ id }) => id)).toEqual([file.project_key_id]);
    expect(world.count(DELETE)).toBe(0);
  });
});

describe('Streamkap refuses because something is in the way', () => {
  test('namely what our own lost POST makes a moment later: that is adopted', async () => {
    const world = new World();
    world.fault('streamkap', POST, { kind: 'drop', when: 'before' });
    world.meanwhile = (call) => {
      if (call !== POST || world.count(POST) !== 1) return;
      const { intentId, password } = world.current as { intentId: string; password: string };
      const kafka_config = { username: 'orders', password };
      world.putKey(1, { description: `For orders [keyring:${intentId}.1]`, kafka_config });
    };
    const { outcome, file } = await world.provision();
    expect(outcome).toBe('adopted');
    expect(world.streamkap.projectKeys.map(({ id }) => id)).toEqual([file.project_key_id]);
    expect(world.count(POST)).toBe(2);
    expect(world.clock.sleeps).toEqual([2_000]);
  });

  test('namely what a dead run’s POST makes a moment later: that is adopted', async () => {
    const world = new World();
    world.putIntent();
    world.clock.time += 2 * MINUTE_MS;
    world.meanwhile = (call) => {
      if (call === POST && world.streamkap.projectKeys.length === 0) world.putKey(1);
    };
    const { outcome, file } = await world.provision();
    expect(outcome).toBe('adopted');
    expect(file.kafka?.password).toBe(PASSWORD);
    expect(world.count(POST)).toBe(1);
    expect(world.streamkap.projectKeys).toHaveLength(1);
  });

  test('namely an API key of ours with the same name, whose secret is lost: it goes, and the next POST succeeds', async () => {
    const world = new World({ uniqueNames: true });
    world.wanted = { name: 'orders', username: null, requested: REQUESTED.api };
    world.fault('streamkap', POST, { kind: 'drop', when: 'before' });
    world.meanwhile = (call) => {
      if (call !== POST || world.count(POST) !== 1) return;
      const { intentId } = world.current as { intentId: string };
      world.putKey(1, { description: `[keyring:${intentId}.1]`, kafka_config: null, role_ids: REQUESTED.api.role_ids });
    };
    const { outcome, file } = await world.provision();
    expect(outcome).toBe('created');
    expect(world.count(POST)).toBe(3);
    expect(world.count(DELETE)).toBe(1);
    expect(world.streamkap.projectKeys.map(({ id }) => id)).toEqual([file.project_key_id]);
  });
});

describe('a request that follows a withdrawn one', () => {
  const withdrawn = { attempt: 2, password: null, withdrawn: true };

  test('begins by looking for what the withdrawn one’s attempts left, deletes it, and never adopts it', async () => {
    const world = new World();
    world.putIntent({ ...withdrawn, username: 'before', formerUsernames: ['first'] });
    const late = world.putKey(1, { kafka_config: { username: 'before', password: PASSWORD } });
    const later = world.putKey(1, { kafka_config: { username: 'first', password: PASSWORD } });
    const { outcome, file } = await world.provision();
    expect(outcome).toBe('created');
    expect(file.kafka?.password).toMatch(/^Generated!/);
    const ids = world.streamkap.projectKeys.map(({ id }) => id);
    expect(ids).toEqual([file.project_key_id]);
    expect(ids).not.toContain(late.project_key_id);
    expect(ids).not.toContain(later.project_key_id);
    expect(world.calls.indexOf(LIST)).toBeLessThan(world.calls.indexOf(POST));
    expect(world.calls.filter((call) => call === 'login')).toEqual([]);
    expect(world.streamkap.projectKeys[0]?.description).toBe(`For orders [keyring:${INTENT_ID}.3]`);
  });

  test('says in its intent which users were asked for before, and who wrote it, each time anew', async () => {
    const world = new World();
    const seen: { formerUsernames: unknown; run: string }[] = [];
    world.meanwhile = (call) => {
      if (call === POST) seen.push(world.current as never);
    };
    world.wanted = { ...world.wanted, requested: BAD };
    await errorOf(world.provision());
    world.wanted = { ...world.wanted, username: 'others', requested: REQUESTED.kafka };
    await world.provision();
    expect(seen.map(({ formerUsernames }) => formerUsernames)).toEqual([[], ['orders']]);
    for (const { run } of seen) expect(run).toMatch(/^org\/repo run 1\.1 [0-9a-f-]{36}$/);
    expect(seen[0]?.run).not.toBe(seen[1]?.run);
  });
});

test('an ARN of a secret that is not there is an error: no secret is made, nothing asked of Streamkap', async () => {
  const world = new World();
  const secretId = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:keyring/orders-AbCdEf';
  const error = await errorOf(world.provision({ secretId }));
  expect(error).toMatchObject({ code: 'SECRET_NOT_FOUND', changed: 'no', retryable: false });
  expect(error.message).toContain(secretId);
  expect(world.calls).toEqual(['GetSecretValue']);
  expect(world.prepared).toBe(0);
});

test('an ARN of a secret without a value is filled like any other', async () => {
  const world = new World();
  const { ARN } = world.secrets.call('CreateSecret', { Name: 'keyring/orders', ClientRequestToken: 'e'.repeat(32) });
  expect(await world.provision({ secretId: String(ARN) })).toMatchObject({ outcome: 'created' });
});

/** The version that has AWSCURRENT. */
function holder(world: World): string | undefined {
  return Object.entries(world.secrets.labels('keyring/orders')).find(([, stages]) =>
    stages.includes('AWSCURRENT'),
  )?.[0];
}
