import { describe, expect, it } from 'vitest';
import { fingerprintOf, withRotationMarker } from '../../../../core/rotation/admin/marker.ts';
import type { LogFields } from '../../../../functions/rotation/step-log.ts';
import { AdminWorld, FIRST, idOf, LIST, MINUTE_MS, POST, SECRET, TOKEN, WHOAMI } from './world.ts';

const READS = ['DescribeSecret', 'GetSecretValue', 'ListSecretVersionIds', TOKEN, WHOAMI, LIST];

interface Answer extends LogFields {
  readonly outcome: string;
  readonly wouldWrite: string[];
  readonly wouldChange: string[];
  readonly wouldDelete: string[];
  readonly problems: { code: string; message: string; remedy: string }[];
}

/** Scheduled, with nothing under way. */
async function attached(world = new AdminWorld()): Promise<AdminWorld> {
  world.begin('test', false);
  await world.driver.runToEnd();
  return world;
}

/** What the services hold, secrets included; tokens are no change. */
function stateOf({ secrets, streamkap }: AdminWorld): string {
  const { exchanged: _, tokens: __, ...tenant } = JSON.parse(streamkap.snapshot()) as Record<string, unknown>;
  return JSON.stringify([secrets.snapshot({ dates: false }), tenant]);
}

/** Runs it, and finds that it changed nothing, asked for nothing but reads, and let no secret out. */
async function dryRun(world: AdminWorld, secretId = SECRET): Promise<Answer> {
  const before = stateOf(world);
  const secrets = world.streamkap.clientCredentials.map(({ secret }) => secret);
  world.takeCalls();
  world.lines.length = 0;
  const answer = await world.send({ action: 'dry-run', secretId });
  expect(stateOf(world)).toBe(before);
  expect(world.takeCalls().filter((operation) => !READS.includes(operation))).toEqual([]);
  expect(world.lines.every(({ fields }) => fields.mode === 'dry-run' && fields.strategy === 'admin')).toBe(true);
  for (const secret of secrets) expect(JSON.stringify([answer, world.lines])).not.toContain(secret);
  return answer as Answer;
}

const codesOf = ({ problems }: Answer) => problems.map(({ code }) => code);

describe('a dry run of the admin credential', () => {
  it('proves the current one, and tells what would be stored, made and moved', async () => {
    const world = await attached();
    const answer = await dryRun(world);
    const [{ roleIds = [] } = {}] = world.streamkap.clientCredentials;
    expect(answer).toMatchObject({
      ...{ mode: 'dry-run', outcome: 'would-rotate', secretArn: world.arn, problems: [], wouldDelete: [] },
      logins: { current: { outcome: 'accepted' } },
      wouldWrite: [
        `PutSecretValue ${world.arn}: a new version with AWSPENDING, KEYRING_MADE and KEYRING_UNSENT`,
        `UpdateSecretVersionStage ${world.arn}: KEYRING_UNSENT to the version under AWSCURRENT`,
        `UpdateSecretVersionStage ${world.arn}: AWSCURRENT to the new version`,
      ],
    });
    expect(answer.wouldChange).toHaveLength(1);
    expect(answer.wouldChange[0]).toMatch(
      new RegExp(`^${POST}: .*${roleIds.join(', ')} of ${FIRST.clientId} in the project`),
    );
  });

  it('names the credentials that the rotation then deletes: those older than the previous one, and orphans', async () => {
    const world = new AdminWorld();
    await world.rotate('second');
    const [first, second] = world.live;
    const marker = { token: idOf('lost'), nonce: `${fingerprintOf(world.arn)}-lost` };
    world.seed({ clientId: 'lost', description: withRotationMarker('', marker), createdAt: '2025-12-01T00:00:00Z' });
    world.seed({ clientId: 'somebody-elses', createdAt: '2025-12-01T00:00:00Z' });
    world.now += MINUTE_MS;
    const { wouldDelete } = await dryRun(world);
    expect(wouldDelete).toEqual([
      `DELETE /auth/client-credentials/${first}: superseded`,
      'DELETE /auth/client-credentials/lost: orphan',
    ]);
    await world.rotate('third');
    expect(world.live).toEqual([second, 'somebody-elses', world.idUnder({ name: 'third' })]);
  });

  it('keeps what a label of its own keeps, and a lost one that is younger than 15 minutes', async () => {
    const world = new AdminWorld();
    await world.rotate('second');
    world.secrets.call('UpdateSecretVersionStage', {
      SecretId: SECRET,
      VersionStage: 'MINE',
      MoveToVersionId: idOf('first'),
    });
    const marker = { token: idOf('lost'), nonce: `${fingerprintOf(world.arn)}-lost` };
    const createdAt = new Date(world.now).toISOString();
    world.seed({ clientId: 'lost', description: withRotationMarker('', marker), createdAt });
    expect((await dryRun(world)).wouldDelete).toEqual([]);
  });

  it('of a rotation whose version has no value yet, says that one would be made', async () => {
    const world = new AdminWorld();
    world.begin('second');
    const answer = await dryRun(world);
    expect(answer).toMatchObject({ outcome: 'would-rotate', wouldChange: [expect.stringContaining(POST)] });
    expect(answer.wouldWrite[0]).toContain('PutSecretValue');
    expect(answer.labels).toMatchObject({ [idOf('second')]: ['AWSPENDING'] });
  });

  it('of a rotation whose credential is stored, proves that one, and makes no other', async () => {
    const world = new AdminWorld();
    world.begin('second');
    await world.steps('second', 'createSecret');
    expect(await dryRun(world)).toMatchObject({
      ...{ outcome: 'would-rotate', wouldChange: [], wouldDelete: [] },
      logins: { current: { outcome: 'accepted' }, pending: { outcome: 'accepted' } },
      wouldWrite: [expect.stringContaining('KEYRING_UNSENT'), expect.stringContaining('AWSCURRENT to the new')],
    });
    await world.steps('second', 'setSecret', 'testSecret');
    const { wouldWrite } = await dryRun(world);
    expect(wouldWrite).toEqual([`UpdateSecretVersionStage ${world.arn}: AWSCURRENT to the new version`]);
    expect(await world.step('finishSecret', 'second')).toBeUndefined();
  });
});

