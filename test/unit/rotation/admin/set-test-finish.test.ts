import { describe, expect, it } from 'vitest';
import { AdminWorld, DELETE, FIRST, idOf, LIST, POST, SECRET, STEPS, TOKEN, WHOAMI } from './world.ts';

const OTHER_SERVICE = { serviceId: 'another-service' } as const;

async function made(options: ConstructorParameters<typeof AdminWorld>[0] = {}): Promise<AdminWorld> {
  const world = new AdminWorld(options);
  world.begin('second');
  await world.step('createSecret', 'second');
  world.takeCalls();
  return world;
}

describe('setSecret', () => {
  it('sends nothing: it finds that the new credential works, for the same tenant and service', async () => {
    const world = await made();
    const before = world.streamkap.snapshot();
    expect(await world.step('setSecret', 'second')).toBeUndefined();
    const calls = world.takeCalls();
    expect(calls.slice(0, 2)).toEqual(['GetSecretValue', 'GetSecretValue']);
    expect(calls.filter((call) => call.includes('/auth'))).toEqual([TOKEN, WHOAMI, TOKEN, WHOAMI]);
    expect(world.streamkap.snapshot()).toBe(before);
    expect(world.lines.at(-1)?.fields).toMatchObject({ outcome: 'in-force', login: { outcome: 'accepted' } });
  });

  it('names a pending credential that Streamkap does not list any more, with the command that clears it', async () => {
    const world = await made();
    world.remove(world.idUnder({ name: 'second' }));
    expect(await world.step('setSecret', 'second')).toBe('PENDING_UNUSABLE');
    expect(world.errors.at(-1)).toMatchObject({
      retryable: false,
      changed: 'no',
      message: expect.stringContaining(`--version-stage AWSPENDING --remove-from-version-id ${idOf('second')}`),
    });
    expect(world.takeCalls()).toEqual(['GetSecretValue', 'GetSecretValue', TOKEN, TOKEN, LIST]);
    expect(world.works({ stage: 'AWSCURRENT' })).toBe(true);
  });

  it('goes on after that label was cleared, with a new token', async () => {
    const world = await made({ driver: { maxSequences: 2 } });
    world.remove(world.idUnder({ name: 'second' }));
    expect(await world.driver.runToEnd()).toMatchObject([{ outcome: 'failed' }]);
    expect(world.count(POST)).toBe(0);
    const facts = { SecretId: SECRET, VersionStage: 'AWSPENDING', RemoveFromVersionId: idOf('second') };
    world.secrets.call('UpdateSecretVersionStage', facts);
    expect(await world.rotate('third')).toMatchObject({ outcome: 'succeeded' });
    expect(world.works({ stage: 'AWSCURRENT' })).toBe(true);
    expect(world.live).toEqual([FIRST.clientId, world.idUnder({ name: 'third' })]);
  });

  it('waits for a credential that is listed and not accepted everywhere yet', async () => {
    const world = await made();
    const action = { kind: 'status', when: 'before', status: 401 } as const;
    world.fault({ service: 'streamkap', operation: TOKEN, times: 1, action });
    world.fault({ service: 'streamkap', operation: TOKEN, skip: 1, times: 2, action });
    expect(await world.step('setSecret', 'second')).toBeUndefined();
    expect(world.now).toBeGreaterThan(Date.parse('2026-01-01T00:00:00Z'));
  });

  it('fails, to be tried again, when a listed one stays refused', async () => {
    const world = await made();
    world.edit((credentials) => {
      const second = credentials.at(-1);
      if (second) second.secret = 'changed in the console 0123456789';
    });
    expect(await world.step('setSecret', 'second')).toBe('LOGIN_REJECTED');
    expect(world.count(DELETE)).toBe(0);
  });

  it.each([
    ['no answer', { kind: 'drop', when: 'before' }],
    ['an error of its own', { kind: 'status', when: 'before', status: 500 }],
  ] as const)('concludes nothing from Streamkap giving %s', async (_what, action) => {
    const world = await made();
    world.fault({ service: 'streamkap', operation: TOKEN, times: 10, action });
    expect(await world.step('setSecret', 'second')).toBe('LOGIN_UNKNOWN');
    expect(world.errors.at(-1)).toMatchObject({ changed: 'no', retryable: true });
    expect(world.count(LIST)).toBe(0);
  });

  it('refuses a pending credential of another service', async () => {
    const world = await made();
    world.edit((credentials) => {
      const second = credentials.at(-1);
      if (second) Object.assign(second, OTHER_SERVICE);
    });
    expect(await world.step('setSecret', 'second')).toBe('PENDING_MISMATCH');
    expect(await world.step('testSecret', 'second')).not.toBeUndefined();
    expect(world.labels.first).toEqual(['AWSCURRENT']);
  });
});

