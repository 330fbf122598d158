import { describe, expect, it } from 'vitest';
import { FAREWELL_MS, lastError, PATCH } from '../scripted-logins.ts';
import { FIRST, SECRET, UNKNOWN, versionId } from '../world.ts';
import { type PairWorld, paired, STANDBY } from './pair-world.ts';

const HOUR_MS = 3_600_000;
/** A change is begun with this much left, and not with less; two logins prove it. */
const LEAST_MS = 10_000;
const HOURLY = { environment: { RETIRE_PREVIOUS_AFTER_HOURS: '24' } };
const changes = (world: PairWorld) =>
  world.calls.filter(({ operation }) => /^(Put|Update|PATCH|POST \/project)/.test(operation));
const patched = (world: PairWorld) => world.calls.filter(({ operation }) => operation.startsWith('PATCH'));
const said = (world: PairWorld) => String(lastError(world));

/** AWSPREVIOUS holds something else by now, and the standby secret the current key's file: the idle one's is stored nowhere. */
function loseIdleFile(world: PairWorld): void {
  world.putStandby(world.stored(SECRET), 'manual');
  world.secrets.call('UpdateSecretVersionStage', {
    ...{ SecretId: SECRET, VersionStage: 'AWSPREVIOUS', RemoveFromVersionId: versionId('first') },
  });
}

/** Something happens right after the new password was stored. */
function afterStoring(world: PairWorld, happens: () => void): void {
  let done = false;
  world.observe = ({ operation }, moment) => {
    if (!done && operation === 'PutSecretValue' && moment === 'after') {
      done = true;
      happens();
    }
    return undefined;
  };
}

describe('retiring the previous password takes its time into account', () => {
  it.each([
    [LEAST_MS, 1],
    [LEAST_MS - 1, 0],
  ])('with %i ms left: %i changes', async (left, sent) => {
    const world = await paired();
    world.remainingMs = left + FAREWELL_MS;
    const answer = await world.retire(SECRET);
    expect(patched(world)).toHaveLength(sent);
    if (sent > 0) expect(answer).toMatchObject({ outcome: 'retired' });
    else expect(answer).toBe('OUT_OF_TIME');
    expect(world.violations).toEqual([]);
  });

  it.each([
    [60_000, 1],
    [60_001, 0],
  ])('%i ms after it began, when a rotation could have looked and found nothing: %i changes', async (late, sent) => {
    const world = await paired();
    afterStoring(world, () => {
      world.now += late;
    });
    const answer = await world.retire(SECRET);
    expect(patched(world)).toHaveLength(sent);
    if (sent === 0) {
      expect(answer).toBe('OUT_OF_TIME');
      expect(lastError(world)).toMatchObject({ changed: 'no', retryable: true });
    }
  });

  it('gives a change that is not answered up early enough for the logins', async () => {
    const world = await paired();
    world.remainingMs = 20_000 + FAREWELL_MS;
    const end = world.now + 20_000;
    let loginAt = 0;
    world.observe = ({ operation }, moment) => {
      if (operation === 'login') loginAt ||= world.now;
      return operation.startsWith('PATCH') && moment === 'after' ? 'hang' : undefined;
    };
    expect(await world.retire(SECRET)).toMatchObject({ outcome: 'retired' });
    expect(loginAt).toBe(end - 8_000);
  });

  it('waits for the change to arrive, and keeps four seconds for a look at the old password', async () => {
    const world = await paired();
    world.fault({ ...PATCH, action: { kind: 'propagation', delayMs: 500_000 } });
    world.remainingMs = 30_000 + FAREWELL_MS;
    const startedAt = world.now;
    expect(await world.retire(SECRET)).toBe('RETIRE_UNPROVEN');
    expect(world.now - startedAt).toBeGreaterThan(18_000);
    expect(world.now - startedAt).toBeLessThanOrEqual(26_000);
    expect(said(world)).toContain('the new one is rejected');
  });
});

