import { expect } from 'vitest';
import { type FirstKey, PairWorld, paired } from '../../unit/rotation/alternating/pair-world.ts';
import {
  type ExternalCall,
  FIRST,
  type Mishap,
  type Moment,
  SECRET,
  type WorldOptions,
} from '../../unit/rotation/world.ts';
import type { Trouble } from './enumeration.ts';

/** Which rotation things go wrong in: the one in which the second key is born, or a later one. */
export type Chapter = 'birth' | 'turn';

export interface PairCircumstances {
  readonly chapter: Chapter;
  readonly troubles?: readonly Trouble[];
  /** Milliseconds until a password change reaches the brokers. @default 0 */
  readonly propagationMs?: number;
  readonly pendingAfterSuccess?: 'left' | 'removed';
  /** From this call on, to the end of its step, no login gets an answer. */
  readonly unreachableFrom?: number;
  readonly first?: FirstKey;
  readonly rotation?: WorldOptions['rotation'];
  /** How the world is changed once it is there, before the rotation. */
  readonly before?: (world: PairWorld) => void;
}

/** More than any rotation needs after two mishaps. */
const SEQUENCES = 8;
const PATCH = 'PATCH /project-keys/{id}';

/** How many states were looked at, in this process. */
export const visited = { states: 0 };

/**
 * One rotation by the shipped function, called as Secrets Manager calls it, then another one without any trouble. The invariants
 * are looked at before and after every call of both.
 * @throws an assertion's error where one does not hold, or a rotation does not end well
 */
export async function takeTurns(circumstances: PairCircumstances): Promise<PairWorld> {
  const { chapter, troubles = [], pendingAfterSuccess = 'left', first = {}, rotation, before } = circumstances;
  const options: WorldOptions = {
    driver: { maxSequences: SEQUENCES, pendingAfterSuccess },
    ...(rotation ? { rotation } : {}),
  };
  const world = chapter === 'birth' ? new PairWorld(options) : await paired(options, first);
  if (chapter === 'birth') world.provisionFirst(first);
  before?.(world);
  const violations: string[] = [];
  const token = chapter === 'birth' ? 'second' : 'third';
  world.observe = observer(world, circumstances, violations);
  const outcome = await world.rotate(token);
  violations.push(...look(world));
  const story = JSON.stringify({ troubles, errors: world.errors.map(String) });
  expect(violations, story).toEqual([]);
  expect(outcome, story).toBe('succeeded');
  assertGoodEnd(world, story);
  return world;
}

/** A rotation whose first sequence is broken off and never retried, then the next one with a token of its own. */
export async function goOnAfter(trouble: Trouble, rotation?: WorldOptions['rotation']): Promise<PairWorld> {
  const world = await paired({ driver: { maxSequences: 1 }, ...(rotation ? { rotation } : {}) });
  const violations: string[] = [];
  world.observe = observer(world, { chapter: 'turn', troubles: [trouble] }, violations);
  await world.rotate('third');
  world.observe = observer(world, { chapter: 'turn' }, violations);
  expect(await world.rotate('fourth'), String(world.errors.at(-1))).toBe('succeeded');
  expect(violations).toEqual([]);
  assertGoodEnd(world, JSON.stringify(trouble));
  return world;
}

/** What it finds it notes down: an assertion that throws inside a call would look like a broken connection to the function. */
function observer(
  world: PairWorld,
  { troubles = [], propagationMs = 0, unreachableFrom }: PairCircumstances,
  violations: string[],
) {
  let unreachable: number | undefined;
  return (call: ExternalCall, moment: Moment): Mishap | undefined => {
    violations.push(...look(world));
    if (moment === 'before' && call.operation === PATCH && propagationMs > 0) {
      const action = { kind: 'propagation', delayMs: propagationMs } as const;
      world.fault({ service: 'streamkap', operation: PATCH, action });
    }
    if (call.seq === unreachableFrom) unreachable = call.invocation;
    if (call.to === 'kafka' && call.invocation === unreachable) return 'lose';
    return troubles.find((trouble) => trouble.at === call.seq && trouble.moment === moment)?.mishap;
  };
}

/** Invariants 1 and 3. */
function look(world: PairWorld): string[] {
  visited.states++;
  return world.violations;
}

/** Both keys work with what is stored for them, there are two, and nothing was said that must not be. */
function assertGoodEnd(world: PairWorld, story: string): void {
  const { current, standby, users, tags } = world;
  const keys = world.streamkap.projectKeys;
  expect(keys.map(({ kafka }) => kafka?.username).sort(), story).toEqual(['orders', 'orders-b']);
  expect([current?.username, standby?.username].sort(), story).toEqual(['orders', 'orders-b']);
  for (const file of [current, standby]) expect(users.passwordOf(file?.username ?? ''), story).toBe(file?.password);
  expect(tags['streamkap:kafka-username'], story).toBe('orders,orders-b');
  expect(tags['streamkap:project-key-id'], story).toBe(`${world.keyOf('orders').id},${world.keyOf('orders-b').id}`);
  const said = JSON.stringify([world.lines, world.errors.map((error) => [String(error), { ...(error as object) }])]);
  for (const secret of [FIRST, current?.password, standby?.password]) expect(said).not.toContain(secret);
}

/** The previous password is retired, with trouble, then again without, then a rotation follows: all of it well. */
export async function retireThenTurn(troubles: readonly Trouble[]): Promise<PairWorld> {
  const world = await paired({ driver: { maxSequences: SEQUENCES } });
  const violations: string[] = [];
  world.observe = observer(world, { chapter: 'turn', troubles }, violations);
  await world.retire(SECRET);
  world.observe = observer(world, { chapter: 'turn' }, violations);
  const again = await world.retire(SECRET);
  const story = JSON.stringify({ troubles, again, errors: world.errors.map(String) });
  expect(again, story).toMatchObject({ outcome: expect.stringMatching(/^(already-)?retired$/) });
  expect(world.users.passwordOf('orders'), story).toBe(world.standby?.password);
  expect(world.users.passwordOf('orders'), story).not.toBe(FIRST);
  assertGoodEnd(world, story);
  expect(await world.rotate('third'), story).toBe('succeeded');
  assertGoodEnd(world, story);
  expect(violations, story).toEqual([]);
  return world;
}
