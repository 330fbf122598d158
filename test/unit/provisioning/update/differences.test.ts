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
const API = { client_id: 'c', client_secret: 's', token_endpoint: 't', api_url: 'u' };
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
    ['no Kafka user asked for', FILE, wanted({ username: null, kafka: { kafka_acls: [] } })],
    [
      'a file that says nothing of tools, roles and a schema registry',
      { ...FILE, api: API },
      wanted({
        ...{ kafka: { is_create_schema_registry: true } },
        requested: { role_ids: ['r'], tool_profile: 'full', allowed_tools: ['a'], blocked_tools: ['b'] },
      }),
    ],
    [
      'tools that are neither texts nor a list of them',
      { ...FILE, tool_profile: 7, allowed_tools: ['a', 7], blocked_tools: 'b' },
      wanted({ requested: { tool_profile: 'full', allowed_tools: ['b'], blocked_tools: ['c'] } }),
    ],
    [
      'tools and roles as they are, in another order',
      {
        ...FILE,
        api: { ...API, roles: ['r', 's'] },
        tool_profile: 'full',
        allowed_tools: ['a', 'b'],
        blocked_tools: [],
      },
      wanted({
        requested: { role_ids: ['s', 'r'], tool_profile: 'full', allowed_tools: ['b', 'a'], blocked_tools: [] },
      }),
    ],
    [
      'the second of two keys whose username leaves no room for its ending',
      { ...FILE, kafka: { ...kafka, username: `${'u'.repeat(22)}-b` } },
      wanted({ username: 'u'.repeat(24) }),
    ],
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
    expect(found[0]).toMatchObject({
      ...{ lines: ['~ cannot be changed: its Kafka username is orders-ci, not others'], remedy: 'none' },
    });
  });

  test('roles and tools that the file lists are compared, and each line says what goes and what comes', () => {
    const file = {
      ...{ ...FILE, api: { ...API, roles: ['r', 's'] } },
      ...{ tool_profile: 'full', allowed_tools: ['a', 'b'], blocked_tools: ['x', 'y'] },
    };
    const asked = { role_ids: ['r', 't'], tool_profile: '', allowed_tools: ['b', 'c'], blocked_tools: ['y'] };
    const found = differencesOf(knownByFile(file), wanted({ requested: asked }));
    expect(found.map(({ lines }) => lines)).toEqual([
      ['- role s', '+ role t'],
      ['- allowed tool a', '+ allowed tool c'],
      ['- blocked tool x'],
    ]);
    const profile = differencesOf(knownByFile(file), wanted({ requested: { tool_profile: 'read-only' } }));
    expect(profile.map(({ sentence }) => sentence)).toEqual(['its tool profile is not that of tool-profile']);
  });

  test('a schema registry that the key was made without cannot be added', () => {
    const asked = wanted({ kafka: { is_create_schema_registry: true } });
    const without = knownByFile({ ...FILE, kafka: { ...kafka, schema_registry_url: null } });
    expect(differencesOf(without, asked)).toMatchObject([{ sentence: 'it has no schema registry', remedy: 'none' }]);
    const having = knownByFile({ ...FILE, kafka: { ...kafka, schema_registry_url: 'https://r' } });
    expect(differencesOf(having, asked)).toEqual([]);
    expect(differencesOf(without, wanted())).toEqual([]);
  });

  test('ACLs that stay are no line of the plan', () => {
    const file = { ...FILE, kafka_acls: [READ, WRITE] };
    const [difference] = differencesOf(knownByFile(file), wanted({ kafka: { kafka_acls: [READ] } }));
    expect(difference?.lines).toEqual(['- ACL WRITE on TOPIC orders (LITERAL)']);
  });

  test('an empty list of ACLs that somebody wrote takes all away', () => {
    const [difference] = differencesOf(knownByFile(FILE), wanted({ kafka: { kafka_acls: [] } }));
    expect(difference?.lines).toEqual(['- ACL READ on TOPIC orders (LITERAL)']);
  });

  test('access that is missing is to be added, whichever it is', () => {
    const apiOnly: CredentialFile = {
      project_key_id: 'k',
      project: {},
      api: API,
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
    const [permissions] = differencesOf(knownByFile(FILE), wantedWithoutKafka({ permission_ids: ['p', 'q'] }));
    expect(permissions?.lines).toEqual(['+ API access with the permissions p, q']);
    const [open] = differencesOf(knownByFile(apiOnly), wanted());
    expect(open?.lines).toEqual(['+ Kafka access as orders-ci', '+ ACL READ on TOPIC orders (LITERAL)']);
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

  test('what Streamkap leaves out of a detail is none of it, and is told so', () => {
    const { description: _text, tool_profile: _profile, ...bare } = DETAIL;
    const asked = { description: 'For orders', tool_profile: 'full', allowed_tools: [], blocked_tools: ['b'] };
    const found = differencesOf(knownByDetail(bare), wanted({ requested: asked }));
    expect(found.map(({ lines }) => lines)).toEqual([
      ['~ description: (none) -> "For orders"'],
      ['~ tool profile: (none) -> "full"'],
      ['+ blocked tool b'],
    ]);
    expect(found[0]?.remedy).toEqual({ change: { description: 'For orders' } });
  });

  test('space around a description makes no difference, nor does an origin in what is asked for', () => {
    for (const description of [' For orders ', 'For orders [made by me]'])
      expect(differencesOf(knownByDetail(DETAIL), wanted({ requested: { description } }))).toEqual([]);
    const padded = knownByDetail({ ...DETAIL, description: '  For orders' });
    expect(differencesOf(padded, wanted({ requested: { description: 'For orders' } }))).toEqual([]);
  });

  test('the second of two keys that take turns has the first one’s name with an ending, cut where there is no room', () => {
    const long = 'n'.repeat(100);
    for (const [name, known] of [
      ['Orders CI', 'Orders CI-b'],
      ['Orders CI', 'Orders CI'],
      [long, `${long.slice(0, 98)}-b`],
    ] as const) {
      const second = { ...DETAIL, name: known, kafka_username: 'orders-ci-b' };
      expect(differencesOf(knownByDetail(second), wanted({ name }))).toEqual([]);
    }
    const first = { ...DETAIL, name: 'Orders CI-b' };
    expect(differencesOf(knownByDetail(first), wanted())).toMatchObject([{ sentence: 'its name is not "Orders CI"' }]);
  });

  test('a safe list of several is sent as Streamkap takes it', () => {
    const [difference] = differencesOf(
      knownByDetail(DETAIL),
      wanted({ kafka: { whitelist_ips: '10.0.0.9, 10.0.0.8' } }),
    );
    expect(difference?.remedy).toEqual({ change: { whitelist_ips: '10.0.0.8,10.0.0.9' } });
  });

  test('a key with single permissions cannot be given roles', () => {
    const key = { ...DETAIL, roles: [] };
    expect(differencesOf(knownByDetail(key), wanted({ requested: { role_ids: ['role-a'] } }))).toEqual([
      expect.objectContaining({ sentence: 'it has single permissions instead of roles', remedy: 'none' }),
    ]);
  });
});
