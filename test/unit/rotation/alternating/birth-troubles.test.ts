import { describe, expect, it } from 'vitest';
import { FAREWELL_MS, lastError } from '../scripted-logins.ts';
import { SECRET, UNKNOWN, versionId, type World } from '../world.ts';
import { ACL, PairWorld, ROLES, STANDBY } from './pair-world.ts';

const CREATE = { service: 'streamkap', operation: 'POST /project-keys' } as const;
const MINUTE_MS = 60_000;

const beginning = (...key: Parameters<PairWorld['provisionFirst']>): PairWorld => {
  const world = new PairWorld();
  world.provisionFirst(...key);
  world.begin();
  return world;
};
const createSecret = (world: World) => world.step('createSecret');
const changes = (world: PairWorld) =>
  world.calls.filter(({ operation }) => /^(POST \/project|PATCH|DELETE|Put|Update|Tag)/.test(operation));
const intent = (world: PairWorld) => world.stored(STANDBY) as { intentId: string; run: string; type: string };

/** The process dies right after it noted down what it is about to make. */
async function diedAfterItsIntent(...key: Parameters<PairWorld['provisionFirst']>): Promise<PairWorld> {
  const world = beginning(...key);
  world.observe = ({ operation }, moment) =>
    operation === 'PutSecretValue' && moment === 'after' ? 'kill' : undefined;
  await createSecret(world);
  world.observe = undefined;
  world.calls.length = 0;
  return world;
}

/** The current file turns out to be another. */
function rewriteCurrent(world: PairWorld, change: (file: Record<string, object>) => object): void {
  const text = world.secrets.valueOf(SECRET) ?? '';
  const next = JSON.stringify(change(JSON.parse(text) as Record<string, object>));
  world.secrets.restore(world.secrets.snapshot().replaceAll(JSON.stringify(text), JSON.stringify(next)));
}

/** Edits the first key as Streamkap stores it. */
const editFirst = (world: PairWorld, facts: object) => world.edit('orders', (key) => Object.assign(key, facts));

describe('the second key is born like the first one', () => {
  it('with its safe list from the first moment on: nothing is copied later', async () => {
    const world = beginning({ whitelistIps: '10.0.0.0/8' });
    expect(await world.steps('createSecret', 'setSecret')).toEqual([undefined, undefined]);
    expect(world.keyOf('orders-b').kafka?.whitelistIps).toBe('10.0.0.0/8');
    expect(world.calls.filter(({ operation }) => operation.startsWith('PATCH'))).toEqual([]);
  });

  it('with a name that fits, however long the first one’s is', async () => {
    const world = beginning();
    editFirst(world, { name: 'n'.repeat(100) });
    expect(await createSecret(world)).toBeUndefined();
    expect(world.keyOf('orders-b').name).toBe(`${'n'.repeat(98)}-b`);
  });

  it('without a description where the first one has none, but for the mark of who made it', async () => {
    const world = beginning();
    editFirst(world, { description: null });
    expect(await createSecret(world)).toBeUndefined();
    expect(world.keyOf('orders-b').description).toMatch(/^\[keyring:[0-9a-f-]{36}\.1\]$/);
  });

  it.each([
    ['its file', 'https://schemas.example', null],
    ['Streamkap alone', undefined, 'https://schemas.example'],
    ['neither', null, null],
  ])('with a schema registry where the first one has it by what %s says', async (_, inFile, atStreamkap) => {
    const world = beginning();
    world.edit('orders', ({ kafka }) => {
      kafka.schemaRegistryUrl = atStreamkap;
    });
    rewriteCurrent(world, (file) => ({ ...file, kafka: { ...file.kafka, schema_registry_url: inFile } }));
    expect(await createSecret(world)).toBeUndefined();
    expect(Boolean(world.keyOf('orders-b').kafka?.schemaRegistryUrl)).toBe(Boolean(inFile ?? atStreamkap));
  });

  it('with its roles and its tools', async () => {
    const world = beginning({ roleIds: [ROLES.dataAdmin] });
    const tools = { toolProfile: 'read-only', allowedTools: ['list_topics'], blockedTools: ['delete_topic'] };
    editFirst(world, tools);
    expect(await createSecret(world)).toBeUndefined();
    expect(world.keyOf('orders-b')).toMatchObject(tools);
  });

  it('in the project that Streamkap names, where the file is too old to name one', async () => {
    const world = beginning();
    rewriteCurrent(world, (file) => ({ ...file, project: {} }));
    expect(await createSecret(world)).toBeUndefined();
    expect(world.keyOf('orders-b').serviceId).toBe(world.keyOf('orders').serviceId);
  });
});

