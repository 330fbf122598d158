import { describe, expect, it } from 'vitest';
import { parseAdminSecret, withCredential } from '../../../../core/rotation/admin/admin-secret.ts';
import { AdminWorld, DELETE, FIRST, HOST, idOf, LIST, POST, SECRET, TOKEN, WHOAMI } from './world.ts';

const FAREWELL_MS = 1_000;
const OTHER = { client_id: 'planted', client_secret: 'Hidden!Planted!0123456789' };
const OWN = { client_id: FIRST.clientId, client_secret: FIRST.clientSecret };
const API = { token_endpoint: `${HOST}/auth/access-token`, api_url: HOST };
const file = (facts: object) => ({ project_key_id: 'k-1', project: { service_id: 's-1' }, kafka: null, ...facts });

async function made(options: ConstructorParameters<typeof AdminWorld>[0] = {}): Promise<AdminWorld> {
  const world = new AdminWorld(options);
  world.begin('second');
  await world.step('createSecret', 'second');
  world.takeCalls();
  return world;
}
const rotating = (options: ConstructorParameters<typeof AdminWorld>[0] = {}) => {
  const world = new AdminWorld(options);
  world.begin('second');
  return world;
};
const lastError = (world: AdminWorld) => world.errors.at(-1);
const said = (world: AdminWorld) => String(lastError(world));
const warnings = (world: AdminWorld) => world.lines.filter(({ level }) => level === 'warn').map(({ fields }) => fields);
/** As createSecret would store it, so that nothing but what it holds speaks against it. */
function plant(world: AdminWorld, value: unknown): void {
  world.secrets.call('PutSecretValue', {
    ...{ SecretId: SECRET, ClientRequestToken: idOf('second') },
    SecretString: typeof value === 'string' ? value : JSON.stringify(value),
    VersionStages: ['AWSPENDING', 'KEYRING_MADE'],
  });
}
const dryRun = async (world: AdminWorld) =>
  (await world.send({ action: 'dry-run', secretId: SECRET })) as {
    readonly outcome: string;
    readonly wouldWrite: readonly string[];
    readonly wouldChange: readonly string[];
    readonly wouldDelete: readonly string[];
    readonly problems: readonly { code: string; message: string }[];
    readonly logins: Readonly<Record<string, { readonly outcome: string; readonly milliseconds: number }>>;
  };
const codesOf = ({ problems }: Awaited<ReturnType<typeof dryRun>>) => problems.map(({ code }) => code);
const refuse = (world: AdminWorld, operation: string, status: number, { skip = 0, times = 9 } = {}) =>
  world.fault({ service: 'streamkap', operation, skip, times, action: { kind: 'status', when: 'before', status } });

describe('a pending value that is not what the current one may be followed by', () => {
  const current = file({ api: { ...API, ...OWN } });

  it.each([
    ['of another shape', OWN, file({ api: { ...API, ...OTHER } }), 'PENDING_MISMATCH', 'shape'],
    [
      'of another key',
      current,
      file({ project_key_id: 'k-2', api: { ...API, ...OTHER } }),
      'PENDING_MISMATCH',
      'project_key_id',
    ],
    [
      'of another project',
      ...[
        current,
        file({ project: { service_id: 's-2' }, api: { ...API, ...OTHER } }),
        'PENDING_MISMATCH',
        'service_id',
      ],
    ],
    [
      'for another address',
      ...[current, file({ api: { ...API, ...OTHER, api_url: `${HOST}/x` } }), 'PENDING_MISMATCH', 'api_url'],
    ],
    [
      'for another token endpoint',
      ...[
        current,
        file({ api: { ...API, ...OTHER, token_endpoint: `${HOST}/x` } }),
        'PENDING_MISMATCH',
        'token_endpoint',
      ],
    ],
    ['that is the current one', OWN, { ...OWN, note: 1 }, 'PENDING_IS_CURRENT', 'nothing to change'],
    ['that holds no credential', OWN, { note: 'Hidden!Planted!0123456789' }, 'PENDING_UNREADABLE', 'the pending value'],
    ['that is no JSON', OWN, 'Hidden!Planted!0123456789', 'PENDING_UNREADABLE', 'the pending value'],
    ['that is a list', OWN, [OTHER], 'PENDING_UNREADABLE', 'the pending value'],
  ] as const)('%s, is refused by setSecret and by a dry run', async (_, stored, planted, code, why) => {
    const world = rotating({ value: JSON.stringify(stored) });
    plant(world, planted);
    expect(await world.step('setSecret', 'second')).toBe(code);
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: false });
    expect(said(world)).toContain(why);
    expect(world.takeCalls()).not.toContain(TOKEN);
    const answer = await dryRun(world);
    expect(codesOf(answer)).toEqual([code]);
    expect(answer.logins).not.toHaveProperty('pending');
    expect(JSON.stringify([answer, world.lines, said(world)])).not.toContain('Hidden!Planted');
    expect(world.labels.first).toEqual(['AWSCURRENT']);
  });

  it.each([
    ['the current id with another secret', { ...OWN, client_secret: OTHER.client_secret }, 'LOGIN_REJECTED'],
    ['another id with the current secret', { ...OWN, client_id: 'planted' }, 'PENDING_UNUSABLE'],
  ])('%s, is another credential, and refused for what Streamkap says', async (_, planted, code) => {
    const world = rotating();
    plant(world, planted);
    expect(await world.step('setSecret', 'second')).toBe(code);
    expect(codesOf(await dryRun(world))).toEqual([code]);
    expect(world.labels.first).toEqual(['AWSCURRENT']);
  });
});

