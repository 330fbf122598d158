import { describe, expect, test } from 'vitest';
import { Bench, field, OTHER_PASSWORD, PASSWORD } from './fixture.ts';

const ACL = { topic_name: 'orders', operation: 'READ', resource_pattern_type: 'LITERAL' };

describe('creating a key', () => {
  test('the answer is the credential file, and logins accept its password', () => {
    const bench = new Bench();
    const config = { username: 'orders', password: PASSWORD, kafka_acls: [ACL], is_create_schema_registry: true };
    const body = { name: 'Orders', role_ids: [bench.roleId('Read Only')], kafka_config: config };
    const reply = bench.post('/project-keys', body);
    expect(reply.status).toBe(201);
    expect(reply.tookEffect).toBe(true);
    expect(reply.json).toMatchObject({
      type: 'streamkap_project_key',
      api: { api_url: 'https://api.streamkap.invalid', roles: [bench.roleId('Read Only')] },
      kafka: { username: 'orders', password: PASSWORD, bootstrap_servers: 'orders.streamkap.invalid:32400' },
      kafka_acls: [{ ...ACL, resource: 'TOPIC' }],
    });
    expect(bench.kafkaUsers.passwordOf('orders')).toBe(PASSWORD);
  });

  test('a Kafka-only key has no api section and an API-only key no kafka section', () => {
    const bench = new Bench();
    const kafkaOnly = { name: 'k', kafka_config: { username: 'orders', password: PASSWORD } };
    expect(bench.post('/project-keys', kafkaOnly).json).toMatchObject({ api: null });
    expect(bench.apiKey().file).toMatchObject({ kafka: null, kafka_acls: [] });
  });

  test('secrets are shown in this one answer and never again', () => {
    const bench = new Bench();
    const config = { username: 'orders', password: PASSWORD };
    const file = bench.post('/project-keys', {
      name: 'both',
      role_ids: [bench.roleId('Admin')],
      kafka_config: config,
    }).json;
    const secret = field(file, 'api', 'client_secret');
    const id = field(file, 'project_key_id');
    for (const reply of [
      bench.get('/project-keys'),
      bench.get(`/project-keys/${id}`),
      bench.get('/auth/client-credentials'),
      bench.patch(`/project-keys/${id}`, { kafka_password: OTHER_PASSWORD }),
      bench.patch(`/project-keys/${id}`, { name: 'again' }),
    ]) {
      expect(reply.status).toBe(200);
      for (const hidden of [secret, PASSWORD, OTHER_PASSWORD]) expect(reply.text).not.toContain(hidden);
    }
  });

  test('a misspelt field is accepted and does nothing', () => {
    const bench = new Bench();
    const config = { username: 'orders', password: PASSWORD, kafka_acl: [ACL] };
    const reply = bench.post('/project-keys', { name: 'k', kafka_config: config, toolprofile: 'full' });
    expect(reply.status).toBe(201);
    expect(reply.json).toMatchObject({ kafka_acls: [], tool_profile: null });
  });

  test('a Kafka username is unique in the tenant until its key is gone', () => {
    const bench = new Bench({ deleteLatencyMs: 1000 });
    bench.state.seedProjectKey({
      name: 'foreign',
      serviceId: 'other-service',
      kafka_config: { username: 'taken', password: PASSWORD },
    });
    const again = bench.post('/project-keys', { name: 'x', kafka_config: { username: 'taken', password: PASSWORD } });
    expect([again.status, again.json]).toEqual([422, { detail: "Kafka user 'taken' already exists" }]);
    expect(again.tookEffect).toBe(false);

    const id = bench.kafkaKey('orders');
    bench.delete(`/project-keys/${id}`);
    const body = { name: 'x', kafka_config: { username: 'orders', password: PASSWORD } };
    expect(bench.post('/project-keys', body).status).toBe(422);
    bench.now += 1000;
    expect(bench.post('/project-keys', body).status).toBe(201);
  });

  test('names repeat, unless the tenant is set to refuse that', () => {
    const open = new Bench();
    open.apiKey();
    open.apiKey();
    expect(open.state.projectKeys).toHaveLength(2);
    const closed = new Bench({ uniqueNames: true });
    closed.apiKey();
    const body = { name: 'api key', role_ids: [closed.roleId('Admin')] };
    expect(closed.post('/project-keys', body).status).toBe(422);
    expect(closed.state.projectKeys).toHaveLength(1);
  });

  test('a key without any access, and roles that do not exist, are refused', () => {
    const bench = new Bench();
    expect(bench.post('/project-keys', { name: 'nothing' }).status).toBe(400);
    const unknown = bench.post('/project-keys', { name: 'x', role_ids: ['Admin'] });
    expect([unknown.status, unknown.json]).toEqual([400, { detail: 'Role Admin does not exist' }]);
    expect(bench.state.projectKeys).toHaveLength(0);
  });

  test('descriptions lose their HTML; a keyring marker survives', () => {
    const bench = new Bench();
    const marker = '[keyring:3f2b8c1e-5d0f-4a7b-9e55-0c1d2e3f4a5b.1]';
    const description = `for <b>orders</b><script>alert(1)</script> & a < b ${marker}`;
    const id = bench.kafkaKey('orders', { description });
    const stored = field(bench.get(`/project-keys/${id}`).json, 'description');
    expect(stored).toBe(`for orders &amp; a &lt; b ${marker}`);
    bench.patch(`/project-keys/${id}`, { description: stored });
    expect(field(bench.get(`/project-keys/${id}`).json, 'description')).toBe(stored);
  });
});

