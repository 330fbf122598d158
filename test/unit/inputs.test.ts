import { describe, expect, test } from 'vitest';
import { type Inputs, parseInputs } from '../../action/inputs.ts';
import { InputError } from '../../core/errors.ts';
import { encodeCredentials } from '../../core/padded-base64.ts';

const API = {
  client_id: 'client-1',
  client_secret: 'Api!Secret0123456789',
  token_endpoint: 'https://api.streamkap.com/auth/access-token',
  api_url: 'https://api.streamkap.com',
};
const FILE = {
  project_key_id: 'key-1',
  project: { service_id: 's-1' },
  api: API,
  kafka: { username: 'orders', password: 'Kafka!Password0123456789abcdefgh', bootstrap_servers: 'b:9092' },
};
const ENSURE = { name: 'orders', 'secret-id': 'kafka/orders', roles: 'Admin' };

function parse(inputs: Record<string, string>, environment: NodeJS.ProcessEnv = {}): Promise<Inputs> {
  return parseInputs((name) => inputs[name] ?? '', environment);
}

async function refusalOf(inputs: Record<string, string>, environment: NodeJS.ProcessEnv = {}): Promise<InputError> {
  const refused = await parse(inputs, environment).catch((error: unknown) => error);
  if (refused instanceof InputError) return refused;
  throw refused instanceof Error ? refused : new Error('accepted');
}

describe('inputs', () => {
  test('that are not given have the documented defaults', async () => {
    expect(await parse(ENSURE)).toEqual({
      mode: 'ensure',
      streamkapHost: 'https://api.streamkap.com',
      admin: { from: 'nowhere' },
      projectKeyId: '',
      verifyLogin: 'auto',
      kafka: false,
      exportEnv: false,
      envPrefix: 'STREAMKAP_',
      configFile: null,
      maskIdentifiers: false,
      waitTimeoutSeconds: 120,
      change: { update: false, dryRun: false, aclsGiven: false },
      secretId: 'kafka/orders',
      kmsKeyId: '',
      tags: {},
      key: {
        name: 'orders',
        description: '',
        roles: ['Admin'],
        permissions: [],
        kafka: null,
        toolProfile: '',
        allowedTools: [],
        blockedTools: [],
      },
    });
  });

  test('that are given are what they say', async () => {
    const inputs = await parse({
      ...ENSURE,
      roles: '',
      permissions: 'a, b\nc,,a',
      description: 'For orders',
      kafka: 'TRUE',
      'kafka-username': 'orders-7',
      'kafka-acls': '- {topic_name: o, operation: READ}',
      'whitelist-ips': '203.0.113.7,\n192.168.1.0/24',
      'schema-registry': 'true',
      'tool-profile': 'read-only',
      'allowed-tools': 'x,y',
      'blocked-tools': 'z',
      tags: 'team: data\ncost: 7\nlive: true',
      'kms-key-id': 'alias/keys',
      'verify-login': 'never',
      'export-env': 'True',
      'env-prefix': 'SK_',
      'mask-identifiers': 'true',
      'wait-timeout-seconds': '0',
      'project-key-id': 'key-1',
    });
    expect(inputs).toMatchObject({
      kafka: true,
      verifyLogin: 'never',
      exportEnv: true,
      envPrefix: 'SK_',
      maskIdentifiers: true,
      waitTimeoutSeconds: 0,
      projectKeyId: 'key-1',
      kmsKeyId: 'alias/keys',
      tags: { team: 'data', cost: '7', live: 'true' },
      key: {
        permissions: ['a', 'b', 'c'],
        kafka: { username: 'orders-7', whitelistIps: '203.0.113.7,192.168.1.0/24', schemaRegistry: true },
        toolProfile: 'read-only',
        allowedTools: ['x', 'y'],
        blockedTools: ['z'],
      },
    });
  });

  test.each([
    ['kafka-username', { 'kafka-username': 'orders' }],
    ['kafka-acls', { 'kafka-acls': '- {topic_name: o, operation: READ}' }],
  ])('ask for Kafka by giving %s', async (_name, given) => {
    expect((await parse({ ...ENSURE, ...given })).kafka).toBe(true);
  });

  test.each([
    ['Orders', 'orders'],
    ['Orders & Payments (EU)', 'orders-payments-eu'],
    ['--orders--', 'orders'],
    ['a name that is far too long for a Kafka user', 'a-name-that-is-far-too-l'],
    ['twenty-three-characters-long', 'twenty-three-characters'],
  ])('give the key "%s" the Kafka username %s', async (name, username) => {
    expect(await parse({ ...ENSURE, name, kafka: 'true' })).toMatchObject({ key: { kafka: { username } } });
  });

  test('may leave the secret out where nothing shall be stored', async () => {
    expect(await parse({ mode: 'create', name: 'orders', roles: 'Admin' })).toMatchObject({
      mode: 'create',
      secretId: null,
    });
  });

  test('may name the secret by its ARN', async () => {
    const arn = 'arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:kafka/orders-AbCdEf';
    expect(await parse({ ...ENSURE, 'secret-id': arn })).toMatchObject({ secretId: arn });
  });

  test('pass a credential file to a look-up, as JSON or base64', async () => {
    for (const text of [JSON.stringify(FILE), encodeCredentials(FILE)]) {
      expect(await parse({ mode: 'lookup', 'project-key': text })).toMatchObject({ source: { file: FILE } });
    }
    expect(await parse({ mode: 'lookup', 'secret-id': 'kafka/orders' })).toMatchObject({
      source: { secretId: 'kafka/orders' },
    });
  });
});