describe('a current value that cannot be rotated', () => {
  it.each([
    ['an intent', { type: 'streamkap_keyring_intent' }, 'NOT_PROVISIONED', 'only an intent'],
    ['null', null, 'CURRENT_UNREADABLE', 'the current value'],
    ['a number', 5, 'CURRENT_UNREADABLE', 'the current value'],
  ])('%s, is named, and nothing is planned', async (_, value, code, why) => {
    const world = rotating({ value: JSON.stringify(value) });
    expect(await world.step('createSecret', 'second')).toBe(code);
    expect(said(world)).toContain(why);
    const answer = await dryRun(world);
    expect(codesOf(answer)).toEqual([code]);
    expect(answer).toMatchObject({ outcome: 'would-fail', wouldWrite: [], wouldChange: [], wouldDelete: [] });
    expect(world.count(TOKEN)).toBe(0);
  });

  it('that is not there yet, is told from one that is none', async () => {
    const world = rotating();
    world.secrets.call('DeleteSecret', { SecretId: SECRET, ForceDeleteWithoutRecovery: true });
    world.secrets.call('CreateSecret', { Name: SECRET });
    const answer = await dryRun(world);
    expect(codesOf(answer)).toEqual(['ROTATION_DISABLED', 'NOT_PROVISIONED']);
    expect(answer.problems[1]?.message).toMatch(/no value yet/);
    expect(answer).toMatchObject({ wouldWrite: [], wouldChange: [], wouldDelete: [] });
  });
});

describe('the shape of a value', () => {
  const origin = { role: 'current', secretId: 's', host: HOST } as const;
  const next = { clientId: 'n', clientSecret: 'next' };

  it('is kept with white space around it, as JSON and as base64', () => {
    const parsed = parseAdminSecret(`\n ${JSON.stringify(OWN)}\n`, origin);
    expect(withCredential(parsed, next)).toBe('{"client_id":"n","client_secret":"next"}');
    const encoded = parseAdminSecret(`\n${Buffer.from(JSON.stringify(OWN)).toString('base64')}\n`, origin);
    expect(Buffer.from(withCredential(encoded, next), 'base64').toString()).toBe(
      '{"client_id":"n","client_secret":"next"}',
    );
  });
});

