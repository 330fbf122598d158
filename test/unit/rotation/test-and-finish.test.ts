import { describe, expect, it } from 'vitest';
import { FIRST, rotating, SECRET, UNKNOWN, versionId, World } from './world.ts';

const kafkaDown = (world: World) => {
  world.login = () => UNKNOWN;
};

describe('testSecret', () => {
  it('F11: a network failure is no verdict: nothing is taken back, and the retry ends well with one change', async () => {
    const world = rotating();
    await world.steps('createSecret', 'setSecret');
    kafkaDown(world);
    expect(await world.step('testSecret')).toBe('LOGIN_UNKNOWN');
    world.login = undefined;
    expect(await world.steps('createSecret', 'setSecret', 'testSecret', 'finishSecret')).toEqual(
      Array(4).fill(undefined),
    );
    expect(world.patches).toEqual(['second']);
  });

  it('called before setSecret, fails and changes nothing', async () => {
    const world = rotating();
    await world.step('createSecret');
    expect(await world.step('testSecret')).toBe('NEVER_SET');
    expect(world.calls.every(({ to }) => to === 'aws')).toBe(true);
    expect(world.labels).toEqual({ first: ['AWSCURRENT'], second: ['AWSPENDING', 'KEYRING_UNSENT'] });
  });

  it.each([
    'copy',
    'empty',
  ] as const)('F20: at deploy time, with %s as its version, passes and changes nothing', async (testVersion) => {
    const world = new World({ testVersion });
    world.provision();
    const before = world.streamkap.snapshot();
    world.begin('second', false);
    expect(await world.driver.runToEnd()).toMatchObject([{ outcome: 'test-succeeded' }]);
    expect(world.calls.some(({ to, operation }) => to === 'streamkap' || /^(Put|Update)/.test(operation))).toBe(false);
    expect(world.logins).toEqual(['first']);
    expect(world.streamkap.snapshot()).toBe(before);
    expect(world.labels).toEqual({ first: ['AWSCURRENT'] });
  });

  it.each([
    'copy',
    'empty',
  ] as const)('F20: at deploy time, with %s as its version, fails when the current password does not work', async (testVersion) => {
    const world = new World({ testVersion });
    world.provision();
    world.changeBehindOurBack('Behind!Our0Back0000');
    world.begin('second', false);
    expect(await world.driver.runToEnd()).toMatchObject([
      { outcome: 'test-failed', error: { code: 'CURRENT_REJECTED' } },
    ]);
    expect(world.logins).toHaveLength(1);
  });

  it('F20: at deploy time, on a secret without a value, says how to provision it', async () => {
    const world = new World({ testVersion: 'empty' });
    world.secrets.call('CreateSecret', { Name: SECRET, ClientRequestToken: versionId('first') });
    world.begin('second', false);
    expect(await world.driver.runToEnd()).toMatchObject([
      { outcome: 'test-failed', error: { code: 'NOT_PROVISIONED' } },
    ]);
  });

  it.each([
    [2, undefined],
    [9, 'LOGIN_REJECTED'],
  ])('F24: a read that misses the value %s times is made again, a bounded number of times', async (times, code) => {
    const world = rotating();
    await world.steps('createSecret');
    world.fault({
      ...{ service: 'secretsmanager', operation: 'GetSecretValue', skip: 2, times },
      action: { kind: 'status', when: 'before', status: 400, code: 'ResourceNotFoundException' },
    });
    expect(await world.step('setSecret')).toBe(times === 2 ? undefined : 'PENDING_MISSING');
    expect(world.patches).toHaveLength(times === 2 ? 1 : 0);
    world.log.clearFaults();
    expect(await world.step('testSecret')).toBe(code);
  });
});

