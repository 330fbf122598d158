import { describe, expect, test } from 'vitest';
import { errorOf } from '../../streamkap-bench.ts';
import { INTENT_ID, MINUTE_MS, PASSWORD, SECRET } from '../bench.ts';
import { DESCRIBE, EDITOR, GET, KeyInUse, MOVE, PATCH, PUT, READ } from './bench.ts';

const SAFE_LIST = { kafka: { kafka_acls: [READ], whitelist_ips: '203.0.113.7', is_create_schema_registry: false } };

describe('a key that is as it is wanted', () => {
  test('is found by one look at it: nothing is written, nothing changed, no password made', async () => {
    const world = new KeyInUse('kafka');
    const result = await world.update();
    expect(result).toMatchObject({ outcome: 'found', file: world.file, kafkaAdded: false, unchangeable: [] });
    expect(result.versionId).toBe(world.holderOf('AWSCURRENT'));
    expect(result.secretArn).toMatch(/^arn:aws:secretsmanager:/);
    expect(world.calls).toEqual([`mask ${world.file.project_key_id}`, GET]);
  });

  test('but for what no call can change: that is said, and nothing is changed', async () => {
    const world = new KeyInUse('kafka');
    const result = await world.update({ username: 'another' });
    expect(result).toMatchObject({
      outcome: 'found',
      unchangeable: ['its Kafka username is orders, not another'],
    });
    expect(world.effects).toEqual([]);
  });

  test('while its file is not: the file follows, and Streamkap is not changed', async () => {
    const world = new KeyInUse('kafka');
    world.put({ ...world.file, kafka_acls: [READ] }, { after: world.holderOf('AWSCURRENT') });
    const { outcome, file } = await world.update();
    expect(outcome).toBe('found');
    expect(file.kafka_acls).toEqual([]);
    expect(world.current).toEqual(file);
    expect(world.effects).toEqual([PUT, PUT, MOVE, MOVE]);
    expect(world.holderOf('KEYRING_INTENT')).toBeUndefined();
  });
});

