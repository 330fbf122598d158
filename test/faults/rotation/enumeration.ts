import { expect } from 'vitest';
import {
  type ExternalCall,
  type Mishap,
  type Moment,
  rotating,
  SECRET,
  type World,
  type WorldOptions,
} from '../../unit/rotation/world.ts';

/** What goes wrong, at which external call of the rotation, retries counted on. */
export interface Trouble {
  readonly at: number;
  readonly moment: Moment;
  readonly mishap: Mishap;
}

export interface Circumstances {
  readonly troubles?: readonly Trouble[];
  /** Milliseconds until a change reaches the brokers. @default 0 */
  readonly propagationMs?: number;
  readonly pendingAfterSuccess?: 'left' | 'removed';
  /** From this call on, to the end of its step, no login gets an answer. */
  readonly unreachableFrom?: number;
  readonly rotation?: WorldOptions['rotation'];
}

/** What can happen to one call; for AWS a service's own error and a broken connection are alike, so is all that fails a login. */
const KINDS: Readonly<Record<ExternalCall['to'], readonly (readonly [Mishap, ...Moment[]])[]>> = {
  aws: [
    ['kill', 'before', 'after'],
    ['lose', 'before', 'after'],
    ['throttle', 'before'],
    ['hang', 'before', 'after'],
  ],
  streamkap: [
    ['kill', 'before', 'after'],
    ['lose', 'before', 'after'],
    ['throttle', 'before'],
    ['fail', 'before', 'after'],
    ['hang', 'before', 'after'],
  ],
  kafka: [
    ['kill', 'before', 'after'],
    ['lose', 'before'],
    ['hang', 'before'],
  ],
};
/** More than any rotation needs after two mishaps. */
const SEQUENCES = 6;

/** How many states were looked at, in this process. */
export const visited = { states: 0 };

/** @returns all that can happen to one call */
export function troublesAt({ seq: at, to }: Pick<ExternalCall, 'seq' | 'to'>): Trouble[] {
  return KINDS[to].flatMap(([mishap, ...moments]) => moments.map((moment) => ({ at, moment, mishap })));
}

/**
 * One rotation by the shipped function, each step in a process of its own, called as Secrets Manager calls it, under the
 * circumstances given. The invariants are looked at before and after every call.
 * @throws an assertion's error where one does not hold, or the rotation does not end well
 */
export async function rotate(circumstances: Circumstances = {}): Promise<World> {
  const { troubles = [], pendingAfterSuccess = 'left', rotation } = circumstances;
  const world = rotating({
    driver: { maxSequences: SEQUENCES, pendingAfterSuccess },
    ...(rotation ? { rotation } : {}),
  });
  const violations: string[] = [];
  world.observe = observer(world, circumstances, violations);
  const [result] = await world.driver.runToEnd();
  violations.push(...unstored(world));
  expect(violations, JSON.stringify(troubles)).toEqual([]);
  expect(result, JSON.stringify(troubles)).toMatchObject({ outcome: 'succeeded' });
  assertGoodEnd(world);
  return world;
}

/** What it finds it notes down: an assertion that throws inside a call would look like a broken connection to the function. */
function observer(
  world: World,
  { troubles = [], propagationMs = 0, unreachableFrom }: Circumstances,
  violations: string[],
) {
  let unreachable: number | undefined;
  return (call: ExternalCall, moment: Moment): Mishap | undefined => {
    violations.push(...unstored(world));
    if (moment === 'before' && call.operation.startsWith('PATCH')) {
      violations.push(...needless(world, call));
      const action = { kind: 'propagation', delayMs: propagationMs } as const;
      if (propagationMs > 0) world.fault({ service: 'streamkap', operation: 'PATCH /project-keys/{id}', action });
    }
    if (call.seq === unreachableFrom) unreachable = call.invocation;
    if (call.to === 'kafka' && call.invocation === unreachable) return 'lose';
    return troubles.find((trouble) => trouble.at === call.seq && trouble.moment === moment)?.mishap;
  };
}

/** Invariant 1: what Streamkap accepts, and what it was told last, lies under a label. */
function unstored(world: World): string[] {
  visited.states++;
  const { labels, accepted } = world;
  const stored = Object.keys(labels).map((name) => world.passwordUnder({ token: name }));
  const told = world.streamkap.kafkaPasswordOf('orders');
  if (stored.includes(accepted) && stored.includes(told)) return [];
  return [`Streamkap has a password that is stored nowhere: ${JSON.stringify({ labels, accepted, told })}`];
}

/** Invariant 4: nothing is sent that Streamkap was told already, for it would disconnect consumers once more. */
function needless(world: World, { seq, what }: ExternalCall): string[] {
  const told = world.streamkap.kafkaPasswordOf('orders') ?? '';
  return world.nameOf(told) === what ? [`call ${seq} sends a password that is set already`] : [];
}

/** Invariants 2 and 5, and that nothing was sent but the one new password. */
function assertGoodEnd(world: World): void {
  expect(world.passwordUnder({ stage: 'AWSCURRENT' })).toBe(world.accepted);
  expect(new Set(world.patches)).toEqual(new Set(['second']));
  expect(world.secrets.valueOf(SECRET)).toContain('"vendor_note":{"kept":true}');
  const said = JSON.stringify([world.lines, world.errors.map((error) => [String(error), { ...(error as object) }])]);
  const secrets = ['first', 'second'].map((name) => world.passwordUnder({ token: name }) ?? '');
  for (const secret of secrets) expect(said).not.toContain(secret);
}
