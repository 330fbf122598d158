import { describe, expect, it } from 'vitest';
import { PairWorld, paired, STANDBY } from '../rotation/alternating/pair-world.ts';
import { FIRST, rotating, SECRET, versionId, type World, type WorldOptions } from '../rotation/world.ts';

const CHANGING = /^(Put|Update|Create|Tag|PATCH|DELETE|POST (?!\/auth\/access-token))/;
const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
const HOUR_MS = 3_600_000;

interface Answer {
  readonly outcome: string;
  readonly problems: readonly { readonly code: string }[];
  readonly logins: Readonly<Record<string, { readonly outcome: string }>>;
  readonly wouldWrite: readonly string[];
  readonly wouldChange: readonly string[];
}

/** Asks for a dry run, then has the rotation with that token run. @returns both ends */
async function bothEnds(world: World, token: string): Promise<{ answer: Answer; said: string[]; ended: string[] }> {
  world.calls.length = 0;
  const answer = (await world.invoke({ action: 'dry-run', secretId: SECRET })) as unknown as Answer;
  const calls = world.calls.map(({ operation, what }) => `${operation} ${what ?? ''}`);
  expect(calls.filter((call) => CHANGING.test(call))).toEqual([]);
  const logins = calls.filter((call) => call.startsWith('login'));
  expect(logins).toEqual([...new Set(logins)]);
  const codes: string[] = [];
  for (const step of STEPS) {
    const code = codes.length === 0 ? await world.step(step, token) : undefined;
    if (code !== undefined) codes.push(code);
  }
  return { answer, said: answer.problems.map(({ code }) => code), ended: codes };
}

/** That the dry run says the very code that the rotation ends in, or that it ends well. */
async function agree(world: World, token: string, code: string | undefined): Promise<Answer> {
  const { answer, said, ended } = await bothEnds(world, token);
  expect(ended).toEqual(code === undefined ? [] : [code]);
  expect(said).toEqual(ended);
  expect(answer.outcome).toBe(code === undefined ? 'would-rotate' : 'would-fail');
  return answer;
}

const beginUpdate = (world: World) =>
  world.secrets.call('PutSecretValue', {
    ...{ SecretId: SECRET, ClientRequestToken: versionId('manual'), VersionStages: ['KEYRING_INTENT'] },
    SecretString: JSON.stringify({
      ...{ type: 'streamkap_keyring_update', keyId: 'another', adds: null, username: null, password: null },
      ...{ requested: { description: '' }, run: 'run 1' },
    }),
  });

describe('a dry run of single says what the rotation ends in', () => {
  const behind = (options: WorldOptions, password = 'Behind!Our0Back0000') => {
    const world = rotating({ ...options, environment: { PROPAGATION_TIMEOUT_SECONDS: '1', ...options.environment } });
    world.changeBehindOurBack(password);
    return world;
  };
  /** The way back is recorded, the attempt died before the old password was sent. */
  async function onTheWayBack(): Promise<World> {
    const world = rotating();
    world.observe = ({ operation, what }, moment) => {
      if (!operation.startsWith('PATCH')) return undefined;
      if (what === 'second' && moment === 'after') world.users.set('orders', 'Spoilt!Password0000');
      return what === 'first' && moment === 'before' ? 'kill' : undefined;
    };
    await world.steps('createSecret', 'setSecret');
    world.observe = undefined;
    return world;
  }

  it('after a change behind our back: DRIFT', async () => {
    const answer = await agree(behind({}), 'second', 'DRIFT');
    expect(answer.logins).toEqual({ current: expect.objectContaining({ outcome: 'rejected' }) as unknown });
  });

  it('after a change behind our back, where drift is healed: nothing', async () => {
    await agree(behind({ environment: { ON_DRIFT: 'heal' } }), 'second', undefined);
  });

  it('when the previous password is in force again: nothing, for it is replaced', async () => {
    const world = rotating();
    await world.driver.runToEnd();
    world.changeBehindOurBack(FIRST);
    world.begin('third');
    const answer = await agree(world, 'third', undefined);
    expect(answer.logins).toMatchObject({ current: { outcome: 'rejected' }, previous: { outcome: 'accepted' } });
  });

  it('while the key is being changed by an update', async () => {
    const world = rotating();
    beginUpdate(world);
    await agree(world, 'second', 'UPDATE_UNDER_WAY');
  });

  it('when the pending password is the current one', async () => {
    const world = rotating();
    world.secrets.call('PutSecretValue', {
      ...{ SecretId: SECRET, ClientRequestToken: versionId('second') },
      ...{ SecretString: world.secrets.valueOf(SECRET), VersionStages: ['AWSPENDING', 'KEYRING_MADE'] },
    });
    await agree(world, 'second', 'PENDING_IS_CURRENT');
  });

  it('when a way back is to be completed, and that no new version becomes current', async () => {
    const world = await onTheWayBack();
    const { id, arn } = world;
    const answer = await agree(world, 'second', 'ROLLED_BACK');
    expect(answer.wouldWrite).toEqual([`UpdateSecretVersionStage ${arn}: AWSPENDING off the new version`]);
    expect(answer.wouldChange).toEqual([
      `PATCH /project-keys/${id}: kafka_password of the user orders, the current one again`,
    ]);
  });

  it('when the old password is back in force, so that nothing is sent', async () => {
    const world = await onTheWayBack();
    world.changeBehindOurBack(FIRST);
    expect((await agree(world, 'second', 'ROLLED_BACK')).wouldChange).toEqual([]);
  });
});