describe('a dry run of the admin credential names what a rotation would end in', () => {
  const edited = (facts: object) => (world: AdminWorld) =>
    world.edit(([first]) => {
      if (first) Object.assign(first, facts);
    });
  const withoutRoles = (world: AdminWorld) => {
    const permissionIds = [...(world.streamkap.settings.roles[0]?.permissions ?? [])];
    edited({ roleIds: [], permissionIds })(world);
  };

  it.each<[string, string, (world: AdminWorld) => void]>([
    ['owned by a project key', 'ADMIN_CREDENTIAL_OWNED', edited({ projectKeyId: 'key-1' })],
    ['made from permissions', 'ADMIN_CREDENTIAL_WITHOUT_ROLES', withoutRoles],
    ['not allowed to manage credentials', 'ADMIN_CREDENTIAL_REFUSED', edited({ roleIds: [], permissionIds: [] })],
    ['deleted at Streamkap', 'ADMIN_CREDENTIAL_REFUSED', (world) => world.remove(FIRST.clientId)],
  ])('the current one is %s: %s', async (_state, code, bring) => {
    const world = await attached();
    bring(world);
    const answer = await dryRun(world);
    expect(answer).toMatchObject({ outcome: 'would-fail', wouldChange: [] });
    expect(codesOf(answer)).toEqual([code]);
    world.begin('second');
    expect(await world.step('createSecret', 'second')).toBe(code);
  });

  it.each<[string, string, (world: AdminWorld) => void]>([
    ['the pending one was deleted', 'PENDING_UNUSABLE', (world) => world.remove(world.idUnder({ name: 'second' }))],
    ['the current one was deleted', 'CURRENT_REJECTED', (world) => world.remove(FIRST.clientId)],
  ])('%s: %s', async (_state, code, bring) => {
    const world = new AdminWorld();
    world.begin('second');
    await world.steps('second', 'createSecret');
    bring(world);
    expect(codesOf(await dryRun(world))).toEqual([code]);
    expect(await world.step('setSecret', 'second')).toBe(code);
  });

  it.each<[string, string, string]>([
    [
      'the current one',
      'PENDING_IS_CURRENT',
      JSON.stringify({ client_id: FIRST.clientId, client_secret: FIRST.clientSecret }),
    ],
    ['no credential at all', 'PENDING_UNREADABLE', '{"client_id":"other"}'],
  ])('somebody put %s under AWSPENDING', async (_what, code, SecretString) => {
    const world = new AdminWorld();
    world.begin('second');
    world.secrets.call('PutSecretValue', {
      ...{ SecretId: SECRET, ClientRequestToken: idOf('second'), SecretString },
      VersionStages: ['AWSPENDING', 'KEYRING_MADE', 'KEYRING_UNSENT'],
    });
    expect(codesOf(await dryRun(world))).toEqual([code]);
  });

  it('somebody else than createSecret filled the pending version', async () => {
    const world = new AdminWorld();
    world.begin('second');
    world.secrets.call('PutSecretValue', {
      ...{ SecretId: SECRET, ClientRequestToken: idOf('second'), VersionStages: ['AWSPENDING'] },
      SecretString: JSON.stringify({ client_id: 'planted', client_secret: 'planted-secret-0123456789' }),
    });
    const answer = await dryRun(world);
    expect(codesOf(answer)).toEqual(['PENDING_FOREIGN']);
    expect(answer.logins).not.toHaveProperty('pending');
  });

  it('every reason at once', async () => {
    const world = new AdminWorld();
    world.secrets.call('TagResource', { SecretId: SECRET, Tags: [{ Key: 'streamkap:strategy', Value: 'single' }] });
    world.remove(FIRST.clientId);
    expect(codesOf(await dryRun(world))).toEqual(['WRONG_STRATEGY', 'ROTATION_DISABLED', 'ADMIN_CREDENTIAL_REFUSED']);
  });

  it('Streamkap does not answer', async () => {
    const world = await attached();
    world.fault({ service: 'streamkap', operation: '*', times: 99, action: { kind: 'drop', when: 'before' } });
    const answer = await dryRun(world);
    expect(answer).toMatchObject({ outcome: 'would-fail', logins: { current: { outcome: 'unknown' } } });
    expect(codesOf(answer)).toEqual(['STREAMKAP_UNREACHABLE']);
  });

  it('another secret is refused before anything of it is read', async () => {
    const world = new AdminWorld();
    world.secrets.call('CreateSecret', { Name: 'other', ClientRequestToken: idOf('o'), SecretString: '{}' });
    await expect(dryRun(world, 'other')).rejects.toMatchObject({ code: 'WRONG_SECRET' });
    expect(world.takeCalls()).toEqual(['DescribeSecret']);
    await expect(dryRun(world, 'none')).rejects.toMatchObject({ code: 'SECRET_NOT_FOUND' });
    await expect(world.send({ action: 'dry-run' })).rejects.toMatchObject({ code: 'BAD_EVENT' });
  });
});
