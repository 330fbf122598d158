import { describe, expect, test } from 'vitest';
import { Bench, PASSWORD } from './fixture.ts';

interface Issue {
  readonly loc: (string | number)[];
  readonly type: string;
  readonly msg: string;
  readonly input: unknown;
  readonly ctx?: unknown;
}

const CONFIG = { username: 'orders', password: PASSWORD };

/** The issues that a creation with these fields is refused with; nothing may have been made. */
function refused(fields: Record<string, unknown>, bench = new Bench()): Issue[] {
  const before = bench.state.snapshot();
  const reply = bench.post('/project-keys', { name: 'k', ...fields });
  expect(reply.status).toBe(422);
  expect(bench.state.snapshot()).toBe(before);
  return (reply.json as { detail: Issue[] }).detail;
}

const refusedKafka = (fields: Record<string, unknown>): Issue[] =>
  refused({ kafka_config: { ...CONFIG, ...fields } }, new Bench());
const refusedAcl = (fields: Record<string, unknown>): Issue[] =>
  refusedKafka({
    kafka_acls: [{ topic_name: 't', operation: 'READ', resource_pattern_type: 'LITERAL', ...fields }],
  });

describe('a creation is refused with 422', () => {
  test.each([
    ['an empty name', { name: '' }, 'string_too_short', 'name'],
    ['a name over 100 characters', { name: 'n'.repeat(101) }, 'string_too_long', 'name'],
    ['a name that is no text', { name: 7 }, 'string_type', 'name'],
    ['a name that is null', { name: null }, 'string_type', 'name'],
    ['no role in the list', { role_ids: [] }, 'too_short', 'role_ids'],
    ['roles that are no list', { role_ids: 'Admin' }, 'list_type', 'role_ids'],
    ['an unknown tool profile', { tool_profile: 'Full' }, 'enum', 'tool_profile'],
    ['tools that are no list', { allowed_tools: {} }, 'list_type', 'allowed_tools'],
    ['a Kafka part that is no object', { kafka_config: [] }, 'model_attributes_type', 'kafka_config'],
  ])('for %s', (_what, fields, type, name) => {
    expect(refused(fields)).toMatchObject([{ type, loc: ['body', name] }]);
  });

  test.each([
    ['a short username', { username: 'ab' }, 'string_too_short'],
    ['a long username', { username: 'a'.repeat(25) }, 'string_too_long'],
    ['an underscore in the username', { username: 'or_ders' }, 'string_pattern_mismatch'],
    ['capitals in the username', { username: 'Orders' }, 'value_error'],
    ['a hyphen at an end of the username', { username: 'orders-' }, 'value_error'],
    ['a short password', { password: 'Short!9aaaa' }, 'string_too_short'],
    ['a long password', { password: `A!9${'a'.repeat(126)}` }, 'string_too_long'],
    ['a password without special character', { password: 'OnlyLetters9and' }, 'value_error'],
    ['a password without digit', { password: 'OnlyLetters!and' }, 'value_error'],
    ['a safe list with a host name', { whitelist_ips: '10.0.0.1,example.com' }, 'value_error'],
    ['a safe list with too wide a prefix', { whitelist_ips: '10.0.0.0/33' }, 'value_error'],
    ['a safe list over 1000 characters', { whitelist_ips: '10.0.0.1,'.repeat(120) }, 'string_too_long'],
    ['a schema registry flag that is no boolean', { is_create_schema_registry: 'yes' }, 'bool_type'],
  ])('for %s', (_what, fields, type) => {
    const [name = ''] = Object.keys(fields);
    expect(refusedKafka(fields)).toMatchObject([{ type, loc: ['body', 'kafka_config', name] }]);
  });

  test.each([
    ['an unknown operation', { operation: 'OWN' }],
    ['an operation in lower case', { operation: 'read' }],
    ['WRITE on a group', { operation: 'WRITE', resource: 'GROUP' }],
    ['another resource', { resource: 'CLUSTER' }],
    ['another pattern type', { resource_pattern_type: 'ANY' }],
    ['the name under which rules are read back', { topic_name: undefined, name: 't' }],
  ])('for a rule with %s', (_what, fields) => {
    const [issue] = refusedAcl(fields);
    expect(issue?.loc.slice(0, 4)).toEqual(['body', 'kafka_config', 'kafka_acls', 0]);
  });

  test('for roles together with permissions, the whole body echoed with its password', () => {
    const [issue] = refused({ role_ids: ['a'], permission_ids: ['b'], kafka_config: CONFIG });
    expect(issue).toMatchObject({ loc: ['body'], type: 'value_error', input: { kafka_config: CONFIG } });
  });

  test('for a missing name, the whole body echoed with its password', () => {
    const bench = new Bench();
    const reply = bench.post('/project-keys', { kafka_config: CONFIG });
    expect(reply.json).toEqual({
      detail: [{ type: 'missing', loc: ['body', 'name'], msg: 'Field required', input: { kafka_config: CONFIG } }],
    });
  });

  test('for a weak password, which comes back in input and in ctx', () => {
    const [issue] = refusedKafka({ password: 'nodigitsnocapitals!' });
    expect(issue).toMatchObject({ input: 'nodigitsnocapitals!', ctx: { value: 'nodigitsnocapitals!' } });
  });

  test('for a body that is missing, no JSON, or not declared as JSON', () => {
    const bench = new Bench();
    const post = { method: 'POST', path: '/project-keys' };
    expect(bench.send(post).json).toMatchObject({ detail: [{ type: 'missing', loc: ['body'] }] });
    expect(bench.send({ ...post, body: '{' }).json).toMatchObject({ detail: [{ type: 'json_invalid' }] });
    const plain = { ...post, body: '{"name":"x"}', headers: { 'content-type': 'text/plain' } };
    expect(bench.send(plain).json).toMatchObject({ detail: [{ type: 'model_attributes_type', loc: ['body'] }] });
  });

  test('with every issue at once', () => {
    const issues = refused({ name: '', tool_profile: 'x', kafka_config: { username: 'a' } });
    expect(issues.map((issue) => issue.loc.join('.'))).toEqual([
      'body.name',
      'body.kafka_config.username',
      'body.kafka_config.password',
      'body.tool_profile',
    ]);
  });
});

describe('what is allowed at the limits', () => {
  test('names of 100 characters count code points, and all longest values pass', () => {
    const bench = new Bench();
    const config = { username: 'a'.repeat(24), password: `A!9${'a'.repeat(125)}`, whitelist_ips: null };
    expect(bench.post('/project-keys', { name: '𝒩'.repeat(100), kafka_config: config }).status).toBe(201);
  });

  test('the wizard’s rules for username and password can be left to the wizard', () => {
    const bench = new Bench({ kafkaRules: 'openapi' });
    const config = { username: 'Orders-', password: 'onlyletters-' };
    expect(bench.post('/project-keys', { name: 'k', kafka_config: config }).status).toBe(201);
  });
});

describe('the request id', () => {
  test('is on answers and refusals alike, and may be left out now and then', () => {
    const bench = new Bench();
    expect(bench.get('/project-keys').headers['x-request-id']).toMatch(/^sandbox-\d+$/);
    expect(bench.get('/project-keys/x').headers['x-request-id']).toMatch(/^sandbox-\d+$/);
    const sparing = new Bench({ omitRequestIdEvery: 2 });
    const ids = [1, 2, 3, 4].map(() => sparing.get('/project-keys').headers['x-request-id'] !== undefined);
    expect(ids).toEqual([false, true, false, true]);
  });
});
