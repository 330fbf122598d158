import { describe, expect, it } from 'vitest';
import { fingerprintOf, rotationMarkerOf, withRotationMarker } from '../../../../core/rotation/admin/marker.ts';
import { AdminWorld, DELETE, FIRST, idOf, MINUTE_MS, POST, SECRET } from './world.ts';

const OLD = '2025-12-01T00:00:00Z';

/** A world whose rotation `name` is about to finish. */
async function finishing(world: AdminWorld, name: string): Promise<void> {
  world.begin(name);
  await world.steps(name, 'createSecret', 'setSecret', 'testSecret');
}

describe('after the move', () => {
  it('the credential before the previous one is deleted, also one that was made by hand; the previous one is not', async () => {
    const world = new AdminWorld();
    for (const name of ['second', 'third', 'fourth']) {
      world.now += MINUTE_MS;
      expect(await world.rotate(name)).toMatchObject({ outcome: 'succeeded' });
    }
    expect(world.live).toEqual([world.idUnder({ name: 'third' }), world.idUnder({ name: 'fourth' })]);
    expect(world.works({ stage: 'AWSPREVIOUS' })).toBe(true);
    const deleted = world.lines
      .filter(({ fields }) => fields.reason === 'superseded')
      .map(({ fields }) => fields.client_id);
    expect(deleted).toEqual([FIRST.clientId, world.idUnder({ name: 'second' })]);
  });

  it('the one made by hand is deleted by a replay, when the process died right after the move', async () => {
    const world = new AdminWorld({ driver: { maxSequences: 2 } });
    await world.rotate('second');
    world.observe = (call, moment) => {
      const isMove =
        call.step === 'finishSecret' && call.operation === 'UpdateSecretVersionStage' && moment === 'after';
      if (!isMove) return undefined;
      world.observe = undefined;
      return 'kill';
    };
    expect(await world.rotate('third')).toMatchObject({ outcome: 'succeeded', sequences: 2 });
    expect(world.live).toEqual([world.idUnder({ name: 'second' }), world.idUnder({ name: 'third' })]);
  });

  it('without the permission to list versions, what rotations made is deleted, and the rest is left', async () => {
    const world = new AdminWorld();
    await world.rotate('second');
    const action = { kind: 'status', when: 'before', status: 400, code: 'AccessDeniedException' } as const;
    world.fault({ service: 'secretsmanager', operation: 'ListSecretVersionIds', times: 99, action });
    for (const name of ['third', 'fourth']) {
      world.now += MINUTE_MS;
      expect(await world.rotate(name)).toMatchObject({ outcome: 'succeeded' });
    }
    expect(world.live).toEqual([FIRST.clientId, world.idUnder({ name: 'third' }), world.idUnder({ name: 'fourth' })]);
  });

  it('a credential whose version was purged meanwhile is deleted as an orphan', async () => {
    const world = new AdminWorld();
    await world.rotate('second');
    const second = world.streamkap.clientCredentials.at(-1);
    await world.rotate('third');
    await world.rotate('fourth');
    if (second) world.seed(second);
    world.now += 48 * 60 * MINUTE_MS;
    world.secrets.purgeDeprecated();
    await world.rotate('fifth');
    expect(world.live).toEqual([world.idUnder({ name: 'fourth' }), world.idUnder({ name: 'fifth' })]);
  });

  it('one that a project key owns by now is left, and the rotation is done', async () => {
    const world = new AdminWorld();
    await world.rotate('second');
    await finishing(world, 'third');
    world.edit(([first]) => {
      if (first) first.projectKeyId = 'key-1';
    });
    expect(await world.step('finishSecret', 'third')).toBeUndefined();
    expect(world.streamkap.clientCredentials.some(({ clientId }) => clientId === FIRST.clientId)).toBe(true);
    const [warning] = world.lines.filter(({ level }) => level === 'warn');
    expect(warning?.fields).toMatchObject({ client_id: FIRST.clientId, error_code: 'STREAMKAP_CONFLICT' });
  });

  it('one whose deletion was not answered is deleted by the next rotation', async () => {
    const world = new AdminWorld();
    await world.rotate('second');
    world.fault({ service: 'streamkap', operation: DELETE, action: { kind: 'drop', when: 'before' } });
    await world.rotate('third');
    expect(world.live).toContain(FIRST.clientId);
    await world.rotate('fourth');
    expect(world.live).toEqual([world.idUnder({ name: 'third' }), world.idUnder({ name: 'fourth' })]);
  });
});

