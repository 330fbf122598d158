import { describe, expect, it } from 'vitest';
import { SecretStoreError } from '../../../core/errors.ts';
import { asRotationError } from '../../../core/rotation/errors.ts';
import type { RotationStep } from '../../sandbox/secrets-manager/rotation-events.ts';
import { died, diedOnTheWayBack, kafkaSays, label, lastError, PATCH } from './scripted-logins.ts';
import { FIRST, rotating, SECRET, UNKNOWN, versionId, World } from './world.ts';

const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
const changes = (world: World) =>
  world.calls.filter(({ operation }) => /^(Put|Update|Tag|PATCH|POST \/project|DELETE)/.test(operation));
const putPending = (world: World, SecretString: string, VersionStages = ['AWSPENDING', 'KEYRING_MADE']) =>
  world.secrets.call('PutSecretValue', {
    ...{ SecretId: SECRET, ClientRequestToken: versionId('second'), SecretString, VersionStages },
  });
const currentFile = (world: World) =>
  JSON.parse(world.secrets.valueOf(SECRET) ?? '') as { readonly kafka: { readonly password: string } };
const reads = (world: World) => world.calls.filter(({ operation }) => operation === 'GetSecretValue');
/** Secrets Manager does not find a version that is there, so often. */
const missReads = (world: World, skip: number, times = 9) =>
  world.fault({
    ...{ service: 'secretsmanager', operation: 'GetSecretValue', skip, times },
    action: { kind: 'status', when: 'before', status: 400, code: 'ResourceNotFoundException' },
  });

describe('a secret that was deleted in the middle of a rotation', () => {
  it.each(STEPS)('is named by %s, and nothing is changed', async (step) => {
    const world = rotating();
    if (step !== 'createSecret') await world.step('createSecret');
    const event = world.driver.eventFor({ arn: world.arn, token: versionId('second') }, step);
    world.secrets.call('DeleteSecret', { SecretId: SECRET, ForceDeleteWithoutRecovery: true });
    world.calls.length = 0;
    await expect(world.invoke(event)).rejects.toMatchObject({
      ...{ code: 'SECRET_NOT_FOUND', changed: 'no', retryable: false },
      message: expect.stringContaining(event.SecretId),
    });
    expect(changes(world)).toEqual([]);
    expect(world.logins).toEqual([]);
  });
});

describe('a version that is AWSPENDING and AWSPREVIOUS', () => {
  it.each(STEPS)('is refused by %s: a password that was in use before would come back', async (step) => {
    const world = rotating();
    await world.steps('createSecret', 'setSecret');
    label(world, 'AWSPREVIOUS', 'second');
    world.calls.length = 0;
    expect(await world.step(step)).toBe('PENDING_IS_PREVIOUS');
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: false });
    expect(String(lastError(world))).toContain(`--remove-from-version-id ${versionId('second')}`);
    expect(changes(world)).toEqual([]);
  });
});

describe('a secret that is tagged for another strategy after createSecret', () => {
  it.each(['createSecret', 'finishSecret'] as const)('is refused by %s', async (step) => {
    const world = rotating();
    await world.steps('createSecret', 'setSecret', 'testSecret');
    world.secrets.call('TagResource', { SecretId: SECRET, Tags: [{ Key: 'streamkap:strategy', Value: 'admin' }] });
    world.calls.length = 0;
    expect(await world.step(step)).toBe('WRONG_STRATEGY');
    expect(String(lastError(world))).toMatch(/the strategy admin.*by single/);
    expect(changes(world)).toEqual([]);
    expect(world.labels.first).toContain('AWSCURRENT');
  });

  it('is refused by the test at deploy time', async () => {
    const world = new World({ testVersion: 'empty' });
    world.provision();
    world.secrets.call('TagResource', { SecretId: SECRET, Tags: [{ Key: 'streamkap:strategy', Value: 'admin' }] });
    world.begin('second', false);
    expect(await world.driver.runToEnd()).toMatchObject([{ error: { code: 'WRONG_STRATEGY' } }]);
    expect(world.logins).toEqual([]);
  });
});

