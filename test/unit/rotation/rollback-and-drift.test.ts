import { describe, expect, it } from 'vitest';
import { FIRST, rotating, UNKNOWN, versionId, type World } from './world.ts';

const PATCH = { service: 'streamkap', operation: 'PATCH /project-keys/{id}' } as const;

/** Streamkap takes the change and spoils it: the old password is dead, the new one does not work. */
const spoilTheChange = (world: World, times = 1): void => {
  let left = times;
  world.observe = ({ operation }, moment) => {
    if (operation.startsWith('PATCH') && moment === 'after' && left-- > 0)
      world.users.set('orders', 'Spoilt!Password0000');
    return undefined;
  };
};

describe('F10: the new password does not work', () => {
  it('fails NOT_APPLIED when the change did nothing, and sends nothing back', async () => {
    const world = rotating();
    world.fault({ ...PATCH, action: { kind: 'status', when: 'before', status: 200 } });
    expect(await world.steps('createSecret', 'setSecret')).toEqual([undefined, 'NOT_APPLIED']);
    expect(world.patches).toEqual(['second']);
    expect(world.labels).toEqual({ first: ['AWSCURRENT'], second: ['AWSPENDING'] });
  });

  it('is put back: the mark first, then the old password, then the proof, then AWSPENDING goes', async () => {
    const world = rotating();
    spoilTheChange(world);
    expect(await world.steps('createSecret', 'setSecret')).toEqual([undefined, 'ROLLED_BACK']);
    const story = world.calls.map(({ operation, what }) => `${operation} ${what ?? ''}`);
    const from = story.indexOf('UpdateSecretVersionStage KEYRING_ROLLED_BACK');
    expect(story.slice(from).filter((line) => !/access-token|streamkap\/admin/.test(line))).toEqual([
      'UpdateSecretVersionStage KEYRING_ROLLED_BACK',
      `GetSecretValue ${world.arn}`,
      'PATCH /project-keys/{id} first',
      'login first',
      'UpdateSecretVersionStage KEYRING_UNSENT',
      'UpdateSecretVersionStage AWSPENDING',
    ]);
    expect(world.labels).toEqual({ first: ['AWSCURRENT'], second: ['KEYRING_ROLLED_BACK'] });
    expect(world.accepted).toBe(FIRST);
    expect(world.patches).toEqual(['second', 'first']);
  });

  it('lets the next rotation start afresh, which moves the mark only when it needs it', async () => {
    const world = rotating();
    spoilTheChange(world);
    await world.steps('createSecret', 'setSecret');
    world.observe = undefined;
    world.begin('third');
    const results = await world.driver.runToEnd();
    expect(results.at(-1)).toMatchObject({ outcome: 'succeeded' });
    expect(world.labels.second).toEqual(['KEYRING_ROLLED_BACK']);
  });

  it('moves the mark from the version that had it', async () => {
    const world = rotating();
    spoilTheChange(world, 9);
    world.observe && (await world.steps('createSecret', 'setSecret'));
    spoilTheChange(world, 1);
    world.changeBehindOurBack(FIRST);
    world.secrets.call('UpdateSecretVersionStage', {
      SecretId: world.arn,
      VersionStage: 'AWSPENDING',
      RemoveFromVersionId: versionId('second'),
    });
    world.begin('third');
    await world.step('createSecret', 'third');
    expect(await world.step('setSecret', 'third')).toBe('ROLLED_BACK');
    expect(world.labels).toEqual({ first: ['AWSCURRENT'], third: ['KEYRING_ROLLED_BACK'] });
  });

  it('killed on the way back, the retry completes it and never sends the new password again', async () => {
    const world = rotating();
    world.observe = ({ operation, what }, moment) => {
      if (!operation.startsWith('PATCH')) return undefined;
      if (what === 'second' && moment === 'after') world.users.set('orders', 'Spoilt!Password0000');
      return what === 'first' && moment === 'before' ? 'kill' : undefined;
    };
    await world.steps('createSecret', 'setSecret');
    expect(world.labels.second).toEqual(['AWSPENDING', 'KEYRING_ROLLED_BACK']);
    world.observe = undefined;
    expect(await world.steps('createSecret', 'setSecret')).toEqual([undefined, 'ROLLED_BACK']);
    expect(world.patches).toEqual(['second', 'first', 'first']);
    expect(world.accepted).toBe(FIRST);
  });

  it('a retry that finds the new password working by now rolls forward', async () => {
    const world = rotating();
    world.observe = ({ operation, what }, moment) => {
      if (operation.startsWith('PATCH') && what === 'second' && moment === 'after')
        world.users.set('orders', 'Spoilt!');
      return operation.startsWith('PATCH') && what === 'first' && moment === 'before' ? 'kill' : undefined;
    };
    await world.steps('createSecret', 'setSecret');
    world.observe = undefined;
    world.changeBehindOurBack(world.passwordUnder({ token: 'second' }) ?? '');
    expect(await world.steps('createSecret', 'setSecret', 'testSecret', 'finishSecret')).toEqual(
      Array(4).fill(undefined),
    );
    expect(world.patches).toEqual(['second', 'first']);
    expect(world.accepted).toBe(world.passwordUnder({ stage: 'AWSCURRENT' }));
  });

  it('a way back that cannot be proven is ROLLBACK_UNPROVEN, and its retry sends only the old password', async () => {
    const world = rotating();
    spoilTheChange(world, 2);
    expect(await world.steps('createSecret', 'setSecret')).toEqual([undefined, 'ROLLBACK_UNPROVEN']);
    expect(world.errors[0]).toMatchObject({ retryable: true, changed: 'yes' });
    expect(await world.step('setSecret')).toBe('ROLLED_BACK');
    expect(world.patches).toEqual(['second', 'first', 'first']);
  });

  it('an unknown after the change is no reason to put anything back', async () => {
    const world = rotating();
    world.observe = ({ operation }, moment) => {
      if (operation.startsWith('PATCH') && moment === 'after') world.login = () => UNKNOWN;
      return undefined;
    };
    expect(await world.steps('createSecret', 'setSecret')).toEqual([undefined, 'LOGIN_UNKNOWN']);
    expect(world.errors[0]).toMatchObject({ changed: 'yes', retryable: true });
    expect(world.patches).toEqual(['second']);
    expect(world.labels.second).toEqual(['AWSPENDING']);
  });

  it('puts nothing back when AWSCURRENT was moved meanwhile', async () => {
    const world = rotating();
    world.observe = ({ operation }, moment) => {
      if (operation.startsWith('PATCH') && moment === 'after') {
        world.users.set('orders', 'Spoilt!Password0000');
        world.putByHand('Manual!Password0000');
      }
      return undefined;
    };
    expect(await world.steps('createSecret', 'setSecret')).toEqual([undefined, 'CURRENT_MOVED']);
    expect(world.patches).toEqual(['second']);
  });
});

