import { describe, expect, test } from 'vitest';
import { ADMIN, Bench, field, PASSWORD } from './fixture.ts';

function made(bench: Bench): { id: string; secret: string } {
  const { status, json } = bench.post('/auth/client-credentials', {
    description: 'admin [keyring:1]',
    role_ids: [bench.roleId('Admin')],
  });
  expect(status).toBe(201);
  return { id: field(json, 'client_id'), secret: field(json, 'secret') };
}

describe('client credentials', () => {
  test('a new one shows its secret once and works at once', () => {
    const bench = new Bench();
    const { id, secret } = made(bench);
    bench.token = bench.tokenFor(id, secret);
    const list = bench.get('/auth/client-credentials');
    expect(list.status).toBe(200);
    expect(list.text).not.toContain(secret);
    expect(list.text).toContain(`${secret.slice(0, 3)}******${secret.slice(-3)}`);
  });

  test('there is no single GET', () => {
    const bench = new Bench();
    expect(bench.get(`/auth/client-credentials/${ADMIN.clientId}`).status).toBe(405);
  });

  test('a deleted one answers with an empty body, then 404, and cannot be exchanged', () => {
    const bench = new Bench();
    const { id, secret } = made(bench);
    const gone = bench.delete(`/auth/client-credentials/${id}`);
    expect([gone.status, gone.text, gone.headers['content-type']]).toEqual([200, '', undefined]);
    expect(bench.delete(`/auth/client-credentials/${id}`).status).toBe(404);
    expect(bench.post('/auth/access-token', { client_id: id, secret }).status).toBe(401);
  });

  test('a token outlives the credential it came from, as a self-contained token does', () => {
    const bench = new Bench();
    const { id, secret } = made(bench);
    const admin = bench.token;
    const token = bench.tokenFor(id, secret);
    bench.token = admin;
    bench.delete(`/auth/client-credentials/${id}`);
    bench.token = token;
    expect(bench.get('/auth/whoami').status).toBe(200);
  });

  test('one that a project key owns is refused with 409 and stays', () => {
    const bench = new Bench();
    const owned = field(bench.apiKey().file, 'api', 'client_id');
    expect(bench.patch(`/auth/client-credentials/${owned}`, { description: 'mine' }).status).toBe(409);
    expect(bench.delete(`/auth/client-credentials/${owned}`).status).toBe(409);
    expect(bench.state.clientCredentials.some((entry) => entry.clientId === owned)).toBe(true);
  });

  test('description and roles change; the service does not; an empty change is refused', () => {
    const bench = new Bench();
    const { id } = made(bench);
    const path = `/auth/client-credentials/${id}`;
    expect(bench.patch(path, { description: 'new' }).json).toMatchObject({ description: 'new' });
    expect(bench.patch(path, { role_ids: [bench.roleId('Read Only')] }).json).toMatchObject({
      roles: [{ name: 'Read Only' }],
    });
    expect(bench.patch(path, { description: 'x', service_id: 'other' }).status).toBe(400);
    expect(bench.patch(path, {}).status).toBe(422);
    expect(bench.patch('/auth/client-credentials/nobody', { description: 'x' }).status).toBe(404);
    expect(bench.state.clientCredentials.at(-1)).toMatchObject({ description: 'new' });
  });

  test('roles and permissions exclude each other, one of them is needed, and unknown ids are refused', () => {
    const bench = new Bench();
    const create = (body: unknown): number => bench.post('/auth/client-credentials', body).status;
    const roles = [bench.roleId('Admin')];
    expect(create({ role_ids: roles, permission_ids: ['x'] })).toBe(422);
    expect(create({})).toBe(422);
    expect(create({ role_ids: [] })).toBe(422);
    expect(create({ role_ids: ['Admin'] })).toBe(400);
    expect(create({ permission_ids: ['nothing'] })).toBe(400);
    expect(create({ role_ids: roles, misspelt: true })).toBe(201);
  });

  test('a Kafka user that a project key owns cannot be changed on its own', () => {
    const bench = new Bench();
    bench.kafkaKey('orders');
    const path = '/kafka-access/kafka-users/orders';
    expect(bench.patch(path, { password: 'Other!Horse9battery' }).status).toBe(409);
    expect(bench.call('PUT', path, {}).status).toBe(409);
    expect(bench.delete(path).status).toBe(409);
    expect(bench.delete('/kafka-access/kafka-users/nobody').status).toBe(404);
    expect(bench.kafkaUsers.passwordOf('orders')).toBe(PASSWORD);
  });
});
