import { describe, expect, test } from 'vitest';
import { type Inputs, KIND_NAMES, KINDS, SECRET_ID, storedIn } from './fixture.ts';
import {
  assertAllRefused,
  assertOneCredential,
  BOTH,
  counted,
  countOf,
  DELETE,
  dieAt,
  dieAtCreation,
  heldWorld,
  labelsOf,
  MADE_ONCE,
  PATCH,
  POST,
  RUNS,
  results,
  snapshotOf,
  TAKE_OVER_MS,
  tenRuns,
  tenWaitingRuns,
  timedWorld,
} from './ten-runs-fixture.ts';

describe('ten runs on a secret', () => {
  test('that is absent make it and one key: one created, nine found', async () => {
    const world = await timedWorld();
    const runs = await tenRuns(world, BOTH);
    await assertOneCredential(world, runs);
    expect(results(runs)).toEqual({ created: 1, found: 9 });
    expect(counted(world)).toEqual({ [POST]: 1, [DELETE]: 0 });
    expect(labelsOf(world.sandbox)).toEqual(MADE_ONCE);
    expect(world.calls().filter((call) => call === 'secretsmanager CreateSecret ok')).toHaveLength(1);
  });

  test('without a value fill it with one key: one created, nine found, no other secret made', async () => {
    const world = await timedWorld();
    world.sandbox.secretsManager.call('CreateSecret', { Name: SECRET_ID });
    const runs = await tenRuns(world, BOTH);
    await assertOneCredential(world, runs);
    expect(results(runs)).toEqual({ created: 1, found: 9 });
    expect(counted(world)).toEqual({ [POST]: 1, [DELETE]: 0 });
    expect(labelsOf(world.sandbox)).toEqual(MADE_ONCE);
    expect(world.sandbox.log.of('secretsmanager', 'CreateSecret')).toEqual([]);
  });

  test('with a file find it: one call to AWS each, none to Streamkap or Kafka', async () => {
    const world = await timedWorld();
    const owner = await world.run(BOTH);
    const before = snapshotOf(world);
    world.forget();
    const runs = await tenRuns(world, BOTH);
    await assertOneCredential(world, runs);
    expect(runs.map(({ outputs }) => outputs.credentials)).toEqual(Array(RUNS).fill(owner.outputs.credentials));
    expect(results(runs)).toEqual({ found: 10 });
    expect(countOf(world.calls().filter((call) => !call.includes('/auth/')))).toEqual({
      'secretsmanager GetSecretValue ok': RUNS,
    });
    expect(snapshotOf(world)).toEqual(before);
  });

  test('with a foreign value refuse it, unquoted and unchanged, and ask nobody else', async () => {
    const world = await timedWorld();
    const foreign = '{"username":"admin","password":"foreign-password-123"}';
    world.sandbox.secretsManager.call('CreateSecret', { Name: SECRET_ID, SecretString: foreign });
    const says = /ci\/orders holds something that is not a Streamkap credential file .*SECRET_HAS_FOREIGN_VALUE\]$/;
    await assertAllRefused(world, BOTH, says);
    expect(world.sandbox.secretsManager.valueOf(SECRET_ID)).toBe(foreign);
    expect(countOf(world.calls())).toEqual({ 'secretsmanager GetSecretValue ok': RUNS });
  });

  test('that is scheduled for deletion say how to restore it, and leave it to go', async () => {
    const world = await timedWorld();
    await world.run(BOTH);
    world.sandbox.secretsManager.call('DeleteSecret', { SecretId: SECRET_ID, RecoveryWindowInDays: 7 });
    world.forget();
    const says =
      /scheduled for deletion.*aws secretsmanager restore-secret --secret-id ci\/orders.*Nothing was changed\. \[SECRET_SCHEDULED_FOR_DELETION\]$/;
    await assertAllRefused(world, BOTH, says);
    expect(countOf(world.calls())).toEqual({ 'secretsmanager GetSecretValue InvalidRequestException': RUNS });
    const { DeletedDate } = world.sandbox.secretsManager.call('DescribeSecret', { SecretId: SECRET_ID });
    expect(DeletedDate).toEqual(expect.any(Number));
  });
});

describe('ten runs on a secret whose rotation is pending', () => {
  async function pendingWorld(inputs: Inputs) {
    const world = await timedWorld();
    await world.run(inputs);
    const next = { ...fileAs(storedIn(world)), kafka: { ...fileAs(storedIn(world)).kafka, password: NEXT_PASSWORD } };
    world.sandbox.secretsManager.call('PutSecretValue', {
      SecretId: SECRET_ID,
      ClientRequestToken: 'f1d1a1c0-0000-4000-8000-00000000beef',
      SecretString: JSON.stringify(next),
      VersionStages: ['AWSPENDING', 'KEYRING_MADE'],
    });
    world.forget();
    return world;
  }
  const NEXT_PASSWORD = 'Nx7mQ2vT9pL4wR8zB5cD1fG3hJ6kM0!q';
  const fileAs = (file: Record<string, unknown>) => file as { kafka: Record<string, unknown> };

  test('find the current credential, and leave the pending one to the rotation', async () => {
    const world = await pendingWorld(BOTH);
    const before = snapshotOf(world);
    const runs = await tenRuns(world, BOTH);
    await assertOneCredential(world, runs);
    expect(results(runs)).toEqual({ found: 10 });
    expect(world.calls().filter((call) => call.startsWith('secretsmanager'))).toEqual(
      Array(RUNS).fill('secretsmanager GetSecretValue ok'),
    );
    expect(snapshotOf(world)).toEqual(before);
  });

  test('begin no update: the access that is lacking is refused until the rotation has ended', async () => {
    const world = await pendingWorld(KINDS['Kafka-only']);
    await assertAllRefused(
      world,
      { ...BOTH, update: 'true' },
      /rotation of ci\/orders is not finished.*ROTATION_PENDING\]$/,
    );
    expect(world.sandbox.log.of('streamkap', PATCH)).toEqual([]);
  });
});