describe('a credential whose secret was lost', () => {
  async function withOrphan(): Promise<AdminWorld> {
    const world = new AdminWorld({ driver: { maxSequences: 3 } });
    world.fault({ service: 'streamkap', operation: POST, action: { kind: 'drop', when: 'after' } });
    expect(await world.rotate('second')).toMatchObject({ outcome: 'succeeded', sequences: 2 });
    expect(world.live).toHaveLength(3);
    return world;
  }

  it('is left for 15 minutes, because a process could still store it, and deleted by the next rotation', async () => {
    const world = await withOrphan();
    world.now += 15 * MINUTE_MS;
    await world.step('finishSecret', 'second');
    expect(world.live).toHaveLength(3);
    world.now += 1;
    await world.rotate('third');
    expect(world.live).toEqual([world.idUnder({ name: 'second' }), world.idUnder({ name: 'third' })]);
    expect(world.works({ stage: 'AWSPREVIOUS' })).toBe(true);
  });

  it('is deleted by a replay of finishSecret, once it is old enough', async () => {
    const world = await withOrphan();
    world.now += 15 * MINUTE_MS + 1;
    await world.step('finishSecret', 'second');
    expect(world.live).toEqual([FIRST.clientId, world.idUnder({ name: 'second' })]);
    expect(world.lines.find(({ fields }) => fields.reason === 'orphan')).toBeDefined();
  });

  it('is never deleted by createSecret, setSecret or testSecret', async () => {
    const world = await withOrphan();
    world.now += 60 * MINUTE_MS;
    world.begin('third');
    await world.steps('third', 'createSecret', 'setSecret', 'testSecret');
    expect(world.count(DELETE)).toBe(0);
  });

  it('is known by the secret, when nothing is left of its rotation', async () => {
    const world = new AdminWorld();
    world.seed({
      clientId: 'lost',
      createdAt: OLD,
      description: `[keyring:${idOf('gone')}:${fingerprintOf(world.arn)}-1]`,
    });
    await world.rotate('second');
    expect(world.live).not.toContain('lost');
  });

  it('is known by its rotation, whatever follows in its marker', async () => {
    const world = new AdminWorld();
    world.seed({ clientId: 'lost', createdAt: OLD, description: `x [keyring:${idOf('second')}:abc]` });
    await world.rotate('second');
    expect(world.live).not.toContain('lost');
  });
});

describe('what is not this secret’s own is left alone', () => {
  const token = idOf('another rotation');
  it.each([
    ['without a marker', { createdAt: OLD, description: 'somebody’s' }],
    [
      'of another secret, in another account perhaps',
      { createdAt: OLD, description: `[keyring:${token}:0123456789ab-1]` },
    ],
    ['of an unknown age', { createdAt: 'yesterday', description: `[keyring:${idOf('second')}:abc]` }],
    ['with provisioning’s marker', { createdAt: OLD, description: `[keyring:${idOf('second')}.1]` }],
    ['with words after its marker', { createdAt: OLD, description: `[keyring:${idOf('second')}:abc] mine now` }],
  ])('a credential %s', async (_what, facts) => {
    const world = new AdminWorld();
    world.seed({ clientId: 'other', ...facts });
    for (const name of ['second', 'third', 'fourth']) await world.rotate(name);
    expect(world.live).toContain('other');
  });

  it('a credential under a label of anybody’s, however old', async () => {
    const world = new AdminWorld();
    await world.rotate('second');
    const label = { SecretId: SECRET, VersionStage: 'KEEP', MoveToVersionId: idOf('first') };
    world.secrets.call('UpdateSecretVersionStage', label);
    await world.rotate('third');
    await world.rotate('fourth');
    expect(world.works({ name: 'first' })).toBe(true);
  });

  it('a credential that somebody made current again, though an old version holds it too', async () => {
    const world = new AdminWorld();
    for (const name of ['second', 'third']) await world.rotate(name);
    const second = world.stored({ name: 'second' });
    world.now += MINUTE_MS;
    const value = JSON.stringify({ client_id: second?.clientId, client_secret: second?.clientSecret });
    world.secrets.call('PutSecretValue', { SecretId: SECRET, ClientRequestToken: idOf('manual'), SecretString: value });
    world.now += MINUTE_MS;
    await world.rotate('fourth');
    expect(world.labels).toMatchObject({ manual: expect.arrayContaining(['AWSPREVIOUS']) });
    expect(world.works({ stage: 'AWSPREVIOUS' })).toBe(true);
    expect(world.live).toEqual([second?.clientId, world.idUnder({ name: 'fourth' })]);
  });

  it('everything, when the labels cannot be read', async () => {
    const world = new AdminWorld();
    await world.rotate('second');
    await finishing(world, 'third');
    let moved = false;
    world.observe = (call, moment) => {
      moved ||= call.operation === 'UpdateSecretVersionStage' && moment === 'after';
      return moved && call.operation === 'DescribeSecret' ? 'lose' : undefined;
    };
    expect(await world.step('finishSecret', 'third')).toBeUndefined();
    expect(world.count(DELETE)).toBe(0);
  });

  it('everything, when too little time is left', async () => {
    const world = new AdminWorld();
    await world.rotate('second');
    await finishing(world, 'third');
    world.remainingMs = 5_000;
    expect(await world.step('finishSecret', 'third')).toBeUndefined();
    expect(world.count(DELETE)).toBe(0);
    expect(world.labels.third).toContain('AWSCURRENT');
  });
});

