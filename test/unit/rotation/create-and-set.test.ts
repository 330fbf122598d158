import { describe, expect, it } from 'vitest';
import { FIRST, rotating, SECRET, UNKNOWN, versionId, World } from './world.ts';

const PATCH = { service: 'streamkap', operation: 'PATCH /project-keys/{id}' } as const;
const reachable = (world: World) => {
  world.login = undefined;
};
const unreachable = (world: World) => {
  world.login = () => UNKNOWN;
};

describe('createSecret', () => {
  it('F1: reuses the value that an attempt stored before it died', async () => {
    const world = rotating();
    world.observe = (call, moment) => (call.operation === 'PutSecretValue' && moment === 'after' ? 'kill' : undefined);
    expect(await world.step('createSecret')).toContain('killed');
    world.observe = undefined;
    const stored = world.passwordUnder({ token: 'second' });
    expect(await world.step('createSecret')).toBeUndefined();
    expect(world.passwordUnder({ token: 'second' })).toBe(stored);
    expect(world.count('PutSecretValue')).toBe(1);
  });

  it('F2: of two at once, the loser goes on with what the winner stored', async () => {
    const world = rotating();
    let winner: string | undefined;
    world.observe = (call, moment) => {
      if (call.operation !== 'PutSecretValue' || moment !== 'before' || winner) return undefined;
      winner = JSON.stringify({ ...JSON.parse(world.secrets.valueOf(SECRET) ?? ''), winner: true });
      const { RotationToken } = world.driver.eventFor({ arn: world.arn, token: versionId('second') }, 'createSecret');
      const put = { SecretId: SECRET, ClientRequestToken: versionId('second'), SecretString: winner, RotationToken };
      world.secrets.call('PutSecretValue', { ...put, VersionStages: ['AWSPENDING'] });
      return undefined;
    };
    expect(await world.step('createSecret')).toBeUndefined();
    expect(world.secrets.valueOf(SECRET, { versionId: versionId('second') })).toBe(winner);
    expect(world.count('PutSecretValue')).toBe(1);
  });

  it('F26: a denied KMS key fails before anything is changed at Streamkap', async () => {
    const world = rotating();
    world.fault({
      service: 'secretsmanager',
      operation: 'PutSecretValue',
      action: { kind: 'status', when: 'before', status: 400, code: 'EncryptionFailure' },
    });
    expect(await world.step('createSecret')).toBe('KMS_DENIED');
    expect(world.calls.every(({ to }) => to === 'aws')).toBe(true);
    expect(world.passwordUnder({ token: 'second' })).toBeUndefined();
  });

  it.each([
    ['has no value', undefined],
    ['has only an intent', 'intent'],
  ])('F20: on a secret that %s, says how to provision it', async (_, value) => {
    const world = new World();
    const SecretString = value && JSON.stringify(INTENT);
    world.secrets.call('CreateSecret', { Name: SECRET, ClientRequestToken: versionId('first'), SecretString });
    world.begin();
    expect(await world.step('createSecret')).toBe('NOT_PROVISIONED');
    expect(String(world.errors[0])).toContain('mode: ensure');
    expect(world.count('PutSecretValue')).toBe(0);
  });

  it('refuses a secret tagged for another strategy, one whose rotation is off, and a token it does not know', async () => {
    const world = rotating();
    expect(await world.step('createSecret', 'third')).toBe('TOKEN_UNKNOWN');
    world.secrets.call('TagResource', {
      SecretId: SECRET,
      Tags: [{ Key: 'streamkap:strategy', Value: 'alternating' }],
    });
    expect(await world.step('createSecret')).toBe('WRONG_STRATEGY');
    world.secrets.call('TagResource', { SecretId: SECRET, Tags: [{ Key: 'streamkap:strategy', Value: 'single' }] });
    world.secrets.call('CancelRotateSecret', { SecretId: SECRET });
    expect(await world.step('createSecret')).toBe('ROTATION_DISABLED');
    expect(world.calls.every(({ operation }) => /^(Describe|Get)Secret/.test(operation))).toBe(true);
  });
});

