import { describe, expect, test } from 'vitest';
import { ADMIN, Bench, field } from './fixture.ts';

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');

describe('exchanging credentials', () => {
  test('a client id and its secret give a token whose life is counted in seconds', () => {
    const bench = new Bench();
    const reply = bench.post('/auth/access-token', { client_id: ADMIN.clientId, secret: ADMIN.clientSecret });
    expect(reply.status).toBe(200);
    expect(reply.json).toMatchObject({ expiresIn: 3600 });
    expect(reply.tookEffect).toBe(false);
    expect(reply.text).not.toContain(ADMIN.clientSecret);
  });

  test('a wrong secret and an unknown client are refused alike', () => {
    const bench = new Bench();
    const wrong = bench.post('/auth/access-token', { client_id: ADMIN.clientId, secret: 'x' });
    const unknown = bench.post('/auth/access-token', { client_id: 'nobody', secret: 'x' });
    expect([wrong.status, wrong.json]).toEqual([401, { detail: 'Invalid credentials' }]);
    expect(unknown.json).toEqual(wrong.json);
  });

  test.each([
    ['client_id', 256],
    ['secret', 512],
    ['project_key', 8192],
  ])('%s may have %i characters and not one more', (name, limit) => {
    const bench = new Bench();
    expect(bench.post('/auth/access-token', { [name]: 'a'.repeat(limit) }).status).not.toBe(422);
    const reply = bench.post('/auth/access-token', { [name]: 'a'.repeat(limit + 1) });
    expect(reply.status).toBe(422);
    expect(reply.json).toMatchObject({ detail: [{ loc: ['body', name], type: 'string_too_long' }] });
  });

  test('a credential file is accepted as base64 and as JSON text, not as an object and not as wrapped base64', () => {
    const bench = new Bench();
    const { file } = bench.apiKey();
    const wrapped = base64(file).replace(/.{76}/g, '$&\n');
    const exchange = (projectKey: unknown): number =>
      bench.post('/auth/access-token', { project_key: projectKey }).status;
    expect(exchange(base64(file))).toBe(200);
    expect(exchange(JSON.stringify(file))).toBe(200);
    expect(exchange(file)).toBe(422);
    expect(exchange(wrapped)).toBe(400);
    expect(exchange('{')).toBe(400);
  });

  test('the file of a Kafka-only key cannot be exchanged', () => {
    const bench = new Bench();
    const config = { username: 'orders', password: 'Correct!Horse9battery' };
    const file = bench.post('/project-keys', { name: 'k', kafka_config: config }).json;
    const reply = bench.post('/auth/access-token', { project_key: base64(file) });
    expect([reply.status, reply.json]).toEqual([400, { detail: 'This Project Key has no API credentials' }]);
  });

  test('nothing, half a pair, and both ways at once are refused', () => {
    const bench = new Bench();
    expect(bench.post('/auth/access-token', {}).status).toBe(400);
    expect(bench.post('/auth/access-token', { client_id: ADMIN.clientId }).status).toBe(400);
    const both = { client_id: ADMIN.clientId, secret: ADMIN.clientSecret, project_key: '{}' };
    expect(bench.post('/auth/access-token', both).status).toBe(400);
  });

  test('a tenant may spell the field access_token, as the guide does', () => {
    const bench = new Bench({ accessTokenField: 'access_token' });
    const body = JSON.stringify({ client_id: ADMIN.clientId, secret: ADMIN.clientSecret });
    const headers = { 'content-type': 'application/json' };
    const answer = bench.state.handle({ method: 'POST', path: '/auth/access-token', headers, body });
    const token: unknown = JSON.parse(answer.body);
    expect(token).not.toHaveProperty('accessToken');
    bench.token = field(token, 'access_token');
    expect(bench.get('/auth/whoami').status).toBe(200);
  });
});

describe('calling with a token', () => {
  test('whoami says which service a caller works in, and which project key it is', () => {
    const bench = new Bench();
    expect(bench.get('/auth/whoami').json).toMatchObject({ sub: ADMIN.clientId, project_key_id: null });
    const { id, file } = bench.apiKey();
    bench.token = bench.tokenFor(field(file, 'api', 'client_id'), field(file, 'api', 'client_secret'));
    expect(bench.get('/auth/whoami').json).toMatchObject({
      service_id: bench.state.settings.serviceId,
      project_key_id: id,
    });
  });

  test('the use of a project key shows in last_used_at', () => {
    const bench = new Bench();
    const { id, file } = bench.apiKey();
    expect(bench.get(`/project-keys/${id}`).json).toMatchObject({ last_used_at: null });
    bench.tokenFor(field(file, 'api', 'client_id'), field(file, 'api', 'client_secret'));
    expect(bench.get(`/project-keys/${id}`).json).toMatchObject({ last_used_at: '2026-03-26T15:00:00.000Z' });
  });

  test.each([
    ['none', {}],
    ['an empty one', { authorization: '' }],
    ['another scheme', { authorization: 'Basic YTpi' }],
    ['an unknown one', { authorization: 'Bearer a.b.c' }],
    ['one without dots', { authorization: 'Bearer abc' }],
  ])('every call but the exchange is refused with %s', (_what, headers) => {
    const bench = new Bench();
    bench.token = '';
    for (const [method, path] of [
      ['GET', '/auth/whoami'],
      ['GET', '/auth/roles'],
      ['GET', '/project-keys'],
      ['POST', '/project-keys'],
      ['PATCH', '/project-keys/x'],
      ['DELETE', '/auth/client-credentials/x'],
    ] as const) {
      expect(bench.send({ method, path, headers }).status).toBe(401);
    }
  });

  test('a token ends when its seconds are over, and not before', () => {
    const bench = new Bench({ tokenTtlSeconds: 60 });
    bench.now += 59_999;
    expect(bench.get('/auth/whoami').status).toBe(200);
    bench.now += 1;
    expect(bench.get('/auth/whoami').status).toBe(401);
  });

  test('tokens can be made unknown before their time; a new exchange helps', () => {
    const bench = new Bench();
    bench.state.revokeTokens();
    expect(bench.get('/auth/whoami').status).toBe(401);
    bench.token = bench.tokenFor(ADMIN.clientId, ADMIN.clientSecret);
    expect(bench.get('/auth/whoami').status).toBe(200);
  });

  test('a reader may look and not touch', () => {
    const bench = new Bench();
    const id = bench.kafkaKey();
    const { file } = bench.apiKey('Read Only');
    bench.token = bench.tokenFor(field(file, 'api', 'client_id'), field(file, 'api', 'client_secret'));
    const before = bench.state.snapshot();
    expect(bench.get('/project-keys').status).toBe(200);
    expect(bench.post('/project-keys', { name: 'x' }).status).toBe(403);
    expect(bench.patch(`/project-keys/${id}`, { kafka_password: 'Other!Horse9battery' }).status).toBe(403);
    expect(bench.delete(`/project-keys/${id}`).status).toBe(403);
    expect(bench.post('/auth/client-credentials', { role_ids: ['x'] }).status).toBe(403);
    expect(bench.state.snapshot()).toBe(before);
  });

  test('a data admin may write project keys', () => {
    const bench = new Bench();
    const { file } = bench.apiKey('Data Admin');
    bench.token = bench.tokenFor(field(file, 'api', 'client_id'), field(file, 'api', 'client_secret'));
    bench.kafkaKey();
  });

  test('roles are listed with ids, keys and names', () => {
    const names = (new Bench().get('/auth/roles').json as { name: string }[]).map((role) => role.name);
    expect(names).toEqual(['Admin', 'Data Admin', 'Read Only']);
  });
});