describe('the next credential is made like the current one', () => {
  it('whichever place it has in Streamkap’s list, with its own service, whatever its own description says', async () => {
    const world = new AdminWorld();
    world.edit((credentials) => {
      const [first] = credentials;
      if (!first) return;
      first.description = null as never;
      credentials.unshift({
        ...first,
        clientId: 'other',
        roleIds: [...first.roleIds].slice(0, 1),
        serviceId: 'elsewhere',
      });
    });
    world.begin('second');
    expect(await world.step('createSecret', 'second')).toBeUndefined();
    const [, first] = world.streamkap.clientCredentials;
    const newest = world.streamkap.clientCredentials.at(-1);
    expect(newest).toMatchObject({ serviceId: first?.serviceId, roleIds: first?.roleIds });
    expect(newest?.description).toMatch(new RegExp(`^\\[keyring:${idOf('second')}:`));
  });

  it('in the service that Streamkap says is the caller’s, where the list does not name one, and sends it', async () => {
    for (const named of [true, false]) {
      const world = rotating();
      const [first] = world.streamkap.clientCredentials;
      const roles = (first?.roleIds ?? []).map((id) => ({ id }));
      const listed = { client_id: FIRST.clientId, roles, ...(named ? { service_id: first?.serviceId } : {}) };
      world.fault({
        ...{ service: 'streamkap', operation: LIST },
        action: { kind: 'status', when: 'before', status: 200, body: JSON.stringify([listed]) },
      });
      const body = { client_id: 'new', secret: 'Hidden!New!0123456789', roles, service_id: 'another' };
      world.fault({
        ...{ service: 'streamkap', operation: POST },
        action: { kind: 'status', when: 'before', status: 201, body: JSON.stringify(body) },
      });
      expect(await world.step('createSecret', 'second')).toBe('ADMIN_CREDENTIAL_DIFFERS');
      expect(lastError(world)).toMatchObject({ changed: 'yes', retryable: false });
      expect(said(world)).toContain('other service_id');
      expect(said(world)).not.toContain('Hidden!New');
    }
  });

  it('and a dry run names its roles one by one, and its service where there is one', async () => {
    const world = new AdminWorld();
    const [one, two] = world.streamkap.settings.roles;
    const credential = { client_id: FIRST.clientId, roles: [{ id: one?.id }, { id: two?.id }] };
    world.fault({
      ...{ service: 'streamkap', operation: LIST, times: 9 },
      action: { kind: 'status', when: 'before', status: 200, body: JSON.stringify([credential]) },
    });
    world.fault({
      ...{ service: 'streamkap', operation: WHOAMI, times: 9 },
      action: { kind: 'status', when: 'before', status: 200, body: '{"tenant_id":"t"}' },
    });
    const { wouldChange } = await dryRun(world);
    const roles = [one?.id, two?.id].sort().join(', ');
    expect(wouldChange).toEqual([`${POST}: one with the roles ${roles} of ${FIRST.clientId}`]);
  });
});

describe('making a credential takes its time into account', () => {
  const slow = (world: AdminWorld, status: number) =>
    world.fault({
      ...{ service: 'streamkap', operation: POST, times: 9 },
      action: { kind: 'status', when: 'before', status, headers: { 'retry-after': '5' } },
    });

  it.each([
    [5_000, undefined, 1],
    [4_999, 'OUT_OF_TIME', 0],
  ])('with %i ms left: %s', async (left, code, count) => {
    const world = rotating({ remainingMs: left + FAREWELL_MS });
    expect(await world.step('createSecret', 'second')).toBe(code);
    expect(world.count(POST)).toBe(count);
    if (code) expect(lastError(world)).toMatchObject({ changed: 'no', retryable: true });
  });

  it.each([
    [10_001, 2],
    [10_000, 1],
  ])('comes back after five seconds with %i ms left: sends %i', async (left, count) => {
    const world = rotating({ remainingMs: left + FAREWELL_MS });
    slow(world, 429);
    expect(await world.step('createSecret', 'second')).toBe('STREAMKAP_BUSY');
    expect(world.count(POST)).toBe(count);
  });

  it('comes back three times at most, and to nothing but a busy Streamkap', async () => {
    const world = rotating();
    slow(world, 429);
    expect(await world.step('createSecret', 'second')).toBe('STREAMKAP_BUSY');
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: true });
    expect(world.count(POST)).toBe(3);
    const other = rotating();
    slow(other, 400);
    expect(await other.step('createSecret', 'second')).toBe('STREAMKAP_REFUSED');
    expect(other.count(POST)).toBe(1);
  });
});

