import { describe, expect, it } from 'vitest';
import { SECRET, versionId } from '../world.ts';
import { PairWorld, paired, STANDBY } from './pair-world.ts';

const TagKeys = ['streamkap:project-key-id', 'streamkap:kafka-username'];

/** The tags that record the pair are taken away, or put back to what they were before it. */
const losses: readonly [string, (world: PairWorld) => void][] = [
  ['is gone', (world) => world.secrets.call('UntagResource', { SecretId: SECRET, TagKeys })],
  [
    'names the current key alone',
    (world) =>
      world.secrets.call('TagResource', {
        SecretId: SECRET,
        Tags: [{ Key: 'streamkap:project-key-id', Value: String(world.stored(SECRET)?.project_key_id) }],
      }),
  ],
];

/** Two rotations after the birth: the first key is current again, the second one's file lies in the standby, used before. */
async function usedBefore(lose: (world: PairWorld) => void): Promise<PairWorld> {
  const world = await paired();
  await world.rotate('third');
  lose(world);
  return world;
}

describe('where the tag of a pair was lost between rotations', () => {
  it.each(
    losses,
  )('and %s: the file in the standby is no new-born one, so its key gets a new password', async (_, lose) => {
    const world = await usedBefore(lose);
    const { password: old } = world.standby ?? {};
    const ids = ['orders', 'orders-b'].map((username) => world.keyOf(username).id);
    expect(await world.rotate('fourth')).toBe('succeeded');
    expect(world.patches).toEqual(['fourth']);
    expect(world.current?.username).toBe('orders-b');
    expect(world.current?.password).not.toBe(old);
    expect(world.users.passwordOf('orders-b')).toBe(world.current?.password);
    expect(world.tags).toMatchObject({ [TagKeys[0] ?? '']: ids.join(), [TagKeys[1] ?? '']: 'orders,orders-b' });
    expect(world.streamkap.projectKeys).toHaveLength(2);
    expect(world.violations).toEqual([]);
  });

  it.each(losses)('and %s: a key that was retired minutes ago is left alone all the same', async (_, lose) => {
    const world = await paired();
    await world.rotate('third');
    expect(await world.retire(SECRET)).toMatchObject({ outcome: 'retired' });
    lose(world);
    world.begin('fourth');
    world.calls.length = 0;
    expect(await world.step('createSecret', 'fourth')).toBe('RETIRE_UNDER_WAY');
    expect(world.calls.filter(({ operation }) => /^(Put|Tag|PATCH|POST \/project)/.test(operation))).toEqual([]);
    world.now += 300_000;
    expect(await world.step('createSecret', 'fourth')).toBeUndefined();
    expect(world.stored(SECRET, { versionId: versionId('fourth') })?.kafka?.password).not.toBe(world.standby?.password);
  });

  it('with the second key current, the first one’s file is not taken for a second key’s, and the tag is named', async () => {
    const world = await paired();
    losses[0]?.[1](world);
    const before = world.secrets.valueOf(STANDBY);
    expect(await world.rotate('third')).toBe('failed');
    expect(world.errors.at(-1)).toMatchObject({ code: 'STANDBY_MISMATCH', changed: 'no', retryable: false });
    expect(String(world.errors.at(-1))).toContain('streamkap:project-key-id was lost');
    expect(world.patches).toEqual([]);
    expect(world.secrets.valueOf(STANDBY)).toBe(before);
    expect(world.streamkap.projectKeys).toHaveLength(2);
  });

  it('in the birth itself, between the stored file and the tag: the key is used as it was born', async () => {
    const world = new PairWorld();
    world.provisionFirst();
    world.begin('second');
    world.observe = ({ operation }, moment) =>
      operation === 'TagResource' && moment === 'before' ? 'kill' : undefined;
    await world.step('createSecret');
    const born = world.standby;
    world.observe = undefined;
    expect(await world.steps('createSecret', 'setSecret', 'testSecret', 'finishSecret')).toEqual(
      Array(4).fill(undefined),
    );
    expect(world.current).toEqual(born);
    expect(world.patches).toEqual([]);
    expect(world.streamkap.projectKeys).toHaveLength(2);
  });
});
