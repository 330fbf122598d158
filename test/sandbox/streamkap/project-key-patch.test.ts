import { describe, expect, test } from 'vitest';
import { Bench, field, OTHER_PASSWORD, PASSWORD } from './fixture.ts';

describe('changing a Kafka password', () => {
  test('takes effect at once, cuts the sessions, and the answer proves nothing', () => {
    const bench = new Bench();
    const id = bench.kafkaKey();
    const reply = bench.patch(`/project-keys/${id}`, { kafka_password: OTHER_PASSWORD });
    expect(reply.status).toBe(200);
    expect(reply.tookEffect).toBe(true);
    expect(reply.json).toMatchObject({ new_api_credentials: null, new_kafka_credentials: null });
    expect(reply.json).not.toHaveProperty('kafka_acls');
    expect(bench.kafkaUsers.passwordOf('orders')).toBe(OTHER_PASSWORD);
    expect(bench.cut).toEqual(['orders']);
  });

  test('to the same password changes no value and cuts the sessions all the same', () => {
    const bench = new Bench();
    const id = bench.kafkaKey();
    const before = bench.state.snapshot();
    expect(bench.patch(`/project-keys/${id}`, { kafka_password: PASSWORD }).tookEffect).toBe(true);
    expect(bench.state.snapshot()).toBe(before);
    expect(bench.cut).toEqual(['orders']);
  });

  test('reaches logins only after the propagation delay; sessions last until then', () => {
    const bench = new Bench({ propagationDelayMs: 1000 });
    const id = bench.kafkaKey();
    bench.patch(`/project-keys/${id}`, { kafka_password: OTHER_PASSWORD });
    expect(bench.state.kafkaPasswordOf('orders')).toBe(OTHER_PASSWORD);
    expect(bench.kafkaUsers.passwordOf('orders')).toBe(PASSWORD);
    expect(bench.state.nextDue()).toBe(bench.now + 1000);
    bench.now += 999;
    bench.state.settle();
    expect([bench.kafkaUsers.passwordOf('orders'), bench.cut]).toEqual([PASSWORD, []]);
    bench.now += 1;
    bench.state.settle();
    expect([bench.kafkaUsers.passwordOf('orders'), bench.cut]).toEqual([OTHER_PASSWORD, ['orders']]);
    expect(bench.state.nextDue()).toBeUndefined();
  });

  test('while another is on its way replaces it: the last one sent wins', () => {
    const bench = new Bench({ propagationDelayMs: 1000 });
    const id = bench.kafkaKey();
    bench.patch(`/project-keys/${id}`, { kafka_password: OTHER_PASSWORD });
    bench.now += 500;
    bench.patch(`/project-keys/${id}`, { kafka_password: `${OTHER_PASSWORD}2` });
    bench.now += 2000;
    bench.state.settle();
    expect(bench.kafkaUsers.passwordOf('orders')).toBe(`${OTHER_PASSWORD}2`);
    expect(bench.cut).toEqual(['orders']);
  });

  test('on its way is forgotten when the key is deleted', () => {
    const bench = new Bench({ propagationDelayMs: 1000 });
    const id = bench.kafkaKey();
    bench.patch(`/project-keys/${id}`, { kafka_password: OTHER_PASSWORD });
    bench.delete(`/project-keys/${id}`);
    bench.now += 2000;
    bench.state.settle();
    expect(bench.kafkaUsers.passwordOf('orders')).toBeUndefined();
  });

  test('is refused on a key without Kafka user', () => {
    const bench = new Bench();
    const { id } = bench.apiKey();
    const reply = bench.patch(`/project-keys/${id}`, { kafka_password: OTHER_PASSWORD });
    expect([reply.status, reply.json]).toEqual([400, { detail: 'Project Key has no Kafka user' }]);
  });

  test.each([
    'creating',
    'failed',
    'deleting',
    'delete_failed',
  ] as const)('is refused on a key that is %s', (status) => {
    const bench = new Bench();
    const file = bench.state.seedProjectKey({
      name: 'k',
      status,
      kafka_config: { username: 'orders', password: PASSWORD },
    });
    const before = bench.state.snapshot();
    const path = `/project-keys/${field(file, 'project_key_id')}`;
    expect(bench.patch(path, { kafka_password: OTHER_PASSWORD }).status).toBe(400);
    expect(bench.patch(path, { name: 'x' }).status).toBe(400);
    expect(bench.state.snapshot()).toBe(before);
  });

  test('under a misspelt name is answered with 200 and does nothing', () => {
    const bench = new Bench();
    const id = bench.kafkaKey();
    const before = bench.state.snapshot();
    for (const body of [
      { password: OTHER_PASSWORD },
      { kafkaPassword: OTHER_PASSWORD },
      { kafka_password: null },
      {},
    ]) {
      const reply = bench.patch(`/project-keys/${id}`, body);
      expect([reply.status, reply.tookEffect]).toEqual([200, false]);
    }
    expect(bench.state.snapshot()).toBe(before);
    expect(bench.cut).toEqual([]);
  });

  test('of a key that does not exist is refused with 404', () => {
    const reply = new Bench().patch('/project-keys/gone', { kafka_password: OTHER_PASSWORD });
    expect([reply.status, reply.json]).toEqual([404, { detail: 'Project Key not found' }]);
  });
});

