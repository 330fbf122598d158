import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { secretStoreOver } from '../../core/aws-secret-store.ts';
import { SecretStoreError } from '../../core/errors.ts';
import type { FaultAction } from '../sandbox/call-log.ts';
import { id, NAME, START_MS } from '../sandbox/secrets-manager/fixture.ts';
import type { SecretsManagerOptions } from '../sandbox/secrets-manager/server.ts';
import { fault, start, VALUE } from '../sandbox/secrets-manager/server-fixture.ts';

const SECRET = {
  name: NAME,
  versionId: id('v0'),
  value: VALUE,
  tags: { team: 'data', 'managed-by': 'streamkap-keyring' },
};
const NEXT = { secretId: NAME, versionId: id('v1'), value: 'the next password' };

async function account(options: Partial<SecretsManagerOptions> = {}) {
  const running = await start(options);
  return { ...running, store: secretStoreOver(running.client) };
}

async function withSecret(options: Partial<SecretsManagerOptions> = {}) {
  const running = await account(options);
  await running.store.create(SECRET);
  return running;
}

async function refusalOf(call: Promise<unknown>): Promise<SecretStoreError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof SecretStoreError) return error;
    throw error;
  }
  throw new Error('the call succeeded');
}

describe('reading', () => {
  test('gives the current version with its labels and ids', async () => {
    const { store } = await withSecret();
    const version = await store.read(NAME);
    expect(version).toMatchObject({ name: NAME, versionId: id('v0'), value: VALUE, stages: ['AWSCURRENT'] });
    expect(typeof version === 'object' && version.arn).toMatch(/^arn:aws:secretsmanager:.*:secret:kafka\/orders-/);
    expect(await store.read(typeof version === 'object' ? version.arn : '')).toMatchObject({ name: NAME });
  });

  test('gives another version by its id or by a label, and an unlabelled one with no labels', async () => {
    const { store } = await withSecret();
    await store.put({ ...NEXT, stages: ['KEYRING_CREATED'] });
    const next = { versionId: id('v1'), value: 'the next password', stages: ['KEYRING_CREATED'] };
    expect(await store.read(NAME, { stage: 'KEYRING_CREATED' })).toMatchObject(next);
    expect(await store.read(NAME, { versionId: id('v1') })).toMatchObject(next);
    await store.move({ secretId: NAME, label: 'KEYRING_CREATED', from: id('v1') });
    expect(await store.read(NAME, { versionId: id('v1') })).toMatchObject({ ...next, stages: [] });
  });

  test('tells a secret that does not exist from one without a value, label or version', async () => {
    const { store, state } = await account();
    expect(await store.read(NAME)).toBe('no-secret');
    expect(await store.read(NAME, { versionId: id('v1') })).toBe('no-secret');
    state.call('CreateSecret', { Name: NAME, ClientRequestToken: id('none') });
    expect(await store.read(NAME)).toBe('no-value');
    await store.put(NEXT);
    expect(await store.read(NAME, { stage: 'AWSPENDING' })).toBe('no-value');
    expect(await store.read(NAME, { versionId: id('v9') })).toBe('no-value');
  });

  test('takes a binary value for an empty text', async () => {
    const { store, state } = await account();
    state.call('CreateSecret', { Name: NAME, ClientRequestToken: id('v0'), SecretBinary: 'AAECAw==' });
    expect(await store.read(NAME)).toMatchObject({ value: '' });
  });

  test('gives ages by AWS’s own clock, whatever ours says', async () => {
    const { store, state } = await withSecret();
    const young = await store.read(NAME);
    if (typeof young === 'string') throw new Error(young);
    // The stand-in's clock is in 2026's first days and moves a millisecond a call; Date has whole seconds.
    expect(young.createdAt).toBeGreaterThanOrEqual(START_MS);
    expect(young.createdAt).toBeLessThan(START_MS + 1_000);
    expect(young.readAt).toBe(START_MS);
    for (let calls = 0; calls < 5_000; calls++) state.now();
    const old = await store.read(NAME);
    expect(typeof old === 'object' && old.readAt - old.createdAt).toBeGreaterThanOrEqual(4_000);
    expect(typeof old === 'object' && old.readAt - old.createdAt).toBeLessThan(6_000);
  });
});

