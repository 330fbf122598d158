import { connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CallLog } from '../call-log.ts';
import { errorShape } from './error-shapes.ts';
import { ADMIN, Bench, OTHER_PASSWORD, PASSWORD } from './fixture.ts';
import { inProcessStreamkap } from './in-process.ts';
import { type RunningStreamkap, startStreamkap } from './server.ts';

let bench: Bench;
let log: CallLog;
let server: RunningStreamkap;

beforeEach(async () => {
  bench = new Bench();
  log = new CallLog();
  server = await startStreamkap({ state: bench.state, log });
});
afterEach(() => server.close());

function send(method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(server.url + path, {
    method,
    headers: { authorization: `Bearer ${bench.token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

const lastCall = (): unknown => log.calls.at(-1);

describe('over HTTP', () => {
  test('the tenant listens on loopback only, and answers as the model does', async () => {
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const answer = await send('GET', '/project-keys');
    expect([answer.status, await answer.json()]).toEqual([200, []]);
    expect(answer.headers.get('x-request-id')).toMatch(/^sandbox-/);
  });

  test('an effect that a broker still has to take on is taken on before the answer', async () => {
    await server.close();
    const seen: string[] = [];
    const settled = async (): Promise<void> => {
      await nextTurn();
      seen.push(`${bench.state.projectKeys.length} key`);
    };
    server = await startStreamkap({ state: bench.state, log, settled });
    await send('POST', '/project-keys', { name: 'x', kafka_config: { username: 'orders', password: PASSWORD } });
    seen.push('answered');
    expect(seen).toEqual(['1 key', 'answered']);
  });

  test('calls are logged with ids and usernames, never with a secret', async () => {
    await send('POST', '/auth/access-token', { client_id: ADMIN.clientId, secret: ADMIN.clientSecret });
    await send('POST', '/project-keys', { name: 'x', kafka_config: { username: 'orders', password: 'short' } });
    const made = await send('POST', '/project-keys', {
      name: 'x',
      kafka_config: { username: 'orders', password: PASSWORD },
    });
    const { project_key_id: id } = (await made.json()) as { project_key_id: string };
    await send('GET', `/project-keys/${id}`);
    await send('PATCH', `/project-keys/${id}`, { kafka_password: OTHER_PASSWORD });
    await send('PATCH', `/project-keys/${id}`, { password: PASSWORD });
    await send('GET', `/surprise/${PASSWORD}`);
    expect(log.calls).toEqual(
      [
        { operation: 'POST /auth/access-token', target: ADMIN.clientId, outcome: '200', tookEffect: false },
        { operation: 'POST /project-keys', target: 'orders', outcome: '422', tookEffect: false },
        { operation: 'POST /project-keys', target: id, outcome: '201', tookEffect: true },
        { operation: 'GET /project-keys/{id}', target: id, outcome: '200', tookEffect: false },
        { operation: 'PATCH /project-keys/{id}', target: id, outcome: '200', tookEffect: true },
        { operation: 'PATCH /project-keys/{id}', target: id, outcome: '200', tookEffect: false },
        { operation: '(not found)', target: '', outcome: '404', tookEffect: false },
      ].map((call, index) => ({ seq: index + 1, service: 'streamkap', ...call })),
    );
    const text = JSON.stringify(log.calls);
    for (const secret of [PASSWORD, OTHER_PASSWORD, ADMIN.clientSecret]) expect(text).not.toContain(secret);
  });
});

describe('scripted faults', () => {
  const create = { name: 'x', kafka_config: { username: 'orders', password: PASSWORD } };
  const operation = 'POST /project-keys';

  test.each(['drop', 'hang'] as const)('a %s before the call leaves nothing behind', async (kind) => {
    log.script({ service: 'streamkap', operation, action: { kind, when: 'before' } });
    const lost = send('POST', '/project-keys', create);
    if (kind === 'hang') await waitForCall();
    if (kind === 'hang') await server.close();
    await expect(lost).rejects.toThrow();
    expect(bench.state.projectKeys).toHaveLength(0);
    expect(lastCall()).toMatchObject({ outcome: kind, target: 'orders', tookEffect: false });
  });

  test.each(['drop', 'hang'] as const)('a %s after the call loses the answer, not the effect', async (kind) => {
    log.script({ service: 'streamkap', operation, action: { kind, when: 'after' } });
    const lost = send('POST', '/project-keys', create);
    if (kind === 'hang') await waitForCall();
    if (kind === 'hang') await server.close();
    await expect(lost).rejects.toThrow();
    expect(bench.kafkaUsers.passwordOf('orders')).toBe(PASSWORD);
    expect(lastCall()).toMatchObject({ outcome: kind, tookEffect: true, target: bench.state.projectKeys[0]?.id });
  });

  test('a status replaces the answer; other operations and later calls are not hit', async () => {
    const action = { kind: 'status', when: 'after', status: 503, headers: { 'Retry-After': '7' } } as const;
    log.script({ service: 'streamkap', operation, skip: 1, action });
    expect((await send('POST', '/project-keys', create)).status).toBe(201);
    expect((await send('GET', '/project-keys')).status).toBe(200);
    const other = { name: 'y', kafka_config: { username: 'billing', password: PASSWORD } };
    const spoilt = await send('POST', '/project-keys', other);
    expect([spoilt.status, spoilt.headers.get('retry-after')]).toEqual([503, '7']);
    expect(await spoilt.json()).toEqual({ detail: 'Scripted failure' });
    expect(bench.state.projectKeys).toHaveLength(2);
    expect(lastCall()).toMatchObject({ outcome: 'status', tookEffect: true });
    expect((await send('GET', '/project-keys')).status).toBe(200);
  });

  test.each([
    'string',
    'list',
    'object',
    'null',
    'missing',
    'html',
    'empty',
    'not json',
  ] as const)('an error body can be of the shape: %s', async (shape) => {
    const action = errorShape(shape, { status: 502, secret: PASSWORD });
    log.script({ service: 'streamkap', operation: '*', action });
    const answer = await send('GET', '/project-keys');
    const text = await answer.text();
    expect(answer.status).toBe(502);
    expect(answer.headers.has('x-request-id')).toBe(shape !== 'html');
    expect(text === '').toBe(shape === 'empty');
    expect(text.startsWith('<')).toBe(shape === 'html');
    expect(text.includes(PASSWORD)).toBe(['list', 'object', 'not json'].includes(shape));
  });

  test('a propagation fault answers as usual and lets logins see the password later', async () => {
    const id = bench.kafkaKey();
    const action = { kind: 'propagation', delayMs: 60_000 } as const;
    log.script({ service: 'streamkap', operation: 'PATCH /project-keys/{id}', action });
    const answer = await send('PATCH', `/project-keys/${id}`, { kafka_password: OTHER_PASSWORD });
    expect(answer.status).toBe(200);
    expect(lastCall()).toMatchObject({ outcome: '200', tookEffect: true });
    expect(bench.kafkaUsers.passwordOf('orders')).toBe(PASSWORD);
    bench.now += 60_000;
    bench.state.settle();
    expect(bench.kafkaUsers.passwordOf('orders')).toBe(OTHER_PASSWORD);
  });
});

test('a login sees a propagated password without another call', async () => {
  const id = bench.kafkaKey();
  const action = { kind: 'propagation', delayMs: 5 } as const;
  log.script({ service: 'streamkap', operation: '*', action });
  await send('PATCH', `/project-keys/${id}`, { kafka_password: OTHER_PASSWORD });
  bench.now += 5;
  while (bench.kafkaUsers.passwordOf('orders') === PASSWORD) await nextTurn();
  expect(bench.kafkaUsers.passwordOf('orders')).toBe(OTHER_PASSWORD);
  expect(log.calls).toHaveLength(1);
});

test('closing ends connections that are idle', async () => {
  const idle = connect(Number(new URL(server.url).port), '127.0.0.1');
  const ended = new Promise<void>((resolve) => idle.once('close', () => resolve()));
  idle.on('error', () => {});
  await new Promise<void>((resolve) => idle.once('connect', () => resolve()));
  await send('GET', '/project-keys');
  await server.close();
  await ended;
});

test('without a network the same decisions are made', async () => {
  const transport = inProcessStreamkap({ state: bench.state, log });
  const headers = { Authorization: `Bearer ${bench.token}` };
  const request = { method: 'GET', url: 'https://any.invalid/project-keys', headers, timeoutMs: 1 } as const;
  expect(await transport(request)).toMatchObject({ status: 200, body: '[]' });
  log.script({ service: 'streamkap', operation: 'GET /project-keys', action: { kind: 'hang', when: 'before' } });
  await expect(transport(request)).rejects.toThrow('no answer: hang');
  expect(log.of('streamkap', 'GET /project-keys')).toHaveLength(2);
});

/** Returns when a call has been recorded: a turn of the event loop at a time, no waiting. */
async function waitForCall(): Promise<void> {
  while (log.calls.length === 0) await nextTurn();
}
