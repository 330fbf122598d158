import { describe, expect, it } from 'vitest';
import { died, drifted, kafkaSays, label, lastError, type Tried } from './scripted-logins.ts';
import { FIRST, World } from './world.ts';

describe('setSecret, when neither password works', () => {
  it.each([
    [
      'the new one becomes unknown',
      (name: string, { second }: Tried) => (name === 'second' && second > 1 ? 'unknown' : 'rejected'),
      'LOGIN_UNKNOWN',
      'no',
    ],
    [
      'the old one becomes unknown',
      (name: string, { first }: Tried) => (name === 'first' && first > 1 ? 'unknown' : 'rejected'),
      'LOGIN_UNKNOWN',
      'no',
    ],
    [
      'the old one works again',
      (name: string, { first }: Tried) => (name === 'first' && first > 1 ? 'accepted' : 'rejected'),
      'LOGIN_UNSETTLED',
      'no',
    ],
    [
      'the new one is unknown at the last look',
      (name: string, { first }: Tried) => (name === 'second' && first > 1 ? 'unknown' : 'rejected'),
      'LOGIN_UNKNOWN',
      'unknown',
    ],
  ] as const)('and %s: it heals nothing', async (_, say, code, changed) => {
    const world = await drifted({ environment: { ON_DRIFT: 'heal' } });
    kafkaSays(world, say);
    expect(await world.step('setSecret')).toBe(code);
    expect(lastError(world)).toMatchObject({ changed, retryable: true });
    expect(world.patches).toEqual([]);
    expect(world.lines.some(({ fields }) => fields.signal === 'drift')).toBe(false);
  });

  it.each([
    [
      'while it waits',
      (name: string, { second }: Tried) => (name === 'second' && second > 2 ? 'accepted' : 'rejected'),
      1,
    ],
    [
      'at the last look',
      (name: string, { first }: Tried) => (name === 'second' && first > 1 ? 'accepted' : 'rejected'),
      2,
    ],
  ] as const)('and the new one does %s: it is done', async (_, say, firsts) => {
    const world = await drifted({ environment: { ON_DRIFT: 'heal' } });
    kafkaSays(world, say);
    expect(await world.step('setSecret')).toBeUndefined();
    expect(world.patches).toEqual([]);
    expect(world.logins.filter((name) => name === 'first')).toHaveLength(firsts);
    expect(world.lines.some(({ fields }) => fields.signal === 'drift')).toBe(false);
  });

  it('heals by an attempt that finds the right to send taken: it waits first, then sends once', async () => {
    const world = await died('before', { environment: { ON_DRIFT: 'heal' } });
    world.changeBehindOurBack('Behind!Our0Back0000');
    expect(await world.step('setSecret')).toBeUndefined();
    expect(world.patches).toEqual(['second']);
    expect(world.labels.second).toContain('KEYRING_TURN');
  });

  it('heals nothing that another attempt is taking back', async () => {
    const world = await drifted({ environment: { ON_DRIFT: 'heal' } });
    kafkaSays(world, (name, { first }) => {
      if (name === 'first' && first === 2) label(world, 'KEYRING_ROLLED_BACK', 'second');
      return 'truth';
    });
    expect(await world.step('setSecret')).toBe('ROLLBACK_UNPROVEN');
    expect(world.patches).toEqual([]);
  });

  it('leaves time for a change and its proof after waiting', async () => {
    const world = await drifted({ environment: { ON_DRIFT: 'heal' } });
    world.remainingMs = 60_000;
    expect(await world.step('setSecret')).toBeUndefined();
    expect(world.patches).toEqual(['second']);
  });

  it('does not try a previous password that is the current one', async () => {
    const world = new World();
    world.provision();
    world.putByHand(FIRST);
    world.begin();
    await world.step('createSecret');
    world.changeBehindOurBack('Behind!Our0Back0000');
    world.calls.length = 0;
    expect(await world.step('setSecret')).toBe('DRIFT');
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: false });
    expect(world.logins.filter((name) => name === 'first')).toHaveLength(2);
  });
});
