import { expect } from 'vitest';
import { type FirstKey, PairWorld, paired } from '../../unit/rotation/alternating/pair-world.ts';
import { answerAfter } from '../../unit/rotation/slow-kafka.ts';
import { SECRET, versionId, type WorldOptions } from '../../unit/rotation/world.ts';
import type { Trouble } from './troubles.ts';
import { type Circumstances, Watch } from './watch.ts';

/** Which rotation things go wrong in: the one in which the second key is born, or a later one. */
export type Chapter = 'birth' | 'turn';

export interface PairCircumstances extends Circumstances {
  readonly chapter: Chapter;
  /** Milliseconds until a password change reaches the brokers. @default 0 */
  readonly propagationMs?: number;
  /** Milliseconds that a login takes. @default 0 */
  readonly loginMs?: number;
  readonly pendingAfterSuccess?: 'left' | 'removed';
  readonly first?: FirstKey;
  readonly rotation?: WorldOptions['rotation'];
}

/** More than any rotation needs after two mishaps. */
const SEQUENCES = 8;
const PATCH = 'PATCH /project-keys/{id}';
const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;

/**
 * One rotation by the shipped function, called as Secrets Manager calls it, then what may follow a success: late replays, and
 * another rotation. The invariants are looked at before and after every call of all of it.
 * @throws an assertion's error where one does not hold, or a rotation does not end well
 */
export async function takeTurns(circumstances: PairCircumstances): Promise<PairWorld> {
  const { chapter, pendingAfterSuccess = 'left', first = {}, rotation } = circumstances;
  const options: WorldOptions = {
    ...{ driver: { maxSequences: SEQUENCES, pendingAfterSuccess }, evidence: 'recorded' },
    ...(rotation ? { rotation } : {}),
  };
  const world = chapter === 'birth' ? new PairWorld(options) : await paired(options, first);
  if (chapter === 'birth') world.provisionFirst(first);
  const [token, next] = chapter === 'birth' ? ['second', 'third'] : ['third', 'fourth'];
  const watch = watching(world, circumstances);
  const outcome = await world.rotate(token);
  const story = JSON.stringify({ circumstances, errors: world.errors.map(String) });
  watch.assertNone(story);
  expect(outcome, story).toBe('succeeded');
  assertGoodEnd(world, story);
  if (isNews(world)) for (const how of ['left', 'removed'] as const) await goOn(world, how, { token, next });
  return world;
}

/** Ends that were gone on from; most of many runs are alike. */
const known = new Set<string>();

function isNews(world: PairWorld): boolean {
  const { keys, logins } = JSON.parse(world.streamkap.snapshot()) as { keys: { id: string }[]; logins: object };
  const size = known.size;
  return known.add(JSON.stringify([world.secrets.snapshot({ dates: false }), keys.length, logins])).size > size;
}

/** After a success, with AWSPENDING left or taken away: late replays change nothing, and the next rotation ends well. */
async function goOn(
  world: PairWorld,
  pending: 'left' | 'removed',
  { token, next }: { readonly token: string; readonly next: string },
): Promise<void> {
  const before = { secrets: world.secrets.snapshot(), streamkap: world.streamkap.snapshot(), calls: [...world.calls] };
  const move = { SecretId: SECRET, VersionStage: 'AWSPENDING', RemoveFromVersionId: versionId(token) };
  if (pending === 'removed' && world.labels[versionId(token)]?.includes('AWSPENDING'))
    world.secrets.call('UpdateSecretVersionStage', move);
  const watch = watching(world, {});
  const { labels, standby } = world;
  const patches = world.patches.length;
  for (const step of STEPS) expect(await world.step(step, token)).toBeUndefined();
  expect([world.labels, world.standby, world.patches.length]).toEqual([labels, standby, patches]);
  expect(await world.rotate(next), String(world.errors.at(-1))).toBe('succeeded');
  watch.assertNone(`what follows a success with AWSPENDING ${pending}`);
  assertGoodEnd(world, `${next} after ${token}`);
  world.calls.splice(0, world.calls.length, ...before.calls);
  world.secrets.restore(before.secrets);
  world.streamkap.restore(before.streamkap);
}

