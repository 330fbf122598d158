import { describe, expect, it } from 'vitest';
import {
  diedOnTheWayBack,
  FAREWELL_MS,
  kafkaSays,
  LEAST_MS,
  label,
  lastError,
  OPERATION,
  PATCH,
} from './scripted-logins.ts';
import { rotating, type World } from './world.ts';

describe('setSecret, after Streamkap refused the change', () => {
  const refused = (status: number, headers: Record<string, string> = {}) =>
    ({ ...PATCH, times: 9, action: { kind: 'status', when: 'before', status, headers } }) as const;

  it('comes back three times at most', async () => {
    const world = rotating();
    world.fault(refused(429, { 'retry-after': '2' }));
    expect(await world.steps('createSecret', 'setSecret')).toEqual([undefined, 'STREAMKAP_BUSY']);
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: true });
    expect(world.patches).toEqual(['second', 'second', 'second']);
  });

  it('comes back only where it was asked to, and to nothing but a busy Streamkap', async () => {
    const world = rotating();
    world.fault(refused(422, { 'retry-after': '2' }));
    const startedAt = world.now;
    expect(await world.steps('createSecret', 'setSecret')).toEqual([undefined, 'PENDING_UNUSABLE']);
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: false });
    expect(world.patches).toEqual(['second']);
    expect(world.now).toBe(startedAt);
  });

  it.each([
    [LEAST_MS + 2_001, 2],
    [LEAST_MS + 2_000, 1],
  ])('comes back after 2 seconds with %i ms left: sends %i', async (left, sends) => {
    const world = rotating();
    await world.step('createSecret');
    world.fault(refused(429, { 'retry-after': '2' }));
    world.remainingMs = left + FAREWELL_MS;
    expect(await world.step('setSecret')).toBe('STREAMKAP_BUSY');
    expect(world.patches).toHaveLength(sends);
  });

  it('does not come back when another attempt took the turn, or is taking the change back', async () => {
    for (const [stage, code] of [
      ['KEYRING_TURN', 'ANOTHER_ATTEMPT'],
      ['KEYRING_ROLLED_BACK', 'ROLLBACK_UNPROVEN'],
    ] as const) {
      const world = rotating();
      world.fault({ ...refused(429, { 'retry-after': '2' }), times: 1 });
      kafkaSays(world, (name) => {
        if (name === 'second') label(world, stage, 'second');
        return 'truth';
      });
      expect(await world.steps('createSecret', 'setSecret')).toEqual([undefined, code]);
      expect(world.patches).toEqual(['second']);
    }
  });

  it('counts a password that works as applied', async () => {
    const world = rotating();
    world.fault(refused(409));
    kafkaSays(world, (name) => (name === 'second' ? 'accepted' : 'truth'));
    expect(await world.steps('createSecret', 'setSecret')).toEqual([undefined, undefined]);
    expect(world.lines.at(-1)?.fields).toMatchObject({ outcome: 'applied', login: { outcome: 'accepted' } });
    expect(world.patches).toEqual(['second']);
  });

  it.each([
    [409, 'STREAMKAP_BUSY'],
    [422, 'INVALID_REQUEST'],
  ])('%i is no proof that nothing was changed where Kafka cannot be asked', async (status, code) => {
    const world = rotating();
    world.fault(refused(status));
    kafkaSays(world, (name) => (name === 'second' ? 'unknown' : 'truth'));
    const codes = await world.steps('createSecret', 'setSecret');
    expect(lastError(world)).toMatchObject({ changed: 'unknown' });
    expect(codes[1]).not.toBe('PENDING_UNUSABLE');
    if (status === 409) expect(codes[1]).toBe(code);
    expect(world.patches).toEqual(['second']);
  });
});

