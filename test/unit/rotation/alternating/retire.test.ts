import { describe, expect, it } from 'vitest';
import { FIRST, SECRET, UNKNOWN, versionId } from '../world.ts';
import { type PairWorld, paired, STANDBY } from './pair-world.ts';

const HOUR_MS = 3_600_000;
const PATCH = { service: 'streamkap', operation: 'PATCH /project-keys/{id}' } as const;
const HOURLY = { environment: { RETIRE_PREVIOUS_AFTER_HOURS: '24' } };
const changes = (world: PairWorld) => world.story.filter((call) => /^(Put|Update|PATCH|POST \/project)/.test(call));
const snapshotOf = ({ secrets, streamkap }: PairWorld) => [secrets.snapshot(), streamkap.snapshot()] as const;
const restore = ({ secrets, streamkap }: PairWorld, [stored, told]: ReturnType<typeof snapshotOf>) => {
  secrets.restore(stored);
  streamkap.restore(told);
};

describe('retiring the previous password of one secret', () => {
  it('makes exactly these calls: stored before it is sent, the pair looked at between, the old one proven refused', async () => {
    const world = await paired();
    expect(await world.retire(SECRET)).toMatchObject({ outcome: 'retired', outgoing_login: { outcome: 'rejected' } });
    expect(world.story).toEqual([
      'DescribeSecret',
      'GetSecretValue AWSCURRENT',
      'GetSecretValue AWSCURRENT',
      'GetSecretValue AWSCURRENT',
      'POST /auth/access-token',
      'GET /project-keys/{id}',
      'PutSecretValue standby',
      'UpdateSecretVersionStage AWSCURRENT',
      'GetSecretValue AWSCURRENT',
      'DescribeSecret',
      'PATCH /project-keys/{id} standby',
      'login standby',
      'login first',
    ]);
  });

  it('leaves the current credential, and gives the idle key a stored password that was never current', async () => {
    const world = await paired();
    const violations: string[] = [];
    world.observe = () => {
      violations.push(...world.violations);
      return undefined;
    };
    await world.retire(SECRET);
    expect(violations).toEqual([]);
    expect(world.current?.username).toBe('orders-b');
    expect(world.users.passwordOf('orders')).toBe(world.standby?.password);
    expect(world.standby?.password).not.toBe(FIRST);
    expect(world.secrets.labels(SECRET)).toMatchObject({
      [versionId('second')]: expect.arrayContaining(['AWSCURRENT']),
    });
    expect(JSON.stringify(world.lines)).not.toContain(world.standby?.password);
  });

  it('said twice, changes nothing the second time', async () => {
    const world = await paired();
    await world.retire(SECRET);
    expect(await world.retire(SECRET)).toMatchObject({ outcome: 'already-retired' });
    expect(changes(world)).toEqual([]);
  });

  it('is followed by a rotation like any other', async () => {
    const world = await paired();
    await world.retire(SECRET);
    expect(await world.rotate('third')).toBe('succeeded');
    expect(world.current?.username).toBe('orders');
    expect(world.patches).toEqual(['third']);
    expect(world.violations).toEqual([]);
  });

  it('keeps a rotation off the key while its change could still arrive', async () => {
    const world = await paired();
    await world.retire(SECRET);
    world.begin('third');
    expect(await world.step('createSecret', 'third')).toBe('RETIRE_UNDER_WAY');
    expect(world.errors.at(-1)).toMatchObject({ retryable: true, changed: 'no' });
    world.now += 300_000;
    expect(await world.step('createSecret', 'third')).toBeUndefined();
  });

  it('finds the outgoing file under AWSPREVIOUS when finishSecret never put it into the standby secret', async () => {
    const world = await paired();
    world.putStandby(world.stored(SECRET), 'manual');
    expect(await world.retire(SECRET)).toMatchObject({ outcome: 'retired' });
    expect(world.users.passwordOf('orders')).toBe(world.standby?.password);
    expect(world.violations).toEqual([]);
  });

  it('finds it there too when finishSecret died before that, and what it puts there is what it retires', async () => {
    const world = await paired();
    world.begin('third');
    for (const step of ['createSecret', 'setSecret', 'testSecret'] as const) await world.step(step, 'third');
    world.observe = ({ operation }) => (operation === 'PutSecretValue' ? 'kill' : undefined);
    expect(await world.step('finishSecret', 'third')).toContain('killed');
    world.observe = undefined;
    expect(await world.retire(SECRET)).toMatchObject({ outcome: 'retired', outgoing_login: { outcome: 'rejected' } });
    expect(world.users.passwordOf('orders-b')).toBe(world.standby?.password);
    expect(world.violations).toEqual([]);
  });

  it('is refused when another retirement puts it there first: the password of that one stays', async () => {
    const world = await paired();
    world.begin('third');
    for (const step of ['createSecret', 'setSecret', 'testSecret'] as const) await world.step(step, 'third');
    world.observe = ({ operation }) => (operation === 'PutSecretValue' ? 'kill' : undefined);
    await world.step('finishSecret', 'third');
    world.observe = undefined;
    const before = snapshotOf(world);
    expect(await world.retire(SECRET)).toMatchObject({ outcome: 'retired' });
    const [after, left] = [snapshotOf(world), world.standby];
    restore(world, before);
    world.observe = ({ operation }, at) => {
      if (operation === 'PutSecretValue' && at === 'after') restore(world, after);
      return undefined;
    };
    expect(await world.retire(SECRET)).toBe('ROTATION_UNDER_WAY');
    expect(world.patches).toEqual([]);
    expect(world.standby).toEqual(left);
    expect(world.users.passwordOf('orders-b')).toBe(left?.password);
  });

  it('is refused before the second key is born', async () => {
    const world = await paired();
    const TagKeys = ['streamkap:project-key-id', 'streamkap:kafka-username'];
    world.secrets.call('UntagResource', { SecretId: SECRET, TagKeys });
    expect(await world.retire(SECRET)).toBe('NO_PREVIOUS_KEY');
    expect(changes(world)).toEqual([]);
  });

  it('is refused while a rotation is pending', async () => {
    const world = await paired();
    world.begin('third');
    expect(await world.retire(SECRET)).toBe('ROTATION_UNDER_WAY');
    expect(changes(world)).toEqual([]);
  });

  it('is refused when a rotation begins between its look and its change: nothing is sent', async () => {
    const world = await paired();
    world.observe = ({ operation }, moment) => {
      if (operation === 'PutSecretValue' && moment === 'after') world.begin('third');
      return undefined;
    };
    expect(await world.retire(SECRET)).toBe('ROTATION_UNDER_WAY');
    expect(world.patches).toEqual([]);
    world.observe = undefined;
    expect(await world.step('createSecret', 'third')).toBe('RETIRE_UNDER_WAY');
    expect(world.violations).toEqual([]);
  });

  it.each([
    [50 * 60_000, 'ROTATION_DUE'],
    [-HOUR_MS, 'ROTATION_DUE'],
    [2 * HOUR_MS, undefined],
  ])('with the next rotation due in %s ms: %s', async (dueInMs, code) => {
    const world = await paired();
    const RotationRules = { AutomaticallyAfterDays: 1 };
    world.secrets.call('RotateSecret', { SecretId: SECRET, RotationRules, ClientRequestToken: versionId('third') });
    await world.driver.runToEnd();
    world.now += 24 * HOUR_MS - dueInMs;
    const answer = await world.retire(SECRET);
    if (code) expect([answer, changes(world)]).toEqual([code, []]);
    else expect(answer).toMatchObject({ outcome: 'retired' });
  });

  it.each([
    ['its first look', 'GetSecretValue', 'after'],
    ['its last look', 'PutSecretValue', 'before'],
  ] as const)('is refused when a whole rotation comes after %s: the file that it left stays', async (...when) => {
    const [, operation, moment] = when;
    const world = await paired();
    const before = snapshotOf(world);
    expect(await world.rotate('third')).toBe('succeeded');
    const [after, left] = [snapshotOf(world), world.standby];
    restore(world, before);
    let isPast = false;
    world.observe = (call, at) => {
      if (!isPast && call.operation === operation && at === moment) restore(world, after);
      isPast ||= call.operation === operation && at === moment;
      return undefined;
    };
    expect(await world.retire(SECRET)).toBe('ROTATION_UNDER_WAY');
    world.observe = undefined;
    expect(world.patches).toEqual([]);
    expect(world.standby).toEqual(left);
    expect(await world.retire(SECRET)).toMatchObject({ outcome: 'retired' });
    expect(world.violations).toEqual([]);
  });

  it('that died after it stored a password stores it anew before it sends it, so that rotations keep off the key', async () => {
    const world = await paired();
    world.observe = ({ operation }, at) => (operation === 'PutSecretValue' && at === 'after' ? 'kill' : undefined);
    expect(await world.retire(SECRET)).toContain('killed');
    world.observe = undefined;
    world.now += HOUR_MS;
    expect(await world.retire(SECRET)).toMatchObject({ outcome: 'retired' });
    world.begin('third');
    expect(await world.step('createSecret', 'third')).toBe('RETIRE_UNDER_WAY');
  });

  it('is refused for a secret that rotates by another strategy', async () => {
    const world = await paired();
    world.secrets.call('TagResource', { SecretId: SECRET, Tags: [{ Key: 'streamkap:strategy', Value: 'single' }] });
    expect(await world.retire(SECRET)).toBe('WRONG_STRATEGY');
    expect(changes(world)).toEqual([]);
  });

  it('names an idle key that was deleted, and stores nothing', async () => {
    const world = await paired();
    world.streamkap.removeProjectKey(world.keyOf('orders').id);
    expect(await world.retire(SECRET)).toBe('IDLE_KEY_NOT_FOUND');
    expect(changes(world)).toEqual([]);
  });

  it.each([
    'before',
    'after',
  ] as const)('when the answer is lost %s the change, the next call finishes it', async (when) => {
    const world = await paired();
    world.fault({ ...PATCH, action: { kind: 'drop', when } });
    const first = await world.retire(SECRET);
    if (when === 'after') expect(first).toMatchObject({ outcome: 'retired' });
    else expect(first).toBe('RETIRE_UNPROVEN');
    expect(world.violations).toEqual([]);
    const stored = world.standby;
    expect(await world.retire(SECRET)).toMatchObject({ outcome: when === 'after' ? 'already-retired' : 'retired' });
    expect(world.standby).toEqual(stored);
    expect(world.users.passwordOf('orders')).toBe(stored?.password);
    expect(world.violations).toEqual([]);
  });

  it('with Kafka out of reach, says that it is not proven', async () => {
    const world = await paired();
    world.login = () => UNKNOWN;
    expect(await world.retire(SECRET)).toBe('RETIRE_UNPROVEN');
    expect(await world.retire(SECRET)).toBe('LOGIN_UNKNOWN');
    expect(changes(world)).toEqual([]);
    world.login = undefined;
    expect(await world.retire(SECRET)).toMatchObject({ outcome: 'already-retired' });
  });

  it('starts no change without time left to prove it', async () => {
    const world = await paired();
    world.remainingMs = 8_000;
    expect(await world.retire(SECRET)).toBe('OUT_OF_TIME');
    expect(world.patches).toEqual([]);
  });
});