describe('describing', () => {
  test('gives tags, versions with their labels and whether it rotates, and no value', async () => {
    const { store } = await withSecret();
    await store.put({ ...NEXT, stages: ['AWSPENDING'] });
    const description = await store.describe(NAME);
    expect(description).toMatchObject({
      name: NAME,
      tags: { team: 'data', 'managed-by': 'streamkap-keyring' },
      versions: { [id('v0')]: ['AWSCURRENT'], [id('v1')]: ['AWSPENDING'] },
      rotationEnabled: false,
    });
    expect(JSON.stringify(description)).not.toContain(VALUE);
  });

  test('tells when there is no such secret', async () => {
    const { store } = await account();
    expect(await store.describe(NAME)).toBe('no-secret');
  });
});

describe('listing versions', () => {
  test('gives those without a label too, over as many pages as there are', async () => {
    const { store } = await withSecret();
    for (let n = 1; n <= 105; n++) await store.put({ ...NEXT, versionId: id(`v${n}`), value: `value ${n}` });
    const versions = await store.versions(NAME);
    const byId = new Map(versions.map((version) => [version.versionId, version]));
    expect(byId.size).toBeGreaterThan(100);
    const current = await store.read(NAME);
    const createdAt = typeof current === 'object' ? current.createdAt : 0;
    expect(byId.get(id('v105'))).toEqual({ versionId: id('v105'), stages: ['AWSCURRENT'], createdAt });
    expect(byId.get(id('v104'))?.stages).toEqual(['AWSPREVIOUS']);
    expect(byId.get(id('v103'))?.stages).toEqual([]);
  });

  test('of a secret that does not exist is an error', async () => {
    const { store } = await account();
    expect(await refusalOf(store.versions(NAME))).toMatchObject({ code: 'SECRET_NOT_FOUND', changed: 'no' });
  });
});

describe('creating', () => {
  test('makes the secret with its first version current, and says where it is', async () => {
    const { store, state } = await account();
    expect(await store.create({ ...SECRET, kmsKeyId: 'alias/keys' })).toEqual({
      arn: expect.stringMatching(/kafka\/orders/),
    });
    expect(state.labels(NAME)).toEqual({ [id('v0')]: ['AWSCURRENT'] });
    expect(state.call('DescribeSecret', { SecretId: NAME })).toMatchObject({ KmsKeyId: 'alias/keys' });
  });

  test('may be done again with the same version and value, and with nothing else', async () => {
    const { store, state } = await withSecret();
    const before = state.snapshot({ dates: false });
    expect(await store.create(SECRET)).toEqual({ arn: expect.any(String) });
    expect(await store.create({ ...SECRET, value: 'another' })).toBe('exists');
    expect(await store.create({ ...SECRET, versionId: id('v1') })).toBe('exists');
    expect(state.snapshot({ dates: false })).toBe(before);
  });
});

describe('putting', () => {
  test('makes a version current unless it is given labels of its own', async () => {
    const { store, state } = await withSecret();
    expect(await store.put({ ...NEXT, stages: ['KEYRING_CREATED'] })).toBe('stored');
    expect(state.labels(NAME)).toEqual({ [id('v0')]: ['AWSCURRENT'], [id('v1')]: ['KEYRING_CREATED'] });
    expect(await store.put({ ...NEXT, versionId: id('v2') })).toBe('stored');
    expect(state.labels(NAME)[id('v2')]).toEqual(['AWSCURRENT']);
  });

  test('under a known id is taken by another value, and harmless with the same', async () => {
    const { store, state } = await withSecret();
    await store.put(NEXT);
    const before = state.snapshot({ dates: false });
    expect(await store.put({ ...NEXT, value: 'another' })).toBe('taken');
    expect(await store.put(NEXT)).toBe('stored');
    expect(state.snapshot({ dates: false })).toBe(before);
  });

  test('into a secret that does not exist is an error', async () => {
    const { store } = await account();
    expect(await refusalOf(store.put(NEXT))).toMatchObject({ code: 'SECRET_NOT_FOUND', changed: 'no' });
  });
});