describe('a birth that was cut off', () => {
  it('left an intent that says for which secret, and the next attempt finishes it once its holder counts as dead', async () => {
    const world = await diedAfterItsIntent();
    expect(intent(world).type).toBe('streamkap_keyring_intent');
    expect(intent(world).run).toContain(SECRET);
    const startedAt = world.now;
    expect(await createSecret(world)).toBeUndefined();
    expect(world.now - startedAt).toBeGreaterThanOrEqual(MINUTE_MS - 10_000);
    expect(world.streamkap.projectKeys.map(({ kafka }) => kafka?.username)).toEqual(['orders', 'orders-b']);
    expect(world.violations).toEqual([]);
  });

  it('is not waited for beyond the step’s own time', async () => {
    const world = await diedAfterItsIntent();
    world.remainingMs = 20_000 + FAREWELL_MS;
    const end = world.now + 20_000;
    expect(await createSecret(world)).toBe('OUT_OF_TIME');
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: true });
    expect(world.now).toBeLessThan(end);
    expect(changes(world)).toEqual([]);
  });

  it.each([
    'before',
    'after',
  ] as const)('by a lost answer, %s the key was made, ends with one second key', async (when) => {
    const world = beginning();
    world.fault({ ...CREATE, action: { kind: 'drop', when } });
    expect(await world.steps('createSecret', 'setSecret', 'testSecret', 'finishSecret')).toEqual(
      Array(4).fill(undefined),
    );
    expect(world.streamkap.projectKeys.map(({ kafka }) => kafka?.username)).toEqual(['orders', 'orders-b']);
    expect(world.current?.username).toBe('orders-b');
    expect(world.violations).toEqual([]);
  });

  it('by a lost answer, gets its own password when somebody changed it in that moment', async () => {
    const world = beginning();
    world.fault({ ...CREATE, action: { kind: 'drop', when: 'after' } });
    world.observe = ({ operation }, moment) => {
      if (operation === 'GET /project-keys' && moment === 'before' && world.patches.length === 0)
        world.edit('orders-b', ({ kafka }) => {
          kafka.password = 'Behind!Our0Back0000';
        });
      return undefined;
    };
    expect(await createSecret(world)).toBeUndefined();
    expect(world.patches).toEqual(['standby']);
    expect(world.users.passwordOf('orders-b')).toBe(world.standby?.password);
    expect(world.violations).toEqual([]);
  });

  it('by a lost answer, waits for no proof that cannot be had: setSecret asks again', async () => {
    const world = beginning();
    world.fault({ ...CREATE, action: { kind: 'drop', when: 'after' } });
    world.login = () => UNKNOWN;
    expect(await world.steps('createSecret', 'setSecret')).toEqual([undefined, 'LOGIN_UNKNOWN']);
    expect(world.streamkap.projectKeys).toHaveLength(2);
    expect(world.labels.first).toContain('AWSCURRENT');
  });

  it('and whose creation arrives when all is done, leaves one key: the twin is deleted by its mark and its user', async () => {
    const world = await diedAfterItsIntent();
    const { intentId } = intent(world);
    world.now += 5 * MINUTE_MS;
    let late = '';
    world.observe = ({ operation, what }, moment) => {
      if (late || operation !== 'UpdateSecretVersionStage' || what !== 'AWSCURRENT' || moment !== 'after')
        return undefined;
      const snapshot = JSON.parse(world.streamkap.snapshot()) as { keys: { id: string; description: string }[] };
      const second = snapshot.keys.at(-1);
      late = `${second?.id}-late`;
      snapshot.keys.push({ ...second, id: late, description: `reads orders [keyring:${intentId}.1]` });
      world.streamkap.restore(JSON.stringify(snapshot));
      return undefined;
    };
    expect(await createSecret(world)).toBeUndefined();
    expect(late).toMatch(/-late$/);
    expect(world.calls.filter(({ operation }) => operation.startsWith('DELETE'))).toHaveLength(1);
    expect(world.streamkap.projectKeys.filter(({ status }) => status === 'active').map(({ id }) => id)).not.toContain(
      late,
    );
    expect(world.streamkap.projectKeys.length).toBeGreaterThanOrEqual(2);
  });

  it('never takes the first key for its own, though Streamkap’s list makes it look like that: it ends by name', async () => {
    const world = await diedAfterItsIntent();
    const { id, name } = world.keyOf('orders');
    const description = `reads orders [keyring:${intent(world).intentId}.1]`;
    world.fault({
      ...{ service: 'streamkap', operation: 'GET /project-keys', times: 9 },
      action: {
        kind: 'status',
        when: 'before',
        status: 200,
        body: JSON.stringify([{ id, name, status: 'active', description }]),
      },
    });
    expect(await createSecret(world)).toBe('PAIR_INVALID');
    expect(lastError(world)).toMatchObject({ retryable: false });
    expect(String(lastError(world))).toContain('of the secret names the current key as the second one');
    expect(world.calls.filter(({ operation }) => /^(PATCH|DELETE)/.test(operation))).toEqual([]);
    expect(world.violations).toEqual([]);
  });

  it('takes no twin with the first key’s id for its own, though the first key’s description bears its mark', async () => {
    const world = await diedAfterItsIntent();
    editFirst(world, { description: `reads orders [keyring:${intent(world).intentId}.1]` });
    const before = world.users.passwordOf('orders');
    expect(await createSecret(world)).toBeUndefined();
    expect(world.users.passwordOf('orders')).toBe(before);
    expect(world.streamkap.projectKeys.map(({ kafka }) => kafka?.username)).toEqual(['orders', 'orders-b']);
    expect(world.calls.filter(({ operation }) => /^(PATCH|DELETE)/.test(operation))).toEqual([]);
    expect(world.violations).toEqual([]);
  });

  it('leaves twins of two lost creations to nobody: one key stays', async () => {
    const world = beginning();
    world.fault({ ...CREATE, times: 2, action: { kind: 'drop', when: 'after' } });
    for (let tries = 0; tries < 5 && (await createSecret(world)); tries++) world.now += 5 * MINUTE_MS;
    expect(world.streamkap.projectKeys.map(({ kafka }) => kafka?.username)).toEqual(['orders', 'orders-b']);
    expect(world.violations).toEqual([]);
  });
});

