import { describe, expect, it } from 'vitest';
import { PairWorld, paired } from '../rotation/alternating/pair-world.ts';
import { FIRST, rotating, SECRET, UNKNOWN, World } from '../rotation/world.ts';

/** What the services hold, passwords included. */
const stateOf = ({ secrets, streamkap }: Pick<World, 'secrets' | 'streamkap'>) => {
  const { exchanged: _, ...tenant } = JSON.parse(streamkap.snapshot()) as Record<string, unknown>;
  return JSON.stringify([secrets.snapshot({ dates: false }), { ...tenant, tokens: undefined }]);
};

const answerOf = ({ lines }: Pick<World, 'lines'>) => lines.at(-1)?.fields ?? {};
const CHANGING = /^(Put|Update|Create|Tag|PATCH|DELETE|POST (?!\/auth\/access-token))/;

describe('a dry run of single', () => {
  /** Scheduled, tested at deploy time, nothing under way. */
  const provisioned = async () => {
    const world = new World();
    world.provision();
    world.begin('second', false);
    await world.driver.runToEnd();
    world.calls.length = 0;
    return world;
  };

  it('makes the reads and the login, tells what would be written and changed, and changes nothing', async () => {
    const world = await provisioned();
    const before = stateOf(world);
    await world.invoke({ action: 'dry-run', secretId: SECRET });
    expect(stateOf(world)).toBe(before);
    expect(world.calls.map(({ operation }) => operation).filter((operation) => CHANGING.test(operation))).toEqual([]);
    expect(world.logins).toEqual(['first']);
    expect(answerOf(world)).toMatchObject({
      ...{ mode: 'dry-run', outcome: 'would-rotate', problems: [] },
      logins: { current: { outcome: 'accepted' } },
      wouldWrite: [
        `PutSecretValue ${world.arn}: a new version with AWSPENDING, KEYRING_MADE and KEYRING_UNSENT`,
        `UpdateSecretVersionStage ${world.arn}: KEYRING_UNSENT to the version under AWSCURRENT`,
        `UpdateSecretVersionStage ${world.arn}: AWSCURRENT to the new version`,
      ],
      wouldChange: [`PATCH /project-keys/${world.id}: kafka_password of the user orders`],
    });
    expect(JSON.stringify(world.lines)).not.toContain(FIRST);
  });

  it('says that a password which was changed behind our back would stop it', async () => {
    const world = await provisioned();
    world.changeBehindOurBack('Behind!Our0Back0000');
    await world.invoke({ action: 'dry-run', secretId: SECRET });
    expect(answerOf(world)).toMatchObject({ outcome: 'would-fail', problems: [{ code: 'DRIFT' }] });
  });

  it('concludes nothing from a Kafka that does not answer', async () => {
    const world = await provisioned();
    world.login = () => UNKNOWN;
    await world.invoke({ action: 'dry-run', secretId: SECRET });
    expect(answerOf(world)).toMatchObject({ outcome: 'would-fail', problems: [{ code: 'LOGIN_UNKNOWN' }] });
  });

  it('names every reason at once', async () => {
    const world = await provisioned();
    world.secrets.call('TagResource', {
      SecretId: SECRET,
      Tags: [{ Key: 'streamkap:strategy', Value: 'alternating' }],
    });
    world.secrets.call('CancelRotateSecret', { SecretId: SECRET });
    world.streamkap.removeProjectKey(world.id);
    world.login = () => UNKNOWN;
    await world.invoke({ action: 'dry-run', secretId: SECRET });
    const { problems } = answerOf(world) as { problems: { code: string }[] };
    expect(problems.map(({ code }) => code)).toEqual([
      ...['WRONG_STRATEGY', 'ROTATION_DISABLED', 'LOGIN_UNKNOWN', 'PROJECT_KEY_NOT_FOUND'],
    ]);
  });

  it('of a secret that is not provisioned, or does not exist, says so', async () => {
    const world = new World();
    await expect(world.invoke({ action: 'dry-run', secretId: SECRET })).rejects.toMatchObject({
      code: 'SECRET_NOT_FOUND',
    });
    world.secrets.call('CreateSecret', { Name: SECRET });
    await world.invoke({ action: 'dry-run', secretId: SECRET });
    expect(answerOf(world)).toMatchObject({ problems: [{ code: 'ROTATION_DISABLED' }, { code: 'NOT_PROVISIONED' }] });
    await expect(world.invoke({ action: 'dry-run' })).rejects.toMatchObject({ code: 'BAD_EVENT' });
  });

  it('of a rotation under way tells what is left to do', async () => {
    const world = rotating();
    await world.steps('createSecret', 'setSecret');
    const before = stateOf(world);
    await world.invoke({ action: 'dry-run', secretId: SECRET });
    expect(stateOf(world)).toBe(before);
    expect(answerOf(world)).toMatchObject({
      logins: { current: { outcome: 'rejected' }, pending: { outcome: 'accepted' } },
      wouldChange: [],
    });
    expect(JSON.stringify(answerOf(world).wouldWrite)).not.toContain('PutSecretValue');
  });
});

describe('a dry run of alternating', () => {
  it('tries both keys, names the one that would change, and changes nothing', async () => {
    const world = await paired();
    const before = stateOf(world);
    world.calls.length = 0;
    await world.invoke({ action: 'dry-run', secretId: SECRET });
    expect(stateOf(world)).toBe(before);
    expect(world.calls.map(({ operation }) => operation).filter((operation) => CHANGING.test(operation))).toEqual([]);
    const idle = world.keyOf('orders').id;
    expect(answerOf(world)).toMatchObject({
      ...{ outcome: 'would-rotate', problems: [] },
      logins: { current: { outcome: 'accepted' }, idle: { outcome: 'accepted' } },
      wouldChange: [expect.stringContaining(idle), `PATCH /project-keys/${idle}: kafka_password`],
    });
  });

  it('before the second key is born, says that it would be', async () => {
    const world = new PairWorld();
    world.provisionFirst();
    world.begin('second', false);
    await world.driver.runToEnd();
    const before = stateOf(world);
    await world.invoke({ action: 'dry-run', secretId: SECRET });
    expect(stateOf(world)).toBe(before);
    expect(answerOf(world)).toMatchObject({
      outcome: 'would-rotate',
      wouldChange: [expect.stringMatching(/^POST .project-keys/)],
    });
  });
});