describe('moving a label', () => {
  test('succeeds from where it is, to another version or away', async () => {
    const { store, state } = await withSecret();
    await store.put({ ...NEXT, stages: ['KEYRING_CREATED'] });
    expect(await store.move({ secretId: NAME, label: 'AWSCURRENT', from: id('v0'), to: id('v1') })).toBe('moved');
    expect(state.labels(NAME)[id('v1')]).toContain('AWSCURRENT');
    expect(await store.move({ secretId: NAME, label: 'KEYRING_CREATED', from: id('v1') })).toBe('moved');
    expect(await store.move({ secretId: NAME, label: 'KEYRING_LIVE', to: id('v0') })).toBe('moved');
    expect(state.labels(NAME)).toEqual({ [id('v0')]: ['AWSPREVIOUS', 'KEYRING_LIVE'], [id('v1')]: ['AWSCURRENT'] });
  });

  test('from where it is not changes nothing and says so', async () => {
    const { store, state } = await withSecret();
    await store.put({ ...NEXT, stages: ['AWSPENDING'] });
    const before = state.snapshot({ dates: false });
    expect(await store.move({ secretId: NAME, label: 'AWSCURRENT', from: id('v1'), to: id('v0') })).toBe('elsewhere');
    expect(await store.move({ secretId: NAME, label: 'AWSPENDING', to: id('v0') })).toBe('elsewhere');
    expect(state.snapshot({ dates: false })).toBe(before);
  });

  test('to a version that does not exist is an error', async () => {
    const { store } = await withSecret();
    const move = { secretId: NAME, label: 'AWSCURRENT', from: id('v0'), to: id('v9') };
    expect(await refusalOf(store.move(move))).toMatchObject({ code: 'SECRET_NOT_FOUND', changed: 'no' });
  });
});

test('tags are added to those that are there, and replace those of the same name', async () => {
  const { store } = await withSecret();
  await store.tag(NAME, { team: 'platform', 'streamkap:role': 'standby' });
  expect(await store.describe(NAME)).toMatchObject({
    tags: { team: 'platform', 'managed-by': 'streamkap-keyring', 'streamkap:role': 'standby' },
  });
});

const CALLS: [string, (store: ReturnType<typeof secretStoreOver>) => Promise<unknown>][] = [
  ['GetSecretValue', (store) => store.read(NAME)],
  ['DescribeSecret', (store) => store.describe(NAME)],
  ['CreateSecret', (store) => store.create({ ...SECRET, name: 'kafka/other' })],
  ['PutSecretValue', (store) => store.put(NEXT)],
  ['UpdateSecretVersionStage', (store) => store.move({ secretId: NAME, label: 'KEYRING_LIVE', to: id('v0') })],
  ['TagResource', (store) => store.tag(NAME, { team: 'platform' })],
];

describe.each(CALLS)('%s', (action, call) => {
  const changes = action !== 'GetSecretValue' && action !== 'DescribeSecret';

  test('without the permission names it', async () => {
    const { store } = await withSecret({
      deny: ({ action: asked, resource }) =>
        asked === `secretsmanager:${action}` && !resource.endsWith(`:secret:${NAME}`)
          ? `not authorized: ${VALUE}`
          : undefined,
    });
    const error = await refusalOf(call(store));
    expect(error).toMatchObject({ code: 'AWS_ACCESS_DENIED', changed: 'no' });
    expect(error.remedy).toContain(`secretsmanager:${action}`);
    expect(JSON.stringify(error)).not.toContain(VALUE);
  });

  test('whose answer is lost says whether that may have changed something', async () => {
    const lost: [FaultAction, string][] = [
      [{ kind: 'drop', when: 'before' }, 'AWS_UNREACHABLE'],
      [{ kind: 'drop', when: 'after' }, 'AWS_UNREACHABLE'],
      [{ kind: 'status', when: 'before', status: 500 }, 'AWS_UNREACHABLE'],
      [{ kind: 'status', when: 'after', status: 503, code: 'ServiceUnavailable' }, 'AWS_UNREACHABLE'],
    ];
    for (const [action_, code] of lost) {
      const { store, log } = await withSecret();
      log.script(fault(action, action_));
      const error = await refusalOf(call(store));
      expect(error).toMatchObject({ code, changed: changes ? 'unknown' : 'no', retryable: true });
      expect(error.message).toContain(`secretsmanager:${action} on kafka/`);
      expect(JSON.stringify(error) + error.message).not.toContain(VALUE);
    }
  });

  test('that is throttled changed nothing and may be tried again', async () => {
    const { store, log } = await withSecret();
    log.script(fault(action, { kind: 'status', when: 'before', status: 400, code: 'ThrottlingException' }));
    expect(await refusalOf(call(store))).toMatchObject({ code: 'AWS_THROTTLED', changed: 'no', retryable: true });
  });
});

