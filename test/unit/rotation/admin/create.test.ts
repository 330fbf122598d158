import { describe, expect, it } from 'vitest';
import { AdminWorld, DELETE, FIRST, idOf, LIST, POST, SECRET, STEPS, TOKEN, WHOAMI } from './world.ts';

function rotating(options: ConstructorParameters<typeof AdminWorld>[0] = {}): AdminWorld {
  const world = new AdminWorld(options);
  world.begin('second');
  return world;
}

const MADE = [
  ...['DescribeSecret', 'GetSecretValue', 'GetSecretValue'],
  ...[TOKEN, WHOAMI, LIST, POST],
  'PutSecretValue',
];

describe('createSecret', () => {
  it('makes a credential with the roles and service of the current one, marked, and stores it as pending', async () => {
    const world = rotating();
    expect(await world.step('createSecret', 'second')).toBeUndefined();
    expect(world.takeCalls()).toEqual(MADE);
    const [first, made, ...more] = world.streamkap.clientCredentials;
    expect(more).toEqual([]);
    expect(made).toMatchObject({ serviceId: first?.serviceId, roleIds: first?.roleIds, permissionIds: [] });
    expect(made?.description).toMatch(
      new RegExp(`^The credential that manages the others \\[keyring:${idOf('second')}:[0-9a-f]{12}-n\\d+\\]$`),
    );
    expect(world.labels).toMatchObject({ first: ['AWSCURRENT'], second: expect.arrayContaining(['AWSPENDING']) });
    expect(world.stored({ name: 'second' })).toEqual({ clientId: made?.clientId, clientSecret: made?.secret });
    expect(world.stored({ name: 'first' })).toEqual(FIRST);
  });

  it('called again after it stored one, makes no other', async () => {
    const world = rotating();
    await world.steps('second', 'createSecret', 'createSecret', 'createSecret');
    expect(world.count(POST)).toBe(1);
    expect(world.count('PutSecretValue')).toBe(1);
    expect(world.live).toHaveLength(2);
  });

  it('puts the marker in place of the one that the current credential has', async () => {
    const world = new AdminWorld();
    await world.rotate('second');
    world.begin('third');
    await world.step('createSecret', 'third');
    const made = world.streamkap.clientCredentials.at(-1)?.description ?? '';
    expect(made).toContain(`[keyring:${idOf('third')}:`);
    expect(made).not.toContain(idOf('second'));
  });

  it('whose creation was not answered says that one may exist, and the retry makes another and deletes nothing', async () => {
    const world = rotating();
    world.fault({ service: 'streamkap', operation: POST, action: { kind: 'drop', when: 'after' } });
    expect(await world.step('createSecret', 'second')).toBe('ANSWER_LOST');
    expect(world.errors[0]).toMatchObject({ changed: 'unknown', retryable: true });
    expect(world.count('PutSecretValue')).toBe(0);
    expect(await world.step('createSecret', 'second')).toBeUndefined();
    expect(world.live).toHaveLength(3);
    expect(world.count(DELETE)).toBe(0);
  });

  it('that lost the race for the pending version deletes its own credential and no other', async () => {
    const world = rotating();
    world.seed({
      clientId: 'old-orphan',
      description: `x [keyring:${idOf('second')}:abc]`,
      createdAt: '2020-01-01T00:00:00Z',
    });
    let other: Promise<string | undefined> | undefined;
    world.turn = async (call) => {
      if (call.operation !== 'PutSecretValue' || call.invocation !== 1) return;
      other = world.step('createSecret', 'second');
      await other;
    };
    expect(await world.step('createSecret', 'second')).toBeUndefined();
    expect(await other).toBeUndefined();
    expect(world.count(POST)).toBe(2);
    expect(world.count(DELETE)).toBe(1);
    expect(world.live).toEqual([FIRST.clientId, 'old-orphan', world.idUnder({ name: 'second' })]);
    expect(world.works({ name: 'second' })).toBe(true);
  });

  it('that lost the race and cannot delete its own is done all the same, and says which is left', async () => {
    const world = rotating();
    world.fault({ service: 'streamkap', operation: DELETE, action: { kind: 'drop', when: 'before' } });
    world.turn = async (call) => {
      if (call.operation === 'PutSecretValue' && call.invocation === 1) await world.step('createSecret', 'second');
    };
    expect(await world.step('createSecret', 'second')).toBeUndefined();
    expect(world.live).toHaveLength(3);
    const [warning] = world.lines.filter(({ level }) => level === 'warn');
    expect(warning?.fields).toMatchObject({ error_code: 'STREAMKAP_UNREACHABLE', client_id: expect.any(String) });
    expect(world.works({ name: 'second' })).toBe(true);
  });

  it('whose Put was not answered finds its value stored, and deletes nothing', async () => {
    const world = rotating();
    world.observe = (call, moment) => (call.operation === 'PutSecretValue' && moment === 'after' ? 'lose' : undefined);
    expect(await world.step('createSecret', 'second')).toBeUndefined();
    expect(world.count(DELETE)).toBe(0);
    expect(world.works({ name: 'second' })).toBe(true);
  });

  it('waits when Streamkap asks to come back later, within its time', async () => {
    const world = rotating();
    const action = { kind: 'status', when: 'before', status: 429, headers: { 'retry-after': '5' } } as const;
    world.fault({ service: 'streamkap', operation: POST, times: 2, action });
    const before = world.now;
    expect(await world.step('createSecret', 'second')).toBeUndefined();
    expect(world.now - before).toBe(10_000);
    expect(world.count(POST)).toBe(3);
    expect(world.live).toHaveLength(2);
  });

  it('asked to come back later than its time allows, makes none', async () => {
    const world = rotating({ remainingMs: 20_000 });
    const action = { kind: 'status', when: 'before', status: 429, headers: { 'retry-after': '60' } } as const;
    world.fault({ service: 'streamkap', operation: POST, action });
    expect(await world.step('createSecret', 'second')).toBe('STREAMKAP_BUSY');
    expect(world.count(POST)).toBe(1);
    expect(world.live).toEqual([FIRST.clientId]);
  });

  it('gives up on a slow creation while there is time left to store what it gave', async () => {
    const world = rotating({ remainingMs: 20_000 });
    const before = world.now;
    world.observe = ({ operation }, moment) => (operation === POST && moment === 'after' ? 'hang' : undefined);
    expect(await world.step('createSecret', 'second')).toBe('ANSWER_LOST');
    expect(world.now - before).toBe(20_000 - 1_000 - 3_000);
  });

  it('with no time left to store what it would make, makes none', async () => {
    const world = rotating({ remainingMs: 5_000 });
    expect(await world.step('createSecret', 'second')).toBe('OUT_OF_TIME');
    expect(world.count(POST)).toBe(0);
  });
});