describe('retiring proves what it says', () => {
  it('that the password under AWSPREVIOUS is refused now, where finishSecret never put its file away', async () => {
    const world = await paired();
    world.putStandby(world.stored(SECRET), 'manual');
    expect(await world.retire(SECRET)).toMatchObject({ outcome: 'retired', outgoing_login: { outcome: 'rejected' } });
    expect(world.logins).toEqual(['standby', 'first']);
  });

  it('nothing of a password that nobody knows: the file is made again, and only the new one tried', async () => {
    const world = await paired();
    loseIdleFile(world);
    const answer = await world.retire(SECRET);
    expect(answer).toMatchObject({ outcome: 'retired' });
    expect(answer).not.toHaveProperty('outgoing_login');
    expect(world.logins).toEqual(['standby']);
    expect(world.users.passwordOf('orders')).toBe(world.standby?.password);
    expect(world.users.passwordOf('orders')).not.toBe(FIRST);
    expect(world.violations).toEqual([]);
  });

  it('nothing of an old password that is stored nowhere any more, when the call before did not get through', async () => {
    const world = await paired();
    world.fault({ ...PATCH, action: { kind: 'drop', when: 'before' } });
    expect(await world.retire(SECRET)).toBe('RETIRE_UNPROVEN');
    world.secrets.call('UpdateSecretVersionStage', {
      ...{ SecretId: SECRET, VersionStage: 'AWSPREVIOUS', RemoveFromVersionId: versionId('first') },
    });
    const answer = await world.retire(SECRET);
    expect(answer).toMatchObject({ outcome: 'retired' });
    expect(answer).not.toHaveProperty('outgoing_login');
    expect(world.users.passwordOf('orders')).toBe(world.standby?.password);
  });

  it('not that the old one is refused while Kafka still takes it', async () => {
    for (const outcome of ['accepted', 'unknown'] as const) {
      const world = await paired();
      world.login = () => (outcome === 'unknown' && world.logins.length > 1 ? UNKNOWN : ACCEPTED);
      expect(await world.retire(SECRET)).toBe('RETIRE_UNPROVEN');
      expect(lastError(world)).toMatchObject({ changed: 'unknown', retryable: true });
      expect(said(world)).toContain(`it is ${outcome}`);
    }
  });

  it('not that a change which Streamkap confirmed and did not make was made', async () => {
    const world = await paired();
    world.fault({ ...PATCH, action: { kind: 'status', when: 'before', status: 200 } });
    expect(await world.retire(SECRET)).toBe('RETIRE_UNPROVEN');
    expect(said(world)).toContain('the new one is rejected');
  });

  it.each([
    [400, 'STREAMKAP_REFUSED'],
    [403, 'ADMIN_CREDENTIAL_REFUSED'],
    [422, 'STREAMKAP_INVALID'],
    [429, 'STREAMKAP_BUSY'],
  ])('that nothing was changed where Streamkap refused with %i', async (status, code) => {
    const world = await paired();
    world.fault({ ...PATCH, times: 9, action: { kind: 'status', when: 'before', status } });
    const startedAt = world.now;
    expect(await world.retire(SECRET)).toBe(code);
    expect(lastError(world)).toMatchObject({ changed: 'no' });
    expect(world.logins).toEqual([]);
    expect(world.now).toBe(startedAt);
    expect(world.users.passwordOf('orders')).toBe(FIRST);
  });
});

const ACCEPTED = { outcome: 'accepted', broker: 'b:1', milliseconds: 1 } as const;

describe('retiring is refused', () => {
  it('for a secret whose value cannot be read, in words that say which one', async () => {
    const world = await paired();
    const put = { SecretId: SECRET, ClientRequestToken: versionId('manual'), SecretString: 'Hidden!Value00001' };
    world.secrets.call('PutSecretValue', put);
    expect(await world.retire(SECRET)).toBe('CURRENT_UNREADABLE');
    expect(said(world)).toContain('the current value');
    expect(changes(world)).toEqual([]);
  });

  it('for a secret without a strategy, and the message says both', async () => {
    const world = await paired();
    world.secrets.call('UntagResource', { SecretId: SECRET, TagKeys: ['streamkap:strategy'] });
    expect(await world.retire(SECRET)).toBe('WRONG_STRATEGY');
    expect(said(world)).toMatch(/strategy none, this function rotates by alternating/);
  });

  it('when the value was changed between the look at the labels and that at the value', async () => {
    const world = await paired();
    world.observe = ({ operation }, moment) => {
      if (operation === 'DescribeSecret' && moment === 'after') {
        world.observe = undefined;
        world.putByHand(world.current?.password ?? '');
      }
      return undefined;
    };
    expect(await world.retire(SECRET)).toBe('ROTATION_UNDER_WAY');
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: true });
    expect(changes(world)).toEqual([]);
  });

  it.each<[string, (world: PairWorld) => void]>([
    ['the current value is changed', (world) => world.putByHand(world.current?.password ?? '')],
    [
      'finishSecret of a rotation puts its file there',
      (world) => world.putStandby({ ...world.stored(STANDBY), note: 1 }, 'manual'),
    ],
    [
      'somebody puts the file of a third key there',
      (world) => {
        world.secrets.call('PutSecretValue', {
          ...{ SecretId: STANDBY, ClientRequestToken: `retired-${'0'.repeat(56)}` },
          SecretString: JSON.stringify({ ...world.stored(STANDBY), project_key_id: 'third' }),
        });
      },
    ],
    [
      'the standby secret is made anew, empty',
      (world) => {
        world.secrets.call('DeleteSecret', { SecretId: STANDBY, ForceDeleteWithoutRecovery: true });
        world.secrets.call('CreateSecret', { Name: STANDBY });
      },
    ],
  ])('right before it would send: %s', async (_, happens) => {
    const world = await paired();
    afterStoring(world, () => happens(world));
    expect(await world.retire(SECRET)).toBe('ROTATION_UNDER_WAY');
    expect(patched(world)).toEqual([]);
    expect(world.users.passwordOf('orders')).toBe(FIRST);
  });

  it('not because a rotation that was switched off is overdue, or because a finished one left no label', async () => {
    const world = await paired({ driver: { pendingAfterSuccess: 'removed' } });
    const RotationRules = { AutomaticallyAfterDays: 1 };
    world.secrets.call('RotateSecret', { SecretId: SECRET, RotationRules, ClientRequestToken: versionId('third') });
    await world.driver.runToEnd();
    expect(world.labels.third).toEqual(['AWSCURRENT']);
    world.now += 48 * HOUR_MS;
    world.secrets.call('CancelRotateSecret', { SecretId: SECRET });
    expect(await world.retire(SECRET)).toMatchObject({ outcome: 'retired' });
  });
});