describe('the admin credential', () => {
  test.each<[string, Record<string, string>, NodeJS.ProcessEnv]>([
    [
      'inputs',
      { 'client-id': 'id', 'client-secret': 'secret' },
      { STREAMKAP_CLIENT_ID: 'other', STREAMKAP_SECRET: 'other' },
    ],
    [
      'the Terraform provider’s variables',
      {},
      { STREAMKAP_CLIENT_ID: 'id', STREAMKAP_SECRET: 'secret', STREAMKAP_CLIENT_SECRET: 'other' },
    ],
    [
      'the CLI’s variables where the provider’s secret is an unset GitHub secret',
      {},
      { STREAMKAP_CLIENT_ID: 'id', STREAMKAP_SECRET: '', STREAMKAP_CLIENT_SECRET: 'secret' },
    ],
    ['the CLI’s variables', {}, { STREAMKAP_CLIENT_ID: ' id ', STREAMKAP_CLIENT_SECRET: 'secret\n' }],
  ])('comes from %s', async (_where, inputs, environment) => {
    expect(await parse({ ...ENSURE, ...inputs }, environment)).toMatchObject({
      admin: { from: 'pair', credential: { clientId: 'id', clientSecret: 'secret' } },
    });
  });

  test('comes from a secret rather than from variables', async () => {
    const environment = { STREAMKAP_CLIENT_ID: 'id', STREAMKAP_SECRET: 'secret' };
    expect(await parse({ ...ENSURE, 'admin-secret-id': 'streamkap/admin' }, environment)).toMatchObject({
      admin: { from: 'secret', secretId: 'streamkap/admin' },
    });
  });
});