describe('with a current credential that was deleted behind our back', () => {
  it('the new one is not made current: nothing tells that it is for the same tenant', async () => {
    const world = await made();
    world.remove(FIRST.clientId);
    expect(await world.steps('second', 'setSecret', 'testSecret', 'finishSecret')).not.toContain(undefined);
    expect(world.errors[0]).toMatchObject({ code: 'CURRENT_REJECTED', retryable: false, changed: 'no' });
    expect(world.labels.first).toEqual(['AWSCURRENT']);
    expect(world.works({ name: 'second' })).toBe(true);
  });

  it('nothing is concluded when Streamkap only fails to say whose it is', async () => {
    const world = await made();
    world.fault({
      service: 'streamkap',
      operation: TOKEN,
      skip: 1,
      action: { kind: 'status', when: 'before', status: 500 },
    });
    expect(await world.step('setSecret', 'second')).toBe('LOGIN_UNKNOWN');
  });
});

describe('testSecret', () => {
  it('proves the new credential by a token and by whose it is, and changes nothing', async () => {
    const world = await made();
    await world.step('setSecret', 'second');
    world.takeCalls();
    expect(await world.step('testSecret', 'second')).toBeUndefined();
    const calls = world.takeCalls();
    expect(calls).toEqual(['GetSecretValue', TOKEN, WHOAMI, 'GetSecretValue', TOKEN, WHOAMI]);
  });

  it('at deploy time passes with a copy of the current value, and with none, and changes nothing', async () => {
    for (const testVersion of ['copy', 'empty'] as const) {
      const world = new AdminWorld({ testVersion });
      const before = world.streamkap.snapshot();
      world.begin('second', false);
      expect(await world.driver.runToEnd()).toMatchObject([{ outcome: 'test-succeeded' }]);
      expect(world.streamkap.snapshot()).toBe(before);
      expect(
        world.calls.filter(({ operation }) => /^(POST \/auth\/client|PATCH|DELETE|Put|Update)/.test(operation)),
      ).toEqual([]);
      expect(world.calls.filter(({ to }) => to === 'streamkap').map(({ operation }) => operation)).toEqual([
        TOKEN,
        WHOAMI,
      ]);
      expect(world.labels).toEqual({ first: ['AWSCURRENT'] });
    }
  });

  it('at deploy time says that the current credential is refused', async () => {
    for (const testVersion of ['copy', 'empty'] as const) {
      const world = new AdminWorld({ testVersion });
      world.remove(FIRST.clientId);
      world.begin('second', false);
      await world.driver.runToEnd();
      expect(world.errors).toMatchObject([{ code: 'CURRENT_REJECTED', changed: 'no' }]);
    }
  });

  it('fails when the credential was deleted since it was set, and setSecret then says so', async () => {
    const world = await made();
    await world.step('setSecret', 'second');
    world.remove(world.idUnder({ name: 'second' }));
    expect(await world.step('testSecret', 'second')).toBe('LOGIN_REJECTED');
    expect(await world.steps('second', 'createSecret', 'setSecret')).toEqual([undefined, 'PENDING_UNUSABLE']);
    expect(world.count(POST)).toBe(0);
    expect(world.labels.first).toContain('AWSCURRENT');
  });
});

