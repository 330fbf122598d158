import { expect, test } from 'vitest';
import { errorOf, type Inputs, type RunOptions, worldOfTest } from './fixture.ts';

const PASSWORD = 'Kx7-mQ2_vT9-pL4_wR8z';
const CLIENT_SECRET = 'b54c0b1d-4e01-secret-7a91';
const OK = { name: 'Orders CI', 'secret-id': 'ci/orders', kafka: 'true' };
const LOOKUP = { mode: 'lookup', kafka: '' };
const HOST = 'https://api.streamkap.com';

const FILE = {
  project_key_id: 'pk-1',
  project: { service_id: 's-1' },
  api: { client_id: 'c-1', client_secret: CLIENT_SECRET, token_endpoint: `${HOST}/auth/access-token`, api_url: HOST },
  kafka: { username: 'orders-ci', password: PASSWORD, bootstrap_servers: 'kafka.example:9092' },
};
const passedIn = (file: unknown): Inputs => ({
  ...LOOKUP,
  'streamkap-host': HOST,
  'project-key': typeof file === 'string' ? file : JSON.stringify(file),
});
const acl = (fields: string): Inputs => ({ ...OK, 'kafka-acls': `- {topic_name: orders, ${fields}}` });

/** What is wrong, the inputs, and what the error must say: the input's name and the rule. */
const ROWS: readonly (readonly [string, Inputs, RegExp])[] = [
  [
    'a project key that is not base64',
    passedIn('%%% no base64 at all'),
    /project-key: is neither JSON nor base64 of JSON/,
  ],
  [
    'base64 of something that is not JSON',
    passedIn(btoa(`${PASSWORD} is not JSON`)),
    /project-key: is neither JSON nor base64/,
  ],
  [
    'a project key that is cut off',
    passedIn(JSON.stringify(FILE).slice(0, -9)),
    /project-key: is neither JSON nor base64/,
  ],
  [
    'a project key that is a JSON list',
    passedIn(btoa(JSON.stringify([PASSWORD]))),
    /project-key: is not a Streamkap credential file/,
  ],
  [
    'a project key without a password',
    passedIn({ ...FILE, kafka: { username: PASSWORD } }),
    /project-key: .*kafka\.password: expected string/,
  ],
  [
    'a project key whose id is a number',
    passedIn({ ...FILE, project_key_id: 7 }),
    /project-key: .*project_key_id: expected string/,
  ],
  [
    'a project key of another type',
    passedIn({ ...FILE, type: PASSWORD }),
    /project-key: is not a Streamkap credential file: type/,
  ],
  [
    'a project key with neither section',
    passedIn({ ...FILE, api: null, kafka: null }),
    /project-key: .*has neither an api nor a kafka section/,
  ],
  [
    'a project key without Kafka where Kafka is needed',
    { ...passedIn({ ...FILE, kafka: null }), kafka: 'true' },
    /kafka: the credential in project-key \(project key pk-1\) has no Kafka access/,
  ],
  [
    'a token_endpoint on a foreign host',
    passedIn({ ...FILE, api: { ...FILE.api, token_endpoint: 'https://evil.example/token' } }),
    /project-key: api\.token_endpoint .* not on the configured Streamkap host api\.streamkap\.com/,
  ],
  [
    'an api_url on a foreign host',
    passedIn({ ...FILE, api: { ...FILE.api, api_url: 'https://api.streamkap.com.evil.example' } }),
    /project-key: api\.api_url/,
  ],
  [
    'a token_endpoint that hides the host behind credentials',
    passedIn({ ...FILE, api: { ...FILE.api, token_endpoint: 'https://api.streamkap.com@evil.example/' } }),
    /project-key: api\.token_endpoint/,
  ],
  [
    'a token_endpoint over http',
    passedIn({ ...FILE, api: { ...FILE.api, token_endpoint: 'http://api.streamkap.com/auth' } }),
    /project-key: api\.token_endpoint/,
  ],
  [
    'another project-key-id than the file’s',
    { ...passedIn(FILE), 'project-key-id': 'pk-2' },
    /project-key-id: the credential is for another project key \(pk-1\)/,
  ],
  [
    'both project-key and secret-id',
    { ...passedIn(FILE), 'secret-id': 'ci/orders' },
    /project-key: is given together with secret-id\. Give one of the two/,
  ],
  [
    'a look-up of nothing',
    { ...LOOKUP, 'secret-id': '' },
    /secret-id: and project-key are both empty.*GitHub secret that is not set arrives as an empty string/,
  ],
  [
    'an http host that is not loopback',
    { ...OK, 'streamkap-host': 'http://api.streamkap.com' },
    /streamkap-host: must be https:\/\/ \(http:\/\/ only for loopback\)/,
  ],
  [
    'a host that only begins like loopback',
    { ...OK, 'streamkap-host': 'http://127.0.0.1.evil.example' },
    /streamkap-host: must be https/,
  ],
  [
    'a host with credentials',
    { ...OK, 'streamkap-host': `https://user:${PASSWORD}@api.streamkap.com` },
    /streamkap-host: must not hold credentials/,
  ],
  [
    'a host with a query',
    { ...OK, 'streamkap-host': 'https://api.streamkap.com?x=1' },
    /streamkap-host: must not hold .*a query/,
  ],
  [
    'a host without a scheme',
    { ...OK, 'streamkap-host': 'api.streamkap.com' },
    /streamkap-host: is not a URL\. Give a full URL/,
  ],
  ['a host that is a file', { ...OK, 'streamkap-host': 'file:///etc/passwd' }, /streamkap-host: must be https/],
  [
    'an ACL with an unknown operation',
    acl('operation: CONSUME'),
    /kafka-acls\[0\]: has an unknown operation "CONSUME" for a TOPIC.*operation is one of ALL, .*WRITE/,
  ],
  ['an ACL without an operation', acl(''), /kafka-acls\[0\]: has no operation/],
  [
    'an ACL with an operation that is for topics only',
    { ...OK, 'kafka-acls': '- {topic_name: g, operation: WRITE, resource: GROUP}' },
    /kafka-acls\[0\]: has an unknown operation "WRITE" for a GROUP.*DELETE, DESCRIBE, READ/,
  ],
  [
    'an ACL with an unknown field',
    acl('operation: READ, pattern: LITERAL'),
    /kafka-acls\[0\]: has an unknown field "pattern".*topic_name, operation, resource_pattern_type, resource/,
  ],
  [
    'an ACL with an unknown pattern type',
    acl('operation: READ, resource_pattern_type: GLOB'),
    /kafka-acls\[0\]: has an unknown resource_pattern_type "GLOB".*LITERAL, PREFIXED/,
  ],
  [
    'an ACL with an unknown resource',
    acl('operation: READ, resource: CLUSTER'),
    /kafka-acls\[0\]: has an unknown resource "CLUSTER".*TOPIC, GROUP/,
  ],
  [
    'a second ACL without a topic',
    { ...OK, 'kafka-acls': '[{"topic_name":"a","operation":"READ"},{"operation":"READ"}]' },
    /kafka-acls\[1\]: has no topic_name/,
  ],
  ['an ACL that is a word', { ...OK, 'kafka-acls': '- orders' }, /kafka-acls\[0\]: is not a mapping/],
  [
    'ACLs that are not a list',
    { ...OK, 'kafka-acls': 'topic_name: orders' },
    /kafka-acls: is not a list\. Pass a YAML or JSON list/,
  ],
  [
    'ACLs that are neither YAML nor JSON',
    { ...OK, 'kafka-acls': '- {topic_name: [' },
    /kafka-acls: is neither YAML nor JSON/,
  ],
  [
    'both roles and permissions',
    { ...OK, roles: 'Admin', permissions: 'p-1' },
    /permissions: are given together with roles\. Give roles or permissions/,
  ],
  [
    'a key that could do nothing',
    { name: 'Orders CI', 'secret-id': 'ci/orders' },
    /roles: and permissions and kafka are all unset/,
  ],
  ['no name', { ...OK, name: '' }, /name: is empty\. Give the project key's name, 1 to 100 characters/],
  ['a name of spaces', { ...OK, name: '   ' }, /name: is empty/],
  [
    'a name over 100 characters',
    { ...OK, name: 'x'.repeat(101) },
    /name: has 101 characters\. A name has 1 to 100 characters/,
  ],
  [
    'a username with an underscore',
    { ...OK, 'kafka-username': 'orders_ci' },
    /kafka-username: "orders_ci" is not a Kafka username\. A Kafka username has 3 to 24 lowercase letters, digits or hyphens/,
  ],
  ['a username with an uppercase letter', { ...OK, 'kafka-username': 'Orders' }, /kafka-username: "Orders" is not/],
  ['a username of 25 characters', { ...OK, 'kafka-username': 'a'.repeat(25) }, /kafka-username: .*3 to 24/],
  ['a username of two characters', { ...OK, 'kafka-username': 'ab' }, /kafka-username: .*3 to 24/],
  [
    'a username with a leading hyphen',
    { ...OK, 'kafka-username': '-orders' },
    /kafka-username: .*no hyphen at either end/,
  ],
  [
    'a username with a trailing hyphen',
    { ...OK, 'kafka-username': 'orders-' },
    /kafka-username: .*no hyphen at either end/,
  ],
  [
    'a name that no username can be made of',
    { ...OK, name: '注文' },
    /kafka-username: is empty, and none can be made of the name/,
  ],
  [
    'an address that is none',
    { ...OK, 'whitelist-ips': '203.0.113.7, 300.1.1.1' },
    /whitelist-ips: "300\.1\.1\.1" is no IPv4 address or CIDR range/,
  ],
  ['a CIDR range of 33 bits', { ...OK, 'whitelist-ips': '10.0.0.0/33' }, /whitelist-ips: "10\.0\.0\.0\/33"/],
  ['an IPv6 address', { ...OK, 'whitelist-ips': '2001:db8::1' }, /whitelist-ips: "2001:db8::1"/],
  [
    'more addresses than Streamkap takes',
    { ...OK, 'whitelist-ips': Array.from({ length: 80 }, (_, n) => `203.0.113.${n}`).join(',') },
    /whitelist-ips: has \d+ characters\. Streamkap takes 1000 at most/,
  ],
  [
    'addresses without Kafka',
    { name: 'x', 'secret-id': 'ci/x', roles: 'Admin', 'whitelist-ips': '10.0.0.1' },
    /whitelist-ips: is given, but the key gets no Kafka access\. Set kafka to true/,
  ],
  [
    'a schema registry without Kafka',
    { name: 'x', 'secret-id': 'ci/x', roles: 'Admin', 'schema-registry': 'true' },
    /schema-registry: is given, but the key gets no Kafka access/,
  ],
  ['ACLs with kafka: false', { ...acl('operation: READ'), kafka: 'false' }, /kafka: is false, but kafka-acls is given/],
  ['kafka: yes', { ...OK, kafka: 'yes' }, /kafka: "yes" is neither true nor false/],
  ['export-env: 1', { ...OK, 'export-env': '1' }, /export-env: "1" is neither true nor false/],
  ['mask-identifiers: on', { ...OK, 'mask-identifiers': 'on' }, /mask-identifiers: "on" is neither true nor false/],
  [
    'schema-registry: maybe',
    { ...OK, 'schema-registry': 'maybe' },
    /schema-registry: "maybe" is neither true nor false/,
  ],
  [
    'a mode that is none',
    { ...OK, mode: 'delete' },
    /mode: "delete" is not one of its values\. mode is one of ensure, create, lookup/,
  ],
  ['a kind that is none', { ...OK, kind: 'password' }, /kind: "password" is not one of its values/],
  [
    'a verify-login that is none',
    { ...OK, 'verify-login': 'sometimes' },
    /verify-login: "sometimes" .*auto, always, never/,
  ],
  [
    'a tool profile that is none',
    { ...OK, 'tool-profile': 'root' },
    /tool-profile: "root" .*full, read-only, agent-operator, infra-admin/,
  ],
  [
    'a secret name with a space',
    { ...OK, 'secret-id': 'my secret' },
    /secret-id: "my secret" is no name or ARN of a Secrets Manager secret/,
  ],
  [
    'the ARN of something else',
    { ...OK, 'secret-id': 'arn:aws:s3:::bucket' },
    /secret-id: "arn:aws:s3:::bucket" is no name or ARN/,
  ],
  ['ensure without a secret', { ...OK, 'secret-id': '' }, /secret-id: is empty, and mode "ensure" needs it/],
  [
    'an admin secret with a bad name',
    { ...OK, 'admin-secret-id': 'a secret' },
    /admin-secret-id: "a secret" is no name or ARN/,
  ],
  [
    'an admin secret and a client id',
    { ...OK, 'admin-secret-id': 'streamkap/admin', 'client-id': 'c-1' },
    /admin-secret-id: is given together with client-id or client-secret/,
  ],
  [
    'a client secret without its id',
    { ...OK, 'client-secret': CLIENT_SECRET },
    /client-id: is empty, but client-secret is given/,
  ],
  [
    'a variable prefix of GitHub’s',
    { ...OK, 'env-prefix': 'GITHUB_' },
    /env-prefix: "GITHUB_" cannot begin a variable's name/,
  ],
  ['a variable prefix of Node’s', { ...OK, 'env-prefix': 'node_' }, /env-prefix: "node_" cannot begin/],
  ['a variable prefix with a hyphen', { ...OK, 'env-prefix': 'MY-' }, /env-prefix: "MY-" cannot begin/],
  [
    'a wait of two hours',
    { ...OK, 'wait-timeout-seconds': '7200' },
    /wait-timeout-seconds: "7200" .*whole number from 0 to 3600/,
  ],
  ['a negative wait', { ...OK, 'wait-timeout-seconds': '-1' }, /wait-timeout-seconds: "-1"/],
  ['a wait in words', { ...OK, 'wait-timeout-seconds': '2m' }, /wait-timeout-seconds: "2m" is no number of seconds/],
  ['tags that are a list', { ...OK, tags: '- team' }, /tags: is not a YAML map/],
  ['tags that are no YAML', { ...OK, tags: 'a: [' }, /tags: is not/],
  ['a tag that is a map', { ...OK, tags: 'team: {a: b}' }, /tags: "team" is not a tag/],
  ['a tag of AWS’s', { ...OK, tags: 'aws:team: data' }, /tags: "aws:team" is reserved/],
  ['a tag of this product', { ...OK, tags: 'managed-by: me' }, /tags: "managed-by" is reserved/],
];

/** These hold for every mode that could be asked for; nothing of the job's environment may make a difference. */
test.concurrent.for(
  ROWS,
)('%s is refused by one line that names the input and the rule, before anything is called', async ([
  ,
  inputs,
  says,
], context) => {
  const world = await worldOfTest({}, context);
  const before = { aws: world.sandbox.secretsManager.snapshot(), streamkap: world.sandbox.streamkap.snapshot() };
  const options: RunOptions = {
    secrets: [PASSWORD, CLIENT_SECRET],
    env: { STREAMKAP_CLIENT_ID: undefined, STREAMKAP_SECRET: undefined },
  };
  // As a user passes it: the credential file comes from a repository secret, so the runner's own header hides it.
  const masked = inputs['project-key'] ? { masked: [inputs['project-key']] } : {};
  const run = await world.run(inputs, { ...options, ...masked });
  expect(run.outcome).toBe('failure');
  const error = errorOf(run);
  expect(error).toMatch(says);
  expect(error).toMatch(/^streamkap-keyring: .*Nothing was changed\. \[INVALID_INPUT\]$/);
  expect(error.length).toBeLessThan(600);
  expect(world.calls()).toEqual([]);
  expect({ aws: world.sandbox.secretsManager.snapshot(), streamkap: world.sandbox.streamkap.snapshot() }).toEqual(
    before,
  );
  expect(run).toMatchObject({ outputs: {}, env: {}, state: {}, summary: '' });
  expect(run.post).toMatchObject({ outcome: 'success', rawTranscript: '' });
});

test('the table has every row once', () => {
  expect(new Set(ROWS.map(([what]) => what)).size).toBe(ROWS.length);
  expect(ROWS.length).toBeGreaterThan(40);
});