describe('finishSecret', () => {
  it('on a secret that was never provisioned says how to do it', async () => {
    const world = new World();
    world.secrets.call('CreateSecret', { Name: SECRET, ClientRequestToken: versionId('first') });
    world.begin();
    expect(await world.step('finishSecret')).toBe('NOT_PROVISIONED');
    expect(String(lastError(world))).toMatch(/no value yet/);
  });

  it('never makes a planted value current, though the rotation before had vouched for its own', async () => {
    const world = rotating();
    await world.steps('createSecret', 'setSecret');
    world.secrets.call('UpdateSecretVersionStage', {
      ...{ SecretId: SECRET, VersionStage: 'AWSPENDING', RemoveFromVersionId: versionId('second') },
    });
    world.begin('third');
    const { kafka, ...file } = currentFile(world);
    world.secrets.call('PutSecretValue', {
      ...{ SecretId: SECRET, ClientRequestToken: versionId('third'), VersionStages: ['AWSPENDING'] },
      SecretString: JSON.stringify({ ...file, kafka: { ...kafka, password: 'Planted!Pass0000' } }),
    });
    expect(await world.step('finishSecret', 'third')).toBe('NEVER_SET');
    expect(world.labels.first).toContain('AWSCURRENT');
  });

  it('with rotation switched off, makes nothing current that it cannot read', async () => {
    const world = rotating();
    putPending(world, 'Hidden!Value00001');
    label(world, 'KEYRING_UNSENT', 'first');
    world.secrets.call('CancelRotateSecret', { SecretId: SECRET });
    expect(await world.step('finishSecret')).toBe('PENDING_UNREADABLE');
    expect(String(lastError(world))).toContain('the pending value');
    expect(world.labels.first).toContain('AWSCURRENT');
  });

  it('and every step after it, repeated, says that the rotation is done', async () => {
    const world = rotating();
    await world.driver.runToEnd();
    for (const step of STEPS) {
      await world.step(step);
      expect(world.lines.at(-1)?.fields).toMatchObject({ step, outcome: 'already-current' });
    }
  });

  it('says nothing of a consumer gap that began in another process', async () => {
    const world = rotating();
    await world.driver.runToEnd();
    expect(world.lines.at(-1)?.fields).not.toHaveProperty('consumer_gap_ms');
  });

  it.each([
    ['refused', 'LOGIN_REJECTED'],
    ['not to be asked', 'LOGIN_UNKNOWN'],
    ['accepted', undefined],
  ] as const)('of a password that was being taken back, with Kafka saying it is %s: %s', async (says, code) => {
    const world = await diedOnTheWayBack();
    const outcome = { refused: 'rejected', 'not to be asked': 'unknown', accepted: 'accepted' } as const;
    kafkaSays(world, (name) => (name === 'second' ? outcome[says] : 'truth'));
    const startedAt = world.now;
    expect(await world.step('finishSecret')).toBe(code);
    expect(world.labels[code ? 'first' : 'second']).toContain('AWSCURRENT');
    // One look, whatever it shows: who waits is setSecret.
    expect(world.logins.filter((name) => name === 'second')).toHaveLength(1);
    expect(world.now).toBe(startedAt);
    if (code) expect(lastError(world)).toMatchObject({ changed: 'no', retryable: true });
  });

  it('with rotation switched off, asks once and says that it is off when the password does not work', async () => {
    const world = rotating();
    await world.steps('createSecret', 'setSecret');
    world.secrets.call('CancelRotateSecret', { SecretId: SECRET });
    world.login = () => UNKNOWN;
    world.calls.length = 0;
    const startedAt = world.now;
    expect(await world.step('finishSecret')).toBe('ROTATION_DISABLED');
    expect(world.logins).toEqual(['second']);
    expect(world.now).toBe(startedAt);
  });
});

describe('testSecret', () => {
  it('waits for a password that is slow to reach the brokers', async () => {
    const world = rotating();
    await world.steps('createSecret', 'setSecret');
    kafkaSays(world, (name, { second }) => (name === 'second' && second <= 3 ? 'rejected' : 'truth'));
    const startedAt = world.now;
    expect(await world.step('testSecret')).toBeUndefined();
    expect(world.lines.at(-1)?.fields).toMatchObject({ outcome: 'proven', login: { outcome: 'accepted' } });
    expect(world.now).toBeGreaterThan(startedAt);
    expect(world.patches).toEqual(['second']);
  });

  it('waits for one that stays refused as long as a change may take, and takes nothing back', async () => {
    const world = rotating({ environment: { PROPAGATION_TIMEOUT_SECONDS: '30' } });
    await world.steps('createSecret', 'setSecret');
    kafkaSays(world, (name) => (name === 'second' ? 'rejected' : 'truth'));
    const startedAt = world.now;
    expect(await world.step('testSecret')).toBe('LOGIN_REJECTED');
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: true });
    expect(world.now - startedAt).toBeGreaterThan(20_000);
    expect(world.now - startedAt).toBeLessThanOrEqual(30_000);
    expect(world.patches).toEqual(['second']);
  });

  it.each([
    ['another password', 'Planted!Pass0000'],
    ['the same password', FIRST],
  ])('names a refused pending value that is of another key, with %s', async (_, password) => {
    const world = rotating();
    const file = currentFile(world);
    putPending(world, JSON.stringify({ ...file, project_key_id: 'another', kafka: { ...file.kafka, password } }));
    world.changeBehindOurBack('Behind!Our0Back0000');
    expect(await world.step('testSecret')).toBe('PENDING_MISMATCH');
    expect(world.labels.first).toContain('AWSCURRENT');
  });

  it('gives a login no more time than the step has left', async () => {
    const world = rotating();
    await world.steps('createSecret', 'setSecret');
    const times: number[] = [];
    world.login = ({ timeoutMs }) => {
      times.push(timeoutMs);
      return undefined;
    };
    for (const left of [4_000, 60_000]) {
      world.remainingMs = left;
      await world.step('testSecret');
    }
    expect(times).toEqual([3_000, 10_000]);
  });

  it('at the end of a rotation whose value cannot be read back yet, finds it done by its label', async () => {
    const world = rotating();
    await world.driver.runToEnd();
    world.calls.length = 0;
    missReads(world, 0);
    expect(await world.step('testSecret')).toBeUndefined();
    expect(world.lines.at(-1)?.fields).toMatchObject({ outcome: 'already-current' });
    expect(world.logins).toEqual([]);
    expect(reads(world)).toHaveLength(4);
  });
});

