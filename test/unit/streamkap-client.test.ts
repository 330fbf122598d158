import { describe, expect, test } from 'vitest';
import { type KeyringError, StreamkapError } from '../../core/errors.ts';
import { Redactor } from '../../core/redaction.ts';
import type { StreamkapClient } from '../../core/streamkap/client.ts';
import { statusOf } from '../../core/streamkap/schemas.ts';
import { CallLog } from '../sandbox/call-log.ts';
import { MemoryKafkaUsers } from '../sandbox/kafka-users.ts';
import { errorShape } from '../sandbox/streamkap/error-shapes.ts';
import { inProcessStreamkap } from '../sandbox/streamkap/in-process.ts';
import { type StreamkapOptions, StreamkapState } from '../sandbox/streamkap/state.ts';
import {
  ADMIN,
  answer,
  clientOver,
  errorOf,
  HOST,
  lost,
  ScriptedStreamkap,
  TOKEN_CALL,
  type Turn,
  VirtualClock,
} from './streamkap-bench.ts';

const SECRET = 'Zq7!vLm2XcW9pTs4KdRy8HbNf3GjUa6E';
const FILE = {
  project_key_id: 'key-1',
  project: { service_id: 's-1' },
  kafka: { username: 'orders', password: SECRET, bootstrap_servers: 'b:9092' },
};
const KEYS = answer(200, []);

/** Every call, by what it does to the tenant. */
const READS: [string, (client: StreamkapClient) => Promise<unknown>][] = [
  ['GET /auth/whoami', (client) => client.whoami()],
  ['GET /auth/roles', (client) => client.roles()],
  ['GET /project-keys', (client) => client.listProjectKeys()],
  ['GET /project-keys/{id}', (client) => client.getProjectKey('key-1')],
];
const CHANGES: [string, (client: StreamkapClient) => Promise<unknown>][] = [
  ['POST /project-keys', (client) => client.createProjectKey({ name: 'orders' })],
  ['PATCH /project-keys/{id}', (client) => client.setKafkaPassword('key-1', SECRET)],
  ['DELETE /project-keys/{id}', (client) => client.deleteProjectKey('key-1')],
];

const WHOAMI = (client: StreamkapClient) => client.whoami();

/** One call against one scripted answer. */
async function failing(
  call: (client: StreamkapClient) => Promise<unknown>,
  turn: Turn,
  redact = (text: string) => text,
): Promise<{ error: StreamkapError; server: ScriptedStreamkap }> {
  const server = new ScriptedStreamkap([turn]);
  // A deadline in the past of every pause: nothing is repeated.
  const clock = new VirtualClock();
  const client = clientOver(server.transport, { clock, random: () => 1, redact, deadline: clock.time + 1 });
  const error = await errorOf(call(client));
  expect(error).toBeInstanceOf(StreamkapError);
  return { error: error as StreamkapError, server };
}

function texts(error: KeyringError): string {
  return [error.message, error.remedy, error.stack, JSON.stringify(error), String(error.cause)].join('\n');
}

describe('whether something was changed', () => {
  test.each(READS)('is no after every failure of %s', async (operation, call) => {
    for (const turn of [answer(400), answer(429), answer(500), answer(502), answer(302), lost('ECONNRESET')]) {
      const { error } = await failing(call, turn);
      expect(error.changed).toBe('no');
      expect(error.message).toContain(operation);
    }
  });

  test.each(
    CHANGES,
  )('is no where %s was refused, and unknown where it failed or nobody answered', async (operation, call) => {
    for (const status of [400, 401, 403, 409, 422, 429]) {
      const server = new ScriptedStreamkap([answer(status), answer(status)]);
      const error = await errorOf(call(clientOver(server.transport)));
      expect([status, error.changed]).toEqual([status, 'no']);
    }
    for (const turn of [
      answer(500),
      answer(502),
      answer(503),
      answer(504),
      answer(408),
      answer(302),
      lost('ECONNRESET'),
    ]) {
      const { error } = await failing(call, turn);
      expect(error.changed).toBe('unknown');
      expect(error.message).toContain(operation);
    }
  });

  test('is unknown where a create succeeded with something else than a credential file', async () => {
    for (const body of ['', '<html></html>', {}, { ...FILE, kafka: null }, [FILE]]) {
      const { error } = await failing((client) => client.createProjectKey({ name: 'orders' }), answer(201, body));
      expect(error).toMatchObject({ code: 'STREAMKAP_UNEXPECTED_ANSWER', changed: 'unknown', retryable: false });
      expect(texts(error)).not.toContain(SECRET);
    }
  });

  test('is no where there was no time left to make the call', async () => {
    const clock = new VirtualClock();
    const server = new ScriptedStreamkap([]);
    const client = clientOver(server.transport, { clock, deadline: clock.time });
    expect(await errorOf(client.createProjectKey({ name: 'orders' }))).toMatchObject({
      code: 'OUT_OF_TIME',
      changed: 'no',
      retryable: true,
    });
    expect(server.calls).toEqual([]);
  });
});