describe('a bad input is named with its rule', () => {
  const foreign = { ...FILE, api: { ...API, token_endpoint: 'https://evil.example/auth/access-token' } };
  test.each<[string, Record<string, string>, string, RegExp]>([
    ['an unknown mode', { mode: 'make' }, 'mode: "make" is not one of its values', /ensure, create, lookup/],
    ['an unknown kind', { kind: 'user' }, 'kind: "user" is not', /project-key/],
    ['no host but a name', { 'streamkap-host': 'api.streamkap.com' }, 'streamkap-host: is not a URL', /full URL/],
    ['http', { 'streamkap-host': 'http://api.streamkap.com' }, 'streamkap-host: must be https://', /loopback/],
    [
      'no secret to keep it in',
      { 'secret-id': '' },
      'secret-id: is empty, and mode "ensure" needs it',
      /^Name the secret/,
    ],
    ['a name no secret can have', { 'secret-id': 'kafka orders' }, 'secret-id: "kafka orders" is no name', /1 to 512/],
    [
      'another service’s ARN',
      { 'secret-id': 'arn:aws:s3:::bucket' },
      'secret-id: "arn:aws:s3:::bucket" is no name or ARN',
      /1 to 512/,
    ],
    ['a name with a line break', { name: 'a\n::stop-commands::z' }, 'name: holds a line break', /single line/],
    ['a file where none is read', { 'project-key': 'garbage' }, 'project-key: is given, but mode', /lookup/],
    ['no name', { name: '' }, 'name: is empty', /1 to 100/],
    ['a name over 100 characters', { name: 'x'.repeat(101) }, 'name: has 101 characters', /1 to 100/],
    ['roles and permissions', { permissions: 'p' }, 'permissions: are given together with roles', /one of the two/],
    ['nothing the key could do', { roles: '' }, 'roles: and permissions and kafka are all unset', /Give roles/],
    [
      'Kafka denied and asked for',
      { kafka: 'false', 'kafka-username': 'orders' },
      'kafka: is false, but kafka-username is given',
      /Leave out/,
    ],
    [
      'a safe list without Kafka',
      { 'whitelist-ips': '10.0.0.1' },
      'whitelist-ips: is given, but the key gets no Kafka',
      /Set kafka/,
    ],
    ['a registry without Kafka', { 'schema-registry': 'true' }, 'schema-registry: is given, but', /Set kafka/],
    [
      'a username with an underscore',
      { 'kafka-username': 'my_orders' },
      'kafka-username: "my_orders" is not',
      /3 to 24 lowercase/,
    ],
    ['a username in upper case', { 'kafka-username': 'Orders' }, 'kafka-username: "Orders" is not', /lowercase/],
    [
      'a username with a hyphen at its end',
      { 'kafka-username': 'orders-' },
      'kafka-username: "orders-" is not',
      /hyphen at either end/,
    ],
    ['a username that is too short', { 'kafka-username': 'ab' }, 'kafka-username: "ab" is not', /3 to 24/],
    ['a username that is too long', { 'kafka-username': 'x'.repeat(25) }, 'kafka-username: "xxx', /3 to 24/],
    [
      'a name that makes no username',
      { name: '注文', kafka: 'true' },
      'kafka-username: is empty, and none can be made',
      /3 to 24/,
    ],
    [
      'an ACL with a bad operation',
      { 'kafka-acls': '- {topic_name: o, operation: CONSUME}' },
      'kafka-acls[0]: has an unknown operation',
      /READ/,
    ],
    [
      'an address of the other kind',
      { kafka: 'true', 'whitelist-ips': '::1' },
      'whitelist-ips: "::1" is no IPv4',
      /203\.0\.113\.7/,
    ],
    [
      'too wide a prefix',
      { kafka: 'true', 'whitelist-ips': '10.0.0.0/33' },
      'whitelist-ips: "10.0.0.0/33" is no',
      /192/,
    ],
    [
      'a prefix twice',
      { kafka: 'true', 'whitelist-ips': '10.0.0.0/8/8' },
      'whitelist-ips: "10.0.0.0/8/8" is no',
      /203\.0\.113\.7/,
    ],
    ['too many addresses', { kafka: 'true', 'whitelist-ips': many() }, 'whitelist-ips: has 1', /1000 at most/],
    ['an unknown tool profile', { 'tool-profile': 'all' }, 'tool-profile: "all" is not', /full, read-only/],
    ['neither true nor false', { 'export-env': 'yes' }, 'export-env: "yes" is neither', /true or false/],
    ['no number', { 'wait-timeout-seconds': '2m' }, 'wait-timeout-seconds: "2m" is no', /0 to 3600/],
    ['too long a wait', { 'wait-timeout-seconds': '3601' }, 'wait-timeout-seconds: "3601" is no', /0 to 3600/],
    ['an unknown check', { 'verify-login': 'sometimes' }, 'verify-login: "sometimes" is not', /auto, always, never/],
    ['a prefix of the runner’s', { 'env-prefix': 'GITHUB_' }, 'env-prefix: "GITHUB_" cannot', /none of the prefixes/],
    ['a prefix of Node’s', { 'env-prefix': 'node_' }, 'env-prefix: "node_" cannot', /none of the prefixes/],
    ['a prefix no variable has', { 'env-prefix': '1-' }, 'env-prefix: "1-" cannot', /letters, digits/],
    ['tags that are a list', { tags: '- a' }, 'tags: is not a YAML map', /team: data/],
    ['tags that are no YAML', { tags: 'team: data\nowner: "me' }, 'tags: is not YAML (line 2)', /team: data/],
    ['a tag with parts', { tags: 'a: {b: c}' }, 'tags: "a" is not a tag', /128/],
    ['a tag that is too long', { tags: `a: ${'x'.repeat(257)}` }, 'tags: "a" is not a tag', /256/],
    ['a tag of ours', { tags: 'streamkap:role: x' }, 'tags: "streamkap:role" is reserved', /another/],
    ['a tag of AWS’s', { tags: '"aws:x": y' }, 'tags: "aws:x" is reserved', /another/],
    [
      'half an admin credential',
      { 'client-id': 'id' },
      'client-secret: is empty, but client-id is given',
      /empty string/,
    ],
    ['the other half', { 'client-secret': 's' }, 'client-id: is empty, but client-secret is given', /both/],
    [
      'two admin credentials',
      { 'client-id': 'id', 'admin-secret-id': 's' },
      'admin-secret-id: is given together',
      /pair or the secret/,
    ],
    [
      'a look-up of nothing',
      { mode: 'lookup', 'secret-id': '' },
      'secret-id: and project-key are both empty',
      /empty string/,
    ],
    [
      'a look-up of two things',
      { mode: 'lookup', 'project-key': '{}' },
      'project-key: is given together with secret-id',
      /one of the two/,
    ],
    [
      'wrong base64',
      { mode: 'lookup', 'secret-id': '', 'project-key': '%%%' },
      'project-key: is neither JSON nor base64',
      /base64/,
    ],
    [
      'a foreign host in the file',
      { mode: 'lookup', 'secret-id': '', 'project-key': JSON.stringify(foreign) },
      'project-key: api.token_endpoint of',
      /streamkap-host/,
    ],
  ])('%s', async (_what, inputs, message, rule) => {
    const error = await refusalOf({ ...ENSURE, ...inputs });
    expect(error.message.startsWith(message) ? message : error.message).toBe(message);
    expect(error.remedy).toMatch(rule);
    expect(error).toMatchObject({ code: 'INVALID_INPUT', changed: 'no', retryable: false });
    expect(error.message).not.toMatch(/\n|Kafka!Password|Api!Secret|evil/);
    expect(error.message.length).toBeLessThan(200);
  });
});

function many(): string {
  return Array.from({ length: 100 }, (_, at) => `203.0.113.${at}`).join(',');
}

describe('whether anything may be changed', () => {
  test('is read from update and dry-run, and an empty list of ACLs counts where it was written', async () => {
    const { change } = await parse({ ...ENSURE, update: 'true', 'dry-run': 'true', 'kafka-acls': '[]' });
    expect(change).toEqual({ update: true, dryRun: true, aclsGiven: true });
  });

  test.each(['create', 'lookup'])('update has no meaning in mode %s', async (mode) => {
    const refusal = await refusalOf({ ...ENSURE, mode, update: 'true' });
    expect(refusal.message).toBe(`update: is true, but mode "${mode}" does not change a key`);
  });
});
