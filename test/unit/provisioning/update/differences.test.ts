import { describe, expect, test } from 'vitest';
import type { CredentialFile } from '../../../../core/credential-file.ts';
import {
  differencesOf,
  knownByDetail,
  knownByFile,
  type WantedKey,
} from '../../../../core/provisioning/update/differences.ts';
import type { ProjectKeyDetail } from '../../../../core/streamkap/schemas.ts';

const READ = { topic_name: 'orders', operation: 'READ', resource_pattern_type: 'LITERAL', resource: 'TOPIC' };
const WRITE = { ...READ, operation: 'WRITE' };
const MARKER = '[keyring:3f0b8a9e-1c2d-4e5f-8a7b-9c0d1e2f3a4b.1]';

const kafka = { username: 'orders-ci', password: 'Password!0123456', bootstrap_servers: 'b:1' };
const FILE: CredentialFile = { project_key_id: 'k', project: {}, kafka, kafka_acls: [READ] };
const DETAIL: ProjectKeyDetail = {
  ...{ id: 'k', name: 'Orders CI', status: 'active', description: `For orders [made by ci] ${MARKER}` },
  ...{ api_client_id: 'client', roles: [{ id: 'role-a', name: 'A' }], tool_profile: 'full' },
  ...{ kafka_username: 'orders-ci', kafka_acls: [READ], whitelist_ips: '10.0.0.1,10.0.0.2' },
};

type Wants = { kafka?: object; requested?: object } & Partial<Omit<WantedKey, 'requested'>>;
const wanted = ({ kafka: inKafka = {}, requested = {}, ...more }: Wants = {}): WantedKey => ({
  name: 'Orders CI',
  username: 'orders-ci',
  aclsGiven: true,
  requested: {
    description: '',
    kafka: { kafka_acls: [READ], is_create_schema_registry: false, ...inKafka },
    ...requested,
  },
  ...more,
});
const wantedWithoutKafka = (requested: object = {}): WantedKey => ({
  ...{ name: 'Orders CI', username: null, aclsGiven: false, requested: { description: '', ...requested } },
});

describe('a credential file compared with what was asked for', () => {
  test.each<[string, CredentialFile, WantedKey]>([
    ['the same', FILE, wanted()],
    ['the second of two keys that take turns', { ...FILE, kafka: { ...kafka, username: 'orders-ci-b' } }, wanted()],
    [
      'a topic under its other name',
      { ...FILE, kafka_acls: [{ ...READ, topic_name: undefined, name: 'orders' }] },
      wanted(),
    ],
    ['ACLs in another order', { ...FILE, kafka_acls: [READ, WRITE] }, wanted({ kafka: { kafka_acls: [WRITE, READ] } })],
    ['a file that lists no ACLs', { ...FILE, kafka_acls: null }, wanted()],
    ['no ACLs written down', FILE, wanted({ aclsGiven: false, kafka: { kafka_acls: [] } })],
    ['no Kafka asked for', FILE, wantedWithoutKafka()],
    [
      'a name, a description and a safe list, which no file holds',
      FILE,
      wanted({ name: 'x', kafka: { whitelist_ips: '1.2.3.4' }, requested: { description: 'x' } }),
    ],
  ])('%s: nothing to say', (_what, file, key) => {
    expect(differencesOf(knownByFile(file), key)).toEqual([]);
  });

  test('another user and other ACLs are named, without a secret', () => {
    const found = differencesOf(knownByFile(FILE), wanted({ username: 'others', kafka: { kafka_acls: [WRITE] } }));
    expect(found.map(({ sentence }) => sentence)).toEqual([
      'its Kafka username is orders-ci, not others',
      'its Kafka ACLs are not those of kafka-acls',
    ]);
    expect(JSON.stringify(found)).not.toContain(kafka.password);
  });

  test('an empty list of ACLs that somebody wrote takes all away', () => {
    const [difference] = differencesOf(knownByFile(FILE), wanted({ kafka: { kafka_acls: [] } }));
    expect(difference?.lines).toEqual(['- ACL READ on TOPIC orders (LITERAL)']);
  });

  test('access that is missing is to be added, whichever it is', () => {
    const apiOnly: CredentialFile = {
      project_key_id: 'k',
      project: {},
      api: { client_id: 'c', client_secret: 's', token_endpoint: 't', api_url: 'u' },
    };
    expect(differencesOf(knownByFile(apiOnly), wanted({ kafka: { whitelist_ips: '10.0.0.1' } }))).toEqual([
      {
        sentence: 'it has no Kafka access',
        lines: ['+ Kafka access as orders-ci', '+ ACL READ on TOPIC orders (LITERAL)', '+ safe list 10.0.0.1'],
        remedy: { add: 'kafka' },
      },
    ]);
    const request = wantedWithoutKafka({ role_ids: ['role-a'] });
    expect(differencesOf(knownByFile(FILE), request)).toEqual([
      { sentence: 'it has no API access', lines: ['+ API access with the roles role-a'], remedy: { add: 'api' } },
    ]);
  });
});