describe('the password was changed outside of rotation', () => {
  it('F12: abandons by default, after the time a change may take, with a signal', async () => {
    const world = rotating();
    world.changeBehindOurBack('Behind!Our0Back0000');
    const startedAt = world.now;
    expect(await world.steps('createSecret', 'setSecret')).toEqual([undefined, 'DRIFT']);
    expect(world.now - startedAt).toBeGreaterThan(110_000);
    expect(String(world.errors.at(-1))).toContain('it was changed outside of rotation. ');
    expect(world.patches).toEqual([]);
    expect(world.lines.map(({ fields }) => fields.signal)).toContain('drift');
  });

  it('F12: a change of ours that was still on its way is no drift', async () => {
    const world = rotating();
    await world.step('createSecret');
    world.changeBehindOurBack('Behind!Our0Back0000');
    world.login = () => {
      if (world.logins.length === 4) world.changeBehindOurBack(world.passwordUnder({ token: 'second' }) ?? '');
      return undefined;
    };
    expect(await world.step('setSecret')).toBeUndefined();
    expect(world.patches).toEqual([]);
  });

  it('F12: heals on ON_DRIFT=heal', async () => {
    const world = rotating({ environment: { ON_DRIFT: 'heal' } });
    world.changeBehindOurBack('Behind!Our0Back0000');
    expect(await world.driver.runToEnd()).toMatchObject([{ outcome: 'succeeded' }]);
    expect(world.patches).toEqual(['second']);
    expect(world.accepted).toBe(world.passwordUnder({ stage: 'AWSCURRENT' }));
  });

  it('F13: to the previous password: says so and goes on, whatever ON_DRIFT says', async () => {
    const world = rotating();
    await world.driver.runToEnd();
    world.changeBehindOurBack(FIRST);
    world.begin('third');
    world.calls.length = 0;
    expect(await world.driver.runToEnd()).toMatchObject([{ outcome: 'succeeded' }]);
    expect(world.patches).toEqual(['third']);
    expect(world.logins.filter((name) => name === 'first')).toHaveLength(1);
    expect(world.lines.map(({ fields }) => fields.signal)).toContain('previous-in-use');
  });
});