describe('a credential that cannot be rotated is named, and none is made', () => {
  it('because a project key owns it', async () => {
    const world = rotating();
    world.edit(([first]) => {
      if (first) first.projectKeyId = 'key-1';
    });
    expect(await world.step('createSecret', 'second')).toBe('ADMIN_CREDENTIAL_OWNED');
    expect(world.errors[0]).toMatchObject({
      changed: 'no',
      retryable: false,
      message: expect.stringContaining(FIRST.clientId),
    });
    expect(world.count(POST)).toBe(0);
  });

  it('because Streamkap says that one owns it (409)', async () => {
    const world = rotating();
    const action = { kind: 'status', when: 'before', status: 409 } as const;
    world.fault({ service: 'streamkap', operation: POST, action });
    expect(await world.step('createSecret', 'second')).toBe('ADMIN_CREDENTIAL_OWNED');
    expect(world.live).toEqual([FIRST.clientId]);
  });

  it('because it was made from permissions', async () => {
    const world = rotating();
    const permissionIds = [...(world.streamkap.settings.roles[0]?.permissions ?? [])];
    world.edit(([first]) => {
      if (first) Object.assign(first, { roleIds: [], permissionIds });
    });
    expect(await world.step('createSecret', 'second')).toBe('ADMIN_CREDENTIAL_WITHOUT_ROLES');
    expect(world.count(POST)).toBe(0);
  });

  it('because Streamkap does not list it', async () => {
    const world = rotating();
    const action = { kind: 'status', when: 'after', status: 200, body: '[]' } as const;
    world.fault({ service: 'streamkap', operation: LIST, action });
    expect(await world.step('createSecret', 'second')).toBe('ADMIN_CREDENTIAL_NOT_LISTED');
    expect(world.count(POST)).toBe(0);
  });

  it('because it may not manage client credentials', async () => {
    const world = rotating();
    world.edit(([first]) => {
      if (first)
        first.roleIds = world.streamkap.settings.roles.filter(({ key }) => key === 'data-admin').map(({ id }) => id);
    });
    expect(await world.step('createSecret', 'second')).toBe('ADMIN_CREDENTIAL_REFUSED');
    expect(world.live).toEqual([FIRST.clientId]);
  });

  it('because it was deleted, after the secret was read once more', async () => {
    const world = rotating();
    world.remove(FIRST.clientId);
    expect(await world.step('createSecret', 'second')).toBe('ADMIN_CREDENTIAL_REFUSED');
    expect(world.takeCalls()).toEqual(['DescribeSecret', 'GetSecretValue', 'GetSecretValue', TOKEN, 'GetSecretValue']);
  });
});