describe('a rotation that was given up', () => {
  it('by a value put by hand: its credential is deleted once it is older than the previous one', async () => {
    const world = new AdminWorld();
    world.begin('second');
    await world.steps('second', 'createSecret', 'setSecret');
    const lost = world.idUnder({ name: 'second' });
    world.now += MINUTE_MS;
    world.seed({ clientId: 'by-hand', secret: 'by-hand-secret-0123456789' });
    const value = JSON.stringify({ client_id: 'by-hand', client_secret: 'by-hand-secret-0123456789' });
    const put = { SecretId: SECRET, ClientRequestToken: idOf('manual'), SecretString: value };
    world.secrets.call('PutSecretValue', put);
    expect(await world.step('testSecret', 'second')).toBe('ROTATION_ABANDONED');
    expect(world.labels).toEqual({ first: ['AWSPREVIOUS'], manual: ['AWSCURRENT'] });
    world.now += MINUTE_MS;
    await world.rotate('third');
    world.now += MINUTE_MS;
    await world.rotate('fourth');
    expect(world.live).not.toContain(lost);
    expect(world.live).toEqual([world.idUnder({ name: 'third' }), world.idUnder({ name: 'fourth' })]);
  });
});

describe('a rotation whose label was cleared', () => {
  it('leaves a stored credential, which is deleted once it is older than the previous one', async () => {
    const world = new AdminWorld();
    world.now += MINUTE_MS;
    world.begin('second');
    await world.steps('second', 'createSecret', 'setSecret');
    const lost = world.idUnder({ name: 'second' });
    const clear = { SecretId: SECRET, VersionStage: 'AWSPENDING', RemoveFromVersionId: idOf('second') };
    world.secrets.call('UpdateSecretVersionStage', clear);
    world.now += 60 * MINUTE_MS;
    await world.rotate('third');
    expect(world.live).toContain(lost);
    world.now += MINUTE_MS;
    await world.rotate('fourth');
    expect(world.live).toEqual([world.idUnder({ name: 'third' }), world.idUnder({ name: 'fourth' })]);
  });
});

describe('a marker', () => {
  const marker = { token: idOf('t'), nonce: 'abc-1' };

  it('is read as it was written, whatever the description was', () => {
    for (const description of ['', 'The admin', 'a [b]', `x [keyring:${idOf('u')}:old]`, 'x [keyring:0123abcd.2]']) {
      expect(rotationMarkerOf({ description: withRotationMarker(description, marker) })).toEqual(marker);
    }
    expect(withRotationMarker(`x [keyring:${idOf('u')}:old]`, marker)).toBe(`x [keyring:${marker.token}:abc-1]`);
  });

  it('is not seen in what is none', () => {
    for (const description of [null, undefined, '', 'x', '[keyring:short:abc]', `[keyring:${idOf('t')}:]`]) {
      expect(rotationMarkerOf({ description })).toBeUndefined();
    }
  });
});