describe('adding a capability', () => {
  test('API access shows the new client secret once; the Kafka part stays as it is', () => {
    const bench = new Bench();
    const id = bench.kafkaKey();
    const reply = bench.patch(`/project-keys/${id}`, { role_ids: [bench.roleId('Read Only')] });
    const secret = field(reply.json, 'new_api_credentials', 'client_secret');
    expect(reply.json).toMatchObject({ new_kafka_credentials: null, roles: [{ name: 'Read Only' }] });
    bench.tokenFor(field(reply.json, 'new_api_credentials', 'client_id'), secret);
    expect(bench.get(`/project-keys/${id}`).text).not.toContain(secret);
    expect(bench.kafkaUsers.passwordOf('orders')).toBe(PASSWORD);
  });

  test('Kafka access gives new_kafka_credentials and a login', () => {
    const bench = new Bench();
    const { id } = bench.apiKey();
    const reply = bench.patch(`/project-keys/${id}`, { kafka_config: { username: 'late', password: PASSWORD } });
    expect(reply.json).toMatchObject({
      kafka_username: 'late',
      new_kafka_credentials: { username: 'late', password: PASSWORD },
      new_api_credentials: null,
    });
    expect(bench.kafkaUsers.passwordOf('late')).toBe(PASSWORD);
  });

  test('that is already there is refused, and nothing of the same call is done', () => {
    const bench = new Bench();
    const id = bench.kafkaKey('orders', { role_ids: [bench.roleId('Read Only')] });
    const before = bench.state.snapshot();
    const kafka = { kafka_config: { username: 'second', password: PASSWORD } };
    expect(bench.patch(`/project-keys/${id}`, { name: 'new', ...kafka }).status).toBe(400);
    const permission = bench.state.settings.roles[0]?.permissions[0];
    expect(bench.patch(`/project-keys/${id}`, { name: 'new', permission_ids: [permission] }).status).toBe(400);
    expect(bench.state.snapshot()).toBe(before);
  });

  test('with a Kafka username that is taken is refused', () => {
    const bench = new Bench();
    bench.kafkaKey('orders');
    const { id } = bench.apiKey();
    const reply = bench.patch(`/project-keys/${id}`, {
      kafka_config: { username: 'orders', password: OTHER_PASSWORD },
    });
    expect(reply.status).toBe(422);
    expect(bench.kafkaUsers.passwordOf('orders')).toBe(PASSWORD);
  });
});

describe('other changes', () => {
  test('roles of a role-based key change without new credentials; single permissions never do', () => {
    const bench = new Bench();
    const { id } = bench.apiKey('Read Only');
    const reply = bench.patch(`/project-keys/${id}`, { role_ids: [bench.roleId('Admin')] });
    expect(reply.json).toMatchObject({ roles: [{ name: 'Admin' }], new_api_credentials: null });
    const permission = bench.state.settings.roles[0]?.permissions[0];
    const body = { name: 'by permission', permission_ids: [permission] };
    const other = field(bench.post('/project-keys', body).json, 'project_key_id');
    expect(bench.patch(`/project-keys/${other}`, { role_ids: [bench.roleId('Admin')] }).status).toBe(400);
  });

  test('name, description, tools, rules and safe list are replaced', () => {
    const bench = new Bench();
    const id = bench.kafkaKey();
    const rule = { topic_name: 'g', operation: 'READ', resource_pattern_type: 'PREFIXED', resource: 'GROUP' };
    const body = {
      name: 'n',
      description: 'd',
      tool_profile: 'read-only',
      allowed_tools: ['a'],
      blocked_tools: [],
      kafka_acls: [rule],
      whitelist_ips: '192.0.2.1',
    };
    expect(bench.patch(`/project-keys/${id}`, body).tookEffect).toBe(true);
    expect(bench.get(`/project-keys/${id}`).json).toMatchObject(body);
    expect(bench.patch(`/project-keys/${id}`, body).tookEffect).toBe(false);
  });

  test('rules and safe list are refused on a key without Kafka', () => {
    const bench = new Bench();
    const { id } = bench.apiKey();
    expect(bench.patch(`/project-keys/${id}`, { kafka_acls: [] }).status).toBe(400);
    expect(bench.patch(`/project-keys/${id}`, { whitelist_ips: '192.0.2.1' }).status).toBe(400);
  });
});