describe('a read that meets a passing failure', () => {
  test.each<[string, Turn]>([
    ['too many requests', answer(429)],
    ['a bad gateway', answer(502, '<html>')],
    ['no service', answer(503)],
    ['a gateway that ran out of time', answer(504)],
    ['a broken connection', lost('ECONNRESET')],
    ['a name that is not resolved', lost('EAI_AGAIN')],
  ])('(%s) is made again after a pause between nothing and half a second, then one second, then two', async (_what, turn) => {
    const clock = new VirtualClock();
    const server = new ScriptedStreamkap([turn, turn, turn, KEYS]);
    const randoms = [0.5, 0, 0.25];
    const client = clientOver(server.transport, { clock, random: () => randoms.shift() ?? 1 });
    expect(await client.listProjectKeys()).toEqual([]);
    expect(clock.sleeps).toEqual([250, 0, 500]);
    expect(server.calls).toHaveLength(5);
  });

  test('pauses at most eight seconds, and gives up after half a minute with the last failure', async () => {
    const clock = new VirtualClock();
    const server = new ScriptedStreamkap(Array.from({ length: 20 }, () => answer(503, '', { 'x-request-id': 'last' })));
    const error = await errorOf(clientOver(server.transport, { clock, random: () => 0.999 }).listProjectKeys());
    expect(error).toMatchObject({ code: 'STREAMKAP_FAILED', requestId: 'last', retryable: true });
    expect(Math.max(...clock.sleeps)).toBeLessThanOrEqual(8_000);
    expect(clock.time).toBeLessThan(1_030_000);
    expect(clock.sleeps).toHaveLength(6);
  });

  test('waits as long as the server asks, in seconds', async () => {
    const clock = new VirtualClock();
    const server = new ScriptedStreamkap([
      answer(429, '', { 'retry-after': '7' }),
      answer(503, '', { 'retry-after': '0' }),
      KEYS,
    ]);
    await clientOver(server.transport, { clock }).listProjectKeys();
    expect(clock.sleeps).toEqual([7_000, 0]);
  });

  test('takes a Retry-After that it cannot read for none', async () => {
    const clock = new VirtualClock();
    const odd = ['Fri, 31 Dec 2027 23:59:59 GMT', '-5', '1.5', 'soon'];
    const server = new ScriptedStreamkap([...odd.map((text) => answer(429, '', { 'retry-after': text })), KEYS]);
    await clientOver(server.transport, { clock }).listProjectKeys();
    expect(clock.sleeps).toEqual([250, 500, 1_000, 2_000]);
  });

  test('does not wait when it is asked to wait beyond the deadline, and says how long that was', async () => {
    const clock = new VirtualClock();
    const server = new ScriptedStreamkap([answer(429, '', { 'retry-after': '60' })]);
    const error = await errorOf(
      clientOver(server.transport, { clock, deadline: clock.time + 20_000 }).listProjectKeys(),
    );
    expect(error).toMatchObject({ code: 'STREAMKAP_THROTTLED', retryAfterSeconds: 60 });
    expect(clock.sleeps).toEqual([]);
  });

  test('ends at the deadline of its caller', async () => {
    const clock = new VirtualClock();
    const deadline = clock.time + 2_000;
    const server = new ScriptedStreamkap(Array.from({ length: 9 }, () => lost('ECONNREFUSED')));
    await errorOf(clientOver(server.transport, { clock, deadline, random: () => 0.9 }).listProjectKeys());
    expect(clock.time).toBeLessThan(deadline);
    expect(server.calls).toEqual([TOKEN_CALL, 'GET /project-keys', 'GET /project-keys', 'GET /project-keys']);
  });
});

