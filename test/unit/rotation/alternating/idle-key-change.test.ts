import { describe, expect, it } from 'vitest';
import { IdleKey } from '../../../../core/rotation/alternating/pair-keys.ts';
import type { RotationStep } from '../../../sandbox/secrets-manager/rotation-events.ts';
import { FAREWELL_MS, LEAST_MS, label, lastError, PATCH } from '../scripted-logins.ts';
import { SECRET, UNKNOWN, versionId } from '../world.ts';
import { ACL, type PairWorld, paired } from './pair-world.ts';

type Outcome = 'accepted' | 'rejected' | 'unknown' | 'truth';

async function turning(...options: Parameters<typeof paired>): Promise<PairWorld> {
  const world = await paired(...options);
  world.begin('third');
  await world.step('createSecret', 'third');
  world.calls.length = 0;
  return world;
}
const setSecret = (world: PairWorld) => world.step('setSecret', 'third');
const steps = async (world: PairWorld, ...names: RotationStep[]) => {
  const codes: (string | undefined)[] = [];
  for (const name of names) codes.push(await world.step(name, 'third'));
  return codes;
};
const patched = (world: PairWorld) => world.calls.filter(({ operation }) => operation.startsWith('PATCH'));

/** What Kafka says to the pending password, by how often it was asked; the truth to any other. */
function kafkaSays(world: PairWorld, say: (times: number) => Outcome): void {
  let times = 0;
  world.login = ({ password }) => {
    if (world.nameOf(password) !== 'third') return undefined;
    const outcome = say(++times);
    if (outcome === 'truth') return undefined;
    if (outcome === 'unknown') return UNKNOWN;
    return outcome === 'accepted'
      ? { outcome, broker: 'b:1', milliseconds: 1 }
      : { outcome, code: 'SASL_AUTHENTICATION_FAILED', broker: 'b:1', milliseconds: 1 };
  };
}

/** An attempt that claimed the right to send and died right before it did, or right after. */
async function died(moment: 'before' | 'after', ...options: Parameters<typeof paired>): Promise<PairWorld> {
  const world = await turning(...options);
  world.observe = ({ operation, what }, at) =>
    operation.startsWith('PATCH') && what === 'third' && at === moment ? 'kill' : undefined;
  await setSecret(world);
  world.observe = undefined;
  world.errors.length = 0;
  world.calls.length = 0;
  return world;
}

/** As createSecret would store it, with something else in it. */
async function planted(change: (file: Record<string, unknown>) => object): Promise<PairWorld> {
  const world = await paired();
  world.begin('third');
  const file = JSON.parse(world.secrets.valueOf(SECRET) ?? '') as Record<string, unknown>;
  world.secrets.call('PutSecretValue', {
    ...{ SecretId: SECRET, ClientRequestToken: versionId('third'), SecretString: JSON.stringify(change(file)) },
    VersionStages: ['AWSPENDING', 'KEYRING_MADE'],
  });
  world.calls.length = 0;
  return world;
}

/** The current key is given other ACLs in the console. */
const giveOtherAcls = (world: PairWorld) =>
  world.edit('orders-b', ({ kafka }) => {
    kafka.acls = [{ ...ACL, topic_name: 'payments' }];
  });

