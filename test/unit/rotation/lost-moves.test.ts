import { describe, expect, it } from 'vitest';
import { diedOnTheWayBack, drifted, lastError } from './scripted-logins.ts';
import { FIRST, type Mishap, type Moment, rotating, SECRET, versionId, type World } from './world.ts';

const MOVE = 'UpdateSecretVersionStage';
const moves = (world: World) => world.calls.filter(({ operation }) => operation === MOVE).map(({ what }) => what);

/** Moves of one label go wrong this often. */
function befall(
  world: World,
  label: string,
  { mishap, moment, times = 1 }: { mishap: Mishap; moment: Moment; times?: number },
) {
  let left = times;
  world.observe = ({ operation, what }, at) => {
    if (operation !== MOVE || what !== label || at !== moment || left === 0) return undefined;
    left--;
    return mishap;
  };
}

/** The move is refused: the role lacks the right to it. */
function deny(world: World) {
  const action = { kind: 'status', when: 'before', status: 400, code: 'AccessDeniedException' } as const;
  world.fault({ service: 'secretsmanager', operation: MOVE, times: 9, action });
}

/** Somebody moves a label right before we do, this often. */
function overtake(world: World, label: string, { times, to }: { times: number; to: readonly string[] }) {
  let done = 0;
  world.observe = ({ operation, what }, moment) => {
    if (operation !== MOVE || what !== label || moment !== 'before' || done === times) return undefined;
    const holder = Object.entries(world.secrets.labels(SECRET)).find(([, stages]) => stages.includes(label))?.[0];
    world.secrets.call('UpdateSecretVersionStage', {
      ...{ SecretId: SECRET, VersionStage: label, MoveToVersionId: versionId(to[done++ % to.length] ?? '') },
      ...(holder ? { RemoveFromVersionId: holder } : {}),
    });
    return undefined;
  };
}

describe('the move of AWSCURRENT', () => {
  const tested = async () => {
    const world = rotating();
    await world.steps('createSecret', 'setSecret', 'testSecret');
    world.calls.length = 0;
    return world;
  };

  it('that did not arrive is not made again by this call, which says that it is not known; the next one makes it', async () => {
    const world = await tested();
    befall(world, 'AWSCURRENT', { mishap: 'lose', moment: 'before' });
    expect(await world.step('finishSecret')).toBe('AWS_UNREACHABLE');
    expect(lastError(world)).toMatchObject({ changed: 'unknown', retryable: true });
    expect(moves(world)).toEqual(['AWSCURRENT']);
    expect(world.labels.first).toContain('AWSCURRENT');
    expect(await world.step('finishSecret')).toBeUndefined();
    expect(world.labels.second).toContain('AWSCURRENT');
  });

  it('that the role may not make is told as that, after one call', async () => {
    const world = await tested();
    deny(world);
    expect(await world.step('finishSecret')).toBe('AWS_ACCESS_DENIED');
    expect(lastError(world)).toMatchObject({ changed: 'no', retryable: false });
    expect(world.calls.map(({ operation }) => operation)).toEqual(['DescribeSecret', MOVE]);
  });
});

describe('the claim to send the password', () => {
  const made = async () => {
    const world = rotating();
    await world.step('createSecret');
    world.calls.length = 0;
    return world;
  };

  it('that was not answered, and did not arrive, is made again', async () => {
    const world = await made();
    befall(world, 'KEYRING_UNSENT', { mishap: 'lose', moment: 'before', times: 2 });
    const startedAt = world.now;
    expect(await world.step('setSecret')).toBeUndefined();
    expect(moves(world)).toEqual(Array(3).fill('KEYRING_UNSENT'));
    expect(world.patches).toEqual(['second']);
    expect(world.now).toBe(startedAt);
  });

  it('that was not answered, and arrived, is nobody’s for certain: the password is waited for, then sent once', async () => {
    const world = await made();
    befall(world, 'KEYRING_UNSENT', { mishap: 'lose', moment: 'after' });
    const startedAt = world.now;
    expect(await world.step('setSecret')).toBeUndefined();
    expect(world.patches).toEqual(['second']);
    expect(world.now).toBeGreaterThan(startedAt);
  });

  it('that is never answered sends nothing: three tries, then an error', async () => {
    const world = await made();
    befall(world, 'KEYRING_UNSENT', { mishap: 'lose', moment: 'before', times: 9 });
    expect(await world.step('setSecret')).toBe('AWS_UNREACHABLE');
    expect(moves(world)).toEqual(Array(3).fill('KEYRING_UNSENT'));
    expect(world.patches).toEqual([]);
    expect(world.accepted).toBe(FIRST);
  });

  it('that the role may not make is tried once, and nothing is sent', async () => {
    const world = await made();
    deny(world);
    expect(await world.step('setSecret')).toBe('AWS_ACCESS_DENIED');
    expect(moves(world)).toEqual(['KEYRING_UNSENT']);
    expect(world.patches).toEqual([]);
  });
});