describe('what Streamkap refuses', () => {
  it.each([
    [LIST, 401, 'role Admin'],
    [LIST, 403, 'role Admin'],
    [WHOAMI, 403, 'role Admin'],
  ])('%s with %i, says which role the credential needs', async (operation, status, remedy) => {
    const world = rotating();
    refuse(world, operation, status);
    expect(await world.step('createSecret', 'second')).toBe('ADMIN_CREDENTIAL_REFUSED');
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: false });
    expect(said(world)).toContain(remedy);
    expect(world.count(POST)).toBe(0);
  });

  it('for another reason, is told as that', async () => {
    const world = rotating();
    refuse(world, LIST, 400);
    expect(await world.step('createSecret', 'second')).toBe('STREAMKAP_REFUSED');
    expect(said(world)).not.toContain('role Admin');
  });

  it.each([
    401, 403,
  ])('of a pending credential with %i, is a refusal; of the list it could be in, no conclusion', async (status) => {
    const world = await made();
    refuse(world, TOKEN, status, { times: 1 });
    refuse(world, LIST, 500);
    expect(await world.step('setSecret', 'second')).toBe('STREAMKAP_FAILED');
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: true });
    expect(world.count(LIST)).toBeGreaterThan(0);
  });

  it('of the list with 403, says which role is missing', async () => {
    const world = await made();
    refuse(world, TOKEN, 401, { times: 1 });
    refuse(world, LIST, 403);
    expect(await world.step('setSecret', 'second')).toBe('ADMIN_CREDENTIAL_REFUSED');
    expect(said(world)).toContain('role Admin');
  });

  it('quoting our secrets, is passed on without them', async () => {
    const world = await made();
    const next = world.stored({ name: 'second' })?.clientSecret ?? '';
    const body = JSON.stringify({ detail: `I was told ${FIRST.clientSecret} and ${next}` });
    const action = { kind: 'status', when: 'before', status: 400, body } as const;
    world.fault({ service: 'streamkap', operation: LIST, times: 9, action });
    refuse(world, TOKEN, 401, { times: 1 });
    await world.step('setSecret', 'second');
    const answer = await dryRun(world);
    const text = JSON.stringify([world.lines, world.errors.map(String), answer]);
    expect(text).toContain('I was told');
    for (const secret of [FIRST.clientSecret, next]) expect(text).not.toContain(secret);
  });

  it('a secret that was just made is known to the redaction before it is stored', async () => {
    const world = rotating();
    world.observe = ({ operation }, moment) => {
      if (operation !== POST || moment !== 'after') return undefined;
      fresh = world.streamkap.clientCredentials.at(-1)?.secret ?? '';
      const body = JSON.stringify({ detail: `you have ${fresh}` });
      const action = { kind: 'status', when: 'before', status: 409, body } as const;
      world.fault({ service: 'streamkap', operation: DELETE, times: 9, action });
      plant(world, OTHER);
      return undefined;
    };
    let fresh = '';
    expect(await world.step('createSecret', 'second')).toBeUndefined();
    expect(fresh).toMatch(/\S{8,}/);
    expect(JSON.stringify(world.lines)).not.toContain(fresh);
    expect(warnings(world)).toMatchObject([{ error_code: 'STREAMKAP_CONFLICT' }]);
  });
});

describe('the credential of an attempt that lost the race', () => {
  it('is deleted, with one line that names it and why', async () => {
    const world = rotating();
    world.turn = async (call) => {
      if (call.operation === 'PutSecretValue' && call.invocation === 1) await world.step('createSecret', 'second');
    };
    expect(await world.step('createSecret', 'second')).toBeUndefined();
    const lines = world.lines.filter(({ fields }) => 'client_id' in fields);
    expect(lines).toMatchObject([{ level: 'info', fields: { client_id: expect.any(String), reason: 'orphan' } }]);
    expect(world.live).not.toContain(lines[0]?.fields.client_id);
    expect(warnings(world)).toEqual([]);
  });

  it('that cannot be deleted, is named in one line, and nothing else is said to be gone', async () => {
    const world = rotating();
    world.turn = async (call) => {
      if (call.operation === 'PutSecretValue' && call.invocation === 1) {
        await world.step('createSecret', 'second');
        refuse(world, DELETE, 409);
      }
    };
    expect(await world.step('createSecret', 'second')).toBeUndefined();
    const lines = world.lines.filter(({ fields }) => 'client_id' in fields);
    expect(lines).toMatchObject([{ level: 'warn', fields: { error_code: 'STREAMKAP_CONFLICT' } }]);
    expect(world.live).toContain(lines[0]?.fields.client_id);
  });
});

