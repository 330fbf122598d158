import fc from 'fast-check';
import { expect, test } from 'vitest';
import { schema, violations } from './contract.ts';
import { Bench, field, OTHER_PASSWORD, PASSWORD } from './fixture.ts';

// The bench holds every answer against the schemas, so these tests only have to make the calls.

test('a long life of keys and credentials never leaves the published shapes', () => {
  for (const statusStyle of ['lower', 'title'] as const) {
    const bench = new Bench({ createLatencyMs: 1000, deleteLatencyMs: 1000, statusStyle });
    const id = bench.kafkaKey('orders', { role_ids: [bench.roleId('Admin')], tool_profile: 'full', allowed_tools: [] });
    bench.get('/project-keys');
    bench.get(`/project-keys/${id}`);
    bench.now += 1000;
    bench.patch(`/project-keys/${id}`, { kafka_password: OTHER_PASSWORD });
    const { id: apiOnly } = bench.apiKey();
    bench.now += 1000;
    bench.patch(`/project-keys/${apiOnly}`, { kafka_config: { username: 'late', password: PASSWORD } });
    const { json } = bench.post('/auth/client-credentials', { role_ids: [bench.roleId('Read Only')] });
    bench.patch(`/auth/client-credentials/${field(json, 'client_id')}`, { description: 'd' });
    bench.get('/auth/client-credentials');
    bench.get('/auth/roles');
    bench.get('/auth/whoami');
    bench.delete(`/auth/client-credentials/${field(json, 'client_id')}`);
    bench.state.failNextDeletes(1);
    bench.delete(`/project-keys/${id}`);
    bench.now += 1000;
    expect(bench.get('/project-keys').json).toHaveLength(2);
    bench.delete(`/project-keys/${id}`);
    bench.now += 1000;
    expect(bench.get('/project-keys').json).toHaveLength(1);
  }
});

const junk = fc.oneof(fc.string(), fc.constant(null), fc.integer(), fc.constant([]), fc.constant({}), fc.boolean());
const or = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ arbitrary: value, weight: 6 }, { arbitrary: junk, weight: 1 });
const acl = fc.record(
  {
    topic_name: or(fc.string({ minLength: 1 })),
    operation: or(fc.constantFrom('READ', 'WRITE', 'ALL')),
    resource_pattern_type: or(fc.constantFrom('LITERAL', 'PREFIXED')),
    resource: or(fc.constantFrom('TOPIC', 'GROUP')),
  },
  { requiredKeys: [] },
);
const kafkaConfig = fc.record(
  {
    username: or(fc.constantFrom('orders', 'billing', 'ab', 'Or_ders')),
    password: or(fc.constantFrom(PASSWORD, OTHER_PASSWORD, 'short')),
    whitelist_ips: or(fc.constantFrom('10.0.0.0/8', null, 'everywhere')),
    kafka_acls: or(fc.array(acl, { maxLength: 2 })),
    is_create_schema_registry: or(fc.boolean()),
  },
  { requiredKeys: ['username'] },
);
const someRoles = or(fc.constantFrom(['eb6b0ab4-7d1a-4c1e-9b52-3f6f0f2f5a01'], ['unknown'], [], null));
const keyBody = fc.record(
  {
    name: or(fc.string({ maxLength: 120 })),
    description: or(fc.string()),
    role_ids: someRoles,
    permission_ids: someRoles,
    kafka_config: or(kafkaConfig),
    tool_profile: or(fc.constantFrom('full', 'read-only')),
    allowed_tools: or(fc.array(fc.string())),
  },
  { requiredKeys: [] },
);
const tokenBody = fc.record({ client_id: or(fc.string({ maxLength: 300 })), secret: junk }, { requiredKeys: [] });
const credentialBody = fc.record({ description: junk, role_ids: someRoles, service_id: junk }, { requiredKeys: [] });

test.each([
  ['/project-keys', 'project-key-create', keyBody],
  ['/auth/access-token', 'access-token-request', tokenBody],
  ['/auth/client-credentials', 'client-credential-create', credentialBody],
] as const)('POST %s refuses with 422 and without effect whatever the schema %s refuses', (path, name, bodies) => {
  const validate = schema(name);
  let refusals = 0;
  fc.assert(
    fc.property(bodies, (body) => {
      const bench = new Bench();
      const before = bench.state.snapshot();
      const sent: unknown = JSON.parse(JSON.stringify(body));
      const reply = bench.post(path, sent);
      if (!validate(sent)) {
        refusals++;
        expect(reply.status).toBe(422);
      }
      if (reply.status >= 400) expect(bench.state.snapshot()).toBe(before);
    }),
    { numRuns: 300, seed: 7 },
  );
  expect(refusals).toBeGreaterThan(20);
});

const step = fc.oneof(
  fc.record({ do: fc.constant('create' as const), body: keyBody }),
  fc.record({
    do: fc.constant('patch' as const),
    body: fc.oneof(keyBody, fc.constant({ kafka_password: OTHER_PASSWORD })),
  }),
  fc.record({ do: fc.constant('delete' as const), fails: fc.boolean() }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 3000 }) }),
);

test('any sequence of calls keeps to the published shapes, and logins are those of the keys that exist', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const bench = new Bench({ createLatencyMs: 1000, deleteLatencyMs: 1000, propagationDelayMs: 500 });
      for (const one of steps) {
        const newest = bench.state.projectKeys.at(-1)?.id ?? 'none';
        if (one.do === 'create') bench.post('/project-keys', one.body);
        if (one.do === 'patch') bench.patch(`/project-keys/${newest}`, one.body);
        if (one.do === 'wait') bench.now += one.ms;
        if (one.do === 'delete') {
          bench.state.failNextDeletes(one.fails ? 1 : 0);
          bench.delete(`/project-keys/${newest}`);
        }
        bench.get('/project-keys');
        bench.get(`/project-keys/${newest}`);
      }
      bench.now += 10_000;
      bench.state.settle();
      for (const username of ['orders', 'billing']) {
        expect(bench.kafkaUsers.passwordOf(username)).toBe(bench.state.kafkaPasswordOf(username));
      }
    }),
    { numRuns: 300, seed: 11 },
  );
});

test('an answer that shows a secret where none belongs is noticed', () => {
  const bench = new Bench();
  const id = bench.kafkaKey();
  const request = { method: 'GET', path: `/project-keys/${id}` };
  const leak = JSON.stringify({ ...(bench.get(request.path).json as object), password: PASSWORD });
  expect(violations(request, { status: 200, body: leak })).not.toEqual([]);
  expect(violations(request, { status: 200, body: '{}' })).not.toEqual([]);
});