describe('ten runs on a secret whose key was deleted at Streamkap', () => {
  async function deletedWorld() {
    const world = await timedWorld();
    const owner = await world.run(BOTH);
    world.sandbox.streamkap.removeProjectKey(owner.outputs['project-key-id'] ?? '');
    expect(world.sandbox.streamkap.projectKeys).toEqual([]);
    world.forget();
    return { world, owner };
  }

  test.each([
    ['a login is to prove it', { 'verify-login': 'always' }],
    ['it is to be updated', { update: 'true' }],
  ])('say so where %s, and make no other key', async (_where, more) => {
    const { world } = await deletedWorld();
    const says = /the project key \S+ that the secret holds does not exist at Streamkap any more.*\[KEY_DELETED\]$/i;
    await assertAllRefused(world, { ...BOTH, ...more }, says);
    expect(counted(world)).toEqual({ [POST]: 0, [DELETE]: 0 });
    expect(world.sandbox.log.of('kafka', 'login')).toEqual([]);
  });

  test('hand out what is stored where nobody asks Streamkap, as unverified', async () => {
    const { world, owner } = await deletedWorld();
    const runs = await tenRuns(world, BOTH);
    expect(runs.map(({ exitCode }) => exitCode)).toEqual(Array(RUNS).fill(0));
    expect(runs.map(({ outputs }) => [outputs.credentials, outputs.result, outputs.status])).toEqual(
      Array(RUNS).fill([owner.outputs.credentials, 'found', 'unverified']),
    );
    expect(world.calls()).toEqual(Array(RUNS).fill('secretsmanager GetSecretValue ok'));
  });
});

describe('ten runs on a secret with a young intent', () => {
  test('wait for its holder, however slow, and find what it made', async () => {
    const { world, proxy } = await heldWorld();
    const inputs = { ...BOTH, 'streamkap-host': proxy.url };
    const owning = world.run(inputs);
    await proxy.held;
    const ten = tenWaitingRuns(world, inputs);
    await ten.waiting;
    proxy.release();
    const [owner, runs] = await Promise.all([owning, ten.runs]);
    await assertOneCredential(world, runs);
    expect(owner.outputs.result).toBe('created');
    expect(results(runs)).toEqual({ found: 10 });
    expect(counted(world)).toEqual({ [POST]: 1, [DELETE]: 0 });
    expect(labelsOf(world.sandbox)).toEqual(MADE_ONCE);
  });

  test('of a run that died leave it alone until it is old by the clock of AWS, then one takes it over', async () => {
    const world = await timedWorld();
    await dieAtCreation(world, 'API + Kafka', 'before');
    world.forget();
    const ten = tenWaitingRuns(world, BOTH);
    await ten.waiting;
    expect(world.sandbox.log.calls.filter(({ tookEffect }) => tookEffect)).toEqual([]);
    world.pass(TAKE_OVER_MS);
    const runs = await ten.runs;
    await assertOneCredential(world, runs);
    expect(results(runs)).toEqual({ created: 1, found: 9 });
    expect(counted(world)).toEqual({ [POST]: 1, [DELETE]: 0 });
  });
});

describe.each(KIND_NAMES)('ten runs on a secret with an old intent for a %s key', (kind) => {
  const canBeRebuilt = kind === 'Kafka-only';

  test('whose creation never reached Streamkap make one key between them', async () => {
    const world = await timedWorld();
    await dieAtCreation(world, kind, 'before');
    world.pass(TAKE_OVER_MS);
    world.forget();
    const runs = await tenRuns(world, KINDS[kind]);
    await assertOneCredential(world, runs);
    expect(results(runs)).toEqual({ created: 1, found: 9 });
    expect(counted(world)).toEqual({ [POST]: 1, [DELETE]: 0 });
  });

  test(`whose key was made ${canBeRebuilt ? 'adopt it' : 'delete it, its secret is lost, and make another'}`, async () => {
    const world = await timedWorld();
    await dieAtCreation(world, kind, 'after');
    world.pass(TAKE_OVER_MS);
    world.forget();
    const runs = await tenRuns(world, KINDS[kind]);
    await assertOneCredential(world, runs);
    expect(results(runs)).toEqual(canBeRebuilt ? { adopted: 1, found: 9 } : { created: 1, found: 9 });
    expect(counted(world)).toEqual(canBeRebuilt ? { [POST]: 0, [DELETE]: 0 } : { [POST]: 1, [DELETE]: 1 });
    expect(world.sandbox.log.of('streamkap', PATCH)).toEqual([]);
  });

  test('under which a file lies with KEYRING_CREATED finish that one', async () => {
    const world = await timedWorld();
    await dieAt(world, kind, { service: 'secretsmanager', operation: 'UpdateSecretVersionStage' });
    expect(labelsOf(world.sandbox)).toEqual([['AWSCURRENT'], ['KEYRING_CREATED']]);
    world.pass(TAKE_OVER_MS);
    world.forget();
    const runs = await tenRuns(world, KINDS[kind]);
    await assertOneCredential(world, runs);
    expect(results(runs)).toEqual({ adopted: 1, found: 9 });
    expect(counted(world)).toEqual({ [POST]: 0, [DELETE]: 0 });
    expect(labelsOf(world.sandbox)).toEqual(MADE_ONCE);
  });
});
