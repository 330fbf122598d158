import { describe, expect, it } from 'vitest';
import { FIRST, SECRET } from '../world.ts';
import { PairWorld, paired, STANDBY } from './pair-world.ts';

describe('the first rotation by alternating', () => {
  it('has the second key made like any key, and makes it current as it was born', async () => {
    const world = new PairWorld();
    world.provisionFirst({ whitelistIps: '10.0.0.0/8' });
    expect(await world.rotate('second')).toBe('succeeded');
    expect(world.errors).toEqual([]);
    const [first, second] = [world.keyOf('orders'), world.keyOf('orders-b')];
    expect(second).toMatchObject({ name: 'orders-b', serviceId: first.serviceId });
    expect(second.kafka).toMatchObject({ acls: first.kafka?.acls, whitelistIps: '10.0.0.0/8' });
    expect(second.description).toMatch(/^reads orders \[keyring:[0-9a-f-]{36}\.1\]$/);
    expect(world.current).toMatchObject({ username: 'orders-b', password: second.kafka?.password });
    expect(world.standby).toMatchObject({ username: 'orders', password: FIRST });
    expect(world.tags).toMatchObject({
      'streamkap:project-key-id': `${first.id},${second.id}`,
      'streamkap:kafka-username': 'orders,orders-b',
    });
  });

  it('changes no password: both are accepted before and after', async () => {
    const world = new PairWorld();
    world.provisionFirst();
    await world.rotate('second');
    expect(world.calls.filter(({ operation }) => operation.startsWith('PATCH'))).toEqual([]);
    expect(world.users.passwordOf('orders')).toBe(FIRST);
    expect(world.users.passwordOf('orders-b')).toBe(world.current?.password);
  });
});

describe('a clean rotation by alternating, from the second on', () => {
  it('makes exactly these calls, each step in a process of its own', async () => {
    const world = await paired();
    expect(await world.rotate('third')).toBe('succeeded');
    expect(world.story).toEqual([
      'DescribeSecret',
      'GetSecretValue AWSCURRENT',
      'GetSecretValue AWSCURRENT',
      'PutSecretValue',
      'GetSecretValue AWSCURRENT',
      'DescribeSecret',
      'GetSecretValue AWSCURRENT',
      'POST /auth/access-token',
      'GET /project-keys/{id}',
      'GET /project-keys/{id}',
      'UpdateSecretVersionStage KEYRING_UNSENT',
      'GetSecretValue',
      'login third',
      'PATCH /project-keys/{id} third',
      'login third',
      'GetSecretValue',
      'login third',
      'DescribeSecret',
      'UpdateSecretVersionStage AWSCURRENT',
      'GetSecretValue',
      'PutSecretValue standby',
      'login second',
    ]);
    expect(world.calls.filter(({ to }) => to === 'aws')).toHaveLength(14);
  });

  it('gives the idle key a new password, makes it current, and leaves the other one valid', async () => {
    const world = await paired();
    const outgoing = world.current;
    await world.rotate('third');
    expect(world.current?.username).toBe('orders');
    expect(world.current?.password).toBe(world.users.passwordOf('orders'));
    expect(world.current?.password).not.toBe(FIRST);
    expect(world.standby).toEqual(outgoing);
    expect(world.users.passwordOf('orders-b')).toBe(outgoing?.password);
    expect(JSON.parse(world.secrets.valueOf(SECRET) ?? '')).toMatchObject({ vendor_note: { kept: true } });
  });

  it('says in one line a step that the outgoing credential still works, and times no gap', async () => {
    const world = await paired({ warm: true });
    world.lines.length = 0;
    await world.rotate('third');
    expect(world.lines.map(({ fields }) => [fields.step, fields.outcome])).toEqual([
      ['createSecret', 'made'],
      ['setSecret', 'applied'],
      ['testSecret', 'proven'],
      ['finishSecret', 'moved'],
    ]);
    expect(world.lines[3]?.fields).toMatchObject({ strategy: 'alternating', outgoing_login: { outcome: 'accepted' } });
    expect(world.lines[3]?.fields).not.toHaveProperty('consumer_gap_ms');
    const said = JSON.stringify(world.lines);
    for (const password of [FIRST, world.current?.password ?? '', world.standby?.password ?? '']) {
      expect(said).not.toContain(password);
    }
  });

  it.each([
    'left',
    'removed',
  ] as const)('takes turns over five rotations, AWSPENDING %s, and the current one works at every call', async (pendingAfterSuccess) => {
    const world = new PairWorld({ driver: { pendingAfterSuccess } });
    world.provisionFirst();
    const violations: string[] = [];
    world.observe = () => {
      violations.push(...world.violations);
      return undefined;
    };
    const users: (string | undefined)[] = [];
    for (const name of ['second', 'third', 'fourth', 'fifth', 'sixth']) {
      expect(await world.rotate(name)).toBe('succeeded');
      users.push(world.current?.username);
    }
    expect(users).toEqual(['orders-b', 'orders', 'orders-b', 'orders', 'orders-b']);
    expect(violations).toEqual([]);
    expect(world.streamkap.projectKeys).toHaveLength(2);
    expect(world.secrets.valueOf(STANDBY)).toContain('"username":"orders"');
  });
});