describe('retiring every hour', () => {
  it('waits until the previous password is old enough, then does it once', async () => {
    const world = await paired(HOURLY);
    world.now += 23 * HOUR_MS;
    expect(await world.retire()).toMatchObject({ outcome: 'done', secrets: 1, 'not-yet': 1, retired: 0 });
    expect(changes(world)).toEqual([]);
    world.now += HOUR_MS;
    expect(await world.retire()).toMatchObject({ retired: 1 });
    world.now += HOUR_MS;
    expect(await world.retire()).toMatchObject({ 'already-retired': 1, retired: 0 });
    expect(changes(world)).toEqual([]);
    expect(world.users.passwordOf('orders')).toBe(world.standby?.password);
  });

  it('puts off what a rotation is under way for, without an error', async () => {
    const world = await paired(HOURLY);
    world.now += 25 * HOUR_MS;
    world.begin('third');
    expect(await world.retire()).toMatchObject({ postponed: 1, failed: 0 });
    expect(changes(world)).toEqual([]);
  });

  it('fails when one could not be retired, with a line of its own for it', async () => {
    const world = await paired(HOURLY);
    world.now += 25 * HOUR_MS;
    world.streamkap.removeProjectKey(world.keyOf('orders').id);
    expect(await world.retire()).toBe('RETIRE_INCOMPLETE');
    expect(world.lines.map(({ fields }) => fields.error_code)).toContain('IDLE_KEY_NOT_FOUND');
  });

  it('does nothing where no time is set, and leaves the secrets of other functions alone', async () => {
    const world = await paired();
    expect(await world.retire()).toEqual({ outcome: 'never' });
    expect(world.calls).toEqual([]);
    world.environment.RETIRE_PREVIOUS_AFTER_HOURS = '1';
    world.environment.AWS_LAMBDA_FUNCTION_NAME = 'another';
    world.now += 25 * HOUR_MS;
    expect(await world.retire()).toMatchObject({ secrets: 0 });
    world.environment.AWS_LAMBDA_FUNCTION_NAME = 'rotate-password';
    expect(await world.retire()).toMatchObject({ secrets: 1, retired: 1 });
  });

  it('takes no standby secret for one that rotates', async () => {
    const world = await paired(HOURLY);
    world.secrets.call('TagResource', {
      SecretId: STANDBY,
      Tags: [{ Key: 'streamkap:strategy', Value: 'alternating' }],
    });
    expect(await world.retire()).toMatchObject({ secrets: 1 });
  });
});
