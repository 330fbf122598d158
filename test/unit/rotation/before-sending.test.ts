import { describe, expect, it } from 'vitest';
import {
  died,
  drifted,
  FAREWELL_MS,
  kafkaSays,
  LEAST_MS,
  label,
  lastError,
  OPERATION,
  type Tried,
} from './scripted-logins.ts';
import { rotating, SECRET, versionId } from './world.ts';

describe('setSecret, before anything was sent', () => {
  it('finds the new password in force: two logins, and no call of Streamkap', async () => {
    const world = await died('after');
    expect(await world.step('setSecret')).toBeUndefined();
    expect(world.logins).toEqual(['first', 'second']);
    expect(world.calls.some(({ to }) => to === 'streamkap')).toBe(false);
    expect(world.lines.at(-1)?.fields).toMatchObject({ outcome: 'in-force', login: { outcome: 'accepted' } });
  });

  it.each([
    ['unknown', 'rejected'],
    ['rejected', 'unknown'],
  ] as const)('with the old password %s and the new one %s, stops at once and concludes nothing', async (old, next) => {
    const world = await drifted({ environment: { ON_DRIFT: 'heal' } });
    kafkaSays(world, (name) => (name === 'first' ? old : next));
    expect(await world.step('setSecret')).toBe('LOGIN_UNKNOWN');
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: true });
    expect(world.logins).toEqual(['first', 'second']);
    expect(world.calls.some(({ to }) => to === 'streamkap')).toBe(false);
  });

  it('refuses a pending password that is the current one', async () => {
    const world = rotating();
    world.secrets.call('PutSecretValue', {
      ...{ SecretId: SECRET, ClientRequestToken: versionId('second'), SecretString: world.secrets.valueOf(SECRET) },
      VersionStages: ['AWSPENDING', 'KEYRING_MADE', 'KEYRING_UNSENT'],
    });
    expect(await world.step('setSecret')).toBe('PENDING_IS_CURRENT');
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: false });
    expect(world.patches).toEqual([]);
  });

  it('refuses a pending value that createSecret did not make', async () => {
    const world = rotating();
    const file = JSON.parse(world.secrets.valueOf(SECRET) ?? '') as { kafka: object };
    const SecretString = JSON.stringify({ ...file, kafka: { ...file.kafka, password: 'Planted!Pass0000' } });
    world.secrets.call('PutSecretValue', {
      ...{ SecretId: SECRET, ClientRequestToken: versionId('second'), VersionStages: ['AWSPENDING'], SecretString },
    });
    expect(await world.step('setSecret')).toBe('PENDING_FOREIGN');
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: false });
    expect(String(lastError(world))).toContain(`--remove-from-version-id ${versionId('second')}`);
    expect(world.patches).toEqual([]);
  });

  it.each([
    [LEAST_MS, undefined, ['second']],
    [LEAST_MS - 1, 'OUT_OF_TIME', []],
  ])('F22: with %i ms left, ends with %s', async (left, code, patches) => {
    const world = rotating();
    await world.step('createSecret');
    world.remainingMs = left + FAREWELL_MS;
    expect(await world.step('setSecret')).toBe(code);
    expect(world.patches).toEqual(patches);
    // The right to send is not taken without the time to use it.
    if (code) expect(world.labels.second).toEqual(['AWSPENDING', 'KEYRING_UNSENT']);
  });

  it.each([
    [LEAST_MS, undefined],
    [LEAST_MS - 1, 'OUT_OF_TIME'],
  ])('F22: with %i ms left after the last look at the stored value, ends with %s', async (left, code) => {
    const world = rotating();
    await world.step('createSecret');
    const end = world.now + world.remainingMs - FAREWELL_MS;
    let claimed = false;
    world.observe = ({ operation, what }, moment) => {
      if (what === 'KEYRING_UNSENT') claimed = true;
      if (claimed && operation === 'GetSecretValue' && moment === 'after') world.now = end - left;
      return undefined;
    };
    expect(await world.step('setSecret')).toBe(code);
    expect(world.patches).toEqual(code ? [] : ['second']);
  });
});