describe('finishSecret', () => {
  it('F16: replayed, is a no-op', async () => {
    const world = rotating();
    await world.steps('createSecret', 'setSecret', 'testSecret', 'finishSecret');
    const labels = world.labels;
    world.calls.length = 0;
    expect(await world.steps('finishSecret', 'createSecret', 'setSecret', 'testSecret')).toEqual(
      Array(4).fill(undefined),
    );
    expect(world.labels).toEqual(labels);
    expect(world.calls.every(({ to, operation }) => to === 'aws' && /^(Describe|Get)/.test(operation))).toBe(true);
  });

  it('F17: a move whose answer was lost is looked at, not forced', async () => {
    const world = rotating();
    await world.steps('createSecret', 'setSecret', 'testSecret');
    world.fault({
      service: 'secretsmanager',
      operation: 'UpdateSecretVersionStage',
      action: { kind: 'drop', when: 'after' },
    });
    expect(await world.step('finishSecret')).toBeUndefined();
    const moves = world.calls.filter(({ operation }) => operation === 'UpdateSecretVersionStage');
    expect(moves.map(({ what }) => what)).toEqual(['KEYRING_UNSENT', 'AWSCURRENT']);
    expect(world.labels.second).toContain('AWSCURRENT');
  });

  it('F17: when AWSCURRENT was moved by somebody else in between, nothing is forced', async () => {
    const world = rotating();
    await world.steps('createSecret', 'setSecret', 'testSecret');
    world.observe = ({ operation }, moment) => {
      if (operation === 'UpdateSecretVersionStage' && moment === 'before') world.putByHand('Manual!Password0000');
      return undefined;
    };
    expect(await world.step('finishSecret')).toBe('CURRENT_MOVED');
    expect(world.labels.manual).toEqual(['AWSCURRENT']);
  });

  it('before setSecret, moves nothing, in whatever process it runs', async () => {
    const world = rotating();
    await world.step('createSecret');
    expect(await world.step('finishSecret')).toBe('NEVER_SET');
    expect(world.labels).toEqual({ first: ['AWSCURRENT'], second: ['AWSPENDING', 'KEYRING_UNSENT'] });
    expect(world.calls.every(({ to }) => to === 'aws')).toBe(true);
  });

  it('after a setSecret that failed, moves nothing, in whatever process it runs', async () => {
    for (const warm of [true, false]) {
      const world = rotating({ warm });
      const operation = 'PATCH /project-keys/{id}';
      world.fault({ service: 'streamkap', operation, action: { kind: 'status', when: 'before', status: 503 } });
      expect(await world.steps('createSecret', 'setSecret', 'finishSecret')).toEqual([
        undefined,
        'ANSWER_LOST',
        'NEVER_SET',
      ]);
      expect(world.labels).toEqual({ first: ['AWSCURRENT'], second: ['AWSPENDING'] });
      expect(await world.steps('createSecret', 'setSecret', 'finishSecret')).toEqual([undefined, undefined, undefined]);
    }
  });

  it.each([
    ['the same key', {}],
    ['another key', { project_key_id: 'another' }],
  ])('never makes a value current that somebody else put under AWSPENDING, of %s', async (_, change) => {
    const world = rotating();
    const value = JSON.parse(world.secrets.valueOf(SECRET) ?? '') as { kafka: object };
    const SecretString = JSON.stringify({
      ...value,
      ...change,
      kafka: { ...value.kafka, password: 'Planted!Pass0000' },
    });
    world.secrets.call('PutSecretValue', {
      ...{ SecretId: SECRET, ClientRequestToken: versionId('second'), VersionStages: ['AWSPENDING'], SecretString },
    });
    expect(await world.steps('finishSecret', 'createSecret', 'finishSecret')).toEqual([
      'NEVER_SET',
      undefined,
      'NEVER_SET',
    ]);
    expect(world.labels).toEqual({ first: ['AWSCURRENT'], second: ['AWSPENDING'] });
    expect(world.patches).toEqual([]);
  });

  it('with rotation switched off meanwhile, moves the label only to a value that works', async () => {
    const world = rotating();
    await world.steps('createSecret', 'setSecret');
    world.secrets.call('CancelRotateSecret', { SecretId: SECRET });
    world.changeBehindOurBack('Behind!Our0Back0000');
    expect(await world.step('finishSecret')).toBe('ROTATION_DISABLED');
    expect(world.labels.first).toContain('AWSCURRENT');
    world.changeBehindOurBack(world.passwordUnder({ token: 'second' }) ?? '');
    expect(await world.step('finishSecret')).toBeUndefined();
    expect(world.labels.second).toContain('AWSCURRENT');
  });

  it('F29: looks once at the old password, after the move, and a failure of that fails nothing', async () => {
    const world = rotating();
    await world.steps('createSecret', 'setSecret', 'testSecret');
    world.calls.length = 0;
    kafkaDown(world);
    expect(await world.step('finishSecret')).toBeUndefined();
    expect(world.calls.map(({ operation }) => operation)).toEqual([
      'DescribeSecret',
      'UpdateSecretVersionStage',
      'GetSecretValue',
      'login',
    ]);
    expect(world.lines.at(-1)?.fields).toMatchObject({ outgoing_login: { outcome: 'unknown' } });
  });

  it('an intent under AWSPREVIOUS, left by provisioning, disturbs nothing', async () => {
    const world = new World();
    world.provision();
    const file = world.secrets.valueOf(SECRET) ?? '';
    const put = (name: string, SecretString: string) =>
      world.secrets.call('PutSecretValue', { SecretId: SECRET, ClientRequestToken: versionId(name), SecretString });
    put('manual', JSON.stringify({ type: 'streamkap_keyring_intent' }));
    put('third', file);
    world.changeBehindOurBack('Behind!Our0Back0000');
    world.begin();
    expect(await world.steps('createSecret', 'setSecret')).toEqual([undefined, 'DRIFT']);
    world.changeBehindOurBack(FIRST);
    expect(await world.steps('setSecret', 'testSecret', 'finishSecret')).toEqual(Array(3).fill(undefined));
  });
});

describe('F18: a value put by hand in the middle of a rotation', () => {
  it.each([
    'createSecret',
    'setSecret',
    'testSecret',
    'finishSecret',
  ] as const)('stops %s without a change', async (step) => {
    const world = rotating();
    await world.step('createSecret');
    world.putByHand(FIRST);
    expect(await world.step(step)).toBe('ROTATION_ABANDONED');
    expect(world.patches).toEqual([]);
    expect(world.labels).toMatchObject({ manual: ['AWSCURRENT'] });
    expect(world.labels.second ?? ['KEYRING_UNSENT']).toEqual(['KEYRING_UNSENT']);
    if (step !== 'setSecret') expect(world.logins).toEqual([]);
  });

  it.each([
    'createSecret',
    'testSecret',
    'finishSecret',
  ] as const)('after the change: %s keeps the live password stored, and says so', async (step) => {
    const world = rotating();
    await world.steps('createSecret', 'setSecret');
    world.putByHand('Manual!Password0000');
    expect(await world.step(step)).toBe('ROTATION_ABANDONED');
    expect(world.labels.second).toEqual(['KEYRING_LIVE']);
    expect(world.labels.manual).toEqual(['AWSCURRENT']);
    expect(world.lines.map(({ fields }) => fields.signal)).toContain('live-without-label');
    expect(world.patches).toEqual(['second']);
  });
});