describe('setSecret by alternating takes its time into account', () => {
  it.each([
    [LEAST_MS, undefined, 1],
    [LEAST_MS - 1, 'OUT_OF_TIME', 0],
  ])('with %i ms left, ends with %s, and takes the right to send only where it may send', async (left, code, sent) => {
    const world = await turning();
    world.remainingMs = left + FAREWELL_MS;
    expect(await setSecret(world)).toBe(code);
    expect(patched(world)).toHaveLength(sent);
    expect(world.labels.third?.includes('KEYRING_UNSENT')).toBe(sent === 0);
    if (code) expect(lastError(world)).toMatchObject({ changed: 'no', retryable: true });
  });

  it.each([
    [LEAST_MS, undefined, 1],
    [LEAST_MS - 1, 'OUT_OF_TIME', 0],
  ])('with %i ms left after the login that comes before the change: %s', async (left, code, sent) => {
    const world = await turning();
    const end = world.now + world.remainingMs - FAREWELL_MS;
    world.observe = ({ operation }, moment) => {
      if (operation === 'login' && moment === 'after' && patched(world).length === 0) world.now = end - left;
      return undefined;
    };
    expect(await setSecret(world)).toBe(code);
    expect(patched(world)).toHaveLength(sent);
  });

  it.each([
    [LEAST_MS, 2],
    [LEAST_MS - 1, 0],
  ])('with %i ms left when ACLs are to be copied: %i changes', async (left, sent) => {
    const world = await turning();
    giveOtherAcls(world);
    world.remainingMs = left + FAREWELL_MS;
    expect(await setSecret(world)).toBe(sent > 0 ? undefined : 'OUT_OF_TIME');
    expect(patched(world)).toHaveLength(sent);
  });

  it('gives a change that is not answered up early enough for a login', async () => {
    const world = await turning();
    world.remainingMs = 15_000 + FAREWELL_MS;
    const end = world.now + 15_000;
    let loginAt = 0;
    world.observe = ({ operation }, moment) => {
      if (operation === 'login' && patched(world).length > 0) loginAt ||= world.now;
      return operation.startsWith('PATCH') && moment === 'after' ? 'hang' : undefined;
    };
    expect(await setSecret(world)).toBeUndefined();
    expect(loginAt).toBe(end - 4_000);
  });
});