describe('F24: a value that cannot be read back', () => {
  it('is looked for four times, with growing pauses, before createSecret that lost the race gives up', async () => {
    const world = rotating();
    world.observe = ({ operation }, moment) => {
      if (operation === 'PutSecretValue' && moment === 'before') {
        putPending(world, JSON.stringify({ ...currentFile(world), winner: true }));
        missReads(world, 0);
      }
      return undefined;
    };
    const startedAt = world.now;
    expect(await world.step('createSecret')).toBe('PENDING_MISSING');
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: true });
    expect(String(lastError(world))).toContain(versionId('second'));
    expect(reads(world)).toHaveLength(1 + 4);
    expect(world.now - startedAt).toBeGreaterThan(100);
    expect(world.now - startedAt).toBeLessThanOrEqual(100 + 200 + 400);
  });

  it('when it is the one to be put back, nothing is put back', async () => {
    const world = rotating();
    await world.step('createSecret');
    world.observe = ({ operation, what }, moment) => {
      if (operation.startsWith('PATCH') && moment === 'after') world.users.set('orders', 'Spoilt!Password0000');
      if (what === 'KEYRING_ROLLED_BACK' && moment === 'after') missReads(world, 0);
      return undefined;
    };
    expect(await world.step('setSecret')).toBe('CURRENT_MOVED');
    expect(world.patches).toEqual(['second']);
  });
});

describe('F18: what becomes of the password of a rotation that was stopped', () => {
  const stopped = async (...steps: RotationStep[]) => {
    const world = rotating();
    for (const step of steps) await world.step(step);
    world.putByHand('Manual!Password0000');
    world.calls.length = 0;
    return world;
  };
  const said = (world: World) => String(lastError(world));

  it('which was never sent: nothing, and Kafka is not asked', async () => {
    const world = await stopped('createSecret');
    expect(await world.step('testSecret')).toBe('ROTATION_ABANDONED');
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: false });
    expect(said(world)).not.toContain('KEYRING_LIVE');
    expect(said(world)).toContain('Nothing to do');
    expect(world.calls.map(({ operation }) => operation)).toEqual(['GetSecretValue']);
  });

  it('which never got through: nothing, after one login and no waiting', async () => {
    const world = await stopped('createSecret', 'setSecret');
    world.changeBehindOurBack('Manual!Password0000');
    const startedAt = world.now;
    expect(await world.step('finishSecret')).toBe('ROTATION_ABANDONED');
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: false });
    expect(said(world)).not.toContain('KEYRING_LIVE');
    expect(world.logins).toEqual(['second']);
    expect(world.now).toBe(startedAt);
    expect(changes(world)).toEqual([]);
  });

  it('which is live: it is labelled, and the operator is told that consumers are locked out', async () => {
    const world = await stopped('createSecret', 'setSecret');
    expect(await world.step('finishSecret')).toBe('ROTATION_ABANDONED');
    expect(lastError(world)).toMatchObject({ changed: 'yes', retryable: false });
    expect(said(world)).toContain('labelled KEYRING_LIVE');
    expect(said(world)).toContain('Kafka refuses the current value');
  });

  it('which somebody made current under another version: no loss, so no label', async () => {
    const world = rotating();
    await world.steps('createSecret', 'setSecret');
    world.putByHand(world.passwordUnder({ token: 'second' }) ?? '');
    world.calls.length = 0;
    expect(await world.step('finishSecret')).toBe('ROTATION_ABANDONED');
    expect(said(world)).not.toContain('KEYRING_LIVE');
    expect(world.logins).toEqual([]);
    expect(changes(world)).toEqual([]);
  });

  it('which was never made: the token is unknown, and nothing is changed', async () => {
    const world = await stopped();
    for (const step of STEPS) {
      if (step === 'setSecret') continue;
      expect(await world.step(step)).toBe('TOKEN_UNKNOWN');
    }
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: false });
    expect(changes(world)).toEqual([]);
  });

  it.each([
    ['cannot be read', 'fail', 'AWS_UNREACHABLE'],
    ['is refused to be read', undefined, 'ROTATION_ABANDONED'],
  ] as const)('while the current value %s', async (_, mishap, code) => {
    const world = await stopped('createSecret', 'setSecret');
    if (mishap) {
      world.observe = ({ operation, what }, moment) =>
        operation === 'GetSecretValue' && what === 'AWSCURRENT' && moment === 'before' ? mishap : undefined;
    } else {
      putPendingGarbage(world);
    }
    expect(await world.step('testSecret')).toBe(code);
    expect(world.logins).toEqual([]);
    expect(changes(world)).toEqual([]);
    expect(lastError(world)).toMatchObject({ changed: mishap ? 'no' : 'unknown' });
    expect(said(world)).not.toContain('labelled KEYRING_LIVE');
  });
});