describe('the label that keeps a live password from being purged', () => {
  /** The password is in force; a value was put by hand; the version lost its label. */
  const orphaned = async () => {
    const world = rotating();
    await world.steps('createSecret', 'setSecret');
    world.putByHand('Manual!Password0000');
    world.calls.length = 0;
    return world;
  };

  it.each([
    ['before', 2, 3],
    ['after', 1, 1],
  ] as const)('is looked for when the answer was lost %s it moved, and moved again only where it is not', async (moment, times, made) => {
    const world = await orphaned();
    befall(world, 'KEYRING_LIVE', { mishap: 'lose', moment, times });
    expect(await world.step('testSecret')).toBe('ROTATION_ABANDONED');
    expect(moves(world)).toEqual(Array(made).fill('KEYRING_LIVE'));
    expect(world.labels.second).toEqual(['KEYRING_LIVE']);
    expect(lastError(world)).toMatchObject({ changed: 'yes', retryable: false });
  });

  it('that never arrives is the error: without it the password would be lost, so the step is tried again', async () => {
    const world = await orphaned();
    befall(world, 'KEYRING_LIVE', { mishap: 'lose', moment: 'before', times: 9 });
    expect(await world.step('testSecret')).toBe('AWS_UNREACHABLE');
    expect(lastError(world)).toMatchObject({ retryable: true });
    expect(moves(world)).toHaveLength(3);
    expect(world.lines.some(({ fields }) => fields.signal)).toBe(false);
  });

  it('is set once, however often the step is repeated, and the signal is given each time', async () => {
    const world = await orphaned();
    expect(await world.steps('testSecret', 'testSecret')).toEqual(Array(2).fill('ROTATION_ABANDONED'));
    expect(moves(world)).toEqual(['KEYRING_LIVE']);
    expect(world.lines.filter(({ fields }) => fields.signal === 'live-without-label')).toHaveLength(2);
  });

  it('is taken from whatever version has it by then', async () => {
    const world = await orphaned();
    overtake(world, 'KEYRING_LIVE', { times: 1, to: ['first'] });
    expect(await world.step('testSecret')).toBe('ROTATION_ABANDONED');
    expect(moves(world)).toHaveLength(2);
    expect(world.labels.second).toEqual(['KEYRING_LIVE']);
    expect(world.labels.first ?? []).not.toContain('KEYRING_LIVE');
  });

  it('that somebody keeps moving is given up after three tries; what is live then is said not to be known', async () => {
    const world = await orphaned();
    overtake(world, 'KEYRING_LIVE', { times: 9, to: ['first', 'manual'] });
    expect(await world.step('testSecret')).toBe('ROTATION_ABANDONED');
    expect(lastError(world)).toMatchObject({ changed: 'unknown' });
    expect(String(lastError(world))).not.toContain('labelled KEYRING_LIVE');
    expect(moves(world)).toHaveLength(3);
    expect(world.lines.some(({ fields }) => fields.signal)).toBe(false);
  });
});

describe('the label that says that a password works', () => {
  it('that somebody keeps moving ends setSecret after three tries, and nothing is finished', async () => {
    const world = rotating();
    await world.steps('createSecret', 'setSecret');
    world.secrets.call('UpdateSecretVersionStage', {
      ...{ SecretId: SECRET, VersionStage: 'KEYRING_UNSENT', RemoveFromVersionId: versionId('first') },
    });
    overtake(world, 'KEYRING_UNSENT', { times: 9, to: ['manual', 'second'] });
    world.secrets.call('PutSecretValue', {
      ...{ SecretId: SECRET, ClientRequestToken: versionId('manual'), SecretString: '{}', VersionStages: ['MINE'] },
    });
    expect(await world.step('setSecret')).toBe('CURRENT_MOVED');
    world.observe = undefined;
    expect(await world.step('finishSecret')).toBe('NEVER_SET');
    expect(world.labels.first).toContain('AWSCURRENT');
    expect(world.patches).toEqual(['second']);
  });
});

describe('the label AWSPENDING after a way back', () => {
  it('that could not be taken away is the error, and the retry takes it away without sending anything', async () => {
    const world = await diedOnTheWayBack('after');
    befall(world, 'AWSPENDING', { mishap: 'lose', moment: 'before' });
    expect(await world.step('setSecret')).toBe('AWS_UNREACHABLE');
    expect(world.labels.second).toContain('AWSPENDING');
    expect(await world.step('setSecret')).toBe('ROLLED_BACK');
    expect(world.labels.second).toEqual(['KEYRING_ROLLED_BACK']);
    expect(world.patches).toEqual([]);
    expect(world.accepted).toBe(FIRST);
  });
});

describe('the note that the old password is put back', () => {
  it('that cannot be written keeps the old password from being sent', async () => {
    const world = await drifted({ environment: { ON_DRIFT: 'heal' } });
    world.observe = ({ operation, what }, moment) => {
      if (operation.startsWith('PATCH') && moment === 'after') world.users.set('orders', 'Spoilt!Password0000');
      return operation === MOVE && what === 'KEYRING_ROLLED_BACK' && moment === 'before' ? 'lose' : undefined;
    };
    expect(await world.step('setSecret')).toBe('AWS_UNREACHABLE');
    expect(world.patches).toEqual(['second']);
    expect(moves(world).filter((label) => label === 'KEYRING_ROLLED_BACK')).toHaveLength(3);
  });
});