describe('what is never repeated', () => {
  test.each([400, 404, 409, 422, 500, 501])('a read that was answered with %i', async (status) => {
    const clock = new VirtualClock();
    const server = new ScriptedStreamkap([answer(status)]);
    await errorOf(clientOver(server.transport, { clock }).listProjectKeys());
    expect(server.calls).toEqual([TOKEN_CALL, 'GET /project-keys']);
    expect(clock.sleeps).toEqual([]);
  });

  test.each(CHANGES)('%s, whatever happened to it', async (_operation, call) => {
    for (const turn of [
      answer(429, '', { 'retry-after': '1' }),
      answer(500),
      answer(502),
      answer(503),
      answer(504),
      lost('ECONNRESET'),
    ]) {
      const clock = new VirtualClock();
      const server = new ScriptedStreamkap([turn]);
      await errorOf(call(clientOver(server.transport, { clock })));
      expect(server.calls).toHaveLength(2);
      expect(clock.sleeps).toEqual([]);
    }
  });
});

describe('how long a call may take', () => {
  test('depends on what it has to do', async () => {
    const server = new ScriptedStreamkap([KEYS, answer(201, FILE), answer(200, {}), answer(200)]);
    const client = clientOver(server.transport);
    await client.listProjectKeys();
    for (const [, call] of CHANGES) await call(client);
    expect(server.requests.map(({ method, timeoutMs }) => [method, timeoutMs])).toEqual([
      ['POST', 10_000],
      ['GET', 10_000],
      ['POST', 60_000],
      ['PATCH', 30_000],
      ['DELETE', 30_000],
    ]);
  });

  test('is cut to what is left until the deadline, each time', async () => {
    const clock = new VirtualClock();
    const slow = (): ReturnType<typeof answer> => {
      clock.time += 3_000;
      return answer(503);
    };
    const server = new ScriptedStreamkap([slow, slow, KEYS]);
    const client = clientOver(server.transport, { clock, random: () => 0, deadline: clock.time + 8_000 });
    await client.listProjectKeys();
    expect(server.requests.map(({ timeoutMs }) => timeoutMs)).toEqual([8_000, 8_000, 5_000, 2_000]);
  });
});

describe('the request id', () => {
  test('is in every error that has an answer, and in its text', async () => {
    const headers = { 'x-request-id': 'req-42' };
    const shapes = [
      answer(400, { detail: 'no' }, headers),
      answer(502, '<html>', headers),
      answer(200, 'no list', headers),
    ];
    for (const turn of shapes) {
      const { error } = await failing((client) => client.listProjectKeys(), turn);
      expect(error.requestId).toBe('req-42');
      expect(error.message).toContain('(request req-42)');
    }
  });

  test('is left out where there is none', async () => {
    for (const turn of [answer(400), answer(200, {}), lost('ECONNRESET')]) {
      const { error } = await failing((client) => client.listProjectKeys(), turn);
      expect(error.requestId).toBeUndefined();
      expect(error.message).not.toContain('request ');
    }
  });
});

