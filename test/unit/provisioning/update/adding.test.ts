import { describe, expect, test } from 'vitest';
import type { RequestedKey } from '../../../../core/provisioning/intent.ts';
import { isUnfinished } from '../../../../core/provisioning/update/update-intent.ts';
import { PERMISSION } from '../../../sandbox/streamkap/roles.ts';
import { errorOf } from '../../streamkap-bench.ts';
import { PASSWORD, SECRET } from '../bench.ts';
import { BOTH, DESCRIBE, EDITOR, GET, KeyInUse, MOVE, PATCH, PUT, READ, READER } from './bench.ts';

type Request = Parameters<KeyInUse['update']>[1];
/** Asks for the access that the key lacks. */
const add = (world: KeyInUse, request: Request = {}) =>
  world.update({ requested: world.file.api ? BOTH : { role_ids: [READER] } }, request);
const keyIn = ({ streamkap }: KeyInUse) => streamkap.projectKeys[0];
const LOST = { kind: 'drop', when: 'before' } as const;
const apiIn = ({ streamkap }: KeyInUse) =>
  streamkap.clientCredentials.find(({ projectKeyId }) => projectKeyId !== null);

describe('a key that gets Kafka access', () => {
  test('gets a password that is masked, then stored, then sent; its file is stored before it is current', async () => {
    const world = new KeyInUse('api');
    const { outcome, file, kafkaAdded } = await add(world);
    expect({ outcome, kafkaAdded }).toEqual({ outcome: 'updated', kafkaAdded: true });
    const { username, password } = file.kafka ?? {};
    expect(world.users.passwordOf('orders')).toBe(password);
    expect(file).toEqual({ ...world.file, kafka: file.kafka, kafka_acls: [READ] });
    expect({ username, acls: keyIn(world)?.kafka?.acls }).toEqual({ username: 'orders', acls: [READ] });
    expect(world.current).toEqual(file);
    expect(world.calls).toEqual([
      ...[`mask ${file.project_key_id}`, GET, `mask ${password}`],
      ...[DESCRIBE, PUT, DESCRIBE, GET, PATCH, `mask ${password}`, PUT],
      ...[GET, DESCRIBE, MOVE, MOVE],
      ...['GetSecretValue', `mask ${file.project_key_id}`, GET],
    ]);
    expect(world.progress).toEqual([`adding Kafka access to the project key ${file.project_key_id}`]);
  });

  test('with safe list, ACLs and schema registry as they were asked for', async () => {
    const world = new KeyInUse('api');
    const { file } = await add(world);
    expect(keyIn(world)?.kafka).toMatchObject({ whitelistIps: '203.0.113.7', acls: [READ] });
    expect(file.kafka?.schema_registry_url).toBe('https://orders-schema.streamkap.invalid:8081');
  });

  test('with neither where neither was asked for', async () => {
    const world = new KeyInUse('api');
    const { file } = await world.update({ requested: { kafka: { kafka_acls: [], is_create_schema_registry: false } } });
    expect(keyIn(world)?.kafka).toMatchObject({ whitelistIps: null, acls: [] });
    expect(file.kafka?.schema_registry_url).toBeNull();
    expect(file.kafka_acls).toEqual([]);
  });

  test('and roles that differ: they are changed before it is added, in a PATCH of their own', async () => {
    const world = new KeyInUse('api');
    const { file } = await world.update({ requested: { ...BOTH, role_ids: [EDITOR] } });
    expect(file.api?.roles).toEqual([EDITOR]);
    expect(file.kafka?.username).toBe('orders');
    expect(world.count(PATCH)).toBe(2);
    expect(world.current).toEqual(file);
  });

  test.each([
    'auto',
    'always',
  ] as const)('whose answer is lost has it by a login, with verify-login %s: nothing is sent again', async (verifyLogin) => {
    const world = new KeyInUse('api');
    world.fault('streamkap', PATCH, { kind: 'drop', when: 'after' });
    const { file, kafkaAdded } = await add(world, { verifyLogin });
    expect(kafkaAdded).toBe(true);
    expect(file.kafka).toMatchObject({ password: world.users.passwordOf('orders'), security_protocol: 'SASL_SSL' });
    expect(file.kafka_acls).toEqual([READ]);
    expect(file.kafka?.schema_registry_url).toBe('https://orders-schema.streamkap.invalid:8081');
    expect(world.count(PATCH)).toBe(1);
    expect(world.count('login')).toBe(1);
  });

  test('whose answer is lost before Streamkap heard of it is asked for again, after a pause and a look', async () => {
    const world = new KeyInUse('api');
    world.fault('streamkap', PATCH, { kind: 'drop', when: 'before' }, 2);
    expect(await add(world)).toMatchObject({ outcome: 'updated', kafkaAdded: true });
    expect(world.count(PATCH)).toBe(3);
    expect(world.clock.sleeps).toEqual([2_000, 4_000]);
    expect(world.count('login')).toBe(0);
  });

  test('three times without an answer: an error that leaves the label for the next run, which goes on with the password', async () => {
    const world = new KeyInUse('api');
    world.fault('streamkap', PATCH, { kind: 'drop', when: 'before' }, 3);
    expect(await errorOf(add(world))).toMatchObject({ code: 'UPDATE_UNANSWERED', changed: 'unknown', retryable: true });
    expect(world.count(PATCH)).toBe(3);
    const { password } = world.under('KEYRING_INTENT');
    const { file } = await add(world, { takeOverAfterMs: 0 });
    expect(file.kafka?.password).toBe(password);
    expect(world.holderOf('KEYRING_INTENT')).toBeUndefined();
    const [masked, patched] = [world.calls.lastIndexOf(`mask ${password}`), world.calls.lastIndexOf(PATCH)];
    expect(masked).toBeLessThan(patched + 2);
  });

  test('that Streamkap refuses is refused: the key works on as it was, and rotations are not kept waiting', async () => {
    const world = new KeyInUse('api');
    world.streamkap.seedProjectKey({ name: 'other', kafka_config: { username: 'orders', password: PASSWORD } });
    expect(await errorOf(add(world))).toMatchObject({ code: 'STREAMKAP_INVALID', changed: 'no' });
    expect(world.current).toEqual(world.file);
    expect(world.holderOf('KEYRING_INTENT')).toBeUndefined();
    expect(world.count(PATCH)).toBe(1);
  });

  test('that somebody else gave it meanwhile keeps that: its password is not known, and not replaced', async () => {
    for (const moment of [GET, PATCH]) {
      const world = new KeyInUse('api');
      world.meanwhile = (call) => {
        if (call !== moment || keyIn(world)?.kafka) return;
        const key = keyIn(world) as { kafka: unknown };
        const kafka = { username: 'theirs', password: PASSWORD, acls: [], whitelistIps: null, schemaRegistryUrl: null };
        key.kafka = kafka;
        world.users.set('theirs', PASSWORD);
      };
      const error = await errorOf(add(world));
      expect(error).toMatchObject({ code: 'KAFKA_PASSWORD_UNKNOWN', changed: 'no', retryable: false });
      expect(error.message).toContain('as theirs at Streamkap');
      expect(world.users.passwordOf('theirs')).toBe(PASSWORD);
      expect(world.count('login')).toBe(0);
      expect(world.holderOf('KEYRING_INTENT')).toBeUndefined();
      expect(world.current).toEqual(world.file);
    }
  });

  test('that has it at Streamkap under the very same user, unknown to the file, keeps its password: it is somebody’s', async () => {
    const world = new KeyInUse('api');
    const key = keyIn(world) as { kafka: unknown };
    key.kafka = { username: 'orders', password: PASSWORD, acls: [], whitelistIps: null, schemaRegistryUrl: null };
    world.users.set('orders', PASSWORD);
    expect(await errorOf(add(world))).toMatchObject({ code: 'KAFKA_PASSWORD_UNKNOWN', changed: 'no' });
    expect(world.users.passwordOf('orders')).toBe(PASSWORD);
    expect(world.count(PATCH)).toBe(0);
    expect(world.count('login')).toBe(0);
    expect(world.holderOf('KEYRING_INTENT')).toBeUndefined();
  });

  test('and whose answer says nothing of it has it by a login all the same: its password was stored first', async () => {
    const world = new KeyInUse('api');
    const handle = world.streamkap.handle.bind(world.streamkap);
    world.streamkap.handle = (request, delayMs) => {
      const answer = handle(request, delayMs);
      if (request.method !== 'PATCH') return answer;
      return { ...answer, body: JSON.stringify({ ...JSON.parse(answer.body), new_kafka_credentials: null }) };
    };
    expect(await add(world)).toMatchObject({ outcome: 'updated', kafkaAdded: true });
    expect(world.count('login')).toBe(1);
    expect(world.count(PATCH)).toBe(1);
  });

  test('after its roles were changed, and nobody knows whether it got it: the error says so', async () => {
    const world = new KeyInUse('api');
    world.log.script({ ...{ service: 'streamkap', operation: PATCH, skip: 1, times: 3 }, action: LOST });
    const run = world.update({ requested: { ...BOTH, role_ids: [EDITOR] } });
    expect(await errorOf(run)).toMatchObject({ code: 'UPDATE_UNANSWERED', changed: 'unknown' });
  });

  test('an error that is not Streamkap’s is a bug of ours, and let through', async () => {
    const world = new KeyInUse('api');
    const { ports } = world;
    let masked = 0;
    const secretSeen = () => {
      // The third is the password that Streamkap has just taken.
      if (++masked === 3) throw new TypeError('a bug');
    };
    Object.defineProperty(world, 'ports', { value: { ...ports, report: { ...ports.report, secretSeen } } });
    await expect(add(world)).rejects.toThrow(TypeError);
  });

  test('whose login after a lost answer is refused is given its password once more, if nobody else is at it', async () => {
    const world = new KeyInUse('api');
    world.fault('streamkap', PATCH, { kind: 'drop', when: 'after' });
    world.login = (_password, attempt) => (attempt === 0 ? 'rejected' : 'accepted');
    expect(await add(world)).toMatchObject({ outcome: 'updated', kafkaAdded: true });
    expect(world.count(PATCH)).toBe(2);
  });

  test('and whose label another run took meanwhile is not touched any more: what that run stores is handed out', async () => {
    const world = new KeyInUse('api');
    world.fault('streamkap', PATCH, { kind: 'drop', when: 'after' });
    world.login = () => {
      const { kafka } = keyIn(world) ?? {};
      const stored = { ...world.file, kafka: { ...kafka, bootstrap_servers: 'b:1' }, kafka_acls: [READ] };
      world.put(stored, { after: 'other run', stages: ['AWSCURRENT', 'KEYRING_INTENT'] });
      return 'rejected';
    };
    const { file, outcome } = await add(world);
    expect(outcome).toBe('found');
    expect(file.kafka?.bootstrap_servers).toBe('b:1');
    expect(world.count(PATCH)).toBe(1);
  });

  test('but cannot be stored: the secret store’s error; the next run has it, with the password that is in the intent', async () => {
    const world = new KeyInUse('api');
    const put = { kind: 'status', when: 'before', status: 400, code: 'AccessDeniedException' } as const;
    world.log.script({ service: 'secretsmanager', operation: PUT, skip: 1, action: put });
    expect(await errorOf(add(world))).toMatchObject({ code: 'AWS_ACCESS_DENIED', changed: 'yes' });
    const { file } = await add(world, { takeOverAfterMs: 0 });
    expect(file.kafka?.password).toBe(world.users.passwordOf('orders'));
    expect(world.current).toEqual(file);
    expect(world.count(PATCH)).toBe(1);
  });
});