test('an unfinished tag or comment takes the rest of a description with it, a marker too', () => {
  const bench = new Bench();
  for (const [index, begun] of ['<b', '</b', '<!--', '<script'].entries()) {
    const id = bench.kafkaKey(`orders-${index}`, { description: `for orders ${begun} [keyring:3f2b8c1e.1]` });
    expect(field(bench.get(`/project-keys/${id}`).json, 'description')).toBe('for orders ');
  }
});

describe('creation that takes time', () => {
  test('the key is creating, without login and endpoint, until its time has come', () => {
    const bench = new Bench({ createLatencyMs: 5000 });
    const id = bench.kafkaKey();
    expect(bench.get(`/project-keys/${id}`).json).toMatchObject({ status: 'creating', kafka_proxy_endpoint: null });
    bench.now += 4999;
    expect(bench.status(id)).toBe('creating');
    expect(bench.kafkaUsers.passwordOf('orders')).toBeUndefined();
    bench.now += 1;
    expect(bench.get(`/project-keys/${id}`).json).toMatchObject({
      status: 'active',
      kafka_proxy_endpoint: 'orders.streamkap.invalid:32400',
    });
    expect(bench.kafkaUsers.passwordOf('orders')).toBe(PASSWORD);
  });

  test('one that fails ends in failed, has no login, and can be deleted', () => {
    const bench = new Bench({ createLatencyMs: 5000, statusStyle: 'title' });
    bench.state.failNextCreates(1);
    const id = bench.kafkaKey();
    expect(bench.status(id)).toBe('Creating');
    bench.now += 5000;
    expect(bench.status(id)).toBe('Failed');
    expect(bench.kafkaUsers.passwordOf('orders')).toBeUndefined();
    expect(bench.delete(`/project-keys/${id}`).status).toBe(200);
    expect(bench.get(`/project-keys/${id}`).status).toBe(404);
    const second = bench.kafkaKey();
    bench.now += 5000;
    expect(bench.status(second)).toBe('Active');
    expect(bench.kafkaUsers.passwordOf('orders')).toBe(PASSWORD);
  });

  test('a deletion meanwhile is accepted, or refused where the tenant is set so', () => {
    const accepting = new Bench({ createLatencyMs: 5000 });
    const gone = accepting.kafkaKey();
    expect(accepting.delete(`/project-keys/${gone}`).status).toBe(200);
    accepting.now += 5000;
    expect(accepting.get(`/project-keys/${gone}`).status).toBe(404);
    expect(accepting.kafkaUsers.passwordOf('orders')).toBeUndefined();
    const refusing = new Bench({ createLatencyMs: 5000, deleteWhileCreating: 'refuse' });
    expect(refusing.delete(`/project-keys/${refusing.kafkaKey()}`).status).toBe(400);
  });
});