describe('setSecret', () => {
  it('F3: reads the stored value as its last call of AWS before the password is changed', async () => {
    const world = rotating();
    await world.steps('createSecret', 'setSecret');
    const patch = world.calls.findIndex(({ operation }) => operation.startsWith('PATCH'));
    const before = world.calls.slice(0, patch).filter(({ to }) => to === 'aws');
    expect(before.at(-1)).toMatchObject({ operation: 'GetSecretValue', what: world.arn });
  });

  it('F4: a change that took effect though its answer was lost counts, and is not sent again', async () => {
    const world = rotating();
    world.fault({ ...PATCH, action: { kind: 'drop', when: 'after' } });
    expect(await world.steps('createSecret', 'setSecret', 'setSecret')).toEqual([undefined, undefined, undefined]);
    expect(world.patches).toEqual(['second']);
  });

  it.each([
    500, 503,
  ])('F4: a change answered with %s that did nothing is retried later, by another attempt', async (status) => {
    const world = rotating();
    world.fault({ ...PATCH, action: { kind: 'status', when: 'before', status } });
    expect(await world.steps('createSecret', 'setSecret')).toEqual([undefined, 'ANSWER_LOST']);
    expect(world.errors[0]).toMatchObject({ changed: 'unknown', retryable: true });
    expect(world.patches).toEqual(['second']);
    expect(await world.step('setSecret')).toBeUndefined();
    expect(world.patches).toEqual(['second', 'second']);
  });

  it('F4: a later attempt waits for the change of one that died before it sends it again', async () => {
    const world = rotating();
    world.fault({ ...PATCH, action: { kind: 'propagation', delayMs: 100_000 } });
    world.observe = ({ operation }, moment) =>
      operation.startsWith('PATCH') && moment === 'after' ? 'kill' : undefined;
    await world.steps('createSecret', 'setSecret');
    world.observe = undefined;
    world.now += 60_000;
    expect(await world.step('setSecret')).toBeUndefined();
    expect(world.patches).toEqual(['second']);
  });

  it('F5: replayed after the change, logs in and sends nothing', async () => {
    const world = rotating();
    await world.steps('createSecret', 'setSecret');
    world.calls.length = 0;
    expect(await world.step('setSecret')).toBeUndefined();
    expect(world.calls.some(({ to }) => to === 'streamkap')).toBe(false);
    expect(world.logins.at(-1)).toBe('second');
  });

  it('F6: an admin credential that was rotated meanwhile is read again, once', async () => {
    const world = rotating();
    await world.step('createSecret');
    world.fault({
      service: 'streamkap',
      operation: 'GET /project-keys/{id}',
      action: { kind: 'status', when: 'before', status: 401 },
    });
    expect(await world.step('setSecret')).toBeUndefined();
    expect(world.patches).toEqual(['second']);
  });

  it.each([
    401, 403,
  ])('F6: a credential that stays refused with %s ends it by name, nothing changed', async (status) => {
    const world = rotating();
    world.fault({
      ...{ service: 'streamkap', operation: 'GET /project-keys/{id}', times: 9 },
      action: { kind: 'status', when: 'before', status },
    });
    expect(await world.steps('createSecret', 'setSecret')).toEqual([undefined, 'ADMIN_CREDENTIAL_REFUSED']);
    expect(world.errors[0]).toMatchObject({ changed: 'no', retryable: false });
    expect(world.patches).toEqual([]);
  });

  it('F7: a key that was deleted is an error, and is not made again', async () => {
    const world = rotating();
    await world.step('createSecret');
    world.login = () => ({ outcome: 'accepted', broker: 'b', milliseconds: 1 });
    world.streamkap.removeProjectKey(world.id);
    expect(await world.step('setSecret')).toBe('PROJECT_KEY_NOT_FOUND');
    expect(world.calls.filter(({ operation }) => /^(POST \/project|PATCH)/.test(operation))).toEqual([]);
  });

  it('changes nothing on a key that is not active', async () => {
    const world = rotating();
    await world.step('createSecret');
    const snapshot = JSON.parse(world.streamkap.snapshot()) as { keys: { status: string }[] };
    for (const key of snapshot.keys) key.status = 'delete_failed';
    world.streamkap.restore(JSON.stringify(snapshot));
    expect(await world.step('setSecret')).toBe('PROJECT_KEY_NOT_ACTIVE');
    expect(world.patches).toEqual([]);
  });

  it.each([409, 429])('F8: %s with Retry-After is waited for', async (status) => {
    const world = rotating();
    world.fault({ ...PATCH, action: { kind: 'status', when: 'before', status, headers: { 'retry-after': '7' } } });
    const startedAt = world.now;
    expect(await world.steps('createSecret', 'setSecret')).toEqual([undefined, undefined]);
    expect(world.now - startedAt).toBe(7_000);
    expect(world.accepted).toBe(world.passwordUnder({ token: 'second' }));
  });

  it('F8: 429 without a time, or with one beyond the deadline, is left to the next attempt', async () => {
    for (const headers of [{}, { 'retry-after': '600' }]) {
      const world = rotating();
      world.fault({ ...PATCH, action: { kind: 'status', when: 'before', status: 429, headers } });
      expect(await world.steps('createSecret', 'setSecret')).toEqual([undefined, 'STREAMKAP_BUSY']);
      expect(world.errors[0]).toMatchObject({ changed: 'no', retryable: true });
      expect(world.patches).toEqual(['second']);
    }
  });

  it('F9: waits for a change that takes its time to reach the brokers', async () => {
    const world = rotating();
    world.fault({ ...PATCH, action: { kind: 'propagation', delayMs: 90_000 } });
    expect(await world.steps('createSecret', 'setSecret')).toEqual([undefined, undefined]);
    expect(world.patches).toEqual(['second']);
    expect(world.accepted).toBe(world.passwordUnder({ token: 'second' }));
  });

  it('F11: with Kafka out of reach, changes nothing', async () => {
    const world = rotating();
    unreachable(world);
    expect(await world.steps('createSecret', 'setSecret')).toEqual([undefined, 'LOGIN_UNKNOWN']);
    expect(world.errors[0]).toMatchObject({ changed: 'no', retryable: true });
    expect(world.calls.some(({ to }) => to === 'streamkap')).toBe(false);
    reachable(world);
    expect(await world.step('setSecret')).toBeUndefined();
  });

  it.each([
    ['required', 'LOGIN_UNKNOWN'],
    ['best-effort', undefined],
  ])('with LOGIN_CHECK=%s, a confirmed change that cannot be proven ends with %s', async (LOGIN_CHECK, code) => {
    const world = rotating({ environment: { LOGIN_CHECK } });
    await world.step('createSecret');
    world.observe = ({ operation }, moment) => {
      if (operation.startsWith('PATCH') && moment === 'after') unreachable(world);
      return undefined;
    };
    expect(await world.step('setSecret')).toBe(code);
    expect(await world.step('testSecret')).toBe(code);
    expect(world.patches).toEqual(['second']);
    if (!code) expect(world.lines.at(-1)?.fields.outcome).toBe('unproven');
  });

  it('F14: a password that Streamkap will never take ends it with the command that clears the label', async () => {
    const world = rotating();
    world.fault({ ...PATCH, action: { kind: 'status', when: 'before', status: 422 } });
    expect(await world.steps('createSecret', 'setSecret')).toEqual([undefined, 'PENDING_UNUSABLE']);
    expect(String(world.errors[0])).toContain(
      `aws secretsmanager update-secret-version-stage --secret-id ${world.arn} --version-stage AWSPENDING --remove-from-version-id ${versionId('second')}`,
    );
    expect(world.accepted).toBe(FIRST);
  });

  it('F22: starts no change without time left to prove it', async () => {
    const world = rotating();
    await world.step('createSecret');
    world.remainingMs = 5_000;
    expect(await world.step('setSecret')).toBe('OUT_OF_TIME');
    expect(world.patches).toEqual([]);
    expect(world.accepted).toBe(FIRST);
  });

  it('F22: all waiting ends inside the time that Lambda gives', async () => {
    const world = rotating({ remainingMs: 30_000 });
    world.fault({ ...PATCH, action: { kind: 'propagation', delayMs: 500_000 } });
    await world.step('createSecret');
    const startedAt = world.now;
    expect(await world.step('setSecret')).toBe('NOT_APPLIED');
    expect(world.now - startedAt).toBeLessThan(29_000);
  });

  it.each([
    ['project_key_id', { project_key_id: 'another' }],
    ['service_id', { project: { service_id: 'another' } }],
    ['username', { kafka: { username: 'another' } }],
    ['bootstrapServers', { kafka: { bootstrap_servers: 'evil.example:9092' } }],
    ['securityProtocol', { kafka: { security_protocol: 'SASL_PLAINTEXT' } }],
  ])('F34: a pending value with another %s is refused before anything is sent anywhere', async (field, change) => {
    const world = rotating();
    const file = JSON.parse(world.secrets.valueOf(SECRET) ?? '') as Record<string, object>;
    const merged = Object.entries(change).map(([name, part]) => [
      name,
      typeof part === 'string'
        ? part
        : { ...file[name], ...part, ...(name === 'kafka' ? { password: 'Other!Password99' } : {}) },
    ]);
    const SecretString = JSON.stringify({ ...file, ...Object.fromEntries(merged) });
    const put = {
      SecretId: SECRET,
      ClientRequestToken: versionId('second'),
      VersionStages: ['AWSPENDING'],
      SecretString,
    };
    world.secrets.call('PutSecretValue', put);
    expect(await world.step('setSecret')).toBe('PENDING_MISMATCH');
    expect(String(world.errors[0])).toContain(field);
    expect(world.patches).toEqual([]);
    expect(world.logins).toEqual(['first']);
  });
});

const INTENT = {
  type: 'streamkap_keyring_intent',
  intentId: 'i',
  attempt: 1,
  failures: 0,
  name: 'orders',
  username: 'orders',
  password: FIRST,
  requested: { description: '' },
  run: 'r',
};