describe("Streamkap's detail of a key compared with what was asked for", () => {
  const same = { description: 'For orders', role_ids: ['role-a'], tool_profile: 'full' };

  test('the origin and the marker of a description, and the order of a safe list, make no difference', () => {
    const key = wanted({ requested: same, kafka: { whitelist_ips: '10.0.0.2,10.0.0.1' } });
    expect(differencesOf(knownByDetail(DETAIL), key)).toEqual([]);
  });

  test('a new description keeps the origin and the marker at its end', () => {
    const [difference] = differencesOf(knownByDetail(DETAIL), wanted({ requested: { description: 'For Ünïts' } }));
    expect(difference).toEqual({
      sentence: 'its description is not that of description',
      lines: ['~ description: "For orders" -> "For Ünïts"'],
      remedy: { change: { description: `For Ünïts [made by ci] ${MARKER}` } },
    });
  });

  test.each<[string, WantedKey, object, string[]]>([
    ['name', wanted({ name: 'New' }), { name: 'New' }, ['~ name: "Orders CI" -> "New"']],
    [
      'roles',
      wanted({ requested: { role_ids: ['role-b'] } }),
      { role_ids: ['role-b'] },
      ['- role role-a', '+ role role-b'],
    ],
    [
      'ACLs',
      wanted({ kafka: { kafka_acls: [WRITE, WRITE] } }),
      { kafka_acls: [WRITE, WRITE] },
      ['- ACL READ on TOPIC orders (LITERAL)', '+ ACL WRITE on TOPIC orders (LITERAL)'],
    ],
    [
      'safe list',
      wanted({ kafka: { whitelist_ips: '10.0.0.9' } }),
      { whitelist_ips: '10.0.0.9' },
      ['~ safe list: "10.0.0.1,10.0.0.2" -> "10.0.0.9"'],
    ],
    [
      'tool profile',
      wanted({ requested: { tool_profile: 'read-only' } }),
      { tool_profile: 'read-only' },
      ['~ tool profile: "full" -> "read-only"'],
    ],
    ['allowed tools', wanted({ requested: { allowed_tools: ['a'] } }), { allowed_tools: ['a'] }, ['+ allowed tool a']],
    ['blocked tools', wanted({ requested: { blocked_tools: ['b'] } }), { blocked_tools: ['b'] }, ['+ blocked tool b']],
  ])('%s: what to send and what to print', (_what, key, change, lines) => {
    expect(differencesOf(knownByDetail(DETAIL), key)).toEqual([
      { sentence: expect.stringMatching(/^its /), lines, remedy: { change } },
    ]);
  });

  test('a key with single permissions cannot be given roles', () => {
    const key = { ...DETAIL, roles: [] };
    expect(differencesOf(knownByDetail(key), wanted({ requested: { role_ids: ['role-a'] } }))).toEqual([
      expect.objectContaining({ sentence: 'it has single permissions instead of roles', remedy: 'none' }),
    ]);
  });
});
