import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AccessRequest } from '../../sandbox/access.ts';
import { BUCKET_ARN } from '../../sandbox/evidence-bucket.ts';
import { accessRequests } from '../../sandbox/secrets-manager/access.ts';
import { ACCOUNT, kmsKeyArn, secretArn } from '../fixture.ts';
import { everyGrant, type FunctionId, PrivilegeBench, type RoleName } from './bench.ts';
import { AccessRecorder } from './recorder.ts';

const recorder = new AccessRecorder();
let bench: PrivilegeBench;

beforeAll(async () => {
  bench = await PrivilegeBench.open(everyGrant(), recorder);
  await bench.seed('PasswordRotation', 'orders');
  await bench.seed('AlternatingRotation', 'pair');
  const value = { SecretString: '{}', ClientRequestToken: 'f'.repeat(32) };
  for (const Name of ['ci/foreign', 'other/secret', 'team/keysmith']) bench.aws('CreateSecret', { Name, ...value });
  bench.aws('CreateSecret', { Name: 'ci/ours', ...value, Tags: [TAG] });
});
afterAll(() => bench.close());

const TAG = { Key: 'managed-by', Value: 'streamkap-keyring' };
const ORDERS = 'team/keys/orders';
const PAIR = 'team/keys/pair';
const ADMIN = 'streamkap/admin';
const OTHER_FUNCTION = `arn:aws:lambda:eu-central-1:${ACCOUNT}:function:other`;

type Who = FunctionId | RoleName;
const FUNCTIONS = new Set<Who>(['PasswordRotation', 'AlternatingRotation', 'AdminRotation']);

const accessKeyIdOf = (who: Who) =>
  bench.deployment.role(FUNCTIONS.has(who) ? `${who}Role` : `GitHubAccessRoles${who}`);

/** Whether everything that a call of Secrets Manager needs is granted. */
function may(who: Who, operation: string, input: Readonly<Record<string, unknown>>): boolean {
  const call = { operation, input, accessKeyId: accessKeyIdOf(who) };
  return accessRequests(bench.sandbox.secretsManager, call).every((request) => recorder.deny(request) === undefined);
}

function mayAsk(who: Who, rest: Omit<AccessRequest, 'accessKeyId'>): boolean {
  return recorder.deny({ ...rest, accessKeyId: accessKeyIdOf(who) }) === undefined;
}

const put = (SecretId: string) => ({ SecretId, SecretString: '{}', ClientRequestToken: 'a'.repeat(32) });
const tag = (SecretId: string, Key: string) => ({ SecretId, Tags: [{ Key, Value: 'x' }] });
const create = (Name: string, ...Tags: { Key: string; Value: string }[]) => ({ ...put(''), Name, Tags });

describe('what a role is allowed, for comparison', () => {
  it.each<[Who, string, Readonly<Record<string, unknown>>]>([
    ['PasswordRotation', 'PutSecretValue', put(ORDERS)],
    ['AlternatingRotation', 'PutSecretValue', put(`${PAIR}/standby`)],
    ['AlternatingRotation', 'TagResource', tag(PAIR, 'streamkap:project-key-id')],
    ['reading', 'GetSecretValue', { SecretId: ORDERS }],
    ['filling', 'TagResource', tag('team/keys/empty', 'streamkap:run-url')],
    ['rotating', 'RotateSecret', { SecretId: ORDERS }],
    ['making', 'CreateSecret', create('ci/new', TAG, { Key: 'team', Value: 'data' })],
    ['making', 'PutSecretValue', put('ci/ours')],
  ])('%s: %s', (who, operation, input) => {
    expect(may(who, operation, input)).toBe(true);
  });
});