describe('an answer that is not what was asked for', () => {
  const answered = (facts: object) => (world: AdminWorld) => {
    const body = JSON.stringify({ client_id: 'new-id', secret: 'new-secret-0123456789', roles: [], ...facts });
    const action = { kind: 'status', when: 'before', status: 201, body } as const;
    world.fault({ service: 'streamkap', operation: POST, action });
  };

  it.each([
    ['other roles', answered({ roles: [{ id: 'other' }] }), 'ADMIN_CREDENTIAL_DIFFERS'],
    ['another service', answered({ service_id: 'other' }), 'ADMIN_CREDENTIAL_DIFFERS'],
    ['no secret', answered({ secret: undefined }), 'STREAMKAP_UNEXPECTED_ANSWER'],
  ])('(%s) is not stored', async (_what, arrange, code) => {
    const world = rotating();
    arrange(world);
    expect(await world.step('createSecret', 'second')).toBe(code);
    expect(world.errors[0]).not.toMatchObject({ changed: 'no' });
    expect(world.count('PutSecretValue')).toBe(0);
    expect(JSON.stringify([world.lines, String(world.errors[0])])).not.toContain('new-secret');
  });
});

describe('the value keeps its shape', () => {
  const file = (api: object) => ({
    ...{ type: 'streamkap_project_key', project_key_id: 'k-1', project: { service_id: 's-1', name: 'p', extra: 1 } },
    ...{ api, kafka: null, vendor_note: { kept: true } },
  });
  const api = (pair: { client_id: string; client_secret: string }) => ({
    ...{ ...pair, token_endpoint: 'https://api.streamkap.test/auth/access-token' },
    ...{ api_url: 'https://api.streamkap.test', roles: ['Admin'], note: 7 },
  });
  const pair = { client_id: FIRST.clientId, client_secret: FIRST.clientSecret };

  it.each([
    ['a pair', { ...pair, note: { kept: true } }, (next: typeof pair) => ({ ...next, note: { kept: true } })],
    ['a credential file', file(api(pair)), (next: typeof pair) => file(api(next))],
  ])('%s, as JSON and as base64 of it', async (_what, value, expected) => {
    for (const encoding of ['utf8', 'base64'] as const) {
      const world = new AdminWorld({ value: Buffer.from(JSON.stringify(value)).toString(encoding) });
      expect(await world.rotate('second')).toMatchObject({ outcome: 'succeeded' });
      const next = world.stored({ stage: 'AWSCURRENT' });
      const wanted = expected({ client_id: next?.clientId ?? '', client_secret: next?.clientSecret ?? '' });
      expect(world.secrets.valueOf(SECRET)).toBe(Buffer.from(JSON.stringify(wanted)).toString(encoding));
      expect(next).not.toEqual(FIRST);
    }
  });

  it.each([
    ['is empty of credentials', { note: 1 }, 'CURRENT_UNREADABLE'],
    ['names another host', file({ ...api(pair), token_endpoint: 'https://evil.example/token' }), 'CURRENT_UNREADABLE'],
    ['is an intent', { ...pair, type: 'streamkap_keyring_intent' }, 'NOT_PROVISIONED'],
  ])('a value that %s is refused before Streamkap is called', async (_what, value, code) => {
    const world = rotating({ value: JSON.stringify(value) });
    expect(await world.step('createSecret', 'second')).toBe(code);
    expect(world.count(TOKEN)).toBe(0);
    expect(String(world.errors[0])).not.toContain(FIRST.clientSecret);
  });
});

describe('the wrong secret is refused before anything is called', () => {
  it('when STREAMKAP_ADMIN_SECRET_ID names another', async () => {
    const world = rotating({ environment: { STREAMKAP_ADMIN_SECRET_ID: 'streamkap/other' } });
    expect(await world.steps('second', ...STEPS)).toEqual(STEPS.map(() => 'WRONG_SECRET'));
    expect(world.calls).toEqual([]);
  });

  it('but not when it names this one by ARN, with or without the suffix', async () => {
    const { arn } = new AdminWorld();
    for (const id of [arn, arn.slice(0, -7)]) {
      const world = rotating({ environment: { STREAMKAP_ADMIN_SECRET_ID: id } });
      expect(await world.step('createSecret', 'second')).toBeUndefined();
    }
  });

  it('when its tag says another strategy', async () => {
    const world = rotating();
    world.secrets.call('TagResource', { SecretId: SECRET, Tags: [{ Key: 'streamkap:strategy', Value: 'single' }] });
    expect(await world.step('createSecret', 'second')).toBe('WRONG_STRATEGY');
    expect(world.count(POST)).toBe(0);
  });
});
