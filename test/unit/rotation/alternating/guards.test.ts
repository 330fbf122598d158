import { describe, expect, it } from 'vitest';
import type { RotationStep } from '../../../sandbox/secrets-manager/rotation-events.ts';
import { SECRET, UNKNOWN, versionId } from '../world.ts';
import { type PairWorld, paired, PairWorld as World } from './pair-world.ts';

const PATCH = { service: 'streamkap', operation: 'PATCH /project-keys/{id}' } as const;

async function turning(...options: Parameters<typeof paired>): Promise<PairWorld> {
  const world = await paired(...options);
  world.begin('third');
  return world;
}
const steps = async (world: PairWorld, ...names: RotationStep[]) => {
  const codes: (string | undefined)[] = [];
  for (const name of names) codes.push(await world.step(name, 'third'));
  return codes;
};
const changesAtStreamkap = (world: PairWorld) =>
  world.calls.filter(({ to, operation }) => to === 'streamkap' && /^(POST \/project|PATCH|DELETE)/.test(operation));

/** Somebody fills the pending version before createSecret does, and labels it as createSecret would. */
function plant(world: PairWorld, change: (file: Record<string, unknown>) => unknown): void {
  const file = change(JSON.parse(world.secrets.valueOf(SECRET) ?? '{}') as Record<string, unknown>);
  world.secrets.call('PutSecretValue', {
    ...{ SecretId: SECRET, ClientRequestToken: versionId('third'), VersionStages: ['AWSPENDING', 'KEYRING_MADE'] },
    SecretString: JSON.stringify(file),
  });
}

describe("F34: a pending value that is not the idle key's", () => {
  it.each([
    ['is a third key', (file: Record<string, unknown>) => ({ ...file, project_key_id: 'third-key' }), 'project_key_id'],
    ["is the current key's", (file: Record<string, unknown>) => file, 'project_key_id'],
    [
      'is of another project',
      (file: Record<string, unknown>) => ({ ...file, project: { service_id: 'x' } }),
      'service_id',
    ],
  ])('%s: refused, nothing is sent anywhere', async (_, change, field) => {
    const world = await turning();
    plant(world, change);
    expect(await steps(world, 'setSecret')).toEqual(['PENDING_MISMATCH']);
    expect(String(world.errors.at(-1))).toContain(field);
    expect(changesAtStreamkap(world)).toEqual([]);
    expect(world.logins).toEqual([]);
    expect(world.violations).toEqual([]);
  });

  it('has another Kafka user: refused', async () => {
    const world = await turning();
    const { id } = world.keyOf('orders');
    plant(world, (file) => ({ ...file, project_key_id: id, kafka: { ...(file.kafka as object), username: 'evil' } }));
    expect(await steps(world, 'setSecret')).toEqual(['PENDING_MISMATCH']);
    expect(changesAtStreamkap(world)).toEqual([]);
    expect(world.logins).toEqual([]);
  });
});

describe('the recorded pair', () => {
  const tag = (world: PairWorld, Value: string) =>
    world.secrets.call('TagResource', { SecretId: SECRET, Tags: [{ Key: 'streamkap:project-key-id', Value }] });

  it.each([
    ['a,b'],
    ['a,b,c'],
    ['a'],
  ])('that names %s, and not the current key, stops the rotation before anything is made', async (value) => {
    const world = await turning();
    tag(world, value);
    expect(await steps(world, 'createSecret')).toEqual(['PAIR_INVALID']);
    expect(world.count('PutSecretValue')).toBe(0);
    expect(changesAtStreamkap(world)).toEqual([]);
  });

  it('that names the current key twice never lets its password be set', async () => {
    const world = await turning();
    const { id } = world.keyOf('orders-b');
    tag(world, `${id},${id}`);
    expect(await steps(world, 'createSecret')).toEqual(['PAIR_INVALID']);
    expect(changesAtStreamkap(world)).toEqual([]);
  });

  it('that was lost after createSecret stops setSecret', async () => {
    const world = await turning();
    await steps(world, 'createSecret');
    tag(world, world.keyOf('orders-b').id);
    expect(await steps(world, 'setSecret')).toEqual(['PAIR_NOT_RECORDED']);
    expect(changesAtStreamkap(world)).toEqual([]);
  });

  it('that was lost altogether is not guessed, and no third key is made', async () => {
    const world = await paired();
    world.secrets.call('UntagResource', {
      SecretId: SECRET,
      TagKeys: ['streamkap:project-key-id', 'streamkap:kafka-username'],
    });
    expect(await world.rotate('third')).toBe('failed');
    expect(world.errors.at(-1)).toMatchObject({ code: 'STANDBY_MISMATCH' });
    expect(world.streamkap.projectKeys).toHaveLength(2);
  });
});