/** A rotation whose first sequence is broken off and never retried, then the next one with a token of its own. */
export async function goOnAfter(trouble: Trouble, rotation?: WorldOptions['rotation']): Promise<PairWorld> {
  const options: WorldOptions = { driver: { maxSequences: 1 }, evidence: 'recorded' };
  const world = await paired({ ...options, ...(rotation ? { rotation } : {}) });
  const first = watching(world, { troubles: [trouble] });
  await world.rotate('third');
  const second = watching(world, {});
  expect(await world.rotate('fourth'), String(world.errors.at(-1))).toBe('succeeded');
  const story = JSON.stringify(trouble);
  for (const watch of [first, second]) watch.assertNone(story);
  assertGoodEnd(world, story);
  return world;
}

/** The previous password is retired, with trouble, then again without, then a rotation follows: all of it well. */
export async function retireThenTurn(troubles: readonly Trouble[]): Promise<PairWorld> {
  const world = await paired({ driver: { maxSequences: SEQUENCES }, evidence: 'recorded' });
  const first = watching(world, { troubles });
  await world.retire(SECRET);
  const calls = [...world.calls];
  const second = watching(world, {});
  const again = await world.retire(SECRET);
  const story = JSON.stringify({ troubles, again, errors: world.errors.map(String) });
  expect(again, story).toMatchObject({ outcome: expect.stringMatching(/^(already-)?retired$/) });
  expect(world.users.passwordOf('orders'), story).toBe(world.standby?.password);
  expect(world.secretTexts.has(world.standby?.password ?? ''), story).toBe(true);
  assertGoodEnd(world, story);
  expect(await world.rotate('third'), story).toBe('succeeded');
  assertGoodEnd(world, story);
  for (const watch of [first, second]) watch.assertNone(story);
  world.calls.splice(0, world.calls.length, ...calls);
  return world;
}

/** Has the world's calls watched, and go wrong as said. */
export function watching(world: PairWorld, circumstances: Omit<PairCircumstances, 'chapter'>): Watch {
  const { propagationMs = 0, loginMs = 0 } = circumstances;
  if (loginMs > 0) answerAfter(world, loginMs);
  const watch = new Watch(world, lookAt(world));
  const observe = watch.observer(circumstances);
  world.observe = (call, moment) => {
    const action = { kind: 'propagation', delayMs: propagationMs } as const;
    const isSet = world.streamkap.projectKeys.some(({ kafka }) => world.nameOf(kafka?.password ?? '') === call.what);
    // What a birth or a retirement stored is sent again until it works, and is in nobody's hands by then.
    if (moment === 'before' && call.operation === PATCH && call.what !== 'standby' && isSet)
      watch.violations.push(`call ${call.seq} sends a password that is set already`);
    if (moment === 'before' && call.operation === PATCH && propagationMs > 0)
      world.fault({ service: 'streamkap', operation: PATCH, action });
    return observe(call, moment);
  };
  return watch;
}

/** Invariants 1, 3 and 4. */
function lookAt(world: PairWorld): () => string[] {
  const told = new Map<string, (string | undefined)[]>();
  return () => {
    const found = world.violations;
    for (const { kafka } of world.streamkap.projectKeys) {
      const passwords = told.get(kafka?.username ?? '') ?? [];
      if (kafka?.password !== passwords.at(-1)) told.set(kafka?.username ?? '', [...passwords, kafka?.password]);
      if (new Set(passwords).size < passwords.length) found.push(`${kafka?.username}: a password is set a second time`);
    }
    return found;
  };
}

/** Both keys work with what is stored for them, and there are two. */
export function assertGoodEnd(world: PairWorld, story: string): void {
  const { current, standby, users, tags } = world;
  const keys = world.streamkap.projectKeys;
  expect(keys.map(({ kafka }) => kafka?.username).sort(), story).toEqual(['orders', 'orders-b']);
  expect([current?.username, standby?.username].sort(), story).toEqual(['orders', 'orders-b']);
  for (const file of [current, standby]) expect(users.passwordOf(file?.username ?? ''), story).toBe(file?.password);
  expect(tags['streamkap:kafka-username'], story).toBe('orders,orders-b');
  expect(tags['streamkap:project-key-id'], story).toBe(`${world.keyOf('orders').id},${world.keyOf('orders-b').id}`);
}