describe('whether the new credential works', () => {
  it('is asked again, later and later, for half a minute at most', async () => {
    const world = await made();
    world.edit((credentials) => {
      const second = credentials.at(-1);
      if (second) second.secret = 'changed in the console 0123456789';
    });
    const startedAt = world.now;
    expect(await world.step('setSecret', 'second')).toBe('LOGIN_REJECTED');
    expect(world.now - startedAt).toBeGreaterThan(20_000);
    expect(world.now - startedAt).toBeLessThanOrEqual(30_000);
  });

  it('is not asked once more than needed: the first yes will do', async () => {
    const world = await made();
    refuse(world, TOKEN, 401, { times: 1 });
    expect(await world.step('setSecret', 'second')).toBeUndefined();
    const { login } = world.lines.at(-1)?.fields as { login: { outcome: string; milliseconds: number } };
    expect(login).toMatchObject({ outcome: 'accepted' });
    expect(login.milliseconds).toBeLessThan(1_000);
    expect(world.now).toBe(Date.parse('2026-01-01T00:00:00Z'));
  });

  it('is told by testSecret in words about Streamkap, which was asked, and not about Kafka', async () => {
    const unknown = await made();
    await unknown.step('setSecret', 'second');
    refuse(unknown, TOKEN, 500, { times: 99 });
    expect(await unknown.step('testSecret', 'second')).toBe('LOGIN_UNKNOWN');
    expect(said(unknown)).toContain('Streamkap could not be asked');
    expect(lastError(unknown)).toMatchObject({ changed: 'no', retryable: true });

    const refused = await made();
    await refused.step('setSecret', 'second');
    refused.remove(refused.idUnder({ name: 'second' }));
    refused.takeCalls();
    expect(await refused.step('testSecret', 'second')).toBe('LOGIN_REJECTED');
    expect(said(refused)).toContain('pending admin credential');
    // The current value is read twice: to compare with, and for the protocol. Not for every look at the pending one.
    expect(refused.takeCalls().filter((call) => call === 'GetSecretValue')).toHaveLength(3);
  });

  it('is told at deploy time in words about the current one', async () => {
    for (const testVersion of ['copy', 'empty'] as const) {
      const world = new AdminWorld({ testVersion });
      world.remove(FIRST.clientId);
      world.begin('second', false);
      await world.driver.runToEnd();
      expect(said(world)).toContain('current admin credential');
    }
  });

  it('is no question of a dry run that cannot ask: it says which answer is missing, and deletes nothing', async () => {
    const world = await made();
    refuse(world, TOKEN, 500, { times: 1 });
    refuse(world, TOKEN, 500, { times: 99 });
    const answer = await dryRun(world);
    expect(codesOf(answer)).toEqual(['LOGIN_UNKNOWN']);
    expect(answer.logins).toMatchObject({ current: { outcome: 'unknown' }, pending: { outcome: 'unknown' } });
    expect(answer.wouldDelete).toEqual([]);
  });

  it('is what a dry run fails for when only the current one gets no answer, to compare it with', async () => {
    const world = await made();
    refuse(world, TOKEN, 500, { times: 1 });
    const answer = await dryRun(world);
    expect(codesOf(answer)).toEqual(['LOGIN_UNKNOWN']);
    expect(answer.logins).toMatchObject({ current: { outcome: 'unknown' }, pending: { outcome: 'accepted' } });
  });

  it('is what a dry run fails for when only the pending one gets no answer', async () => {
    const world = await made();
    // Each credential's own token: the current one is asked first.
    refuse(world, TOKEN, 500, { skip: 1, times: 99 });
    const answer = await dryRun(world);
    expect(codesOf(answer)).toEqual(['LOGIN_UNKNOWN']);
    expect(answer.logins).toMatchObject({ current: { outcome: 'accepted' }, pending: { outcome: 'unknown' } });
  });

  it('is not what a dry run fails for alone: one of another service is no successor', async () => {
    const world = await made();
    world.edit((credentials) => {
      const second = credentials.at(-1);
      if (second) second.serviceId = 'another-service';
    });
    const answer = await dryRun(world);
    expect(codesOf(answer)).toEqual(['PENDING_MISMATCH']);
    expect(answer.problems[0]?.message).toContain('service_id');
    expect(answer.logins).toMatchObject({ pending: { outcome: 'accepted' } });
  });

  it('is refused and yet listed: a dry run says that it is to be tried again', async () => {
    const world = await made();
    world.edit((credentials) => {
      const second = credentials.at(-1);
      if (second) second.secret = 'changed in the console 0123456789';
    });
    expect(codesOf(await dryRun(world))).toEqual(['LOGIN_REJECTED']);
  });

  it('is looked for in a list that cannot be had: a dry run says so, and plans no deletion', async () => {
    const world = new AdminWorld();
    await world.rotate('second');
    refuse(world, LIST, 500, { times: 99 });
    const answer = await dryRun(world);
    expect(codesOf(answer)).toContain('STREAMKAP_FAILED');
    expect(answer.wouldDelete).toEqual([]);
  });
});