describe('a file that lies in the standby secret before the birth', () => {
  const put = async (change: (file: Record<string, object>) => object) => {
    const donor = beginning();
    await createSecret(donor);
    const born = JSON.parse(donor.secrets.valueOf(STANDBY) ?? '') as Record<string, object>;
    const world = beginning();
    const copy = world.streamkap.seedProjectKey({
      ...{ name: 'orders-b', description: 'reads orders' },
      kafka_config: { ...born.kafka, kafka_acls: [ACL], is_create_schema_registry: false },
    } as never) as Record<string, object>;
    world.putStandby(change({ ...copy }), 'manual');
    return world;
  };

  it('of the second key’s user is taken, also when it names no project', async () => {
    const world = await put((file) => ({ ...file, project: {} }));
    expect(await createSecret(world)).toBeUndefined();
    expect(world.tags['streamkap:kafka-username']).toBe('orders,orders-b');
    expect(world.streamkap.projectKeys).toHaveLength(2);
  });

  it.each([
    [
      'of another project',
      (file: Record<string, object>) => ({ ...file, project: { service_id: 'x' } }),
      'another project',
    ],
    [
      'of another user',
      (file: Record<string, object>) => ({ ...file, kafka: { ...file.kafka, username: 'x' } }),
      'not of the Kafka user',
    ],
    [
      'without a Kafka user',
      (file: Record<string, object>) => ({
        ...{ ...file, kafka: null },
        api: { client_id: 'c', client_secret: 'Hidden!Value00001', token_endpoint: 'https://t', api_url: 'https://a' },
      }),
      'no kafka section',
    ],
    ['that is none', () => ({ note: 'Hidden!Value00001' }), 'project_key_id'],
  ])('%s is refused, and no pair is recorded', async (_, change, why) => {
    const world = await put(change);
    expect(await createSecret(world)).toBe('STANDBY_MISMATCH');
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: false });
    expect(String(lastError(world))).toContain(why);
    expect(String(lastError(world))).not.toContain('Hidden!Value00001');
    expect(world.tags['streamkap:kafka-username']).toBe('orders');
    expect(changes(world)).toEqual([]);
  });
});

