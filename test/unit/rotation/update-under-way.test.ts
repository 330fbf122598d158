import { describe, expect, it } from 'vitest';
import { SECRET as ADMIN_SECRET, AdminWorld, idOf, POST } from './admin/world.ts';
import { paired } from './alternating/pair-world.ts';
import { lastError } from './scripted-logins.ts';
import { rotating, SECRET, versionId, World } from './world.ts';

const MINUTE_MS = 60_000;
/** No step of a rotation lasts longer, so what read the labels before that has ended. */
const STEP_LASTS_MS = 15 * MINUTE_MS;

interface Update {
  /** Whose key is changed. @default the current one's */
  readonly keyId?: string;
  readonly adds: 'api' | 'kafka' | null;
}

/** What an update stores before it changes a key, and the label that goes with it. */
function beginUpdate(world: World, { keyId = world.id, adds }: Update): void {
  const intent = {
    ...{ type: 'streamkap_keyring_update', keyId, adds, username: null, password: null },
    ...{ requested: { description: '' }, run: 'run 1' },
  };
  put(world, JSON.stringify(intent));
}

const put = (world: World, SecretString: string) =>
  world.secrets.call('PutSecretValue', {
    ...{ SecretId: SECRET, ClientRequestToken: versionId('third'), SecretString },
    VersionStages: ['KEYRING_INTENT'],
  });

const provisioned = () => {
  const world = new World();
  world.provision();
  return world;
};

/** A rotation begins so long after. @returns the code that createSecret ends with */
async function createSecretAfter(world: World, milliseconds: number): Promise<string | undefined> {
  world.now += milliseconds;
  world.begin();
  return await world.step('createSecret');
}

describe('createSecret, while the key is being given new access by an update', () => {
  it.each([
    ['moments ago, whatever it changes', MINUTE_MS, { adds: null }],
    ['right before the longest step could have ended', STEP_LASTS_MS - 1000, { adds: null }],
    ['moments ago, of another key for all that is known', MINUTE_MS, { adds: 'api', keyId: 'another' }],
    ['an hour ago, and it adds what the current file lacks', 60 * MINUTE_MS, { adds: 'api' }],
  ] as const)('begun %s: makes no value of the file that is about to change', async (_, age, update) => {
    const world = provisioned();
    beginUpdate(world, update);
    expect(await createSecretAfter(world, age)).toBe('UPDATE_UNDER_WAY');
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: true });
    expect(String(lastError(world))).toContain(SECRET);
    expect(world.count('PutSecretValue')).toBe(0);
    expect(world.passwordUnder({ token: 'second' })).toBeUndefined();
  });

  it('whose new secrets are stored and not current yet, makes no value without them, however old they are', async () => {
    const world = provisioned();
    const file = JSON.parse(world.secrets.valueOf(SECRET) ?? '') as object;
    const api = {
      ...{ client_id: 'c', client_secret: 'New-Api-Secret-000001', token_endpoint: 'https://t' },
      api_url: 'https://a',
    };
    world.secretTexts.add(api.client_secret);
    put(world, JSON.stringify({ ...file, api }));
    expect(await createSecretAfter(world, 600 * MINUTE_MS)).toBe('UPDATE_UNDER_WAY');
    expect(world.count('PutSecretValue')).toBe(0);
  });

  it('takes a label whose version cannot be read yet for an update of this moment', async () => {
    const world = provisioned();
    beginUpdate(world, { adds: null });
    world.fault({
      ...{ service: 'secretsmanager', operation: 'GetSecretValue', skip: 1, times: 9 },
      action: { kind: 'status', when: 'before', status: 400, code: 'ResourceNotFoundException' },
    });
    expect(await createSecretAfter(world, 60 * MINUTE_MS)).toBe('UPDATE_UNDER_WAY');
    expect(world.count('PutSecretValue')).toBe(0);
  });
});

describe('createSecret makes its value all the same', () => {
  it.each([
    ['brought nothing that anybody could lose', STEP_LASTS_MS, { adds: null }],
    ['brought what the current file has by now', STEP_LASTS_MS, { adds: 'kafka' }],
    ['was of another key', STEP_LASTS_MS, { adds: 'api', keyId: 'another' }],
  ] as const)('when an update that was broken off long ago %s', async (_, age, update) => {
    const world = provisioned();
    beginUpdate(world, update);
    expect(await createSecretAfter(world, age)).toBeUndefined();
    expect(world.passwordUnder({ token: 'second' })).toBeDefined();
  });

  it('when the update is done: its label lies on the current version', async () => {
    const world = provisioned();
    world.secrets.call('UpdateSecretVersionStage', {
      ...{ SecretId: SECRET, VersionStage: 'KEYRING_INTENT', MoveToVersionId: versionId('first') },
    });
    expect(await createSecretAfter(world, 0)).toBeUndefined();
    expect(world.count('GetSecretValue')).toBe(1);
  });

  it('once it is stored: an update that begins later waits for the rotation, not the other way round', async () => {
    const world = rotating();
    await world.step('createSecret');
    beginUpdate(world, { adds: 'api' });
    expect(await world.steps('createSecret', 'setSecret', 'testSecret', 'finishSecret')).toEqual(
      Array(4).fill(undefined),
    );
    expect(world.patches).toEqual(['second']);
  });
});

describe('two keys that take turns', () => {
  it('wait for an update of the current one that was begun by hand', async () => {
    const world = await paired();
    beginUpdate(world, { adds: 'api', keyId: world.keyOf('orders-b').id });
    world.now += 60 * MINUTE_MS;
    world.begin('fourth');
    expect(await world.step('createSecret', 'fourth')).toBe('UPDATE_UNDER_WAY');
    expect(world.count('PutSecretValue')).toBe(0);
  });

  it('do not wait for one of the idle key', async () => {
    const world = await paired();
    beginUpdate(world, { adds: 'api', keyId: world.keyOf('orders').id });
    world.now += 60 * MINUTE_MS;
    world.begin('fourth');
    expect(await world.step('createSecret', 'fourth')).toBeUndefined();
  });
});

describe('the admin credential', () => {
  it('is never updated: a label that is old enough says nothing', async () => {
    for (const [age, code] of [
      [MINUTE_MS, 'UPDATE_UNDER_WAY'],
      [STEP_LASTS_MS, undefined],
    ] as const) {
      const world = new AdminWorld();
      world.secrets.call('PutSecretValue', {
        ...{ SecretId: ADMIN_SECRET, ClientRequestToken: idOf('manual'), SecretString: '{}' },
        VersionStages: ['KEYRING_INTENT'],
      });
      world.now += age;
      world.begin('second');
      expect(await world.step('createSecret', 'second')).toBe(code);
      expect(world.count(POST)).toBe(code ? 0 : 1);
    }
  });
});