describe('the admin credential that was rotated meanwhile', () => {
  it('is read anew by a call that Streamkap refuses', async () => {
    const world = rotating();
    const put = { SecretId: SECRET, ClientRequestToken: idOf('manual'), SecretString: JSON.stringify(OTHER) };
    world.observe = ({ operation }, moment) => {
      if (operation === TOKEN && moment === 'before' && world.count(TOKEN) === 1) {
        world.seed({ clientId: OTHER.client_id, secret: OTHER.client_secret });
        world.remove(FIRST.clientId);
        world.secrets.call('PutSecretValue', put);
      }
      return undefined;
    };
    // It goes on as the new one; what it was to be like is gone, which it says.
    expect(await world.step('createSecret', 'second')).toBe('ADMIN_CREDENTIAL_NOT_LISTED');
    expect(world.count(TOKEN)).toBe(2);
    expect(world.count(POST)).toBe(0);
  });
});

describe('the admin credential that was replaced while the next one was proven', () => {
  it('is read anew: what it says of itself is compared, not what the one before could not say any more', async () => {
    const world = await made();
    await world.step('setSecret', 'second');
    world.calls.length = 0;
    world.observe = ({ operation }, moment) => {
      if (operation !== TOKEN || moment !== 'before' || world.count(TOKEN) !== 2) return undefined;
      world.seed({ clientId: OTHER.client_id, secret: OTHER.client_secret });
      world.remove(FIRST.clientId);
      const put = { SecretId: SECRET, ClientRequestToken: idOf('manual'), SecretString: JSON.stringify(OTHER) };
      world.secrets.call('PutSecretValue', put);
      return undefined;
    };
    expect(await world.step('testSecret', 'second')).toBeUndefined();
    expect(world.lines.at(-1)?.fields).toMatchObject({ outcome: 'proven', login: { outcome: 'accepted' } });
    // What somebody put there by hand stays: the rotation is over.
    expect(await world.step('finishSecret', 'second')).toBe('ROTATION_ABANDONED');
    expect(world.labels.manual).toContain('AWSCURRENT');
  });
});

describe('cleaning up after the move', () => {
  const tested = async () => {
    const world = new AdminWorld();
    await world.rotate('second');
    world.begin('third');
    await world.steps('third', 'createSecret', 'setSecret', 'testSecret');
    world.takeCalls();
    world.lines.length = 0;
    return world;
  };

  it.each([
    [5_000, 1, undefined],
    [4_999, 0, 'OUT_OF_TIME'],
  ])('with %i ms left: %i looks', async (left, looks, code) => {
    const world = await tested();
    world.remainingMs = left + FAREWELL_MS;
    expect(await world.step('finishSecret', 'third')).toBeUndefined();
    expect(world.count(LIST)).toBe(looks);
    expect(warnings(world)).toEqual(code ? [expect.objectContaining({ error_code: code })] : []);
  });

  it('is given up when Streamkap does not answer, and says why; the rotation is done', async () => {
    const world = await tested();
    refuse(world, LIST, 500, { times: 99 });
    expect(await world.step('finishSecret', 'third')).toBeUndefined();
    expect(warnings(world)).toMatchObject([{ error_code: 'STREAMKAP_FAILED' }]);
    expect(world.labels.third).toContain('AWSCURRENT');
  });
});