describe('setSecret, after the change was sent', () => {
  it.each([
    ['confirmed', 'yes'],
    ['not answered', 'unknown'],
  ])('and %s, with the new password refused and the old one unknown: nothing is taken back', async (how, changed) => {
    const world = rotating();
    if (how === 'not answered') world.fault({ ...PATCH, action: { kind: 'drop', when: 'after' } });
    kafkaSays(world, (name, { first }) => (name === 'second' ? 'rejected' : first > 1 ? 'unknown' : 'accepted'));
    expect(await world.steps('createSecret', 'setSecret')).toEqual([undefined, 'LOGIN_UNKNOWN']);
    expect(lastError(world)).toMatchObject({ changed, retryable: true });
    expect(world.patches).toEqual(['second']);
    expect(world.labels.second).toEqual(['AWSPENDING']);
  });

  it('and not answered, with the old password still working: it may be on its way', async () => {
    const world = rotating();
    world.fault({ ...PATCH, action: { kind: 'drop', when: 'before' } });
    expect(await world.steps('createSecret', 'setSecret')).toEqual([undefined, 'ANSWER_LOST']);
    expect(lastError(world)).toMatchObject({ changed: 'unknown', retryable: true });
  });

  it.each([
    ['accepted', undefined],
    ['unknown', 'LOGIN_UNKNOWN'],
  ] as const)('and %s at the last look, after both were refused: nothing is taken back', async (outcome, code) => {
    const world = rotating();
    kafkaSays(world, (name, { first }) => {
      if (name === 'first') return first > 1 ? 'rejected' : 'accepted';
      return first > 1 ? outcome : 'rejected';
    });
    expect(await world.steps('createSecret', 'setSecret')).toEqual([undefined, code]);
    if (code) expect(lastError(world)).toMatchObject({ changed: 'unknown', retryable: true });
    else expect(world.lines.at(-1)?.fields).toMatchObject({ outcome: 'applied', login: { outcome: 'accepted' } });
    expect(world.patches).toEqual(['second']);
    expect(world.labels.second).not.toContain('KEYRING_ROLLED_BACK');
  });

  it('waits at most as long as a change may take, and keeps time to put the old one back', async () => {
    for (const [remainingMs, least, most] of [
      [301_000, 100_000, 120_000],
      [41_000, 25_000, 33_000],
    ] as const) {
      const world = rotating();
      await world.step('createSecret');
      world.remainingMs = remainingMs;
      const startedAt = world.now;
      let back = 0;
      world.observe = ({ operation, what }, moment) => {
        if (operation === OPERATION && what === 'second' && moment === 'after')
          world.users.set('orders', 'Spoilt!Password0000');
        if (operation === OPERATION && what === 'first') back ||= world.now;
        return undefined;
      };
      expect(await world.step('setSecret')).toBe('ROLLED_BACK');
      expect(back - startedAt).toBeGreaterThanOrEqual(least);
      expect(back - startedAt).toBeLessThanOrEqual(most);
    }
  });
});