describe('a dry run of alternating, before the second key is born, says what the rotation ends in', () => {
  const unborn = (...first: Parameters<PairWorld['provisionFirst']>) => {
    const world = new PairWorld();
    world.provisionFirst(...first);
    world.begin('second');
    return world;
  };

  it('without a standby secret', async () => {
    const world = unborn();
    world.secrets.call('DeleteSecret', { SecretId: STANDBY, ForceDeleteWithoutRecovery: true });
    await agree(world, 'second', 'STANDBY_NOT_FOUND');
  });

  it.each([
    ['single permissions', { permissionIds: ['p1'] }, 'PERMISSIONS_NOT_COPYABLE'],
    ['another project', { serviceId: 'another-service' }, 'OTHER_PROJECT'],
    ['a username that no second one can be made of', { username: `${'a'.repeat(22)}-b` }, 'USERNAME_NOT_DERIVABLE'],
    ['nothing that stands in the way', {}, undefined],
  ] as const)('of a key with %s', async (_, first, code) => {
    await agree(unborn(first), 'second', code);
  });

  it('when another key’s file lies in the standby secret', async () => {
    const world = unborn();
    world.putStandby(world.stored(SECRET), 'manual');
    await agree(world, 'second', 'STANDBY_MISMATCH');
  });

  it('while the key is being changed by an update', async () => {
    const world = unborn();
    beginUpdate(world);
    await agree(world, 'second', 'UPDATE_UNDER_WAY');
  });
});

describe('a dry run of alternating says what the rotation ends in', () => {
  /** @param bring what happened to the pair before its next rotation */
  async function afterwards(bring: (world: PairWorld) => unknown, laterMs = HOUR_MS): Promise<PairWorld> {
    const world = await paired();
    await bring(world);
    world.now += laterMs;
    world.begin('third');
    return world;
  }

  it.each<[string, string | undefined, (world: PairWorld) => unknown]>([
    [
      'a safe list was given to the idle key',
      'GRANTS_NOT_COPIED',
      (world) =>
        world.edit('orders', (key) => {
          key.kafka.whitelistIps = '10.0.0.1';
        }),
    ],
    [
      'API access was given to the idle key',
      'API_ACCESS_DIFFERS',
      (world) =>
        world.edit('orders', (key) => {
          key.apiClientId = world.streamkap.clientCredentials[0]?.clientId;
        }),
    ],
    [
      'the idle key was deleted',
      'IDLE_KEY_NOT_FOUND',
      (world) => world.streamkap.removeProjectKey(world.keyOf('orders').id),
    ],
    [
      'other ACLs were given to the idle key',
      undefined,
      (world) =>
        world.edit('orders', (key) => {
          key.kafka.acls = [];
        }),
    ],
    [
      'the current password was changed behind our back',
      undefined,
      (world) => world.users.set('orders-b', 'Behind!Our0Back0000'),
    ],
    ['the previous password was retired long ago', undefined, (world) => world.retire(SECRET)],
    [
      'the idle key’s file was lost from the standby secret',
      undefined,
      (world) => world.putStandby(world.stored(SECRET), 'manual'),
    ],
    [
      'another user’s name was put into the tag',
      'PENDING_MISMATCH',
      (world) =>
        world.secrets.call('TagResource', {
          SecretId: SECRET,
          Tags: [{ Key: 'streamkap:kafka-username', Value: 'another,orders-b' }],
        }),
    ],
  ])('when %s', async (_, code, bring) => {
    await agree(await afterwards(bring), 'third', code);
  });

  it('moments after the previous password was retired', async () => {
    await agree(await afterwards((world) => world.retire(SECRET), 0), 'third', 'RETIRE_UNDER_WAY');
  });

  it('when only the tag of a pair was lost: no key is made', async () => {
    const world = await paired();
    await world.rotate('third');
    const TagKeys = ['streamkap:project-key-id', 'streamkap:kafka-username'];
    world.secrets.call('UntagResource', { SecretId: SECRET, TagKeys });
    world.begin('fourth');
    const answer = await agree(world, 'fourth', undefined);
    expect(answer.wouldChange.at(-1)).toBe(`PATCH /project-keys/${world.keyOf('orders-b').id}: kafka_password`);
    expect(answer.logins).toMatchObject({ idle: { outcome: 'accepted' } });
  });

  it('when the pair is not recorded any more and its next value is stored', async () => {
    const world = await afterwards(() => {});
    await world.step('createSecret', 'third');
    const TagKeys = ['streamkap:project-key-id', 'streamkap:kafka-username'];
    world.secrets.call('UntagResource', { SecretId: SECRET, TagKeys });
    await agree(world, 'third', 'PAIR_NOT_RECORDED');
  });
});