describe('an error’s text', () => {
  const shapes = ['string', 'list', 'object', 'null', 'missing', 'html', 'empty', 'not json'] as const;

  test.each(shapes)('of the shape "%s" holds nothing of what was sent', async (shape) => {
    const fault = errorShape(shape, { status: shape === 'html' ? 502 : 422, secret: SECRET });
    if (fault.kind !== 'status') throw new Error('not a status');
    for (const [, call] of [...READS, ...CHANGES]) {
      const { error } = await failing(call, answer(fault.status, fault.body ?? '', { ...fault.headers }));
      for (let at = 0; at + 12 <= SECRET.length; at++) expect(texts(error)).not.toContain(SECRET.slice(at, at + 12));
      expect(texts(error)).not.toMatch(/[<>]html|<body>/);
      expect(error.message.split('\n')).toHaveLength(1);
    }
  });

  test('of a list has place, text and type of each entry, and neither input nor ctx', async () => {
    const entry = { loc: ['body', 'kafka_config', 'password'], msg: 'Value error', type: 'value_error' };
    const detail = [
      { ...entry, input: SECRET, ctx: { error: SECRET }, url: SECRET },
      { loc: ['body', 'kafka_acls', 0], msg: 'Field required', type: 'missing', input: { password: SECRET } },
      { loc: 'body', msg: { text: SECRET }, type: [SECRET] },
      SECRET,
      null,
      [SECRET],
    ];
    const { error } = await failing(WHOAMI, answer(422, { detail }));
    expect(error.message).toBe(
      'Streamkap answered 422 to GET /auth/whoami: body.kafka_config.password: Value error [value_error]; body.kafka_acls.0: Field required [missing]',
    );
  });

  test('is one line, with registered secrets replaced before it is cut', async () => {
    const redactor = new Redactor();
    redactor.add(SECRET);
    const detail = `${'line\n\tof text '.repeat(20)}${SECRET} and ${'more '.repeat(200)}`;
    const { error } = await failing(WHOAMI, answer(400, { detail }), (text) => redactor.redact(text));
    const said = error.message.slice('Streamkap answered 400 to GET /auth/whoami: '.length);
    expect(said).toHaveLength(300);
    expect(said).toContain('*** and more');
    expect(said).not.toMatch(/\s{2}|\n/);
    // Cut first, the half of a secret would not be known for one.
    const half = `${'x'.repeat(290)}${SECRET}`;
    const cut = await failing(WHOAMI, answer(400, { detail: half }), (text) => redactor.redact(text));
    expect(cut.error.message).not.toContain(SECRET.slice(0, 8));
  });

  test('of a lost connection is its code, never the transport’s own words', async () => {
    const nested = new Error('fetch failed: hunter2-hunter2', { cause: lost('UND_ERR_SOCKET') });
    const odd = Object.assign(new Error('hunter2-hunter2'), { code: 'hunter2-hunter2' });
    const timeout = Object.assign(new DOMException('hunter2-hunter2', 'TimeoutError'));
    const aborted = Object.assign(new Error('hunter2-hunter2', { cause: timeout }), {
      name: 'AbortError',
      code: 'ABORT_ERR',
    });
    const told: [Turn, string][] = [
      [lost('ECONNRESET'), 'ECONNRESET'],
      [nested, 'UND_ERR_SOCKET'],
      [odd, 'connection failed'],
      [timeout, 'timed out'],
      [aborted, 'timed out'],
    ];
    for (const [turn, code] of told) {
      const { error } = await failing((client) => client.createProjectKey({ name: 'orders' }), turn);
      expect(error.message).toBe(`No answer from Streamkap to POST /project-keys (${code})`);
      expect(error).toMatchObject({ code: 'STREAMKAP_UNREACHABLE', retryable: true, status: undefined });
      expect(texts(error)).not.toContain('hunter2');
    }
  });

  test.each([
    [400, 'STREAMKAP_REFUSED', false],
    [401, 'STREAMKAP_UNAUTHENTICATED', false],
    [403, 'STREAMKAP_FORBIDDEN', false],
    [404, 'STREAMKAP_NOT_FOUND', false],
    [409, 'STREAMKAP_CONFLICT', false],
    [422, 'STREAMKAP_INVALID', false],
    [429, 'STREAMKAP_THROTTLED', true],
    [500, 'STREAMKAP_FAILED', true],
    [503, 'STREAMKAP_FAILED', true],
    [302, 'STREAMKAP_REFUSED', false],
  ])('after %i comes with a class and with what to do', async (status, code, retryable) => {
    const server = new ScriptedStreamkap([answer(status), answer(status)]);
    const clock = new VirtualClock();
    const client = clientOver(server.transport, { clock, random: () => 1, deadline: clock.time + 1 });
    const error = await errorOf(client.listProjectKeys());
    expect(error).toMatchObject({ code, retryable, status });
    expect(error.remedy).toMatch(/^[A-Z].*\.$/);
  });
});

