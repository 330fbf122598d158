import { afterAll, describe, expect, it } from 'vitest';
import { type ExternalCall, type Mishap, type Moment, rotating, SECRET, type World } from '../unit/rotation/world.ts';

/** What goes wrong, at which external call of the rotation, retries counted on. */
interface Trouble {
  readonly at: number;
  readonly moment: Moment;
  readonly mishap: Mishap;
}

const KINDS: readonly Omit<Trouble, 'at'>[] = [
  { moment: 'before', mishap: 'kill' },
  { moment: 'after', mishap: 'kill' },
  { moment: 'before', mishap: 'lose' },
  { moment: 'after', mishap: 'lose' },
];
/** More than any sequence needs after two mishaps. */
const SEQUENCES = 6;

let visited = 0;
afterAll(() => {
  process.stdout.write(`rotation by single: ${visited} states after calls checked\n`);
});

/** Invariant 1: what Streamkap accepts, and what it was told last, lies under a label. */
function assertStored(world: World): void {
  visited++;
  const stored = Object.keys(world.labels).map((name) => world.passwordUnder({ token: name }));
  expect(stored).toContain(world.accepted);
  expect(stored).toContain(world.streamkap.kafkaPasswordOf('orders'));
  expect(world.labels.first ?? world.labels.second).toBeDefined();
}

async function run(
  troubles: readonly Trouble[],
  { propagationMs = 0, pendingAfterSuccess = 'left' as 'left' | 'removed', unreachableFrom = Infinity } = {},
): Promise<World> {
  const world = rotating({ driver: { maxSequences: SEQUENCES, pendingAfterSuccess } });
  let unreachable: number | undefined;
  world.observe = (call: ExternalCall, moment) => {
    assertStored(world);
    if (call.seq === unreachableFrom) unreachable = call.invocation;
    if (call.to === 'kafka' && call.invocation === unreachable) return 'lose';
    if (moment === 'before' && call.operation.startsWith('PATCH') && propagationMs > 0) {
      const action = { kind: 'propagation', delayMs: propagationMs } as const;
      world.fault({ service: 'streamkap', operation: 'PATCH /project-keys/{id}', action });
    }
    return troubles.find((trouble) => trouble.at === call.seq && trouble.moment === moment)?.mishap;
  };
  const [result] = await world.driver.runToEnd();
  assertStored(world);
  expect(result, JSON.stringify(troubles)).toMatchObject({ outcome: 'succeeded' });
  return world;
}

/** Invariants 2, 4 and 5, and that nothing was sent but the one new password. */
function assertGoodEnd(world: World): void {
  expect(world.passwordUnder({ stage: 'AWSCURRENT' })).toBe(world.accepted);
  expect(new Set(world.patches)).toEqual(new Set(['second']));
  expect(world.secrets.valueOf(SECRET)).toContain('"vendor_note":{"kept":true}');
  const said = JSON.stringify([world.lines, world.errors.map((error) => [String(error), { ...(error as object) }])]);
  const secrets = ['first', 'second'].map((name) => world.passwordUnder({ token: name }) ?? '');
  for (const secret of secrets) expect(said).not.toContain(secret);
}

const calls = (await run([])).calls.length;
const points = Array.from({ length: calls }, (_, index) => index + 1);
const troublesAt = (at: number): Trouble[] => KINDS.map((kind) => ({ at, ...kind }));
const all = points.flatMap(troublesAt);

describe('rotation by single ends well, and the password that works is stored after every call', () => {
  it.each(all)('$mishap $moment call $at', async (trouble) => {
    for (const pendingAfterSuccess of ['left', 'removed'] as const) {
      const world = await run([trouble], { pendingAfterSuccess });
      assertGoodEnd(world);
      // One change; a second time only when nobody could know that the first had not arrived.
      const sentButUnheard = world.patches.length > 1;
      if (sentButUnheard) expect(trouble.moment).toBe('before');
    }
  });

  it.each(
    all,
  )('$mishap $moment call $at, with a change that takes 20 seconds to reach the brokers', async (trouble) => {
    assertGoodEnd(await run([trouble], { propagationMs: 20_000 }));
  });

  it.each(points)('Kafka out of reach from call %i to the end of that step', async (at) => {
    assertGoodEnd(await run([], { unreachableFrom: at }));
  });

  it.each(all)('$mishap $moment call $at, and any second one after it', async (trouble) => {
    for (let at = trouble.at + 1; at <= calls + 8; at++) {
      for (const second of troublesAt(at)) assertGoodEnd(await run([trouble, second]));
    }
  });
});