describe('the standby secret, once a pair is recorded', () => {
  const turning = async () => {
    const world = new PairWorld();
    world.provisionFirst();
    await world.rotate('second');
    world.begin('third');
    world.calls.length = 0;
    return world;
  };
  const emptied = (world: PairWorld) => {
    world.secrets.call('DeleteSecret', { SecretId: STANDBY, ForceDeleteWithoutRecovery: true });
    world.secrets.call('CreateSecret', { Name: STANDBY });
  };

  it('made anew, empty, gets the idle key’s file from AWSPREVIOUS, and the turn goes on', async () => {
    const world = await turning();
    emptied(world);
    expect(await world.step('createSecret', 'third')).toBeUndefined();
    expect(world.standby?.username).toBe('orders');
    expect(world.stored(SECRET, { versionId: versionId('third') })?.kafka?.username).toBe('orders');
  });

  it('made anew, empty, is not filled by a replay that does not know the outgoing file', async () => {
    const world = await turning();
    for (const step of ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const)
      expect(await world.step(step, 'third')).toBeUndefined();
    emptied(world);
    expect(await world.step('finishSecret', 'third')).toBeUndefined();
    expect(world.standby).toBeUndefined();
  });

  it('is not given the current file by a replay that finds nothing under AWSPREVIOUS', async () => {
    const world = await turning();
    world.putStandby(world.stored(SECRET), 'manual');
    world.secrets.call('UpdateSecretVersionStage', {
      ...{ SecretId: SECRET, VersionStage: 'AWSPREVIOUS', RemoveFromVersionId: versionId('first') },
    });
    expect(await world.step('finishSecret', 'second')).toBeUndefined();
    expect(world.count('PutSecretValue')).toBe(0);
  });

  it('is left as it is when the outgoing file cannot be read after the move: the next rotation repairs it', async () => {
    const world = await turning();
    for (const step of ['createSecret', 'setSecret', 'testSecret'] as const) await world.step(step, 'third');
    world.fault({
      ...{ service: 'secretsmanager', operation: 'GetSecretValue', times: 4 },
      action: { kind: 'status', when: 'before', status: 400, code: 'ResourceNotFoundException' },
    });
    world.calls.length = 0;
    expect(await world.step('finishSecret', 'third')).toBeUndefined();
    expect(world.count('PutSecretValue')).toBe(0);
    expect(await world.rotate('fourth')).toBe('succeeded');
    expect(world.current?.username).toBe('orders-b');
    expect(world.standby?.username).toBe('orders');
    expect(world.violations).toEqual([]);
  });
});