describe('finishSecret', () => {
  it('makes the new credential current; the old one stays valid', async () => {
    const world = await made();
    await world.steps('second', 'setSecret', 'testSecret');
    expect(await world.step('finishSecret', 'second')).toBeUndefined();
    expect(world.labels).toMatchObject({
      first: expect.arrayContaining(['AWSPREVIOUS']),
      second: expect.arrayContaining(['AWSCURRENT']),
    });
    expect(world.works({ stage: 'AWSCURRENT' })).toBe(true);
    expect(world.works({ stage: 'AWSPREVIOUS' })).toBe(true);
    expect(world.count(DELETE)).toBe(0);
    expect(world.lines.at(-1)?.fields).toMatchObject({ outcome: 'moved', outgoing_login: { outcome: 'accepted' } });
  });

  it('replayed, and every other step after it, changes nothing', async () => {
    const world = await made();
    await world.steps('second', 'setSecret', 'testSecret', 'finishSecret');
    const [before, labels] = [world.streamkap.snapshot(), world.labels];
    world.takeCalls();
    expect(await world.steps('second', ...STEPS, 'finishSecret')).toEqual([...STEPS, 1].map(() => undefined));
    expect(world.streamkap.snapshot()).toBe(before);
    expect(world.labels).toEqual(labels);
    expect(
      world.calls.filter(({ operation }) => /^(POST \/auth\/client|PATCH|DELETE|Put|Update)/.test(operation)),
    ).toEqual([]);
  });

  it('is done although nothing could be cleaned up, and says so', async () => {
    const world = await made();
    await world.steps('second', 'setSecret', 'testSecret');
    world.fault({ service: 'streamkap', operation: LIST, times: 99, action: { kind: 'drop', when: 'before' } });
    expect(await world.step('finishSecret', 'second')).toBeUndefined();
    expect(world.labels.second).toContain('AWSCURRENT');
    expect(world.lines.filter(({ level }) => level === 'warn')).toMatchObject([
      { fields: { error_code: 'STREAMKAP_UNREACHABLE' } },
    ]);
  });
});

describe('a caller that does not keep to the order', () => {
  it('cannot finish what was never made or set', async () => {
    const world = new AdminWorld();
    world.begin('second');
    expect(await world.step('finishSecret', 'second')).not.toBeUndefined();
    await world.step('createSecret', 'second');
    expect(await world.step('finishSecret', 'second')).not.toBeUndefined();
    expect(world.labels.first).toEqual(['AWSCURRENT']);
  });

  it('cannot do anything with a token of its own', async () => {
    const world = await made();
    expect(await world.steps('fifth', ...STEPS)).toEqual([
      'TOKEN_UNKNOWN',
      'TOKEN_UNKNOWN',
      'TOKEN_UNKNOWN',
      'TOKEN_UNKNOWN',
    ]);
    expect(world.count(POST)).toBe(0);
  });

  const api = { token_endpoint: 'https://api.streamkap.test/auth/access-token', api_url: 'https://api.streamkap.test' };
  const file = (facts: object) => ({ project_key_id: 'k-1', project: { service_id: 's-1' }, kafka: null, ...facts });
  const pair = { client_id: 'planted', client_secret: 'planted-secret-0123456789' };
  const first = { client_id: FIRST.clientId, client_secret: FIRST.clientSecret };
  const current = file({ api: { ...api, ...first } });

  it.each([
    ['that nobody made', pair, pair, 'PENDING_UNUSABLE'],
    ['of another shape', first, file({ api: { ...api, ...pair } }), 'PENDING_MISMATCH'],
    ['of another key', current, file({ project_key_id: 'k-2', api: { ...api, ...pair } }), 'PENDING_MISMATCH'],
    [
      'of another project',
      current,
      file({ project: { service_id: 's-2' }, api: { ...api, ...pair } }),
      'PENDING_MISMATCH',
    ],
    ['for another path', current, file({ api: { ...api, ...pair, api_url: `${api.api_url}/x` } }), 'PENDING_MISMATCH'],
    [
      'for another host',
      current,
      file({ api: { ...api, ...pair, api_url: 'https://evil.example' } }),
      'PENDING_UNREADABLE',
    ],
    ['that is none', first, { type: 'streamkap_project_key' }, 'PENDING_UNREADABLE'],
    ['that is the current one', first, { ...first, note: 1 }, 'PENDING_IS_CURRENT'],
  ])('a planted value %s is refused, and nothing is sent to where it points', async (_what, stored, planted, code) => {
    const world = new AdminWorld({ value: JSON.stringify(stored === pair ? first : stored) });
    world.begin('second');
    const { RotationToken } = world.driver.eventFor({ arn: world.arn, token: idOf('second') }, 'createSecret');
    world.secrets.call('PutSecretValue', {
      ...{ SecretId: SECRET, ClientRequestToken: idOf('second'), SecretString: JSON.stringify(planted) },
      ...{ VersionStages: ['AWSPENDING'], RotationToken },
    });
    const codes = await world.steps('second', 'createSecret', 'setSecret');
    // Refused as no rotation's, before it is looked into, or for what is in it.
    expect(codes.filter((it) => it !== code && it !== 'PENDING_FOREIGN')).toEqual([undefined]);
    expect(world.labels.first).toEqual(['AWSCURRENT']);
    expect(world.count(POST) + world.count(DELETE)).toBe(0);
    if (code !== 'PENDING_UNUSABLE') expect(world.count(TOKEN)).toBe(0);
  });
});