describe('the move that makes the retired file the standby secret’s', () => {
  const MOVE = 'UpdateSecretVersionStage';

  it('whose answer was lost is looked at: where it was made, the password is sent', async () => {
    const world = await paired();
    world.observe = ({ operation }, moment) => (operation === MOVE && moment === 'after' ? 'lose' : undefined);
    expect(await world.retire(SECRET)).toMatchObject({ outcome: 'retired' });
    expect(world.users.passwordOf('orders')).toBe(world.standby?.password);
    expect(world.violations).toEqual([]);
  });

  it('that did not arrive keeps the password from being sent; the next call does it all', async () => {
    const world = await paired();
    world.observe = ({ operation }, moment) => (operation === MOVE && moment === 'before' ? 'lose' : undefined);
    expect(await world.retire(SECRET)).toBe('ROTATION_UNDER_WAY');
    expect(patched(world)).toEqual([]);
    expect(world.users.passwordOf('orders')).toBe(FIRST);
    world.observe = undefined;
    expect(await world.retire(SECRET)).toMatchObject({ outcome: 'retired' });
    expect(world.violations).toEqual([]);
  });

  it('that the role may not make is told as that, and nothing is sent', async () => {
    const world = await paired();
    const action = { kind: 'status', when: 'before', status: 400, code: 'AccessDeniedException' } as const;
    world.fault({ service: 'secretsmanager', operation: MOVE, times: 9, action });
    expect(await world.retire(SECRET)).toBe('AWS_ACCESS_DENIED');
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: false });
    expect(patched(world)).toEqual([]);
  });
});

describe('retiring more than once', () => {
  it('when the first call died before it sent: minutes later the password that was stored is sent, no other', async () => {
    const world = await paired();
    world.observe = ({ operation }, moment) =>
      operation.startsWith('PATCH') && moment === 'before' ? 'kill' : undefined;
    await world.retire(SECRET);
    world.observe = undefined;
    const stored = world.standby?.password;
    expect(stored).not.toBe(FIRST);
    world.now += 120_000;
    expect(await world.retire(SECRET)).toMatchObject({ outcome: 'retired' });
    expect(world.standby?.password).toBe(stored);
    expect(world.users.passwordOf('orders')).toBe(stored);
    expect(world.violations).toEqual([]);
  });

  it('when the first call died before its file was the current one: the password that it stored is the one, stored anew', async () => {
    const world = await paired();
    world.observe = ({ operation }, moment) =>
      operation === 'UpdateSecretVersionStage' && moment === 'before' ? 'kill' : undefined;
    await world.retire(SECRET);
    world.observe = undefined;
    const isRetired = ([, stages]: [string, readonly string[]]) => stages.includes('KEYRING_RETIRED');
    const holder = () => Object.entries(world.secrets.labels(STANDBY)).find(isRetired)?.[0] ?? '';
    const first = holder();
    world.now += 120_000;
    expect(await world.retire(SECRET)).toMatchObject({ outcome: 'retired' });
    expect(holder()).not.toBe(first);
    expect(world.standby?.password).toBe(world.stored(STANDBY, { versionId: first })?.kafka?.password);
    expect(world.users.passwordOf('orders')).toBe(world.standby?.password);
    expect(world.violations).toEqual([]);
  });

  it('after the file of the idle key was put back by hand: it is done again, under a version of its own', async () => {
    const world = await paired();
    expect(await world.retire(SECRET)).toMatchObject({ outcome: 'retired' });
    const first = world.standby?.password;
    world.putStandby({ ...world.stored(STANDBY), note: 'by hand' }, 'manual');
    expect(await world.retire(SECRET)).toMatchObject({ outcome: 'retired' });
    expect(world.standby?.password).not.toBe(first);
    expect(world.users.passwordOf('orders')).toBe(world.standby?.password);
    expect(world.violations).toEqual([]);
  });

  it('once after each rotation', async () => {
    const world = await paired();
    for (const name of ['third', 'fourth']) {
      expect(await world.retire(SECRET)).toMatchObject({ outcome: 'retired' });
      expect(await world.rotate(name)).toBe('succeeded');
    }
    expect(await world.retire(SECRET)).toMatchObject({ outcome: 'retired' });
    expect(world.violations).toEqual([]);
  });

  it('at once: one version is stored, and both send its password', async () => {
    const world = await paired();
    const versions = () =>
      (world.secrets.call('ListSecretVersionIds', { SecretId: STANDBY, IncludeDeprecated: true }).Versions as unknown[])
        .length;
    const before = versions();
    const sent = new Set<string | undefined>();
    world.observe = ({ operation }, moment) => {
      if (operation.startsWith('PATCH') && moment === 'after') sent.add(world.users.passwordOf('orders'));
      return undefined;
    };
    const retire = () => world.invoke({ action: 'retire', secretId: SECRET });
    await Promise.all([retire(), retire()]);
    expect(world.count('PutSecretValue')).toBe(2);
    expect(versions()).toBe(before + 1);
    expect([...sent]).toEqual([world.standby?.password]);
    expect(world.users.passwordOf('orders')).toBe(world.standby?.password);
    expect(world.violations).toEqual([]);
  });
});