describe('what is sent', () => {
  test.each(['a/b', '../admin', 'a?b#c', 'ключ', '%2F', ' '])('has the id "%s" encoded in the path', async (id) => {
    const server = new ScriptedStreamkap([answer(404), answer(200), answer(404)]);
    const client = clientOver(server.transport);
    expect(await client.getProjectKey(id)).toBeUndefined();
    await client.setKafkaPassword(id, SECRET);
    await client.deleteProjectKey(id);
    for (const { url } of server.requests.slice(1))
      expect(new URL(url).pathname).toBe(`/project-keys/${encodeURIComponent(id)}`);
  });

  test.each(['', '.', '..'])('has no id "%s", which would mean another path', async (id) => {
    const server = new ScriptedStreamkap([]);
    const client = clientOver(server.transport);
    for (const call of [client.getProjectKey(id), client.setKafkaPassword(id, SECRET), client.deleteProjectKey(id)]) {
      expect(await errorOf(call)).toMatchObject({ code: 'INVALID_INPUT', changed: 'no' });
    }
    expect(server.calls).toEqual([]);
  });

  test('has secrets in bodies and the bearer header only, and no body where none is needed', async () => {
    const server = new ScriptedStreamkap([KEYS, answer(200, {}), answer(200)]);
    const client = clientOver(server.transport);
    await client.listProjectKeys();
    await client.setKafkaPassword('key-1', SECRET);
    await client.deleteProjectKey('key-1');
    const [, list, patch, remove] = server.requests;
    expect(list?.body).toBeUndefined();
    expect(remove?.body).toBeUndefined();
    expect(JSON.parse(patch?.body ?? '')).toEqual({ kafka_password: SECRET });
    for (const { url, headers } of server.requests) {
      expect(url).not.toContain(SECRET);
      expect(JSON.stringify(headers)).not.toContain(SECRET);
      expect(url.startsWith(`${HOST}/`)).toBe(true);
    }
  });
});

describe('what is taken from answers', () => {
  test('a key that is gone is no error, whether it is read or deleted', async () => {
    const client = clientOver(new ScriptedStreamkap([answer(404, { detail: 'Not found' }), answer(404)]).transport);
    expect(await client.getProjectKey('key-1')).toBeUndefined();
    expect(await client.deleteProjectKey('key-1')).toBeUndefined();
  });

  test('a delete and a password change need no body', async () => {
    for (const turn of [answer(200), answer(204), answer(202, '{"message":"started"}'), answer(200, 'not json')]) {
      const client = clientOver(new ScriptedStreamkap([turn, turn]).transport);
      await client.deleteProjectKey('key-1');
      await client.setKafkaPassword('key-1', SECRET);
    }
  });

  test('fields that nobody has heard of, and nulls where a value may be missing', async () => {
    const key = {
      id: 'key-1',
      name: 'orders',
      status: 'Active',
      description: null,
      brand_new: { a: 1 },
      kafka_acls: [
        { name: 'orders', topic_name: null, operation: 'READ', resource_pattern_type: 'LITERAL', resource: null },
      ],
      whitelist_ips: null,
      kafka_proxy_endpoint: null,
    };
    const client = clientOver(
      new ScriptedStreamkap([answer(200, key), answer(200, [key]), answer(201, { ...FILE, brand_new: 1 })]).transport,
    );
    expect(await client.getProjectKey('key-1')).toEqual(key);
    expect(await client.listProjectKeys()).toEqual([key]);
    expect(await client.createProjectKey({ name: 'orders' })).toEqual({ ...FILE, brand_new: 1 });
  });

  test.each([
    ['a list of something else', answer(200, [{ id: 7 }]), '0.id: expected string'],
    ['an object in place of a list', answer(200, { items: [] }), 'the value: expected array'],
    ['nothing', answer(200), 'the value: expected array'],
  ])('%s is an error that names the place', async (_what, turn, problem) => {
    const { error } = await failing((client) => client.listProjectKeys(), turn);
    expect(error.message).toBe(`Streamkap's answer to GET /project-keys is not as documented: ${problem}`);
    expect(error.retryable).toBe(false);
  });

  test.each([
    ['active', 'active'],
    ['ACTIVE', 'active'],
    [' Active ', 'active'],
    ['Delete Failed', 'delete_failed'],
    ['delete-failed', 'delete_failed'],
    ['DELETE_FAILED', 'delete_failed'],
    ['delete  failed', 'delete_failed'],
    ['Creating', 'creating'],
    ['Failed', 'failed'],
    ['Deleting', 'deleting'],
    ['suspended', 'other'],
    ['', 'other'],
    ['constructor', 'other'],
  ])('the status "%s" is %s', (status, expected) => {
    expect(statusOf({ status })).toBe(expected);
  });
});