describe('before the idle key is changed', () => {
  it('a pending value of another user stops it before ACLs are copied', async () => {
    const world = await planted((file) => ({ ...file, project_key_id: 'a third one' }));
    giveOtherAcls(world);
    expect(await setSecret(world)).toBe('PENDING_MISMATCH');
    expect(patched(world)).toEqual([]);
  });

  it('a pending value of another user of the idle key is refused, by name', async () => {
    const world = await turning();
    const { id } = world.keyOf('orders');
    const other = await planted((file) => ({
      ...{ ...file, project_key_id: id },
      kafka: { ...(file.kafka as object), username: 'evil' },
    }));
    expect(await setSecret(other)).toBe('PENDING_MISMATCH');
    expect(String(lastError(other))).toContain('its username differs');
    expect(other.logins).toEqual([]);
  });

  it('a tag that names no users does not stop it: the key id decides', async () => {
    for (const Value of [undefined, 'orders-b']) {
      const world = await turning();
      if (Value === undefined)
        world.secrets.call('UntagResource', { SecretId: SECRET, TagKeys: ['streamkap:kafka-username'] });
      else world.secrets.call('TagResource', { SecretId: SECRET, Tags: [{ Key: 'streamkap:kafka-username', Value }] });
      expect(await setSecret(world)).toBeUndefined();
      expect(world.patches).toEqual(['third']);
    }
  });

  it('a tag that names another key alone does not name the current one, and says so', async () => {
    const world = await turning();
    world.secrets.call('TagResource', { SecretId: SECRET, Tags: [{ Key: 'streamkap:project-key-id', Value: 'x' }] });
    expect(await setSecret(world)).toBe('PAIR_INVALID');
    expect(String(lastError(world))).toContain('does not name the current key');
    expect(patched(world)).toEqual([]);
  });

  it('a tag is read with or without spaces, and the current key’s id twice beside the other is no pair', async () => {
    const world = await turning();
    const [current, idle] = [world.keyOf('orders-b').id, world.keyOf('orders').id];
    const tag = (Value: string) =>
      world.secrets.call('TagResource', { SecretId: SECRET, Tags: [{ Key: 'streamkap:project-key-id', Value }] });
    tag(`${current}, ${current}, ${idle}`);
    expect(await setSecret(world)).toBe('PAIR_INVALID');
    expect(String(lastError(world))).toContain('does not name the current key and one other');
    tag(` ${idle} , ${current} `);
    expect(await setSecret(world)).toBeUndefined();
  });

  it('an idle key that is of another project by now is not touched', async () => {
    for (const serviceId of ['another', undefined]) {
      const world = await turning();
      world.edit('orders', (key) => {
        key.serviceId = 'another';
      });
      if (!serviceId) {
        // The stored file may be older than the field: then the key itself says it.
        const { project: _, ...file } = JSON.parse(world.secrets.valueOf(SECRET) ?? '') as { project: object };
        rewrite(world, 'AWSCURRENT', { ...file, project: {} });
        rewrite(world, 'AWSPENDING', { ...stored(world, 'AWSPENDING'), project: {} });
      }
      expect(await setSecret(world)).toBe('PENDING_MISMATCH');
      expect(String(lastError(world))).toContain('its service_id differs');
      expect(patched(world)).toEqual([]);
    }
  });

  it('a stored file that is too old to name its project does not stop it', async () => {
    const world = await turning();
    for (const stage of ['AWSCURRENT', 'AWSPENDING']) rewrite(world, stage, { ...stored(world, stage), project: {} });
    expect(await setSecret(world)).toBeUndefined();
    expect(world.patches).toEqual(['third']);
  });

  it('an idle key whose project Streamkap does not tell is taken for one of the same', async () => {
    const world = await turning();
    const { id, name } = world.keyOf('orders');
    const body = JSON.stringify({ id, name, status: 'active', kafka_acls: [ACL] });
    const action = { kind: 'status', when: 'before', status: 200, body } as const;
    world.fault({ service: 'streamkap', operation: 'GET /project-keys/{id}', skip: 1, action });
    expect(await setSecret(world)).toBeUndefined();
    expect(world.patches).toEqual(['third']);
  });

  it('a current key that is not active has nothing to be copied from', async () => {
    const world = await turning();
    world.edit('orders-b', (key) => {
      key.status = 'delete_failed';
    });
    expect(await setSecret(world)).toBe('PROJECT_KEY_NOT_ACTIVE');
    expect(String(lastError(world))).toContain(world.keyOf('orders-b').id);
    expect(patched(world)).toEqual([]);
  });

  it('a current key that was given permissions instead of roles cannot be copied', async () => {
    const world = await turning();
    const snapshot = JSON.parse(world.streamkap.snapshot()) as { credentials: { clientId: string }[] };
    const [admin] = snapshot.credentials;
    snapshot.credentials.push({ ...admin, clientId: 'of-the-key', roleIds: [] } as never);
    world.streamkap.restore(JSON.stringify(snapshot));
    for (const username of ['orders', 'orders-b'])
      world.edit(username, (key) => {
        key.apiClientId = 'of-the-key';
      });
    expect(await setSecret(world)).toBe('PERMISSIONS_NOT_COPYABLE');
    expect(String(lastError(world))).toContain(world.keyOf('orders-b').id);
    expect(patched(world)).toEqual([]);
  });

  it.each([
    [400, 'STREAMKAP_REFUSED'],
    [403, 'ADMIN_CREDENTIAL_REFUSED'],
    [429, 'STREAMKAP_BUSY'],
  ])('a copy of ACLs that Streamkap refuses with %i ends it: %s, and no password is sent', async (status, code) => {
    const world = await turning();
    giveOtherAcls(world);
    world.fault({ ...PATCH, times: 9, action: { kind: 'status', when: 'before', status } });
    expect(await setSecret(world)).toBe(code);
    expect(lastError(world)).toMatchObject({ changed: 'no' });
    expect(world.patches.filter((what) => what !== '')).toEqual([]);
    expect(world.logins).toEqual([]);
  });

  it('the current key cannot be meant, whatever the pair says', () => {
    const pair = { activeId: 'a', idle: { id: 'a', username: undefined } };
    expect(() => IdleKey.of(pair, {} as never)).toThrow(
      expect.objectContaining({
        code: 'PAIR_INVALID',
        message: expect.stringContaining('of the secret names the current key twice'),
      }),
    );
  });
});