describe('retiring every hour', () => {
  it.each([
    [30_000, { retired: 1, postponed: 0 }],
    [29_999, { retired: 0, postponed: 1 }],
  ])('with %i ms left for the next secret, does it or leaves it to the next call', async (left, answer) => {
    const world = await paired(HOURLY);
    world.now += 25 * HOUR_MS;
    world.remainingMs = left + FAREWELL_MS;
    expect(await world.retire()).toMatchObject({ outcome: 'done', failed: 0, ...answer });
    expect(patched(world)).toHaveLength(answer.retired);
  });

  it('passes over a secret whose second key is not born yet, and one that no function rotates, and wakes nobody', async () => {
    const world = await paired(HOURLY);
    const TagKeys = ['streamkap:project-key-id', 'streamkap:kafka-username'];
    world.secrets.call('UntagResource', { SecretId: SECRET, TagKeys });
    const Tags = [{ Key: 'streamkap:strategy', Value: 'alternating' }];
    world.secrets.call('CreateSecret', { Name: 'never-rotated', ClientRequestToken: versionId('other'), Tags });
    world.environment.AWS_LAMBDA_FUNCTION_NAME = 'rotate-password';
    world.lines.length = 0;
    expect(await world.retire()).toMatchObject({ secrets: 1, postponed: 1, failed: 0 });
    expect(world.lines.map(({ level }) => level)).toEqual(['info', 'info']);
    expect(world.lines[0]?.fields).toMatchObject({ secretId: world.arn, error_code: 'NO_PREVIOUS_KEY' });
  });
});

describe('retiring every hour leaves alone', () => {
  it('a second key that was born and never used', async () => {
    const world = await paired(HOURLY);
    const born = { ...world.stored(STANDBY) };
    world.secrets.call('PutSecretValue', {
      ...{ SecretId: STANDBY, ClientRequestToken: versionId('manual'), SecretString: JSON.stringify(born) },
      VersionStages: ['AWSCURRENT', 'KEYRING_CREATED'],
    });
    world.now += 100 * HOUR_MS;
    expect(await world.retire()).toMatchObject({ 'not-yet': 1, retired: 0 });
    expect(changes(world)).toEqual([]);
  });

  it('a file that it had to look for: how old its password is nobody knows', async () => {
    const world = await paired(HOURLY);
    world.putStandby(world.stored(SECRET), 'manual');
    world.now += 100 * HOUR_MS;
    expect(await world.retire()).toMatchObject({ 'not-yet': 1, retired: 0 });
    expect(patched(world)).toEqual([]);
  });

  it('a rotation that is due in less than an hour, not one that is due in exactly one', async () => {
    for (const [early, answer] of [
      [0, { retired: 1, postponed: 0 }],
      [1_000, { retired: 0, postponed: 1 }],
    ] as const) {
      const world = await paired({ environment: { RETIRE_PREVIOUS_AFTER_HOURS: '1' } });
      const RotationRules = { AutomaticallyAfterDays: 1 };
      world.secrets.call('RotateSecret', { SecretId: SECRET, RotationRules, ClientRequestToken: versionId('third') });
      await world.driver.runToEnd();
      const due = Number(world.secrets.call('DescribeSecret', { SecretId: SECRET }).NextRotationDate) * 1000;
      world.now = due - HOUR_MS + early;
      expect(await world.retire()).toMatchObject(answer);
    }
  });
});
