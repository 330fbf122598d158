import { describe, expect, test } from 'vitest';
import { paired } from './alternating/pair-world.ts';
import { answerAfter } from './slow-kafka.ts';
import { rotating, UNKNOWN } from './world.ts';

type World = ReturnType<typeof rotating>;

const BRIEF = { PROPAGATION_TIMEOUT_SECONDS: '30' };
const outcomes = (world: Pick<World, 'lines'>) => world.lines.map(({ fields }) => fields.error_code).filter(Boolean);

test('best effort does not pass a password that Kafka refused before it went away', async () => {
  const world = rotating({ driver: { maxSequences: 2 }, environment: { ...BRIEF, LOGIN_CHECK: 'best-effort' } });
  spoil(world);
  world.login = () => (world.patches.length > 0 && world.logins.length > 4 ? UNKNOWN : undefined);
  await world.driver.runToEnd();
  expect(new Set(outcomes(world))).toEqual(new Set(['LOGIN_UNKNOWN']));
  expect(world.labels).toMatchObject({ first: ['AWSCURRENT'] });
});

/** A password that Streamkap takes and Kafka never accepts. */
function spoil(world: World): void {
  world.observe = (call, moment) => {
    if (call.operation.startsWith('PATCH') && call.what === 'second' && moment === 'after')
      world.users.set('orders', 'Spoilt!Password0000');
    return undefined;
  };
}

describe.each([100, 700, 3_000])('where a login takes %i ms', (milliseconds) => {
  test.each([
    'required',
    'best-effort',
  ])('a new password that is never accepted is taken back (LOGIN_CHECK=%s)', async (check) => {
    const world = rotating({ driver: { maxSequences: 3 }, environment: { ...BRIEF, LOGIN_CHECK: check } });
    answerAfter(world, milliseconds);
    spoil(world);
    await world.driver.runToEnd();
    expect(outcomes(world)).toEqual(['ROLLED_BACK']);
    expect(world.patches).toEqual(['second', 'first']);
    expect(world.accepted).toBe(world.passwordUnder({ stage: 'AWSCURRENT' }));
  });

  test('a password that was lost on its way is sent again', async () => {
    const world = rotating({ driver: { maxSequences: 6 }, environment: BRIEF });
    answerAfter(world, milliseconds);
    let losses = 0;
    world.observe = (call, moment) =>
      call.operation.startsWith('PATCH') && moment === 'before' && losses++ === 0 ? 'lose' : undefined;
    expect((await world.driver.runToEnd()).at(-1)).toMatchObject({ outcome: 'succeeded', sequences: 2 });
    expect(world.patches).toEqual(['second', 'second']);
  });

  test('a rotation that died before it sent anything goes on', async () => {
    const world = rotating({ driver: { maxSequences: 6 } });
    answerAfter(world, milliseconds);
    let deaths = 0;
    world.observe = (call, moment) =>
      call.what === 'KEYRING_UNSENT' && moment === 'after' && deaths++ === 0 ? 'kill' : undefined;
    expect((await world.driver.runToEnd()).at(-1)).toMatchObject({ outcome: 'succeeded', sequences: 2 });
    expect(world.patches).toEqual(['second']);
  });

  test('with two keys a password that the idle one never takes is not made current, best effort or not', async () => {
    const world = await paired({
      driver: { maxSequences: 3 },
      environment: { ...BRIEF, LOGIN_CHECK: 'best-effort' },
    });
    const { current } = world;
    const idle = world.standby?.username ?? '';
    answerAfter(world, milliseconds);
    world.observe = (call, moment) => {
      if (call.operation.startsWith('PATCH') && moment === 'after') world.users.set(idle, 'Spoilt!Password0000');
      return undefined;
    };
    expect(await world.rotate('third')).toBe('failed');
    expect(world.current).toEqual(current);
    expect(new Set(outcomes(world))).toEqual(new Set(['IDLE_LOGIN_REJECTED']));
  });
});
