import { describe, expect, test } from 'vitest';
import type { AdminCredential } from '../../core/streamkap/token.ts';
import { CallLog } from '../sandbox/call-log.ts';
import { MemoryKafkaUsers } from '../sandbox/kafka-users.ts';
import { inProcessStreamkap } from '../sandbox/streamkap/in-process.ts';
import { type StreamkapOptions, StreamkapState } from '../sandbox/streamkap/state.ts';
import {
  ADMIN,
  answer,
  clientOver,
  errorOf,
  lost,
  ScriptedStreamkap,
  TOKEN_CALL,
  VirtualClock,
} from './streamkap-bench.ts';

const LIST = 'GET /project-keys';
const CREATE = 'POST /project-keys';
const REFUSED = answer(401, { detail: 'Token has expired' });
const FORBIDDEN = answer(403, { detail: 'You do not have permission to perform this action' });
const KEYS = answer(200, []);

/** An admin credential that may be rotated while it is in use; counts how it was asked for. */
function source(...credentials: AdminCredential[]) {
  const asked: boolean[] = [];
  return {
    asked,
    get: async (fresh: boolean): Promise<AdminCredential> => {
      asked.push(fresh);
      return credentials[Math.min(asked.length, credentials.length) - 1] ?? ADMIN;
    },
  };
}

function tokensSent(server: ScriptedStreamkap): (string | undefined)[] {
  return server.requests
    .filter(({ url }) => !url.endsWith('/auth/access-token'))
    .map(({ headers }) => headers.authorization);
}

const ROTATED: AdminCredential = { clientId: 'admin-client', clientSecret: 'admin-secret-1111' };

describe('a token', () => {
  test('is got by the client credentials, without a token of its own, and used until a minute before it ends', async () => {
    const clock = new VirtualClock();
    const server = new ScriptedStreamkap([KEYS, KEYS, KEYS]);
    const client = clientOver(server.transport, { clock });
    await client.listProjectKeys();
    clock.time += 3_600_000 - 60_000 - 1;
    await client.listProjectKeys();
    clock.time += 1;
    await client.listProjectKeys();
    expect(server.calls).toEqual([TOKEN_CALL, LIST, LIST, TOKEN_CALL, LIST]);
    expect(tokensSent(server)).toEqual(['Bearer token-1', 'Bearer token-1', 'Bearer token-2']);
    for (const request of server.requests.filter(({ url }) => url.endsWith('/auth/access-token'))) {
      expect(JSON.parse(request.body ?? '')).toEqual({ client_id: ADMIN.clientId, secret: ADMIN.clientSecret });
      expect(request.headers.authorization).toBeUndefined();
    }
  });

  test('is exchanged once for any number of callers, also when it has to be renewed for all of them', async () => {
    const clock = new VirtualClock();
    const server = new ScriptedStreamkap(Array.from({ length: 24 }, () => KEYS));
    const client = clientOver(server.transport, { clock });
    const twelve = () => Promise.all(Array.from({ length: 12 }, () => client.listProjectKeys()));
    await twelve();
    clock.time += 3_600_000;
    await twelve();
    expect(server.calls.filter((call) => call === TOKEN_CALL)).toHaveLength(2);
  });

  test('refused for twelve callers at once is renewed once', async () => {
    const turn = ({ headers }: { headers: Readonly<Record<string, string>> }) =>
      headers.authorization === 'Bearer token-1' ? REFUSED : KEYS;
    const server = new ScriptedStreamkap(Array.from({ length: 24 }, () => turn));
    const client = clientOver(server.transport);
    await Promise.all(Array.from({ length: 12 }, () => client.listProjectKeys()));
    expect(server.calls.filter((call) => call === TOKEN_CALL)).toHaveLength(2);
    expect(server.leftOver).toBe(0);
  });

  test('that could not be got is asked for again by the next call', async () => {
    const server = new ScriptedStreamkap([KEYS], [lost('ECONNRESET')]);
    const client = clientOver(server.transport);
    expect(await errorOf(client.listProjectKeys())).toMatchObject({ code: 'STREAMKAP_UNREACHABLE', changed: 'no' });
    expect(await client.listProjectKeys()).toEqual([]);
    expect(server.calls).toEqual([TOKEN_CALL, TOKEN_CALL, LIST]);
  });

  test.each([
    ['the documented field', { accessToken: 'the token', access_token: 'another', expiresIn: 600 }],
    ['the field of the guide', { access_token: 'the token', expiresIn: 600 }],
    [
      'the field of the guide, with the other one null',
      { accessToken: null, access_token: 'the token', expiresIn: 600 },
    ],
    ['an expiry text that nobody can read', { accessToken: 'the token', expiresIn: 600, expires: 'next Tuesday' }],
    ['no lifetime at all', { accessToken: 'the token' }],
  ])('may come with %s', async (_how, body) => {
    const server = new ScriptedStreamkap([KEYS], [answer(200, body)]);
    await clientOver(server.transport).listProjectKeys();
    expect(tokensSent(server)).toEqual(['Bearer the token']);
  });

  test.each([
    ['an empty body', ''],
    ['a page', '<html>hunter2-hunter2</html>'],
    ['an object without one', { refreshToken: 'hunter2-hunter2' }],
    ['one of another kind', { accessToken: 7 }],
    ['an empty one', { accessToken: '', expiresIn: 600 }],
  ])('is not taken from %s, and the answer is not shown', async (_what, body) => {
    const server = new ScriptedStreamkap([], [answer(200, body, { 'x-request-id': 'r-1' })]);
    const error = await errorOf(clientOver(server.transport).createProjectKey({ name: 'k' }));
    expect(error).toMatchObject({ code: 'STREAMKAP_UNEXPECTED_ANSWER', changed: 'no', requestId: 'r-1' });
    expect(error.message).not.toContain('hunter2');
    expect(server.calls).toEqual([TOKEN_CALL]);
  });
});

