import { describe, expect, it } from 'vitest';
import { FIRST, rotating, SECRET, type World } from './world.ts';

const shown = (world: World) => world.calls.map(({ operation, what }) => (what ? `${operation} ${what}` : operation));

describe('a clean rotation by single', () => {
  it('makes exactly these calls, each step in a process of its own', async () => {
    const world = rotating();
    expect(await world.driver.runToEnd()).toMatchObject([{ outcome: 'succeeded', sequences: 1 }]);
    const { arn } = world;
    expect(shown(world)).toEqual([
      `DescribeSecret ${arn}`,
      'GetSecretValue AWSCURRENT',
      `PutSecretValue ${arn}`,
      'GetSecretValue AWSCURRENT',
      'login first',
      'GetSecretValue AWSCURRENT',
      'POST /auth/access-token',
      'GET /project-keys/{id}',
      'UpdateSecretVersionStage KEYRING_UNSENT',
      `GetSecretValue ${arn}`,
      'PATCH /project-keys/{id} second',
      'login second',
      `GetSecretValue ${arn}`,
      'login second',
      `DescribeSecret ${arn}`,
      'UpdateSecretVersionStage AWSCURRENT',
      `GetSecretValue ${arn}`,
      'login first',
    ]);
    expect(world.calls.filter(({ to }) => to === 'aws')).toHaveLength(11);
    expect(world.logins).toHaveLength(4);
    expect(world.patches).toEqual(['second']);
  });

  it('leaves the new password live and current, the old one refused and previous, unknown fields kept', async () => {
    const world = rotating();
    await world.driver.runToEnd();
    expect(world.labels).toEqual({ first: ['AWSPREVIOUS', 'KEYRING_UNSENT'], second: ['AWSCURRENT', 'AWSPENDING'] });
    expect(world.accepted).toBe(world.passwordUnder({ stage: 'AWSCURRENT' }));
    expect(world.accepted).not.toBe(FIRST);
    const value = JSON.parse(world.secrets.valueOf(SECRET) ?? '') as Record<string, unknown>;
    expect(value).toMatchObject({ vendor_note: { kept: true }, kafka: { quota: 7, username: 'orders' } });
  });

  it('writes one line a step, without a secret, and times the consumer gap where one process did it all', async () => {
    const world = rotating({ warm: true });
    await world.driver.runToEnd();
    expect(world.lines.map(({ level, fields }) => [level, fields.step, fields.outcome])).toEqual([
      ['info', 'createSecret', 'made'],
      ['info', 'setSecret', 'applied'],
      ['info', 'testSecret', 'proven'],
      ['info', 'finishSecret', 'moved'],
    ]);
    expect(world.lines[3]?.fields).toMatchObject({
      mode: 'rotation',
      strategy: 'single',
      secretId: world.arn,
      consumer_gap_ms: 0,
      outgoing_login: { outcome: 'rejected' },
    });
    const text = JSON.stringify(world.lines);
    for (const secret of [FIRST, world.accepted ?? '', 'admin-client-secret', 'RotationToken']) {
      expect(text).not.toContain(secret);
    }
  });

  it.each([
    'left',
    'removed',
  ] as const)('can be followed by another when AWSPENDING is %s', async (pendingAfterSuccess) => {
    const world = rotating({ driver: { pendingAfterSuccess } });
    await world.driver.runToEnd();
    world.begin('third');
    expect(await world.driver.runToEnd()).toMatchObject([{ outcome: 'succeeded' }]);
    expect(world.patches).toEqual(['second', 'third']);
    expect(world.accepted).toBe(world.passwordUnder({ stage: 'AWSCURRENT' }));
  });
});