describe('a key that gets API access', () => {
  test.each<[string, Partial<RequestedKey>, string[]]>([
    ['roles', { role_ids: [READER, EDITOR] }, [READER, EDITOR]],
    ['permissions', { permission_ids: [PERMISSION.projectKeysWrite] }, []],
  ] as const)('by %s: its secret is masked and stored at once, and current last', async (_what, grants, roles) => {
    const world = new KeyInUse('kafka');
    const { file, kafkaAdded, outcome } = await world.update({ requested: grants });
    expect(file.api?.roles).toEqual(roles);
    expect({ outcome, kafkaAdded }).toEqual({ outcome: 'updated', kafkaAdded: false });
    expect(file.api?.client_secret).toBe(apiIn(world)?.secret);
    expect(file.kafka).toEqual(world.file.kafka);
    expect(file.kafka_acls).toEqual(world.file.kafka_acls);
    expect(world.current).toEqual(file);
    expect(world.calls).toContain(`mask ${file.api?.client_secret}`);
    expect(world.calls.indexOf(`mask ${file.api?.client_secret}`)).toBe(world.calls.indexOf(PATCH) + 1);
    expect(world.progress).toEqual([`adding API access to the project key ${file.project_key_id}`]);
  });

  test('keeps no password in its intent', async () => {
    const world = new KeyInUse('kafka');
    world.meanwhile = (call) => {
      if (call === PATCH)
        expect(world.under('KEYRING_INTENT')).toMatchObject({ adds: 'api', username: null, password: null });
    };
    await add(world);
    expect(world.calls.filter((call) => call.startsWith('mask Generated'))).toEqual([]);
  });

  test.each([
    'drop',
    'status',
  ] as const)('whose secret is lost with the answer (%s) says so at once, waits for nobody, and leaves the key as it is', async (kind) => {
    const world = new KeyInUse('kafka');
    world.fault('streamkap', PATCH, { kind, when: 'after', status: 504, body: '<html>' });
    const error = await errorOf(add(world));
    expect(error).toMatchObject({ code: 'API_SECRET_LOST', changed: 'yes', retryable: false });
    expect(error.message).toContain(world.file.project_key_id);
    expect(world.clock.sleeps).toEqual([]);
    expect(world.current).toEqual(world.file);
    expect(world.holderOf('KEYRING_INTENT')).toBeUndefined();
    expect(world.count(PATCH)).toBe(1);
  });

  test('that it has at Streamkap already, and nobody stored: an error before anything is sent', async () => {
    const world = new KeyInUse('kafka');
    world.fault('streamkap', PATCH, { kind: 'drop', when: 'after' });
    await errorOf(add(world));
    world.calls.length = 0;
    expect(await errorOf(add(world))).toMatchObject({ code: 'API_SECRET_LOST', changed: 'no', retryable: false });
    expect(world.count(PATCH)).toBe(0);
    expect(world.holderOf('KEYRING_INTENT')).toBeUndefined();
  });

  test('a success without a secret in it is no secret: it went to somebody else, and that is an error', async () => {
    const world = new KeyInUse('kafka');
    let second = false;
    world.meanwhile = (call) => {
      if (call !== PATCH || second) return;
      second = true;
      const handle = world.streamkap.handle.bind(world.streamkap);
      world.streamkap.handle = (request, delayMs) => {
        if (request.method === 'PATCH') handle(request, delayMs);
        return handle(request, delayMs);
      };
    };
    expect(await errorOf(add(world))).toMatchObject({ code: 'API_SECRET_LOST', changed: 'yes' });
    expect(apiIn(world)).toBeDefined();
  });

  test('but cannot be stored: an error that says that it is lost, and why', async () => {
    const world = new KeyInUse('kafka');
    const put = { kind: 'status', when: 'before', status: 400, code: 'AccessDeniedException' } as const;
    world.log.script({ service: 'secretsmanager', operation: PUT, skip: 1, action: put });
    const error = await errorOf(add(world));
    expect(error).toMatchObject({ code: 'API_SECRET_LOST', changed: 'yes', retryable: false });
    expect(error.message).toContain('got API access, but its secret could not be stored');
    expect(error.remedy).toContain('name another secret-id');
    expect(world.current).toEqual(world.file);
  });

  test('is stored at the next free id when the one that follows the intent is taken', async () => {
    const world = new KeyInUse('kafka');
    world.meanwhile = (call) => {
      if (call !== PATCH) return;
      world.put('hunter2-hunter2', { after: world.holderOf('KEYRING_INTENT'), stages: ['OTHER'] });
      world.meanwhile = () => {};
    };
    const { file } = await add(world);
    expect(file.api?.client_secret).toBe(apiIn(world)?.secret);
    expect(world.current).toEqual(file);
    expect(world.holderOf('OTHER')).toBeDefined();
  });
});

describe('an update that was not finished', () => {
  test('is one only while its label holds something that the current file lacks', async () => {
    const world = new KeyInUse('api');
    world.fault('streamkap', PATCH, { kind: 'drop', when: 'before' }, 3);
    await errorOf(add(world));
    const value = JSON.stringify(world.under('KEYRING_INTENT'));
    expect(isUnfinished({ value }, world.file)).toBe(true);
    const { file } = await add(world, { takeOverAfterMs: 0 });
    expect(isUnfinished({ value }, file)).toBe(false);
    expect(Object.values(world.secrets.labels(SECRET)).flat()).not.toContain('KEYRING_INTENT');
  });
});
