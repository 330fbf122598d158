import { describe, expect, it } from 'vitest';
import { drifted, lastError } from './scripted-logins.ts';
import { FIRST, rotating, SECRET, versionId, World } from './world.ts';

/** @returns the text of the current file with a change, or anything else */
type Value = (file: { readonly kafka: object }) => unknown;

const NO_FILES: readonly [what: string, value: Value, why: string][] = [
  ['text that is not JSON', () => 'kafka_password=Hidden!Value00001', 'not JSON'],
  ['null', () => null, 'object'],
  ['a number', () => 5, 'object'],
  ['a list', () => [], 'object'],
  ['an object without a type', () => ({ note: 'Hidden!Value00001' }), 'project_key_id'],
  ['a file without a Kafka user', (file) => ({ ...file, kafka: null, api: API }), 'no kafka section'],
  ['a file without a password', (file) => ({ ...file, kafka: { ...file.kafka, password: undefined } }), 'password'],
];
const API = {
  ...{ client_id: 'c', client_secret: 'Hidden!Value00001', token_endpoint: 'https://t.example' },
  api_url: 'https://a.example',
};

const textOf = (world: World, value: Value): string => {
  const made = value(JSON.parse(world.secrets.valueOf(SECRET) ?? '') as { kafka: object });
  return typeof made === 'string' ? made : JSON.stringify(made);
};

/** As createSecret would, so that nothing but what it holds speaks against it. */
function plantPending(world: World, value: Value): void {
  world.secrets.call('PutSecretValue', {
    ...{ SecretId: SECRET, ClientRequestToken: versionId('second'), SecretString: textOf(world, value) },
    VersionStages: ['AWSPENDING', 'KEYRING_MADE'],
  });
}

const expectNothingQuoted = (world: World) => {
  expect(JSON.stringify([world.lines, world.errors.map(String)])).not.toContain('Hidden!Value00001');
};

describe('what is no credential file,', () => {
  it.each(
    NO_FILES,
  )('%s, is not rotated: what is wrong is said without a part of it, and nothing is made', async (_, value, why) => {
    const world = new World();
    world.provision();
    const SecretString = textOf(world, value);
    world.secrets.call('PutSecretValue', { SecretId: SECRET, ClientRequestToken: versionId('manual'), SecretString });
    world.begin();
    expect(await world.steps('createSecret', 'setSecret')).toEqual(Array(2).fill('CURRENT_UNREADABLE'));
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: false });
    expect(String(lastError(world))).toContain('the current value');
    expect(String(lastError(world))).toContain(why);
    expect(world.count('PutSecretValue')).toBe(0);
    expect(world.logins).toEqual([]);
    expectNothingQuoted(world);
  });

  it.each(NO_FILES)('%s, under AWSPENDING is neither sent nor made current', async (_, value, why) => {
    const world = rotating();
    plantPending(world, value);
    expect(await world.steps('testSecret', 'setSecret')).toEqual(Array(2).fill('PENDING_UNREADABLE'));
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: false });
    expect(String(lastError(world))).toContain('the pending value');
    expect(String(lastError(world))).toContain(why);
    expect(await world.step('finishSecret')).toBe('NEVER_SET');
    expect(world.patches).toEqual([]);
    expect(world.labels.first).toContain('AWSCURRENT');
    expectNothingQuoted(world);
  });

  it.each(
    NO_FILES,
  )('%s, under AWSPREVIOUS is passed over where the previous password would be tried', async (_, value) => {
    const world = await drifted();
    world.secrets.call('PutSecretValue', {
      ...{ SecretId: SECRET, ClientRequestToken: versionId('manual'), SecretString: textOf(world, value) },
      VersionStages: ['AWSPREVIOUS'],
    });
    expect(await world.step('setSecret')).toBe('DRIFT');
    expect(new Set(world.logins)).toEqual(new Set(['first', 'second']));
    expectNothingQuoted(world);
  });
});

describe('a secret that holds an intent, and no key yet', () => {
  it('is told from one that holds nothing', async () => {
    const world = new World();
    const SecretString = JSON.stringify({ type: 'streamkap_keyring_intent', of: 'another version of this product' });
    world.secrets.call('CreateSecret', { Name: SECRET, ClientRequestToken: versionId('first'), SecretString });
    world.begin();
    expect(await world.step('createSecret')).toBe('NOT_PROVISIONED');
    expect(String(lastError(world))).toMatch(/only an intent/);
  });
});

describe('the password before, when it is of another key', () => {
  it('is not tried: Kafka would be asked with what belongs elsewhere', async () => {
    const world = await drifted();
    const other: Value = (file) => ({
      ...{ ...file, project_key_id: 'another' },
      kafka: { ...file.kafka, password: 'Another-Keys!Pass001' },
    });
    world.secrets.call('PutSecretValue', {
      ...{ SecretId: SECRET, ClientRequestToken: versionId('manual'), SecretString: textOf(world, other) },
      VersionStages: ['AWSPREVIOUS'],
    });
    expect(await world.step('setSecret')).toBe('DRIFT');
    expect(new Set(world.logins)).toEqual(new Set(['first', 'second']));
  });

  it('is not looked at after the move either, where it cannot be read: the rotation is done and says so', async () => {
    const world = rotating();
    await world.steps('createSecret', 'setSecret', 'testSecret');
    world.observe = ({ operation, what }, moment) => {
      // The version that was current is read once more after the move, for its password.
      const isMoved = world.labels.second?.includes('AWSCURRENT');
      return isMoved && operation === 'GetSecretValue' && what === world.arn && moment === 'before'
        ? 'fail'
        : undefined;
    };
    world.calls.length = 0;
    expect(await world.step('finishSecret')).toBeUndefined();
    expect(world.lines.at(-1)?.fields).toMatchObject({
      ...{ outcome: 'moved', outgoing_login: { outcome: 'unknown', code: 'NOT_TRIED', milliseconds: 0 } },
    });
    expect(world.logins).toEqual([]);
  });

  it('is not looked at after the move with less than two seconds left', async () => {
    for (const [left, logins] of [
      [2_000, ['first']],
      [1_999, []],
    ] as const) {
      const world = rotating();
      await world.steps('createSecret', 'setSecret', 'testSecret');
      world.calls.length = 0;
      world.remainingMs = left + 1_000;
      expect(await world.step('finishSecret')).toBeUndefined();
      expect(world.logins).toEqual(logins);
      const outcome = logins.length > 0 ? 'rejected' : 'unknown';
      expect(world.lines.at(-1)?.fields).toMatchObject({ outcome: 'moved', outgoing_login: { outcome } });
    }
  });

  it('is said not to have been tried where nothing can be read of it any more', async () => {
    const world = rotating();
    await world.steps('createSecret', 'setSecret', 'testSecret');
    world.fault({
      ...{ service: 'secretsmanager', operation: 'GetSecretValue', times: 9 },
      action: { kind: 'status', when: 'before', status: 400, code: 'ResourceNotFoundException' },
    });
    expect(await world.step('finishSecret')).toBeUndefined();
    expect(world.lines.at(-1)?.fields).toMatchObject({ outgoing_login: { outcome: 'unknown', code: 'NOT_TRIED' } });
    expect(world.accepted).not.toBe(FIRST);
  });
});