describe('an attempt that finds the right to send taken', () => {
  it('finds the password in force, and sends nothing', async () => {
    const world = await died('after');
    expect(await setSecret(world)).toBeUndefined();
    expect(world.lines.at(-1)?.fields).toMatchObject({ outcome: 'in-force', login: { outcome: 'accepted' } });
    expect(patched(world)).toEqual([]);
  });

  it('waits for it, and finds it in force: nothing is sent', async () => {
    const world = await died('before');
    kafkaSays(world, (times) => (times > 2 ? 'accepted' : 'rejected'));
    expect(await setSecret(world)).toBeUndefined();
    expect(world.lines.at(-1)?.fields).toMatchObject({ outcome: 'in-force', login: { outcome: 'accepted' } });
    expect(patched(world)).toEqual([]);
  });

  it('concludes nothing when Kafka cannot be asked any more', async () => {
    const world = await died('before');
    kafkaSays(world, (times) => (times > 1 ? 'unknown' : 'rejected'));
    expect(await setSecret(world)).toBe('LOGIN_UNKNOWN');
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: true });
    expect(patched(world)).toEqual([]);
  });

  it.each([
    ['half of its time', 40_000, 120, 20_000],
    ['as long as a change may take', 300_000, 10, 10_000],
  ])('waits for it no longer than %s', async (_, left, seconds, waitMs) => {
    const world = await died('before', { environment: { PROPAGATION_TIMEOUT_SECONDS: String(seconds) } });
    world.remainingMs = left + FAREWELL_MS;
    const startedAt = world.now;
    let sentAt = 0;
    world.observe = ({ operation }) => {
      if (operation.startsWith('PATCH')) sentAt ||= world.now;
      return undefined;
    };
    expect(await setSecret(world)).toBeUndefined();
    expect(sentAt - startedAt).toBeGreaterThan(waitMs * 0.6);
    expect(sentAt - startedAt).toBeLessThanOrEqual(waitMs);
    expect(world.patches).toEqual(['third']);
  });

  it('sends nothing when another took the turn meanwhile', async () => {
    const world = await died('before');
    kafkaSays(world, (times) => {
      if (times === 3) label(world, 'KEYRING_TURN', 'third');
      return 'rejected';
    });
    expect(await setSecret(world)).toBe('ANOTHER_ATTEMPT');
    expect(patched(world)).toEqual([]);
  });
});

describe('after Streamkap refused the idle key’s new password', () => {
  const refused = (status: number, headers: Record<string, string> = {}) =>
    ({ ...PATCH, times: 9, action: { kind: 'status', when: 'before', status, headers } }) as const;

  it('comes back three times at most, when it was asked to, and as late as it was asked to', async () => {
    const world = await turning();
    world.fault(refused(429, { 'retry-after': '2' }));
    const startedAt = world.now;
    expect(await setSecret(world)).toBe('STREAMKAP_BUSY');
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: true });
    expect(world.patches).toEqual(Array(3).fill('third'));
    expect(world.now - startedAt).toBe(4_000);
  });

  it.each([
    [LEAST_MS + 2_001, 2],
    [LEAST_MS + 2_000, 1],
  ])('comes back after 2 seconds with %i ms left: sends %i', async (left, sends) => {
    const world = await turning();
    world.fault(refused(429, { 'retry-after': '2' }));
    world.remainingMs = left + FAREWELL_MS;
    expect(await setSecret(world)).toBe('STREAMKAP_BUSY');
    expect(patched(world)).toHaveLength(sends);
  });

  it.each([
    [422, 'PENDING_UNUSABLE'],
    [400, 'STREAMKAP_REFUSED'],
    [403, 'ADMIN_CREDENTIAL_REFUSED'],
    [404, 'IDLE_KEY_NOT_FOUND'],
    [409, 'STREAMKAP_BUSY'],
  ])('with %i it does not come back unasked: %s', async (status, code) => {
    const world = await turning();
    world.fault(refused(status, status === 409 ? {} : { 'retry-after': '2' }));
    const startedAt = world.now;
    expect(await setSecret(world)).toBe(code);
    expect(lastError(world)).toMatchObject({ changed: 'no' });
    expect(world.now).toBe(startedAt);
    expect(world.patches.filter((name) => name === 'third').length).toBeLessThanOrEqual(status === 403 ? 2 : 1);
  });

  it('counts a password that works all the same as applied', async () => {
    const world = await turning();
    world.fault(refused(409));
    kafkaSays(world, (times) => (times > 1 ? 'accepted' : 'rejected'));
    expect(await setSecret(world)).toBeUndefined();
    expect(world.lines.at(-1)?.fields).toMatchObject({ outcome: 'applied', login: { outcome: 'accepted' } });
    expect(world.patches).toEqual(['third']);
  });

  it.each([
    409, 422,
  ])('does not take %i for a proof that nothing was changed where Kafka cannot be asked', async (status) => {
    const world = await turning();
    world.fault(refused(status));
    kafkaSays(world, (times) => (times > 1 ? 'unknown' : 'rejected'));
    expect(await setSecret(world)).not.toBe('PENDING_UNUSABLE');
    expect(lastError(world)).toMatchObject({ changed: 'unknown' });
    expect(world.patches).toEqual(['third']);
  });
});