describe('the way back', () => {
  const spoilt = (world: World) => {
    kafkaSays(world, (name, { first }) => {
      if (name === 'first') return first > 1 && world.patches.at(-1) === 'second' ? 'rejected' : 'truth';
      return 'rejected';
    });
  };

  it.each([
    [LEAST_MS, true],
    [LEAST_MS - 1, false],
  ])('is begun with %i ms left: %s', async (left, begun) => {
    const world = rotating();
    await world.step('createSecret');
    const end = world.now + world.remainingMs - FAREWELL_MS;
    kafkaSays(world, (name, { first }) => {
      if (name === 'first' && first > 1 && world.patches.at(-1) === 'second') {
        world.now = end - left;
        return 'rejected';
      }
      return name === 'first' ? 'truth' : 'rejected';
    });
    expect(await world.step('setSecret')).toBe(begun ? 'ROLLED_BACK' : 'LOGIN_UNSETTLED');
    expect(world.patches).toEqual(begun ? ['second', 'first'] : ['second']);
    expect(world.labels.second?.includes('KEYRING_ROLLED_BACK')).toBe(begun);
    if (!begun) expect(lastError(world)).toMatchObject({ changed: 'yes', retryable: true });
  });

  it.each([
    ['abandon', 'DRIFT', ['second']],
    ['heal', undefined, ['second', 'second']],
  ])('that no time was left to begin binds the next attempt to nothing, and says so: ON_DRIFT=%s', async (ON_DRIFT, code, patches) => {
    const world = rotating({ environment: { ON_DRIFT } });
    await world.step('createSecret');
    let times = 1;
    world.observe = ({ operation }, moment) => {
      if (operation === OPERATION && moment === 'after' && times-- > 0)
        world.users.set('orders', 'Spoilt!Password0000');
      return undefined;
    };
    world.remainingMs = 9_000;
    expect(await world.step('setSecret')).toBe('LOGIN_UNSETTLED');
    expect(String(lastError(world))).toContain('decides anew');
    expect(String(lastError(world))).not.toContain('not sent again');
    world.remainingMs = 300_000;
    expect(await world.step('setSecret')).toBe(code);
    expect(world.patches).toEqual(patches);
    if (code) expect(String(lastError(world))).toContain('or by an attempt of this rotation that was broken off');
    expect(world.accepted).toBe(code ? 'Spoilt!Password0000' : world.passwordUnder({ token: 'second' }));
  });

  it('that was recorded goes on as it was recorded, though an attempt has no time for it', async () => {
    const world = await diedOnTheWayBack();
    world.remainingMs = LEAST_MS - 1 + FAREWELL_MS;
    expect(await world.step('setSecret')).toBe('ROLLBACK_UNPROVEN');
    expect(String(lastError(world))).toContain('no time was left');
    expect(world.patches).toEqual([]);
    world.remainingMs = 300_000;
    expect(await world.step('setSecret')).toBe('ROLLED_BACK');
    expect(world.patches).toEqual(['first']);
  });

  it('that Streamkap refuses is looked at once; the new password works by then: done', async () => {
    const world = rotating();
    await world.step('createSecret');
    world.fault({ ...PATCH, skip: 1, action: { kind: 'status', when: 'before', status: 409 } });
    kafkaSays(world, (name, { first }) => {
      if (world.patches.at(-1) === 'first') return name === 'second' ? 'accepted' : 'rejected';
      return name === 'first' && first === 1 ? 'accepted' : 'rejected';
    });
    expect(await world.step('setSecret')).toBeUndefined();
    expect(world.lines.at(-1)?.fields).toMatchObject({ outcome: 'applied', login: { outcome: 'accepted' } });
    const after = world.calls.slice(world.calls.findLastIndex(({ operation }) => operation === OPERATION) + 1);
    expect(after.filter(({ to }) => to === 'kafka').map(({ what }) => what)).toEqual(['first', 'second']);
  });

  it.each([
    ['refused', 409, 'rejected'],
    ['confirmed', undefined, 'accepted'],
  ] as const)('that was %s, with neither password proven, is not over', async (_, status, late) => {
    const world = rotating();
    await world.step('createSecret');
    if (status) world.fault({ ...PATCH, skip: 1, action: { kind: 'status', when: 'before', status } });
    kafkaSays(world, (name, { first }) => {
      if (world.patches.at(-1) === 'first') return name === 'second' ? late : 'rejected';
      return name === 'first' && first === 1 ? 'accepted' : 'rejected';
    });
    expect(await world.step('setSecret')).toBe('ROLLBACK_UNPROVEN');
    expect(lastError(world)).toMatchObject({ changed: 'yes', retryable: true });
    expect(String(lastError(world))).toMatch(status ? /Streamkap/ : /the old password is rejected/);
  });

  it('that was confirmed is waited for', async () => {
    const world = rotating();
    await world.step('createSecret');
    spoilt(world);
    world.fault({ ...PATCH, skip: 1, action: { kind: 'propagation', delayMs: 30_000 } });
    expect(await world.step('setSecret')).toBe('ROLLED_BACK');
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: false });
    expect(world.patches).toEqual(['second', 'first']);
  });

  it('that was done by an attempt that died after it is only noted down', async () => {
    const world = await diedOnTheWayBack('after');
    expect(await world.step('setSecret')).toBe('ROLLED_BACK');
    expect(world.patches).toEqual([]);
    expect(world.labels).toEqual({ first: ['AWSCURRENT', 'KEYRING_UNSENT'], second: ['KEYRING_ROLLED_BACK'] });
  });

  it.each([
    ['unknown', 'rejected', 'ROLLBACK_UNPROVEN', 2],
    ['rejected', 'unknown', 'ROLLBACK_UNPROVEN', 2],
  ] as const)('is not gone on with where the old password is %s and the new one %s', async (old, next, code, logins) => {
    const world = await diedOnTheWayBack();
    kafkaSays(world, (name) => (name === 'first' ? old : next));
    expect(await world.step('setSecret')).toBe(code);
    expect(world.logins).toHaveLength(logins);
    expect(world.patches).toEqual([]);
  });

  it('is waited for when it may be on its way', async () => {
    const world = await diedOnTheWayBack();
    kafkaSays(world, (name, { first }) => (name === 'first' && first > 2 ? 'accepted' : 'rejected'));
    expect(await world.step('setSecret')).toBe('ROLLED_BACK');
    expect(world.patches).toEqual([]);
  });

  it('ends forward where the new password works after the wait', async () => {
    const world = await diedOnTheWayBack();
    kafkaSays(world, (name, { second }) => (name === 'second' && second > 1 ? 'accepted' : 'rejected'));
    expect(await world.step('setSecret')).toBeUndefined();
    expect(world.lines.at(-1)?.fields).toMatchObject({ outcome: 'in-force', login: { outcome: 'accepted' } });
    expect(world.patches).toEqual([]);
  });

  it('is not made again where Kafka cannot be asked after the wait', async () => {
    const world = await diedOnTheWayBack();
    kafkaSays(world, (name, { first }) => (name === 'first' && first > 1 ? 'unknown' : 'rejected'));
    expect(await world.step('setSecret')).toBe('ROLLBACK_UNPROVEN');
    expect(world.patches).toEqual([]);
  });
});