test('a secret on its way out is refused with the command that brings it back, and stays as it is', async () => {
  const { store, state } = await withSecret();
  state.call('DeleteSecret', { SecretId: NAME });
  const before = state.snapshot({ dates: false });
  const move = { secretId: NAME, label: 'KEYRING_LIVE', to: id('v0') };
  for (const call of [store.read(NAME), store.create(SECRET), store.put(NEXT), store.move(move)]) {
    const error = await refusalOf(call);
    expect(error).toMatchObject({ code: 'SECRET_SCHEDULED_FOR_DELETION', changed: 'no', retryable: false });
    expect(error.remedy).toContain(`restore-secret --secret-id ${NAME}`);
  }
  expect(state.snapshot({ dates: false })).toBe(before);
});

test('a KMS key that may not or cannot be used is told from a missing permission on the secret', async () => {
  const { store, server } = await withSecret();
  for (const mode of ['denied', 'disabled'] as const) {
    server.setKms(mode);
    expect(await refusalOf(store.read(NAME))).toMatchObject({ code: 'KMS_DENIED', changed: 'no' });
    const write = await refusalOf(store.put(NEXT));
    expect(write.code).toBe('KMS_DENIED');
    expect(write.remedy).toContain('kms:GenerateDataKey');
  }
});

describe('from the environment of a process', () => {
  const AWS = { AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'example' };

  test('endpoint, Region and credentials are taken, and a lost answer to a write is made good by asking again', async () => {
    const { server, log } = await withSecret();
    log.script(fault('PutSecretValue', { kind: 'drop', when: 'after' }));
    const told = await inChild({ ...AWS, AWS_ENDPOINT_URL_SECRETS_MANAGER: server.url });
    expect(told).toEqual({ stored: 'stored' });
    expect(log.of('secretsmanager', 'PutSecretValue').map(({ tookEffect }) => tookEffect)).toEqual([true, false]);
  });

  test('what is missing of them is told, and nothing is called', async () => {
    const { server, log } = await account();
    const { AWS_REGION: _region, ...noRegion } = AWS;
    const endpoint = { AWS_ENDPOINT_URL: server.url };
    expect(await inChild({ ...noRegion, ...endpoint })).toEqual({ code: 'AWS_NO_REGION', changed: 'no' });
    expect(await inChild({ AWS_REGION: 'eu-central-1', ...endpoint })).toEqual({
      code: 'AWS_NO_CREDENTIALS',
      changed: 'no',
    });
    expect(log.calls).toEqual([]);
  });
});

const SCRIPT = `
  const { awsSecretStore } = await import(process.argv[1]);
  const write = JSON.parse(process.argv[2]);
  const tell = (facts) => process.stdout.write(JSON.stringify(facts));
  try {
    tell({ stored: await awsSecretStore({ environment: process.env }).put(write) });
  } catch ({ code, changed }) {
    tell({ code, changed });
  }`;

/** One write from a process of its own, without anybody's AWS configuration. */
function inChild(environment: Record<string, string>): Promise<unknown> {
  const module = join(import.meta.dirname, '../../core/aws-secret-store.ts');
  const args = ['--input-type=module', '-e', SCRIPT, module, JSON.stringify(NEXT)];
  const env = { ...environment, HOME: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true' };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { env }, (error, stdout) => (error ? reject(error) : resolve(JSON.parse(stdout))));
  });
}