describe('a refused token', () => {
  test.each([
    ['a read', (client: ReturnType<typeof clientOver>) => client.listProjectKeys(), LIST],
    [
      'a create, which a 401 means did not happen',
      (client: ReturnType<typeof clientOver>) => client.createProjectKey({ name: 'k' }),
      CREATE,
    ],
  ])('is renewed once, and %s is made once more', async (_what, call, operation) => {
    const file = { project_key_id: 'k', project: {}, api: null, kafka: kafkaPart() };
    const server = new ScriptedStreamkap([REFUSED, operation === LIST ? KEYS : answer(201, file)]);
    await call(clientOver(server.transport));
    expect(server.calls).toEqual([TOKEN_CALL, operation, TOKEN_CALL, operation]);
    expect(tokensSent(server)).toEqual(['Bearer token-1', 'Bearer token-2']);
  });

  test('that is refused again after its renewal is an error, nothing changed', async () => {
    const server = new ScriptedStreamkap([REFUSED, REFUSED]);
    const error = await errorOf(clientOver(server.transport).createProjectKey({ name: 'k' }));
    expect(error).toMatchObject({ code: 'STREAMKAP_UNAUTHENTICATED', changed: 'no', retryable: false });
    expect(server.calls).toEqual([TOKEN_CALL, CREATE, TOKEN_CALL, CREATE]);
  });

  test('makes the credential be read again where it is kept, since it may have been rotated', async () => {
    const credentials = source(ADMIN, ROTATED);
    const server = new ScriptedStreamkap([REFUSED, KEYS]);
    await clientOver(server.transport, { credentials }).listProjectKeys();
    expect(credentials.asked).toEqual([false, true]);
    expect(JSON.parse(server.requests[2]?.body ?? '')).toEqual({
      client_id: 'admin-client',
      secret: 'admin-secret-1111',
    });
  });
});

describe('a refused credential', () => {
  test.each([[401], [403]])('(%i) is not sent again as it is', async (status) => {
    const credentials = source(ADMIN);
    const server = new ScriptedStreamkap([], [answer(status, { detail: 'Invalid credentials' })]);
    const error = await errorOf(clientOver(server.transport, { credentials }).createProjectKey({ name: 'k' }));
    expect(error).toMatchObject({ changed: 'no', retryable: false });
    expect(error.message).toContain(`${status} to POST /auth/access-token: Invalid credentials`);
    expect(server.calls).toEqual([TOKEN_CALL]);
    expect(credentials.asked).toEqual([false, true]);
  });

  test('is read again, and tried once when it was rotated meanwhile', async () => {
    const credentials = source(ADMIN, ROTATED);
    const server = new ScriptedStreamkap([KEYS], [REFUSED]);
    await clientOver(server.transport, { credentials }).listProjectKeys();
    expect(server.calls).toEqual([TOKEN_CALL, TOKEN_CALL, LIST]);
  });

  test('that was rotated and is refused too is an error after two exchanges', async () => {
    const server = new ScriptedStreamkap([], [REFUSED, REFUSED]);
    const error = await errorOf(
      clientOver(server.transport, { credentials: source(ADMIN, ROTATED) }).listProjectKeys(),
    );
    expect(error).toMatchObject({ code: 'STREAMKAP_UNAUTHENTICATED' });
    expect(server.calls).toEqual([TOKEN_CALL, TOKEN_CALL]);
  });

  test('is not the first call’s alone: a busy token endpoint is not asked twice', async () => {
    const server = new ScriptedStreamkap([], [answer(503)]);
    expect(await errorOf(clientOver(server.transport).listProjectKeys())).toMatchObject({
      code: 'STREAMKAP_FAILED',
      changed: 'no',
    });
    expect(server.calls).toEqual([TOKEN_CALL]);
  });
});