describe('against the strict stand-in', () => {
  function tenant(options: Partial<StreamkapOptions> = {}) {
    const clock = new VirtualClock(Date.parse('2026-03-26T15:00:00Z'));
    const log = new CallLog();
    let ids = 0;
    const state = new StreamkapState({
      now: () => clock.time,
      randomId: () => `id-${String(++ids).padStart(8, '0')}`,
      kafkaUsers: new MemoryKafkaUsers(),
      bootstrapServers: 'orders.streamkap.invalid:32400',
      apiBaseUrl: HOST,
      admin: ADMIN,
      ...options,
    });
    return { clock, log, state, client: clientOver(inProcessStreamkap({ state, log }), { clock }) };
  }
  const kafka_config = { username: 'orders', password: SECRET, kafka_acls: [], is_create_schema_registry: false };

  test('a key lives: made, seen, given another password, deleted, gone', async () => {
    for (const options of [
      {},
      { statusStyle: 'title', aclNameField: 'name', deleteAnswer: 'json', omitRequestIdEvery: 2 },
    ] as const) {
      const { client, state } = tenant(options);
      expect(await client.whoami()).toMatchObject({ service_id: state.settings.serviceId, project_key_id: null });
      expect((await client.roles()).map(({ name }) => name)).toContain('Admin');
      const file = await client.createProjectKey({ name: 'orders', kafka_config });
      expect(file.kafka?.password).toBe(SECRET);
      const [listed] = await client.listProjectKeys();
      expect(listed && statusOf(listed)).toBe('active');
      await client.setKafkaPassword(file.project_key_id, `${SECRET}1`);
      expect(state.kafkaPasswordOf('orders')).toBe(`${SECRET}1`);
      await client.deleteProjectKey(file.project_key_id);
      expect(await client.getProjectKey(file.project_key_id)).toBeUndefined();
    }
  });

  test('what it echoes of a refused password stays out of the error', async () => {
    const { client, state } = tenant();
    const password = 'no-digits-and-no-upper-case-here';
    const error = await errorOf(
      client.createProjectKey({ name: 'orders', kafka_config: { ...kafka_config, password } }),
    );
    expect(error).toMatchObject({ code: 'STREAMKAP_INVALID', changed: 'no' });
    expect(error.message).toContain('body.kafka_config.password: Value error');
    expect(error.requestId).toMatch(/^sandbox-/);
    expect(texts(error)).not.toContain(password);
    expect(state.projectKeys).toEqual([]);
  });

  test('a create whose answer is lost is sent once, and the error says that it may have happened', async () => {
    const { client, state, log } = tenant();
    log.script({ service: 'streamkap', operation: 'POST /project-keys', action: { kind: 'drop', when: 'after' } });
    expect(await errorOf(client.createProjectKey({ name: 'orders', kafka_config }))).toMatchObject({
      changed: 'unknown',
    });
    expect(state.projectKeys).toHaveLength(1);
    expect(log.of('streamkap', 'POST /project-keys')).toHaveLength(1);
  });
});
