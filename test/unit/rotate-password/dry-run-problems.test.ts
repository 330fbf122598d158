import { describe, expect, it } from 'vitest';
import { RotationError } from '../../../core/errors.ts';
import { Problems } from '../../../core/rotation/dry-run-findings.ts';
import { type PairWorld, paired, STANDBY } from '../rotation/alternating/pair-world.ts';
import { FIRST, rotating, SECRET, UNKNOWN, versionId, World } from '../rotation/world.ts';

interface Answer {
  readonly outcome: string;
  readonly logins: Readonly<Record<string, { readonly outcome: string }>>;
  readonly wouldWrite: readonly string[];
  readonly wouldChange: readonly string[];
  readonly wouldDelete: readonly string[];
  readonly problems: readonly { readonly code: string; readonly message: string }[];
}

const CHANGING = /^(Put|Update|Create|Tag|PATCH|DELETE|POST (?!\/auth\/access-token))/;

async function dryRun(world: World): Promise<Answer> {
  world.calls.length = 0;
  const answer = await world.invoke({ action: 'dry-run', secretId: SECRET });
  expect(world.calls.filter(({ operation }) => CHANGING.test(operation))).toEqual([]);
  return answer as unknown as Answer;
}
const codesOf = ({ problems }: Answer) => problems.map(({ code }) => code);

const scheduled = async () => {
  const world = new World();
  world.provision();
  world.begin('second', false);
  await world.driver.runToEnd();
  return world;
};
type File = { readonly kafka: object };
const currentFile = (world: World) => JSON.parse(world.secrets.valueOf(SECRET) ?? '') as File;
const putPending = (world: World, value: unknown, ...labels: string[]) =>
  world.secrets.call('PutSecretValue', {
    ...{ SecretId: SECRET, ClientRequestToken: versionId('second') },
    ...{ SecretString: typeof value === 'string' ? value : JSON.stringify(value) },
    VersionStages: ['AWSPENDING', ...labels],
  });

const withoutKafka = (file: object) => ({
  ...{ ...file, kafka: null },
  api: {
    client_id: 'c',
    client_secret: 'Hidden!Value00001',
    token_endpoint: 'https://t.example',
    api_url: 'https://a.example',
  },
});
const INTENT = {
  ...{ type: 'streamkap_keyring_intent', intentId: '0c2443fe-5c3b-47ab-872d-5e9fc79d6f3d', attempt: 1, since: 1 },
  ...{
    failures: 0,
    name: 'orders-b',
    username: 'orders-b',
    formerUsernames: [],
    password: 'Hidden!Value00001',
    requested: { description: '' },
    run: 'r',
  },
};

