import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { errorOf, type Inputs, type RunOptions, worldOfTest } from './fixture.ts';

const MANIFEST = parse(readFileSync(new URL('../../../action.yml', import.meta.url), 'utf8')) as {
  readonly inputs: Record<string, { readonly default?: string }>;
  readonly outputs: Record<string, unknown>;
};
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
  [
    'a KMS key that is none',
    { ...OK, 'kms-key-id': 'my key' },
    /kms-key-id: "my key" is no id, alias or ARN of a KMS key\. Give the id, the alias/,
  ],
  [
    'a KMS key of another Region',
    { ...OK, 'kms-key-id': 'arn:aws-cn:kms:cn-north-1:123456789012:alias/orders' },
    /kms-key-id: is the ARN of a key in cn-north-1, but AWS_REGION is eu-central-1/,
  ],
  [
    'a client id that is a whole file',
    { ...OK, 'client-id': 'x'.repeat(257), 'client-secret': CLIENT_SECRET },
    /client-id: has 257 characters\. Give the client id of an API token, 256 characters at most/,
  ],
  [
    'a client secret of two lines',
    { ...OK, 'client-id': 'c-1', 'client-secret': `${CLIENT_SECRET}\n${PASSWORD}` },
    /client-secret: has blanks or line breaks in it\. Give the client secret of an API token/,
  ],
  ['a description of a novel', { ...OK, description: 'x'.repeat(501) }, /description: has 501 characters\. A desc/],
  ['a reason that is none', { ...OK, mode: 'rotate', reason: 'leak' }, /reason: "leak" .*reason is one of compromise/],
  ['a reason not to rotate', { ...OK, reason: 'compromise' }, /reason: is given, but mode "ensure" does not rotate/],
  ['update of a look-up', { ...OK, mode: 'lookup', update: 'true' }, /update: is true, but mode "lookup" does not/],
  ['update: yes', { ...OK, update: 'yes' }, /update: "yes" is neither true nor false/],
  ['dry-run: yes', { ...OK, 'dry-run': 'yes' }, /dry-run: "yes" is neither true nor false/],
  ['an ephemeral key to find', { ...OK, ephemeral: 'true' }, /ephemeral: is true, but mode "ensure" hands out a key/],
  ['no minute to live', { ...OK, 'ttl-minutes': '0' }, /ttl-minutes: "0" .*whole number from 1 to 7200/],
  ['sweep-expired: no', { ...OK, 'sweep-expired': 'no' }, /sweep-expired: "no" is neither true nor false/],
  ['a format that is none', { ...OK, 'config-format': 'ini' }, /config-format: "ini" .*java-properties, librdkafka/],
  ['keep-config-file: 1', { ...OK, 'keep-config-file': '1' }, /keep-config-file: "1" is neither true nor false/],
  [
    'a file outside of the job’s folders',
    { ...OK, 'config-file': '/etc/client.properties' },
    /config-file: lies neither in the workspace nor in RUNNER_TEMP/,
  ],
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
  expect(ROWS.length).toBeGreaterThan(90);
});

/** Streamkap alone knows which ids exist, so any text is taken for one; what is wrong with it is said by Streamkap's answer. */
const JUDGED_BY_STREAMKAP = ['roles', 'allowed-tools', 'blocked-tools'];

test('the table has a row for every input that action.yml declares', () => {
  const refused = ROWS.map(([, , says]) => /^[a-z-]+/.exec(says.source)?.[0]);
  for (const input of Object.keys(MANIFEST.inputs)) {
    if (!JUDGED_BY_STREAMKAP.includes(input)) expect(refused, input).toContain(input);
  }
});

/** README and workflows rely on these names: an input or output is added here, never taken away or given another default. */
const INPUTS: Readonly<Record<string, string | undefined>> = {
  ...{ mode: 'ensure', kind: 'project-key', name: undefined, description: undefined, 'project-key-id': undefined },
  ...{ 'secret-id': undefined, 'project-key': undefined, 'streamkap-host': HOST, 'client-id': undefined },
  ...{ 'client-secret': undefined, 'admin-secret-id': undefined, roles: undefined, permissions: undefined },
  ...{ kafka: undefined, 'kafka-username': undefined, 'kafka-acls': undefined, 'whitelist-ips': undefined },
  ...{ 'schema-registry': 'false', 'tool-profile': undefined, 'allowed-tools': undefined, 'blocked-tools': undefined },
  ...{ update: 'false', ephemeral: 'false', 'ttl-minutes': '60', 'sweep-expired': 'true', 'verify-login': 'auto' },
  ...{ 'export-env': 'false', 'env-prefix': 'STREAMKAP_', 'config-file': undefined },
  ...{ 'config-format': 'java-properties', 'keep-config-file': 'false', 'mask-identifiers': 'false' },
  ...{ 'dry-run': 'false', reason: undefined, 'wait-timeout-seconds': '120', 'kms-key-id': undefined, tags: undefined },
};
const OUTPUTS = [
  ...['credentials', 'result', 'created', 'project-key-id', 'status', 'kafka-username', 'kafka-password'],
  ...['kafka-bootstrap-servers', 'kafka-security-protocol', 'kafka-sasl-mechanism', 'schema-registry-url'],
  ...['api-client-id', 'api-client-secret', 'api-url', 'secret-arn', 'secret-version-id', 'expires-at'],
];

test('action.yml declares every input with its default, and every output', () => {
  const { inputs, outputs } = MANIFEST;
  expect(Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.default]))).toEqual(INPUTS);
  expect(Object.keys(outputs)).toEqual(OUTPUTS);
});