describe('a missing permission', () => {
  test('is final while the credential is the same one', async () => {
    const credentials = source(ADMIN);
    const server = new ScriptedStreamkap([FORBIDDEN]);
    const error = await errorOf(clientOver(server.transport, { credentials }).createProjectKey({ name: 'k' }));
    expect(error).toMatchObject({ code: 'STREAMKAP_FORBIDDEN', changed: 'no' });
    expect(error.remedy).toContain('Project Keys');
    expect(server.calls).toEqual([TOKEN_CALL, CREATE]);
    expect(credentials.asked).toEqual([false, true]);
  });

  test('makes the call again, once, with a credential that was changed meanwhile', async () => {
    const server = new ScriptedStreamkap([FORBIDDEN, FORBIDDEN]);
    const client = clientOver(server.transport, { credentials: source(ADMIN, ROTATED) });
    expect(await errorOf(client.listProjectKeys())).toMatchObject({ code: 'STREAMKAP_FORBIDDEN' });
    expect(server.calls).toEqual([TOKEN_CALL, LIST, TOKEN_CALL, LIST]);
  });

  test('helps every caller that met it with the old credential, whoever noticed the change first', async () => {
    const turn = ({ headers }: { headers: Readonly<Record<string, string>> }) =>
      headers.authorization === 'Bearer token-1' ? FORBIDDEN : KEYS;
    const server = new ScriptedStreamkap(
      Array.from({ length: 6 }, () => turn),
      [
        answer(200, { accessToken: 'token-1', expiresIn: 600 }),
        // While the exchange for the first caller is under way, the refusals of the others arrive.
        async () => {
          await new Promise((resolve) => setImmediate(resolve));
          return answer(200, { accessToken: 'token-2', expiresIn: 600 });
        },
      ],
    );
    const client = clientOver(server.transport, { credentials: source(ADMIN, ROTATED) });
    const early = [client.listProjectKeys(), client.listProjectKeys()];
    const late = (async () => {
      while (server.calls.filter((call) => call === TOKEN_CALL).length < 2) await Promise.resolve();
      return await client.listProjectKeys();
    })();
    expect(await Promise.all([...early, late])).toEqual([[], [], []]);
    expect(server.calls.filter((call) => call === TOKEN_CALL)).toHaveLength(2);
  });
});

describe('against the strict stand-in', () => {
  function tenant(options: Partial<StreamkapOptions> = {}) {
    const clock = new VirtualClock(Date.parse('2026-03-26T15:00:00Z'));
    const log = new CallLog();
    const state = new StreamkapState({
      now: () => clock.time,
      randomId: () => `id-${String(log.calls.length).padStart(8, '0')}`,
      kafkaUsers: new MemoryKafkaUsers(),
      bootstrapServers: 'orders.streamkap.invalid:32400',
      apiBaseUrl: 'https://api.streamkap.test',
      admin: ADMIN,
      ...options,
    });
    return { clock, log, state, client: clientOver(inProcessStreamkap({ state, log }), { clock }) };
  }

  test('a token that expired early is renewed without anybody noticing', async () => {
    const { state, log, client } = tenant();
    await client.whoami();
    state.revokeTokens();
    expect(await client.listProjectKeys()).toEqual([]);
    expect(log.calls.map(({ operation, outcome }) => `${operation} ${outcome}`)).toEqual([
      'POST /auth/access-token 200',
      'GET /auth/whoami 200',
      'GET /project-keys 401',
      'POST /auth/access-token 200',
      'GET /project-keys 200',
    ]);
  });

  test('tokens are renewed before they end, whatever their field is called', async () => {
    for (const accessTokenField of ['accessToken', 'access_token'] as const) {
      const { clock, log, client } = tenant({ accessTokenField, tokenTtlSeconds: 120 });
      await client.whoami();
      clock.time += 60_000;
      await client.whoami();
      expect(log.calls.map(({ outcome }) => outcome)).toEqual(['200', '200', '200', '200']);
    }
  });
});

function kafkaPart() {
  return { username: 'orders', password: 'Kafka!Password0123456789abcdefgh', bootstrap_servers: 'b:9092' };
}