describe('a dry run of single says why the rotation would stop', () => {
  it('when the secret holds no credential file: no plan is made up', async () => {
    const world = await scheduled();
    const put = { SecretId: SECRET, ClientRequestToken: versionId('manual'), SecretString: 'Hidden!Value00001' };
    world.secrets.call('PutSecretValue', put);
    const answer = await dryRun(world);
    expect(codesOf(answer)).toEqual(['CURRENT_UNREADABLE']);
    expect(answer.problems[0]?.message).toContain('the current value');
    expect(answer).toMatchObject({ outcome: 'would-fail', wouldWrite: [], wouldChange: [], wouldDelete: [] });
    expect(JSON.stringify(world.lines)).not.toContain('Hidden!Value00001');
    expect(world.logins).toEqual([]);
  });

  it('when the secret holds only an intent', async () => {
    const world = await scheduled();
    const SecretString = JSON.stringify({ type: 'streamkap_keyring_intent' });
    world.secrets.call('PutSecretValue', { SecretId: SECRET, ClientRequestToken: versionId('manual'), SecretString });
    const answer = await dryRun(world);
    expect(codesOf(answer)).toEqual(['NOT_PROVISIONED']);
    expect(answer.problems[0]?.message).toContain(world.arn);
  });

  it('when the key is not active', async () => {
    const world = await scheduled();
    const snapshot = JSON.parse(world.streamkap.snapshot()) as { keys: { status: string }[] };
    for (const key of snapshot.keys) key.status = 'delete_failed';
    world.streamkap.restore(JSON.stringify(snapshot));
    expect(codesOf(await dryRun(world))).toEqual(['PROJECT_KEY_NOT_ACTIVE']);
  });

  it.each([
    ['is of another key', (file: File) => ({ ...file, project_key_id: 'k' }), ['KEYRING_MADE'], 'PENDING_MISMATCH'],
    ['was put there by somebody else', (file: File) => file, [], 'PENDING_FOREIGN'],
    ['was in use before', (file: File) => file, ['KEYRING_MADE', 'AWSPREVIOUS'], 'PENDING_IS_PREVIOUS'],
    ['is no credential file', () => 'Hidden!Value00001', ['KEYRING_MADE'], 'PENDING_UNREADABLE'],
  ] as const)('when the pending value %s: it is not tried', async (_, value, labels, code) => {
    const world = rotating();
    const { kafka, ...file } = currentFile(world);
    putPending(world, value({ ...file, kafka: { ...kafka, password: 'Planted!Pass0000' } }), ...labels);
    const answer = await dryRun(world);
    expect(codesOf(answer)).toEqual([code]);
    if (code === 'PENDING_UNREADABLE') expect(answer.problems[0]?.message).toContain('the pending value');
    expect(world.logins).toEqual(['first']);
    expect(answer.logins).not.toHaveProperty('pending');
    expect(JSON.stringify(world.lines)).not.toMatch(/Hidden!Value00001|Planted!Pass0000/);
  });

  it('when neither the current nor the pending password works', async () => {
    const world = rotating();
    await world.step('createSecret');
    world.changeBehindOurBack('Behind!Our0Back0000');
    const answer = await dryRun(world);
    expect(codesOf(answer)).toEqual(['DRIFT']);
    expect(answer.logins).toMatchObject({ current: { outcome: 'rejected' }, pending: { outcome: 'rejected' } });
  });

  it('once, when the same thing keeps it from asking about two passwords', async () => {
    const world = rotating();
    await world.step('createSecret');
    world.login = () => UNKNOWN;
    const answer = await dryRun(world);
    expect(codesOf(answer)).toEqual(['LOGIN_UNKNOWN']);
    expect(answer.logins).toMatchObject({ current: { outcome: 'unknown' }, pending: { outcome: 'unknown' } });
  });

  it('without a password that Streamkap quotes', async () => {
    const world = rotating();
    await world.step('createSecret');
    const api = { token_endpoint: 'https://t.example', api_url: 'https://a.example', client_id: 'c' };
    const secrets = [FIRST, world.passwordUnder({ token: 'second' }) ?? '', 'Quoted-Api-Secret-01'];
    putByHand(world, { ...currentFile(world), api: { ...api, client_secret: secrets[2] } });
    const detail = `no: ${secrets.join(' ')}`;
    world.fault({
      ...{ service: 'streamkap', operation: 'GET /project-keys/{id}', times: 9 },
      action: { kind: 'status', when: 'before', status: 400, body: JSON.stringify({ detail }) },
    });
    const answer = await dryRun(world);
    expect(answer.problems[0]?.message).toContain('no: ');
    const said = JSON.stringify([answer, world.lines]);
    for (const secret of [FIRST, 'Quoted-Api-Secret-01']) expect(said).not.toContain(secret);
  });
});

const putByHand = (world: World, value: object) =>
  world.secrets.call('PutSecretValue', {
    ...{ SecretId: SECRET, ClientRequestToken: versionId('manual'), SecretString: JSON.stringify(value) },
  });

describe('a dry run of single, when nothing is wrong', () => {
  it('takes AWSPENDING on the current version for what a rotation left behind', async () => {
    const world = rotating({ driver: { pendingAfterSuccess: 'left' } });
    await world.driver.runToEnd();
    expect(world.labels.second).toEqual(['AWSCURRENT', 'AWSPENDING']);
    const answer = await dryRun(world);
    expect(answer).toMatchObject({ outcome: 'would-rotate', problems: [] });
    expect(answer.wouldWrite).toHaveLength(3);
    expect(world.logins).toEqual(['second']);
  });

  it('of a password that is in force already, sends nothing more and finds no fault with the old one', async () => {
    const world = rotating();
    await world.steps('createSecret', 'setSecret');
    const answer = await dryRun(world);
    expect(answer).toMatchObject({ outcome: 'would-rotate', problems: [], wouldChange: [], wouldDelete: [] });
    expect(answer.wouldWrite).toEqual([`UpdateSecretVersionStage ${world.arn}: AWSCURRENT to the new version`]);
  });

  it('of one that is stored and was not sent, says what setSecret does', async () => {
    const world = rotating();
    await world.step('createSecret');
    const answer = await dryRun(world);
    expect(answer).toMatchObject({ outcome: 'would-rotate', problems: [] });
    expect(answer.wouldWrite).toEqual([
      `UpdateSecretVersionStage ${world.arn}: KEYRING_UNSENT to the version under AWSCURRENT`,
      `UpdateSecretVersionStage ${world.arn}: AWSCURRENT to the new version`,
    ]);
    expect(answer.wouldChange).toEqual([`PATCH /project-keys/${world.id}: kafka_password of the user orders`]);
    expect(world.logins).toEqual(['first', 'second']);
  });
});

