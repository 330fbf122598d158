import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RunningKafka } from '../judges/kafka.ts';
import { loginWithPlatformatic } from '../judges/platformatic.ts';
import { type RotationWorld, SECRET, startRotationWorld } from './world.ts';

const PATCH = 'PATCH /project-keys/{id}';

/** What makes the broker unreachable in the middle of a rotation. From the return of `begin` on no login says anything. */
const OUTAGES = {
  'a broker that stops': {
    code: 'ECONNREFUSED',
    begin: (kafka: RunningKafka): void => {
      stopping = kafka.stopBroker();
    },
    end: async (kafka: RunningKafka): Promise<void> => {
      await stopping;
      await kafka.startBroker();
    },
  },
  'a certificate that nobody trusts': {
    code: 'TLS_UNTRUSTED',
    begin: (kafka: RunningKafka): void => kafka.presentCertificate('untrusted'),
    end: async (kafka: RunningKafka): Promise<void> => kafka.presentCertificate('trusted'),
  },
};
let stopping: Promise<void> | undefined;

describe.each(['single', 'alternating'] as const)('%s', (strategy) => {
  let world: RotationWorld;
  let atPatch = () => {};

  beforeAll(async () => {
    world = await startRotationWorld({ strategy, onPasswordChanged: () => atPatch() });
    world.deployCold({ PROPAGATION_TIMEOUT_SECONDS: '1' });
    // The second key is made by a rotation of its own, without a password change.
    if (strategy === 'alternating') expect(await world.rotate()).toMatchObject({ outcome: 'RotationSucceeded' });
  });
  afterAll(() => world?.stop());
  beforeEach(() => {
    atPatch = () => {};
    world.beforeStep = async () => {};
    world.sandbox.log.calls.length = 0;
  });

  const patches = () => world.sandbox.log.of('streamkap', PATCH).length;
  const labels = () => world.sandbox.secretsManager.labels(SECRET);
  const outcomeOf = async (stage: string) => (await loginWithPlatformatic(world.stored(stage))).outcome;

  /** What must be true while nobody can say which password works: nothing taken back, nothing promoted, both stored. */
  async function expectUndecided(token: string, current: string, code: string): Promise<void> {
    const failed = world.lines().findLast(({ error_code }) => error_code !== undefined);
    expect(failed).toMatchObject({ error_code: 'LOGIN_UNKNOWN', retryable: true });
    expect(failed?.error).toContain(code);
    expect(labels()[token]).toContain('AWSPENDING');
    expect(world.stored().password).toBe(current);
    expect(Object.values(labels()).flat()).not.toContain('KEYRING_ROLLED_BACK');
  }

  /** The replay with the same token: the change is found in force, and not sent again. */
  async function expectFinished(token: string, previous: string): Promise<void> {
    expect(await world.rotate(token)).toEqual({ token, outcome: 'RotationSucceeded' });
    expect(patches()).toBe(1);
    expect(labels()[token]).toContain('AWSCURRENT');
    expect(world.stored('AWSPREVIOUS').password).toBe(previous);
    expect(await outcomeOf('AWSCURRENT')).toBe('accepted');
    expect(await outcomeOf('AWSPREVIOUS')).toBe(strategy === 'single' ? 'rejected' : 'accepted');
  }

  describe.each(Object.entries(OUTAGES))('%s', (_, { code, begin, end }) => {
    test('between the PATCH and its proof leaves it undecided, and the replay finishes', async () => {
      const { password } = world.stored();
      atPatch = () => begin(world.kafka);
      const { token, outcome } = await world.rotate();
      expect(outcome).toBe('RotationFailed');
      expect(patches()).toBe(1);
      await expectUndecided(token, password, code);
      await end(world.kafka);
      if (strategy === 'alternating') expect(await outcomeOf('AWSCURRENT')).toBe('accepted');
      await expectFinished(token, password);
    });

    test('between setSecret and testSecret leaves it undecided, and the replay finishes', async () => {
      const { password } = world.stored();
      world.beforeStep = async (step) => {
        if (step === 'testSecret') begin(world.kafka);
      };
      const { token, outcome } = await world.rotate();
      expect(outcome).toBe('RotationFailed');
      expect(patches()).toBe(1);
      await expectUndecided(token, password, code);
      world.beforeStep = async () => {};
      await end(world.kafka);
      await expectFinished(token, password);
    });
  });

  test('a certificate that nobody trusts before the PATCH lets nothing be sent, and the replay finishes', async () => {
    const { password } = world.stored();
    const { begin, end, code } = OUTAGES['a certificate that nobody trusts'];
    begin(world.kafka);
    const { token, outcome } = await world.rotate();
    expect(outcome).toBe('RotationFailed');
    expect(patches()).toBe(0);
    await expectUndecided(token, password, code);
    await end(world.kafka);
    expect(await outcomeOf('AWSCURRENT')).toBe('accepted');
    await expectFinished(token, password);
  });
});
