import { expect, test } from 'vitest';
import { ROLES } from '../../sandbox/streamkap/roles.ts';
import { errorOf, fileIn, KINDS, SECRET_ID, storedIn, type World, worldOfTest } from './fixture.ts';

const API = KINDS['API-only'];
const KAFKA = KINDS['Kafka-only'];

function onlyKey({ sandbox }: World) {
  const [key, ...more] = sandbox.streamkap.projectKeys;
  if (!key || more.length > 0) throw new Error(`${more.length + 1} keys`);
  return key;
}

test('a tool profile and the tools that are allowed and blocked reach Streamkap, and stand in the stored file', async () => {
  const world = await worldOfTest();
  const tools = { 'allowed-tools': 'list_topics, read_topic', 'blocked-tools': 'delete_topic\ncreate_topic' };
  const run = await world.run({ ...API, 'tool-profile': 'agent-operator', ...tools });
  expect(run.outputs.result).toBe('created');
  expect(onlyKey(world)).toMatchObject({
    toolProfile: 'agent-operator',
    allowedTools: ['list_topics', 'read_topic'],
    blockedTools: ['delete_topic', 'create_topic'],
  });
  expect(storedIn(world)).toMatchObject({
    tool_profile: 'agent-operator',
    allowed_tools: ['list_topics', 'read_topic'],
    blocked_tools: ['delete_topic', 'create_topic'],
  });
});

test('a schema registry is asked for by its input alone, and its URL is an output', async () => {
  const world = await worldOfTest();
  const without = await world.run(KAFKA);
  expect(without.outputs['schema-registry-url']).toBe('');
  const asked = { ...KAFKA, 'secret-id': 'ci/with-registry', 'kafka-username': 'with-registry' };
  const run = await world.run({ ...asked, 'schema-registry': 'true' });
  expect(run.outputs['schema-registry-url']).toMatch(/^https?:\/\//);
  expect(fileIn(run).kafka).toMatchObject({ schema_registry_url: run.outputs['schema-registry-url'] });
});

test('roles may be given by name in any case, by key or by id, in one list', async () => {
  const world = await worldOfTest();
  const [admin, dataAdmin, readOnly] = ROLES;
  const run = await world.run({ ...API, roles: `ADMIN, ${dataAdmin?.key}\n${readOnly?.id}` });
  expect(run.outputs.result).toBe('created');
  const { clientId } = world.sandbox.streamkap.clientCredentials.find(({ projectKeyId }) => projectKeyId) ?? {};
  expect(run.outputs['api-client-id']).toBe(clientId);
  expect(world.sandbox.streamkap.clientCredentials.find((each) => each.clientId === clientId)?.roleIds).toEqual([
    admin?.id,
    dataAdmin?.id,
    readOnly?.id,
  ]);
});

test('a role that does not exist is told with those that do, and nothing is made or stored', async () => {
  const world = await worldOfTest();
  const run = await world.run({ ...API, roles: 'Read Only, Reader' });
  expect(errorOf(run)).toMatch(
    /roles: there is no role "Reader"\. The roles are: Admin, Data Admin, Read Only\. Nothing was changed\./,
  );
  expect(world.sandbox.log.calls.filter(({ tookEffect, operation }) => tookEffect && !/token/.test(operation))).toEqual(
    [],
  );
  expect(() => world.sandbox.secretsManager.valueOf(SECRET_ID)).toThrow();
});

test('the same ACLs in YAML and in JSON make the same key', async () => {
  const world = await worldOfTest();
  const acl = { topic_name: 'orders-', operation: 'READ', resource_pattern_type: 'PREFIXED', resource: 'GROUP' };
  const yaml = '- topic_name: orders-\n  operation: read\n  resource_pattern_type: prefixed\n  resource: group\n';
  await world.run({ ...KAFKA, 'kafka-acls': JSON.stringify([acl]) });
  await world.run({ ...KAFKA, 'kafka-acls': yaml, 'secret-id': 'ci/yaml', 'kafka-username': 'orders-yaml' });
  expect(storedIn(world).kafka_acls).toEqual(storedIn(world, 'ci/yaml').kafka_acls);
  expect(storedIn(world).kafka_acls).toEqual([expect.objectContaining({ operation: 'READ', resource: 'GROUP' })]);
});
