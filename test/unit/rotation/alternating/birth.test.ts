import { describe, expect, it } from 'vitest';
import { versionId } from '../world.ts';
import { PairWorld, ROLES, STANDBY } from './pair-world.ts';

const changes = (world: PairWorld) =>
  world.calls.filter(({ operation }) => /^(POST \/project|PATCH|DELETE|Put|Update|Tag)/.test(operation));

const beginning = (...key: Parameters<PairWorld['provisionFirst']>): PairWorld => {
  const world = new PairWorld();
  world.provisionFirst(...key);
  world.begin();
  return world;
};

describe('the birth of the second key', () => {
  it('copies roles and gives the new file its own API access', async () => {
    const world = beginning({ roleIds: [ROLES.dataAdmin] });
    expect(await world.step('createSecret')).toBeUndefined();
    const credentials = world.streamkap.clientCredentials.filter(({ projectKeyId }) => projectKeyId !== null);
    expect(credentials.map(({ roleIds }) => roleIds)).toEqual([[ROLES.dataAdmin], [ROLES.dataAdmin]]);
    expect(world.stored(STANDBY)).toMatchObject({ api: { client_id: credentials[1]?.clientId } });
  });

  it('shortens a long username to make room for the suffix', async () => {
    const world = beginning({ username: 'a23456789012345678901234' });
    expect(await world.step('createSecret')).toBeUndefined();
    expect(world.standby?.username).toBe('a234567890123456789012-b');
  });

  it.each([
    [
      'has single permissions instead of roles',
      'PERMISSIONS_NOT_COPYABLE',
      { permissionIds: ['5d2c2f0a-41c3-4b56-8f0b-4a8f0e6b1a01'] },
    ],
    [
      'has the username that the second one would get',
      'USERNAME_NOT_DERIVABLE',
      { username: 'a234567890123456789012-b' },
    ],
    ['is of another project than the admin credential', 'OTHER_PROJECT', { serviceId: 'another-service' }],
  ])('is refused before anything is made when the key %s', async (_, code, key) => {
    const world = beginning(key);
    expect(await world.step('createSecret')).toBe(code);
    expect(world.errors[0]).toMatchObject({ changed: 'no', retryable: false });
    expect(changes(world)).toEqual([]);
    expect(world.secrets.valueOf(STANDBY)).toBeUndefined();
  });

  it('is refused when the stack made no standby secret: none is made without its key and tags', async () => {
    const world = beginning();
    world.secrets.call('DeleteSecret', { SecretId: STANDBY, ForceDeleteWithoutRecovery: true });
    expect(await world.step('createSecret')).toBe('STANDBY_NOT_FOUND');
    expect(changes(world)).toEqual([]);
  });

  it('is refused when the standby secret holds another key, which is left alone', async () => {
    const world = beginning();
    const config = {
      username: 'payments',
      password: 'Payments!Password01',
      kafka_acls: [],
      is_create_schema_registry: false,
    };
    const other = world.streamkap.seedProjectKey({ name: 'payments', kafka_config: config } as never);
    world.putStandby(other, 'manual');
    expect(await world.step('createSecret')).toBe('STANDBY_MISMATCH');
    expect(changes(world)).toEqual([]);
    expect(world.users.passwordOf('payments')).toBe('Payments!Password01');
  });

  it('that died before the pair was recorded is completed, with the same key', async () => {
    const world = beginning();
    world.observe = ({ operation }) => (operation === 'TagResource' ? 'kill' : undefined);
    expect(await world.step('createSecret')).toContain('killed');
    world.observe = undefined;
    const born = world.standby;
    expect(await world.steps('createSecret', 'setSecret', 'testSecret', 'finishSecret')).toEqual(
      Array(4).fill(undefined),
    );
    expect(world.current).toEqual(born);
    expect(world.patches).toEqual([]);
    expect(world.streamkap.projectKeys).toHaveLength(2);
  });

  it('whose createSecret is overtaken by the rest of its rotation is no error, and nothing more is made', async () => {
    const world = beginning();
    const [before, told] = [world.secrets.snapshot(), world.streamkap.snapshot()];
    expect(await world.driver.runToEnd()).toMatchObject([{ outcome: 'succeeded' }]);
    const [after, toldAfter] = [world.secrets.snapshot(), world.streamkap.snapshot()];
    world.secrets.restore(before);
    world.streamkap.restore(told);
    world.calls.length = 0;
    world.observe = ({ operation }, moment) => {
      if (operation !== 'DescribeSecret' || moment === 'before') return undefined;
      world.secrets.restore(after);
      world.streamkap.restore(toldAfter);
      return undefined;
    };
    expect(await world.step('createSecret')).toBeUndefined();
    expect(changes(world)).toEqual([]);
    expect(world.streamkap.projectKeys).toHaveLength(2);
  });

  it('that was abandoned after it leaves a key that the next rotation uses as it was born', async () => {
    const world = beginning();
    await world.step('createSecret');
    const born = world.standby;
    world.putByHand(world.current?.password ?? '');
    expect(await world.step('setSecret')).toBe('ROTATION_ABANDONED');
    expect(await world.rotate('third')).toBe('succeeded');
    expect(world.current).toEqual(born);
    expect(world.patches).toEqual([]);
  });

  it('gets a new password when somebody changed that of the key since', async () => {
    const world = beginning();
    await world.step('createSecret');
    world.putByHand(world.current?.password ?? '');
    world.edit('orders-b', ({ kafka }) => {
      kafka.password = 'Behind!Our0Back0000';
    });
    expect(await world.rotate('third')).toBe('succeeded');
    expect(world.patches).toEqual(['third']);
    expect(world.violations).toEqual([]);
  });

  it('leaves the first key alone, whatever is stored as the second one', async () => {
    const world = beginning();
    world.putStandby(world.stored('keyring/orders'), 'manual');
    expect(await world.step('createSecret')).toBe('STANDBY_MISMATCH');
    expect(changes(world)).toEqual([]);
    expect(world.secrets.labels(STANDBY)[versionId('manual')]).toContain('AWSCURRENT');
  });
});