describe('a role is refused', () => {
  it.each<[Who, string, string, Readonly<Record<string, unknown>>]>([
    ['PasswordRotation', 'the secret of another function', 'GetSecretValue', { SecretId: PAIR }],
    ['PasswordRotation', 'a secret that nobody rotates', 'GetSecretValue', { SecretId: 'team/keys/empty' }],
    ['PasswordRotation', 'a secret of another name', 'GetSecretValue', { SecretId: 'other/secret' }],
    ['PasswordRotation', 'a name that begins almost alike', 'GetSecretValue', { SecretId: 'team/keysmith' }],
    ['PasswordRotation', 'writing the admin secret', 'PutSecretValue', put(ADMIN)],
    ['PasswordRotation', 'describing the admin secret', 'DescribeSecret', { SecretId: ADMIN }],
    ['PasswordRotation', 'deleting', 'DeleteSecret', { SecretId: ORDERS }],
    ['PasswordRotation', 'another KMS key', 'UpdateSecret', { SecretId: ORDERS, KmsKeyId: kmsKeyArn('x') }],
    ['PasswordRotation', 'starting rotations', 'RotateSecret', { SecretId: ORDERS }],
    ['PasswordRotation', 'tags', 'TagResource', tag(ORDERS, 'streamkap:project-key-id')],
    ['PasswordRotation', 'lists', 'ListSecrets', {}],
    ['PasswordRotation', 'making secrets', 'CreateSecret', create('team/keys/new', TAG)],
    ['AlternatingRotation', 'the secret of another function', 'PutSecretValue', put(ORDERS)],
    ['AlternatingRotation', 'tags that do not name the pair', 'TagResource', tag(PAIR, 'streamkap:strategy')],
    ['AlternatingRotation', 'deleting a standby', 'DeleteSecret', { SecretId: `${PAIR}/standby` }],
    ['AdminRotation', 'the secret of a project key', 'GetSecretValue', { SecretId: ORDERS }],
    ['reading', 'writing', 'PutSecretValue', put(ORDERS)],
    ['reading', 'a secret that it was not given', 'GetSecretValue', { SecretId: PAIR }],
    ['reading', 'the admin secret', 'GetSecretValue', { SecretId: ADMIN }],
    ['filling', 'a secret that it was not given', 'GetSecretValue', { SecretId: ORDERS }],
    ['filling', 'writing the admin secret', 'PutSecretValue', put(ADMIN)],
    ['filling', 'tags of another meaning', 'TagResource', tag('team/keys/empty', 'streamkap:strategy')],
    ['filling', 'making secrets', 'CreateSecret', create('team/keys/new', TAG)],
    ['filling', 'starting rotations', 'RotateSecret', { SecretId: 'team/keys/empty' }],
    ['rotating', 'writing', 'PutSecretValue', put(ORDERS)],
    ['rotating', 'another function', 'RotateSecret', { SecretId: ORDERS, RotationLambdaARN: OTHER_FUNCTION }],
    ['rotating', 'another schedule', 'RotateSecret', { SecretId: ORDERS, RotationRules: { Duration: '3h' } }],
    ['rotating', 'a secret that it was not given', 'RotateSecret', { SecretId: 'team/keys/adopted' }],
    ['making', 'a name under the prefix', 'CreateSecret', create('team/keys/new', TAG)],
    ['making', 'a name that begins alike', 'CreateSecret', create('nightly2', TAG)],
    ['making', 'a secret without our tag', 'CreateSecret', create('ci/new')],
    [
      'making',
      'a secret with a tag of another meaning',
      'CreateSecret',
      create('ci/new', TAG, { Key: 'owner', Value: 'x' }),
    ],
    ['making', "writing somebody else's secret", 'PutSecretValue', put('ci/foreign')],
    ['making', 'tagging without our tag', 'TagResource', tag('ci/foreign', 'team')],
    ['making', 'deleting what it made', 'DeleteSecret', { SecretId: 'ci/ours' }],
  ])('%s: %s', (who, _, operation, input) => {
    expect(may(who, operation, input)).toBe(false);
  });

  it.each<Who>([
    'PasswordRotation',
    'AlternatingRotation',
    'AdminRotation',
    'reading',
    'filling',
    'rotating',
    'making',
  ])('%s: a KMS key outside of Secrets Manager, or for another secret', (who) => {
    const keys = [bench.deployment.keyArn('SecretsKey'), ...['admin', 'adopt', 'ci'].map(kmsKeyArn)];
    const via = { 'kms:ViaService': ['secretsmanager.eu-central-1.amazonaws.com'] };
    const contexts = [
      {},
      via,
      { 'kms:ViaService': ['s3.eu-central-1.amazonaws.com'], 'kms:EncryptionContext:SecretARN': [secretArn(ORDERS)] },
      { ...via, 'kms:EncryptionContext:SecretARN': [secretArn('other/secret-a1B2c3')] },
    ];
    for (const resource of keys)
      for (const context of contexts) expect(mayAsk(who, { action: 'kms:Decrypt', resource, context })).toBe(false);
  });

  it.each<FunctionId>([
    'PasswordRotation',
    'AlternatingRotation',
    'AdminRotation',
  ])('%s: to read, replace, delete or unlock evidence, or to write it for others', (who) => {
    const resource = `${BUCKET_ARN}/${who === 'AdminRotation' ? 'streamkap/admin-a1B2c3/' : `${ORDERS}-a1B2c3/`}t/s/r.json`;
    expect(mayAsk(who, { action: 's3:PutObject', resource, context: {} })).toBe(true);
    for (const action of [
      'GetObject',
      'DeleteObject',
      'DeleteObjectVersion',
      'PutObjectRetention',
      'BypassGovernanceRetention',
    ])
      expect(mayAsk(who, { action: `s3:${action}`, resource, context: {} })).toBe(false);
    expect(mayAsk(who, { action: 's3:PutObject', resource: `${BUCKET_ARN}/other/x.json`, context: {} })).toBe(false);
  });

  it('rotating: to call a function that rotates no secret of its own', () => {
    const { arn } = bench.deployment.function('AdminRotation');
    expect(mayAsk('rotating', { action: 'lambda:InvokeFunction', resource: arn, context: {} })).toBe(false);
  });

  it('any function: events that are not of this product', () => {
    const resource = `arn:aws:events:eu-central-1:${ACCOUNT}:event-bus/keyring`;
    const as = (source: string) => ({ action: 'events:PutEvents', resource, context: { 'events:source': [source] } });
    expect(mayAsk('PasswordRotation', as('streamkap-keyring'))).toBe(true);
    expect(mayAsk('PasswordRotation', as('aws.secretsmanager'))).toBe(false);
  });
});

describe('a function is called', () => {
  it('for the secrets that its resource policy names, and no others', () => {
    const { arn } = bench.deployment.function('PasswordRotation');
    expect(bench.deployment.mayBeInvoked(arn, secretArn(`${ORDERS}-a1B2c3`))).toBe(true);
    expect(bench.deployment.mayBeInvoked(arn, secretArn('other/secret-a1B2c3'))).toBe(false);
    const admin = bench.deployment.function('AdminRotation').arn;
    expect(bench.deployment.mayBeInvoked(admin, secretArn(`${ADMIN}-a1B2c3`))).toBe(true);
    expect(bench.deployment.mayBeInvoked(admin, secretArn(`${ADMIN}-other-a1B2c3`))).toBe(false);
    expect(bench.deployment.mayBeInvoked(admin, secretArn(`${ORDERS}-a1B2c3`))).toBe(false);
  });
});