describe('after the idle key’s new password was sent', () => {
  it.each([
    ['confirmed and refused', 'rejected', undefined, 'IDLE_LOGIN_REJECTED', 'yes'],
    ['not answered, and Kafka not to be asked', 'unknown', { kind: 'drop', when: 'after' }, 'ANSWER_LOST', 'unknown'],
    ['not answered and refused', 'rejected', { kind: 'drop', when: 'after' }, 'ANSWER_LOST', 'unknown'],
  ] as const)('%s: LOGIN_CHECK=best-effort lets none of these pass', async (_, says, action, code, changed) => {
    const world = await turning({ environment: { LOGIN_CHECK: 'best-effort' } });
    if (action) world.fault({ ...PATCH, action });
    kafkaSays(world, (times) => (times > 1 ? says : 'rejected'));
    expect(await setSecret(world)).toBe(code);
    expect(lastError(world)).toMatchObject({ changed, retryable: true });
    if (code === 'IDLE_LOGIN_REJECTED') expect(String(lastError(world))).toContain('SASL_AUTHENTICATION_FAILED');
    expect(world.patches).toEqual(['third']);
    expect(world.violations).toEqual([]);
  });
});

describe('testSecret by alternating', () => {
  it.each([
    [
      'of the current key with another password',
      (file: object) => withPassword(file, 'P!x0000000001'),
      'PENDING_MISMATCH',
    ],
    ['that is the current one', (file: object) => file, 'CURRENT_REJECTED'],
    [
      'of another key with the current password',
      (file: object) => ({ ...file, project_key_id: 'k' }),
      'LOGIN_REJECTED',
    ],
  ])('names a refused pending value %s', async (_, change, code) => {
    const world = await planted(change);
    world.edit('orders-b', ({ kafka }) => {
      kafka.password = 'Behind!Our0Back0000';
    });
    expect(await steps(world, 'testSecret')).toEqual([code]);
    expect(world.labels.second).toContain('AWSCURRENT');
  });
});

const withPassword = (file: object, password: string) => ({
  ...file,
  kafka: { ...(file as { kafka: object }).kafka, password },
});
const stored = (world: PairWorld, stage: string) =>
  JSON.parse(world.secrets.valueOf(SECRET, { stage }) ?? '') as Record<string, unknown>;

/** The version under a label turns out to hold something else. */
function rewrite(world: PairWorld, stage: string, value: object): void {
  const text = JSON.stringify(world.secrets.valueOf(SECRET, { stage }));
  world.secrets.restore(world.secrets.snapshot().replaceAll(text, JSON.stringify(JSON.stringify(value))));
}
