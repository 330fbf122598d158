import { expect } from 'vitest';
import { fingerprintOf, rotationMarkerOf } from '../../../core/rotation/admin/marker.ts';
import { AdminWorld, type AdminWorldOptions, DELETE, MINUTE_MS } from '../../unit/rotation/admin/world.ts';
import { type Circumstances, Watch } from './watch.ts';

export interface AdminCircumstances extends Circumstances {
  readonly pendingAfterSuccess?: 'left' | 'removed';
  readonly rotation?: AdminWorldOptions['rotation'];
}

/** More than any rotation needs after two mishaps. */
const SEQUENCES = 6;
const STAGES = ['AWSCURRENT', 'AWSPREVIOUS', 'AWSPENDING'];
export const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;

/** The second rotation of a secret: there is one to make, one to keep and one, made by hand, to delete. */
export async function rotatedOnce(options: AdminWorldOptions = {}): Promise<AdminWorld> {
  const world = new AdminWorld({ evidence: 'recorded', driver: { maxSequences: SEQUENCES }, ...options });
  expect(await world.rotate('second')).toMatchObject({ outcome: 'succeeded' });
  world.now += 30 * MINUTE_MS;
  world.calls.length = 0;
  return world;
}

/**
 * One rotation by the shipped function under the circumstances given, then late replays and another rotation. The invariants are
 * looked at before and after every call of all of it.
 * @throws an assertion's error where one does not hold, or a rotation does not end well
 */
export async function rotateAdmin(circumstances: AdminCircumstances = {}): Promise<AdminWorld> {
  const { pendingAfterSuccess = 'left', rotation } = circumstances;
  const driver = { maxSequences: SEQUENCES, pendingAfterSuccess };
  const world = await rotatedOnce({ driver, ...(rotation ? { rotation } : {}) });
  const watch = watching(world, circumstances);
  const result = await world.rotate('third');
  const story = JSON.stringify({ circumstances, errors: world.errors.map(String) });
  watch.assertNone(story);
  expect(result, story).toMatchObject({ outcome: 'succeeded' });
  const calls = [...world.calls];
  await assertGoodEnd(world);
  world.calls.splice(0, world.calls.length, ...calls);
  return world;
}

/** Has the world's calls watched, and go wrong as said. */
export function watching(world: AdminWorld, circumstances: Circumstances): Watch {
  const watch = new Watch(world, lookAt(world));
  const observe = watch.observer(circumstances);
  world.observe = (call, moment) => {
    if (call.operation === DELETE && call.step !== 'finishSecret')
      watch.violations.push(`${call.step} deletes a credential: only finishSecret cleans up`);
    return observe(call, moment);
  };
  return watch;
}

/** Every credential under a label of AWS's works, whatever happens; what nobody stored is ours by its marker; one move a token. */
export function lookAt(world: AdminWorld): () => string[] {
  const current: (string | undefined)[] = [];
  return () => {
    const found: string[] = [];
    const stored = new Set<string | undefined>();
    for (const stage of STAGES) {
      const there = world.stored({ stage });
      stored.add(there?.clientId);
      if (there && !world.works({ stage })) found.push(`Streamkap refuses the credential under ${stage}`);
    }
    for (const credential of world.streamkap.clientCredentials) {
      if (stored.has(credential.clientId) || credential.clientId === 'first-client-id') continue;
      if (!rotationMarkerOf(credential)?.nonce.startsWith(`${fingerprintOf(world.arn)}-`))
        found.push('a credential that is stored nowhere has no marker of this secret');
    }
    const now = world.idUnder({ stage: 'AWSCURRENT' });
    if (now !== current.at(-1)) current.push(now);
    if (new Set(current).size < current.length) found.push('AWSCURRENT went back');
    return found;
  };
}

/** Late replays change nothing; and after one more rotation, when everything is old enough, nobody's orphan lives. */
export async function assertGoodEnd(world: AdminWorld): Promise<void> {
  expect(world.idUnder({ stage: 'AWSCURRENT' })).toBe(world.idUnder({ name: 'third' }));
  expect(world.idUnder({ stage: 'AWSPREVIOUS' })).toBe(world.idUnder({ name: 'second' }));
  const watch = watching(world, {});
  const { labels } = world;
  for (const step of STEPS) expect(await world.step(step, 'third')).toBeUndefined();
  expect(world.labels).toEqual(labels);
  world.now += 16 * MINUTE_MS;
  expect(await world.rotate('fourth')).toMatchObject({ outcome: 'succeeded' });
  watch.assertNone('what follows a success');
  expect(world.live).toHaveLength(2);
  expect(new Set(world.live)).toEqual(new Set(['third', 'fourth'].map((name) => world.idUnder({ name }))));
}

/** A secret that was rotated once, and the second rotation registered. */
export async function begun(): Promise<AdminWorld> {
  const world = await rotatedOnce({ evidence: 'none' });
  world.begin('third');
  return world;
}