describe('a key whose settings differ', () => {
  test('is changed by one PATCH between the intent and its new file, and the file is current last', async () => {
    const world = new KeyInUse('kafka');
    const before = world.holderOf('AWSCURRENT');
    const { outcome, file, versionId, kafkaAdded } = await world.update({ requested: SAFE_LIST });
    expect(outcome).toBe('updated');
    expect(kafkaAdded).toBe(false);
    expect(file).toEqual({ ...world.file, kafka_acls: [READ] });
    expect(world.current).toEqual(file);
    expect(versionId).toBe(world.holderOf('AWSCURRENT'));
    expect(world.holderOf('AWSPREVIOUS')).toBe(before);
    expect(world.holderOf('KEYRING_INTENT')).toBeUndefined();
    expect(world.calls).toEqual([
      ...[`mask ${file.project_key_id}`, GET],
      ...[DESCRIBE, PUT, DESCRIBE, PATCH, GET, PUT, DESCRIBE, MOVE, MOVE],
      ...['GetSecretValue', `mask ${file.project_key_id}`, GET],
    ]);
    expect(world.streamkap.projectKeys[0]?.kafka).toMatchObject({ password: PASSWORD, whitelistIps: '203.0.113.7' });
  });

  test('says in its intent which run began it, and holds no password there', async () => {
    const world = new KeyInUse('kafka');
    const intents: unknown[] = [];
    world.meanwhile = (call) => {
      if (call === PATCH) intents.push(world.under('KEYRING_INTENT'));
    };
    await world.update({ requested: SAFE_LIST });
    expect(intents).toEqual([
      {
        type: 'streamkap_keyring_update',
        keyId: world.file.project_key_id,
        ...{ adds: null, username: null, password: null },
        requested: { description: '', ...SAFE_LIST },
        run: expect.stringMatching(/^org\/repo run 2\.1 [0-9a-f-]{36}$/),
      },
    ]);
  });

  test('in nothing that the file holds: the key is changed, the secret is as it was', async () => {
    const world = new KeyInUse('kafka');
    const before = world.holderOf('AWSCURRENT');
    const result = await world.update({ name: 'New name', requested: { description: 'For clicks' } });
    expect(result).toMatchObject({ outcome: 'updated', versionId: before, file: world.file });
    expect(world.holderOf('AWSCURRENT')).toBe(before);
    expect(world.holderOf('KEYRING_INTENT')).toBeUndefined();
    expect(world.effects).toEqual([PUT, PATCH, MOVE]);
    expect(world.streamkap.projectKeys).toMatchObject([
      { name: 'New name', description: `For clicks [keyring:${INTENT_ID}.1]` },
    ]);
  });

  test('in roles: they are changed, its API secret stays', async () => {
    const world = new KeyInUse('api');
    const { file } = await world.update({ requested: { role_ids: [EDITOR] } });
    expect(file.api).toEqual({ ...world.file.api, roles: [EDITOR] });
    expect(world.current).toEqual(file);
  });

  test('in a description with HTML, which Streamkap cleans: it is sent as text, once, and nothing of it is lost', async () => {
    const world = new KeyInUse('kafka');
    const result = await world.update({ requested: { description: 'For <script>x</script>orders' } });
    expect(result).toMatchObject({ outcome: 'updated', unchangeable: [] });
    expect(world.count(PATCH)).toBe(1);
    const { description } = world.streamkap.projectKeys[0] ?? {};
    expect(description).toMatch(/^For &lt;script&gt;x&lt;\/script&gt;orders \[keyring:/);
    const again = await world.update({ requested: { description: 'For <script>x</script>orders' } });
    expect([again.outcome, world.count(PATCH)]).toEqual(['found', 1]);
  });

  test('is changed while it is still being made: it is waited for first', async () => {
    const world = new KeyInUse('kafka', { createLatencyMs: 3_000 });
    const key = world.streamkap.projectKeys[0] as { status: string; due?: number };
    Object.assign(key, { status: 'creating', due: world.clock.time + 3_000 });
    expect(await world.update({ name: 'New name' })).toMatchObject({ outcome: 'updated' });
    expect(world.clock.sleeps).toEqual([1_000, 2_000]);
    expect(world.progress).toEqual(
      Array(2).fill(`the project key ${world.file.project_key_id} is "creating", looking again`),
    );
  });
});

describe('a change that cannot be made', () => {
  test('because Streamkap refuses it: its answer is the error, and neither secret nor label shows a trace', async () => {
    const world = new KeyInUse('api');
    const before = world.secrets.labels(SECRET);
    const error = await errorOf(world.update({ requested: { role_ids: ['no-such-role'] } }));
    expect(error).toMatchObject({ code: 'STREAMKAP_REFUSED', changed: 'no' });
    expect(world.holderOf('AWSCURRENT')).toBe(Object.keys(before)[0]);
    expect(world.holderOf('KEYRING_INTENT')).toBeUndefined();
    expect(world.effects).toEqual([PUT, PATCH, MOVE]);
  });

  test('because Streamkap says yes and does nothing: an error that names the fields, and nothing is sent again', async () => {
    const world = new KeyInUse('kafka');
    const handle = world.streamkap.handle.bind(world.streamkap);
    world.streamkap.handle = (request, delayMs) =>
      handle(request.method === 'PATCH' ? { ...request, body: '{"unknown": 1}' } : request, delayMs);
    const error = await errorOf(world.update({ requested: SAFE_LIST }));
    expect(error).toMatchObject({ code: 'UPDATE_NOT_APPLIED', changed: 'yes', retryable: true });
    expect(error.message).toContain('kafka_acls, whitelist_ips is not as it was asked for');
    expect(world.count(PATCH)).toBe(1);
    expect(world.holderOf('KEYRING_INTENT')).toBeUndefined();
  });

  test.each([
    ['failed', 'KEY_NOT_ACTIVE', true],
    ['delete_failed', 'KEY_NOT_ACTIVE', true],
    ['gone', 'KEY_DELETED', false],
  ] as const)('because the key is %s: an error before anything is written', async (status, code, retryable) => {
    const world = new KeyInUse('kafka');
    const key = world.streamkap.projectKeys[0] as { id: string; status: string };
    if (status === 'gone') world.streamkap.removeProjectKey(key.id);
    else key.status = status;
    const error = await errorOf(world.update({ name: 'New name' }));
    expect(error).toMatchObject({ code, changed: 'no', retryable });
    expect(error.message).toContain(key.id);
    expect(world.effects).toEqual([]);
  });

  test('because two keys take turns: an error before anything is written', async () => {
    const world = new KeyInUse('kafka');
    const Tags = [{ Key: 'streamkap:strategy', Value: 'alternating' }];
    world.secrets.call('TagResource', { SecretId: SECRET, Tags });
    expect(await errorOf(world.update({ name: 'New name' }))).toMatchObject({
      ...{ code: 'KEY_TAKES_TURNS', changed: 'no', retryable: false },
    });
    expect(world.effects).toEqual([]);
  });

  test('because the secret is somebody else’s by then: an error that says that the key was changed', async () => {
    const world = new KeyInUse('kafka');
    world.meanwhile = (call) => {
      if (call !== PATCH) return;
      world.put('hunter2-hunter2', { after: 'somebody' });
      world.meanwhile = () => {};
    };
    expect(await errorOf(world.update({ requested: SAFE_LIST }))).toMatchObject({
      ...{ code: 'SECRET_HAS_FOREIGN_VALUE', changed: 'yes' },
    });
    expect(world.holderOf('KEYRING_INTENT')).toBeUndefined();
  });

  test('because a creation holds the secret by then: an error that names the secret, to be tried again', async () => {
    const world = new KeyInUse('kafka');
    world.meanwhile = (call) => {
      if (call !== PATCH) return;
      world.putIntent({}, 'somebody');
      world.meanwhile = () => {};
    };
    const error = await errorOf(world.update({ requested: SAFE_LIST }));
    expect(error).toMatchObject({ code: 'SECRET_CHANGED', changed: 'yes', retryable: true });
    expect(error.message).toContain(SECRET);
  });

  test('because its answer is lost: whether it was made stays open, and the next run finds out', async () => {
    const world = new KeyInUse('kafka');
    world.fault('streamkap', PATCH, { kind: 'drop', when: 'after' });
    expect(await errorOf(world.update({ requested: SAFE_LIST }))).toMatchObject({ changed: 'unknown' });
    expect(world.holderOf('KEYRING_INTENT')).toBeUndefined();
    expect(await world.update({ requested: SAFE_LIST })).toMatchObject({ file: { kafka_acls: [READ] } });
    expect(world.count(PATCH)).toBe(1);
  });
});

describe('another update of the same key', () => {
  test('that was begun a moment ago is waited for; what it did is not done again', async () => {
    const world = new KeyInUse('kafka');
    const begun = {
      ...{ type: 'streamkap_keyring_update', keyId: world.file.project_key_id },
      ...{ adds: null, username: null, password: null, requested: { description: '' }, run: 'other' },
    };
    const token = world.putUnder('KEYRING_INTENT', begun);
    world.meanwhile = (call) => {
      if (call !== GET || world.clock.sleeps.length !== 3) return;
      const key = world.streamkap.projectKeys[0] as { name: string };
      key.name = 'New name';
      world.secrets.call(MOVE, { SecretId: SECRET, VersionStage: 'KEYRING_INTENT', RemoveFromVersionId: token });
    };
    expect(await world.update({ name: 'New name' })).toMatchObject({ outcome: 'found' });
    expect(world.clock.sleeps).toEqual([1_000, 2_000, 4_000]);
    expect(world.progress).toEqual(Array(3).fill('waiting for another run to finish changing the key'));
    expect(world.effects).toEqual([]);
  });

  test('that never ends is not waited for longer than the take-over age and a quarter of an hour', async () => {
    const world = new KeyInUse('kafka');
    let runs = 0;
    world.meanwhile = (call) => {
      if (call !== GET) return;
      const keyId = world.file.project_key_id;
      const begun = { type: 'streamkap_keyring_update', keyId, adds: null, username: null, password: null };
      const token = `${++runs}`.padStart(32, 'd');
      world.putUnder('KEYRING_INTENT', { ...begun, requested: { description: '' }, run: `${runs}` }, token);
    };
    expect(await errorOf(world.update({ name: 'New name' }))).toMatchObject({
      ...{ code: 'UPDATE_NOT_FINISHED', changed: 'no', retryable: true },
    });
    const waited = world.clock.sleeps.reduce((sum, pause) => sum + pause, 0);
    expect(waited).toBeGreaterThan(17 * MINUTE_MS);
    expect(waited).toBeLessThan(18 * MINUTE_MS);
    expect(world.count(PATCH)).toBe(0);
  });

  test('that only changes settings and whose run died is nothing to go on from: it is begun afresh', async () => {
    const world = new KeyInUse('kafka');
    const keyId = world.file.project_key_id;
    const begun = { type: 'streamkap_keyring_update', keyId, adds: null, username: null, password: null };
    world.putUnder('KEYRING_INTENT', { ...begun, requested: { description: '' }, run: 'dead' });
    world.clock.time += 2 * MINUTE_MS;
    expect(await world.update({ name: 'New name' })).toMatchObject({ outcome: 'updated' });
    expect(world.clock.sleeps).toEqual([]);
    expect(world.holderOf('KEYRING_INTENT')).toBeUndefined();
  });
});