describe('a dry run of alternating', () => {
  const kept = `PutSecretValue ${STANDBY}: the outgoing key's file`;
  const turning = async () => {
    const world = await paired();
    world.begin('third');
    await world.step('createSecret', 'third');
    return world;
  };
  const idOf = (world: PairWorld) => world.keyOf('orders').id;

  it('lists what is stored for both keys, and that the idle one is made equal first', async () => {
    const world = await paired();
    const answer = await dryRun(world);
    expect(answer.wouldWrite).toEqual([
      `PutSecretValue ${world.arn}: a new version with AWSPENDING, KEYRING_MADE and KEYRING_UNSENT`,
      `UpdateSecretVersionStage ${world.arn}: KEYRING_UNSENT to the version under AWSCURRENT`,
      `UpdateSecretVersionStage ${world.arn}: AWSCURRENT to the new version`,
      kept,
    ]);
    expect(answer.wouldChange).toHaveLength(2);
  });

  it('before the second key is born, lists its file and the outgoing one', async () => {
    const world = await paired();
    const TagKeys = ['streamkap:project-key-id', 'streamkap:kafka-username'];
    world.secrets.call('UntagResource', { SecretId: SECRET, TagKeys });
    const answer = await dryRun(world);
    expect(answer.wouldWrite.slice(-2)).toEqual([`PutSecretValue ${STANDBY}: the second key's file`, kept]);
    expect(answer.logins).not.toHaveProperty('idle');
  });

  it('of a turn under way finds nothing wrong in that the pending value is of another key', async () => {
    const world = await turning();
    const answer = await dryRun(world);
    expect(answer).toMatchObject({ outcome: 'would-rotate', problems: [] });
    expect(answer.logins).toMatchObject({ pending: { outcome: 'rejected' } });
  });

  it('does not try the standby file when it is not the idle key’s', async () => {
    const world = await paired();
    world.putStandby(world.stored(SECRET), 'manual');
    const answer = await dryRun(world);
    expect(answer.logins).not.toHaveProperty('idle');
    expect(world.logins).toEqual(['second']);
  });

  it.each([
    ['what is no file', () => 'Hidden!Value00001', 'STANDBY_MISMATCH'],
    ['a file without a Kafka user', withoutKafka, 'STANDBY_MISMATCH'],
    ['the intent of a birth', () => INTENT, undefined],
  ])('says of a standby secret that holds %s what the rotation would say', async (_, value, code) => {
    const world = await paired();
    world.putStandby(value(world.stored(STANDBY) as object), 'manual');
    const answer = await dryRun(world);
    expect(codesOf(answer)).toEqual(code ? [code] : []);
    if (code) expect(answer.problems[0]?.message).toContain(STANDBY);
    expect(answer.logins).not.toHaveProperty('idle');
    expect(JSON.stringify(world.lines)).not.toContain('Hidden!Value00001');
    world.begin('third');
    if (code) expect(await world.step('createSecret', 'third')).toBe(code);
  });

  it('says that the standby secret is not there', async () => {
    const world = await paired();
    world.secrets.call('DeleteSecret', { SecretId: STANDBY, ForceDeleteWithoutRecovery: true });
    const answer = await dryRun(world);
    expect(codesOf(answer)).toEqual(['STANDBY_NOT_FOUND']);
    expect(answer.problems[0]?.message).toContain(STANDBY);
    expect(answer.logins).not.toHaveProperty('idle');
  });

  it('finds nothing wrong in a standby secret that holds nothing', async () => {
    const world = await paired();
    world.secrets.call('DeleteSecret', { SecretId: STANDBY, ForceDeleteWithoutRecovery: true });
    world.secrets.call('CreateSecret', { Name: STANDBY });
    const answer = await dryRun(world);
    expect(answer).toMatchObject({ problems: [], outcome: 'would-rotate' });
    expect(answer.logins).not.toHaveProperty('idle');
  });

  it('names both keys when neither is there any more', async () => {
    const world = await paired();
    const ids = [world.keyOf('orders-b').id, idOf(world)];
    for (const id of ids) world.streamkap.removeProjectKey(id);
    world.login = () => UNKNOWN;
    const answer = await dryRun(world);
    const gone = answer.problems.filter(({ code }) => code.endsWith('KEY_NOT_FOUND'));
    expect(gone.map(({ code, message }) => [code, ids.findIndex((id) => message.includes(id))])).toEqual([
      ['PROJECT_KEY_NOT_FOUND', 0],
      ['IDLE_KEY_NOT_FOUND', 1],
    ]);
  });
});

describe('problems', () => {
  const problem = (code: string, message: string) =>
    new RotationError({ code, message, changed: 'no', retryable: false, remedy: 'r' });

  it('are told once each: the same code about something else is another one', () => {
    const problems = new Problems((error) => problem('OTHER', String(error)));
    for (const each of [problem('A', 'x'), problem('A', 'y'), problem('B', 'x'), problem('A', 'x')]) problems.add(each);
    expect(problems.list).toEqual([
      { code: 'A', message: 'x', remedy: 'r' },
      { code: 'A', message: 'y', remedy: 'r' },
      { code: 'B', message: 'x', remedy: 'r' },
    ]);
  });
});