describe('setSecret by alternating', () => {
  it('F5: replayed after the change, sends nothing', async () => {
    const world = await turning();
    await steps(world, 'createSecret', 'setSecret');
    expect(await steps(world, 'setSecret')).toEqual([undefined]);
    expect(world.patches).toEqual(['third']);
  });

  it('F4: a change that took effect though its answer was lost counts', async () => {
    const world = await turning();
    world.fault({ ...PATCH, action: { kind: 'drop', when: 'after' } });
    expect(await steps(world, 'createSecret', 'setSecret')).toEqual([undefined, undefined]);
    expect(world.patches).toEqual(['third']);
  });

  it('F4: a change that was lost on the way is waited for, then sent by the next attempt', async () => {
    const world = await turning();
    world.fault({ ...PATCH, action: { kind: 'drop', when: 'before' } });
    expect(await steps(world, 'createSecret', 'setSecret')).toEqual([undefined, 'ANSWER_LOST']);
    const lookedAt = world.now;
    expect(await steps(world, 'setSecret')).toEqual([undefined]);
    expect(world.now).toBeGreaterThan(lookedAt);
    expect(world.patches).toEqual(['third', 'third']);
    expect(world.violations).toEqual([]);
  });

  it('F9: waits for a change that takes its time to reach the brokers', async () => {
    const world = await turning();
    world.fault({ ...PATCH, action: { kind: 'propagation', delayMs: 90_000 } });
    expect(await steps(world, 'createSecret', 'setSecret')).toEqual([undefined, undefined]);
    expect(world.patches).toEqual(['third']);
  });

  it('a new password that never works is an error; nothing is taken back, the current one works', async () => {
    const world = await turning();
    world.fault({ ...PATCH, action: { kind: 'status', when: 'before', status: 200 } });
    expect(await steps(world, 'createSecret', 'setSecret')).toEqual([undefined, 'IDLE_LOGIN_REJECTED']);
    expect(world.errors.at(-1)).toMatchObject({ retryable: true });
    expect(world.patches).toEqual(['third']);
    expect(world.violations).toEqual([]);
    expect(await steps(world, 'setSecret', 'testSecret', 'finishSecret')).toEqual(Array(3).fill(undefined));
  });

  it('F11: with Kafka out of reach, no password is sent', async () => {
    const world = await turning();
    await steps(world, 'createSecret');
    world.login = () => UNKNOWN;
    expect(await steps(world, 'setSecret')).toEqual(['LOGIN_UNKNOWN']);
    expect(world.patches).toEqual([]);
  });

  it.each([
    ['required', 'LOGIN_UNKNOWN'],
    ['best-effort', undefined],
  ])('with LOGIN_CHECK=%s, a confirmed change that cannot be proven ends with %s', async (LOGIN_CHECK, code) => {
    const world = await turning({ environment: { LOGIN_CHECK } });
    world.observe = ({ operation }, moment) => {
      if (operation.startsWith('PATCH') && moment === 'after') world.login = () => UNKNOWN;
      return undefined;
    };
    expect(await steps(world, 'createSecret', 'setSecret')).toEqual([undefined, code]);
  });

  it.each([401, 403])('F6: an admin credential that stays refused with %s ends it by name', async (status) => {
    const world = await turning();
    await steps(world, 'createSecret');
    const operation = 'GET /project-keys/{id}';
    world.fault({ service: 'streamkap', operation, times: 9, action: { kind: 'status', when: 'before', status } });
    expect(await steps(world, 'setSecret')).toEqual(['ADMIN_CREDENTIAL_REFUSED']);
    expect(changesAtStreamkap(world)).toEqual([]);
  });

  it.each([409, 429])('F8: %s with Retry-After is waited for', async (status) => {
    const world = await turning();
    world.fault({ ...PATCH, action: { kind: 'status', when: 'before', status, headers: { 'retry-after': '7' } } });
    expect(await steps(world, 'createSecret', 'setSecret')).toEqual([undefined, undefined]);
    expect(world.patches).toEqual(['third', 'third']);
  });

  it('F14: a password that Streamkap will never take ends it with the command that clears the label', async () => {
    const world = await turning();
    world.fault({ ...PATCH, action: { kind: 'status', when: 'before', status: 422 } });
    expect(await steps(world, 'createSecret', 'setSecret')).toEqual([undefined, 'PENDING_UNUSABLE']);
    expect(String(world.errors.at(-1))).toContain('aws secretsmanager update-secret-version-stage');
    expect(world.violations).toEqual([]);
  });

  it('F22: starts no change without time left to prove it', async () => {
    const world = await turning();
    await steps(world, 'createSecret');
    world.remainingMs = 5_000;
    expect(await steps(world, 'setSecret')).toEqual(['OUT_OF_TIME']);
    expect(world.patches).toEqual([]);
  });

  it('F7: an idle key deleted between the look and the change is named', async () => {
    const world = await turning();
    world.fault({ ...PATCH, action: { kind: 'status', when: 'before', status: 404 } });
    expect(await steps(world, 'createSecret', 'setSecret')).toEqual([undefined, 'IDLE_KEY_NOT_FOUND']);
  });

  it('F18: a value put by hand stops it; a password of ours that is in force keeps its version', async () => {
    const world = await turning();
    await steps(world, 'createSecret', 'setSecret');
    world.putByHand(world.current?.password ?? '');
    expect(await steps(world, 'setSecret')).toEqual(['ROTATION_ABANDONED']);
    expect(world.labels.third).toEqual(['KEYRING_LIVE']);
    expect(String(world.errors.at(-1))).toContain('Nothing to do');
    expect(world.patches).toEqual(['third']);
    expect(world.violations).toEqual([]);
  });

  it('a late call for the rotation before finds nothing wrong in that its password still works', async () => {
    const world = await paired();
    await world.rotate('third');
    expect(await world.step('setSecret', 'second')).toBe('ROTATION_ABANDONED');
    expect(world.labels.second).toEqual(['AWSPREVIOUS']);
    expect(world.lines.map(({ fields }) => fields.signal)).not.toContain('live-without-label');
  });
});

describe('F20: the test at deploy time', () => {
  it.each(['copy', 'empty'] as const)('passes with %s as its version, and changes nothing', async (testVersion) => {
    const world = new World({ testVersion });
    world.provisionFirst();
    const before = world.streamkap.snapshot();
    world.begin('second', false);
    expect(await world.driver.runToEnd()).toMatchObject([{ outcome: 'test-succeeded' }]);
    expect(world.streamkap.snapshot()).toBe(before);
    expect(world.calls.some(({ to, operation }) => to === 'streamkap' || /^(Put|Update|Tag)/.test(operation))).toBe(
      false,
    );
  });
});
