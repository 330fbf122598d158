import { describe, expect, test } from 'vitest';
import { SandboxBench } from './sandbox-bench.ts';
import { field, PASSWORD } from './streamkap/fixture.ts';

const bench = new SandboxBench();

describe('the control server', () => {
  test('is healthy, shows the calls, and forgets them when told to', async () => {
    expect(await (await bench.control('GET', '/health')).json()).toEqual({ status: 'ok' });
    await bench.streamkap('GET', '/auth/whoami');
    expect(await (await bench.control('GET', '/calls')).json()).toEqual([
      {
        seq: 1,
        service: 'streamkap',
        operation: 'GET /auth/whoami',
        target: '',
        outcome: '401',
        tookEffect: false,
      },
    ]);
    expect((await bench.control('DELETE', '/calls')).status).toBe(204);
    expect(bench.sandbox.log.calls).toEqual([]);
  });

  test('scripts one fault or several, and takes back those that wait', async () => {
    const action = { kind: 'status', when: 'before', status: 503 };
    const fault = { service: 'streamkap', operation: 'GET /auth/whoami', action };
    expect((await bench.control('POST', '/faults', fault)).status).toBe(204);
    expect((await bench.streamkap('GET', '/auth/whoami')).status).toBe(503);
    expect((await bench.control('POST', '/faults', [fault, fault])).status).toBe(204);
    expect((await bench.control('DELETE', '/faults')).status).toBe(204);
    expect((await bench.streamkap('GET', '/auth/whoami')).status).toBe(401);
  });

  test.each([
    ['not JSON', '{', 'body: not JSON'],
    ['no fault', [], 'body'],
    ['an unknown service', { service: 's3', operation: '*', action: { kind: 'drop', when: 'before' } }, 'service'],
    [
      'an operation that no service has',
      { service: 'streamkap', operation: 'PATCH /project-keys', action: { kind: 'drop', when: 'before' } },
      'operation: no such operation of streamkap',
    ],
    ['no moment', { service: 'kafka', operation: 'login', action: { kind: 'hang' } }, 'action.when'],
    [
      'a misspelt field',
      { service: 'kafka', operation: 'login', time: 2, action: { kind: 'drop', when: 'after' } },
      'Unrecognized key: "time"',
    ],
    [
      'propagation where there is none',
      { service: 'kafka', operation: 'login', action: { kind: 'propagation', delayMs: 5 } },
      'action.kind: propagation is only for PATCH /project-keys/{id} of streamkap',
    ],
  ])('refuses a fault with %s and says where', async (_what, body, message) => {
    const answer = await bench.control('POST', '/faults', body);
    expect(answer.status).toBe(400);
    expect(field(await answer.json(), 'error')).toContain(message);
    expect(bench.sandbox.log.take('streamkap', 'GET /project-keys')).toBeUndefined();
  });

  test('brings about what only Streamkap can', async () => {
    const token = await bench.adminToken();
    expect((await bench.control('POST', '/tenant', { failNextCreates: 1 })).status).toBe(204);
    const config = { name: 'k', kafka_config: { username: 'orders', password: PASSWORD } };
    await bench.streamkap('POST', '/project-keys', config, token);
    expect(bench.sandbox.streamkap.projectKeys[0]?.status).toBe('failed');
    await bench.control('POST', '/tenant', { failNextDeletes: 1, revokeTokens: true });
    expect((await bench.streamkap('GET', '/auth/whoami', undefined, token)).status).toBe(401);
    expect((await bench.control('POST', '/tenant', { revokeTokens: false })).status).toBe(400);
  });

  test('names its routes to whoever calls another', async () => {
    const answer = await bench.control('GET', '/faults');
    expect(answer.status).toBe(404);
    expect(field(await answer.json(), 'error')).toContain('POST /faults');
  });
});