/** The stopped version turns out to hold no credential at all. */
function putPendingGarbage(world: World): void {
  const value = world.secrets.valueOf(SECRET, { versionId: versionId('second') });
  world.secrets.restore(world.secrets.snapshot().replaceAll(JSON.stringify(value), '"garbage"'));
}

describe('setSecret', () => {
  it('of a key that was deleted between the look and the change, names it, and sends nothing more', async () => {
    const world = rotating();
    world.fault({ ...PATCH, times: 9, action: { kind: 'status', when: 'before', status: 404 } });
    expect(await world.steps('createSecret', 'setSecret')).toEqual([undefined, 'PROJECT_KEY_NOT_FOUND']);
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: false });
    expect(world.patches).toEqual(['second']);
  });

  it.each([
    ['delete_failed', 'is delete_failed,'],
    ['being moved-2', 'is being moved-2,'],
    ['x'.repeat(40), `is ${'x'.repeat(40)},`],
    ['x'.repeat(41), 'is in an unknown state,'],
    ['', 'is in an unknown state,'],
    ['failed\nlevel=info forged', 'is in an unknown state,'],
    ['\nforged', 'is in an unknown state,'],
    ['forged\u0007', 'is in an unknown state,'],
  ])('shows the state %j of a key only where it is a word or two', async (status, shown) => {
    const world = rotating();
    await world.step('createSecret');
    const snapshot = JSON.parse(world.streamkap.snapshot()) as { keys: { status: string }[] };
    for (const key of snapshot.keys) key.status = status;
    world.streamkap.restore(JSON.stringify(snapshot));
    expect(await world.step('setSecret')).toBe('PROJECT_KEY_NOT_ACTIVE');
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: true });
    expect(String(lastError(world))).toContain(shown);
    expect(world.patches).toEqual([]);
  });

  it('killed after it claimed the right to send, leaves it to the retry to wait and to send', async () => {
    const world = await died('before');
    const startedAt = world.now;
    expect(await world.steps('createSecret', 'setSecret', 'testSecret', 'finishSecret')).toEqual(
      Array(4).fill(undefined),
    );
    expect(world.now).toBeGreaterThan(startedAt);
    expect(world.patches).toEqual(['second']);
    expect(world.accepted).toBe(world.passwordUnder({ stage: 'AWSCURRENT' }));
  });
});

describe('a failure that is not one of ours', () => {
  const named = (name: string) => Object.assign(new Error('kafka_password=Hidden!Value00001'), { name });

  it.each([
    [named('TypeError'), '(TypeError)'],
    [named('Hidden Value00001'), '(no error object)'],
    [named('Value 00001'), '(no error object)'],
    [named('00001 Value'), '(no error object)'],
    [named(''), '(no error object)'],
    ['Hidden!Value00001', '(no error object)'],
    [undefined, '(no error object)'],
  ])('%s is shown by its class at most, may be tried again, and nobody knows what it changed', (error, shown) => {
    const known = asRotationError(error);
    expect(known).toMatchObject({ code: 'INTERNAL', changed: 'unknown', retryable: true });
    expect(known.message).toContain(shown);
    expect(`${known.message} ${known.remedy}`).not.toContain('00001');
  });

  it('one of ours keeps what it says, whatever it was raised by', () => {
    const facts = { code: 'KMS_DENIED', message: 'm', changed: 'no', retryable: false, remedy: 'r', requestId: 'q' };
    expect(asRotationError(new SecretStoreError(facts as never))).toMatchObject({ ...facts, name: 'RotationError' });
  });
});