describe('setSecret, when an earlier attempt may have sent the password', () => {
  it('sends it again when it did not arrive and nobody else took the turn', async () => {
    const world = await died('before');
    const startedAt = world.now;
    expect(await world.step('setSecret')).toBeUndefined();
    expect(world.patches).toEqual(['second']);
    expect(world.now - startedAt).toBeGreaterThan(100_000);
    expect(world.now - startedAt).toBeLessThanOrEqual(120_000);
  });

  it('waits for it no longer than half of its time', async () => {
    const world = await died('before');
    world.remainingMs = 61_000;
    const end = world.now + world.remainingMs;
    let at = 0;
    world.observe = ({ operation }) => {
      if (operation === OPERATION) at ||= world.now;
      return undefined;
    };
    expect(await world.step('setSecret')).toBeUndefined();
    expect(end - at).toBeGreaterThanOrEqual(30_000);
    expect(end - at).toBeLessThan(40_000);
  });

  it.each([
    ['is unknown after the wait', (name: string) => (name === 'second' ? 'unknown' : 'accepted'), 'LOGIN_UNKNOWN'],
    [
      'leaves the old one unknown',
      (name: string, { first }: Tried) => (name === 'second' ? 'rejected' : first > 1 ? 'unknown' : 'accepted'),
      'LOGIN_UNKNOWN',
    ],
    [
      'ends the old one while it is asked',
      (name: string, { first }: Tried) => (name === 'second' || first > 1 ? 'rejected' : 'accepted'),
      'LOGIN_UNSETTLED',
    ],
  ] as const)('a password that %s is not sent again', async (_, say, code) => {
    const world = await died('before');
    kafkaSays(world, say);
    expect(await world.step('setSecret')).toBe(code);
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: true });
    expect(world.patches).toEqual([]);
  });

  it('does not send it when another attempt took the turn meanwhile', async () => {
    const world = await died('before');
    kafkaSays(world, (name, { second }) => {
      if (name === 'second' && second === 1) label(world, 'KEYRING_TURN', 'second');
      return 'truth';
    });
    expect(await world.step('setSecret')).toBe('ANOTHER_ATTEMPT');
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: true });
    expect(world.patches).toEqual([]);
  });

  it('takes the turn from whatever version had it, and gives it up where its own had it', async () => {
    const world = await died('before');
    label(world, 'KEYRING_TURN', 'first');
    expect(await world.step('setSecret')).toBeUndefined();
    expect(world.labels.second).toContain('KEYRING_TURN');
    const again = await died('before');
    label(again, 'KEYRING_TURN', 'second');
    expect(await again.step('setSecret')).toBeUndefined();
    expect(JSON.stringify(again.labels)).not.toContain('KEYRING_TURN');
  });

  it('does not send it when the answer to taking the turn was lost', async () => {
    const world = await died('before');
    world.observe = ({ what }, moment) => (what === 'KEYRING_TURN' && moment === 'after' ? 'lose' : undefined);
    expect(await world.step('setSecret')).toBe('AWS_UNREACHABLE');
    expect(world.patches).toEqual([]);
  });

  it('does not send it when another attempt is taking the change back', async () => {
    const world = await died('before');
    kafkaSays(world, (name, { second }) => {
      if (name === 'second' && second === 1) label(world, 'KEYRING_ROLLED_BACK', 'second');
      return 'truth';
    });
    expect(await world.step('setSecret')).toBe('ROLLBACK_UNPROVEN');
    expect(lastError(world)).toMatchObject({ changed: 'yes', retryable: true });
    expect(world.patches).toEqual([]);
  });

  it('has nothing to do when another attempt finished the rotation meanwhile', async () => {
    const world = await died('before');
    kafkaSays(world, (name, { second }) => {
      if (name === 'second' && second === 1) label(world, 'AWSCURRENT', 'second', 'first');
      return 'truth';
    });
    expect(await world.step('setSecret')).toBeUndefined();
    expect(world.lines.at(-1)?.fields.outcome).toBe('already-current');
    expect(world.patches).toEqual([]);
  });
});