describe('deleting a key', () => {
  test('takes its login and its API credential with it; after that it is unknown', () => {
    const bench = new Bench();
    const id = bench.kafkaKey('orders', { role_ids: [bench.roleId('Admin')] });
    const reply = bench.delete(`/project-keys/${id}`);
    expect([reply.status, reply.text]).toEqual([200, '']);
    expect(bench.kafkaUsers.passwordOf('orders')).toBeUndefined();
    expect(bench.state.clientCredentials).toHaveLength(1);
    expect(bench.get(`/project-keys/${id}`).json).toEqual({ detail: 'Project Key not found' });
    expect(bench.delete(`/project-keys/${id}`).status).toBe(404);
  });

  test('that takes time is deleting meanwhile; a second DELETE changes nothing', () => {
    const bench = new Bench({ deleteLatencyMs: 5000 });
    const id = bench.kafkaKey();
    bench.delete(`/project-keys/${id}`);
    bench.now += 3000;
    expect(bench.status(id)).toBe('deleting');
    const again = bench.delete(`/project-keys/${id}`);
    expect([again.status, again.tookEffect]).toEqual([200, false]);
    bench.now += 2000;
    expect(bench.get(`/project-keys/${id}`).status).toBe(404);
  });

  test('that fails leaves the key in delete_failed, still working; another DELETE finishes it', () => {
    const bench = new Bench({ statusStyle: 'title' });
    bench.state.failNextDeletes(1);
    const id = bench.kafkaKey();
    expect(bench.delete(`/project-keys/${id}`).status).toBe(200);
    expect(bench.status(id)).toBe('Delete Failed');
    expect(bench.kafkaUsers.passwordOf('orders')).toBe(PASSWORD);
    expect(bench.delete(`/project-keys/${id}`).status).toBe(200);
    expect(bench.get(`/project-keys/${id}`).status).toBe(404);
  });
});

describe('listing keys', () => {
  test('shows those of other services too, or only the caller’s, as the tenant is set', () => {
    const foreign = { name: 'foreign', serviceId: 'other', kafka_config: { username: 'foreign', password: PASSWORD } };
    const wide = new Bench();
    const file = wide.state.seedProjectKey(foreign);
    wide.kafkaKey();
    expect(wide.get('/project-keys').json).toMatchObject([{ service_id: 'other' }, { name: 'orders' }]);
    expect(wide.kafkaUsers.passwordOf('foreign')).toBe(PASSWORD);
    const narrow = new Bench({ listScope: 'service' });
    const hidden = narrow.state.seedProjectKey(foreign);
    expect(narrow.get('/project-keys').json).toEqual([]);
    expect(narrow.get(`/project-keys/${field(hidden, 'project_key_id')}`).status).toBe(404);
    expect(field(file, 'project', 'service_id')).toBe('other');
  });

  test('rules may come back under name instead of topic_name', () => {
    const bench = new Bench({ aclNameField: 'name' });
    const id = bench.kafkaKey('orders', {
      kafka_config: { username: 'orders', password: PASSWORD, kafka_acls: [ACL], whitelist_ips: '10.0.0.0/8, ::1' },
    });
    expect(bench.get(`/project-keys/${id}`).json).toMatchObject({
      kafka_acls: [{ name: 'orders', operation: 'READ', resource: 'TOPIC' }],
      whitelist_ips: '10.0.0.0/8, ::1',
    });
  });

  test('unknown paths, the old /api prefix and wrong methods are refused', () => {
    const bench = new Bench();
    expect(bench.get('/api/project-keys').status).toBe(404);
    expect(bench.get('/project-keys/').status).toBe(404);
    expect(bench.call('PUT', '/project-keys', {}).status).toBe(405);
    expect(bench.get('/auth/access-token').status).toBe(405);
  });
});
