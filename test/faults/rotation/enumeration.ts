import { expect } from 'vitest';
import { answerAfter } from '../../unit/rotation/slow-kafka.ts';
import { rotating, SECRET, versionId, type World, type WorldOptions } from '../../unit/rotation/world.ts';
import { type Circumstances as Common, Watch } from './watch.ts';

export interface Circumstances extends Common {
  /** Milliseconds until a change reaches the brokers. @default 0 */
  readonly propagationMs?: number;
  /** Milliseconds that a login takes. @default 0 */
  readonly loginMs?: number;
  readonly pendingAfterSuccess?: 'left' | 'removed';
  /** One process for all steps. */
  readonly warm?: boolean;
  readonly rotation?: WorldOptions['rotation'];
}

/** More than any rotation needs after two mishaps. */
const SEQUENCES = 6;
const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
const PATCH = 'PATCH /project-keys/{id}';
const NAMES = ['first', 'second', 'third'];

/**
 * One rotation by the shipped function, each step in a process of its own, called as Secrets Manager calls it, under the
 * circumstances given; then what may follow a success. The invariants are looked at before and after every call.
 * @throws an assertion's error where one does not hold, or the rotation does not end well
 */
export async function rotate(circumstances: Circumstances = {}): Promise<World> {
  const { pendingAfterSuccess = 'left', rotation, warm = false, propagationMs = 0, loginMs = 0 } = circumstances;
  const driver = { maxSequences: SEQUENCES, pendingAfterSuccess };
  const world = rotating({ driver, warm, evidence: 'recorded', ...(rotation ? { rotation } : {}) });
  if (loginMs > 0) answerAfter(world, loginMs);
  const watch = new Watch(world, lookAt(world));
  const observe = watch.observer(circumstances);
  world.observe = (call, moment) => {
    if (moment === 'before' && call.operation === PATCH) {
      if (world.nameOf(world.streamkap.kafkaPasswordOf('orders') ?? '') === call.what)
        watch.violations.push(
          `call ${call.seq} sends a password that is set already: consumers would be cut off once more`,
        );
      const action = { kind: 'propagation', delayMs: propagationMs } as const;
      if (propagationMs > 0) world.fault({ service: 'streamkap', operation: PATCH, action });
    }
    return observe(call, moment);
  };
  const [result] = await world.driver.runToEnd();
  const story = JSON.stringify(circumstances);
  watch.assertNone(story);
  expect(result, story).toMatchObject({ outcome: 'succeeded' });
  assertGoodEnd(world, 'second');
  if (isNews(world)) for (const how of ['left', 'removed'] as const) await goOn(world, how);
  return world;
}

/** Ends that were gone on from; most of many runs are alike. */
const known = new Set<string>();

function isNews(world: World): boolean {
  const key = JSON.stringify([world.secrets.snapshot({ dates: false }), world.accepted]);
  const size = known.size;
  return known.add(key).size > size;
}

/** After a success, with AWSPENDING left or taken away: late replays change nothing, and the next rotation ends well. */
async function goOn(world: World, pending: 'left' | 'removed'): Promise<void> {
  const before = {
    secrets: world.secrets.snapshot(),
    streamkap: world.streamkap.snapshot(),
    calls: world.calls.length,
  };
  const token = versionId('second');
  const move = { SecretId: SECRET, VersionStage: 'AWSPENDING', RemoveFromVersionId: token };
  if (pending === 'removed' && world.labels.second?.includes('AWSPENDING'))
    world.secrets.call('UpdateSecretVersionStage', move);
  const watch = new Watch(world, lookAt(world));
  world.observe = watch.observer({});
  const { labels } = world;
  expect(await world.steps(...STEPS)).toEqual([undefined, undefined, undefined, undefined]);
  expect(world.labels).toEqual(labels);
  expect(new Set(world.patches)).toEqual(new Set(['second']));
  world.begin('third');
  expect(await world.driver.runToEnd()).toMatchObject([{ outcome: 'succeeded', sequences: 1 }]);
  watch.assertNone(`what follows a success with AWSPENDING ${pending}`);
  assertGoodEnd(world, 'third');
  world.calls.length = before.calls;
  world.secrets.restore(before.secrets);
  world.streamkap.restore(before.streamkap);
}

/** Invariants 1, 2 and 4, as far as they can be told at any instant. @returns what is wrong now */
function lookAt(world: World): () => string[] {
  const passwords = new Map<string, string | undefined>();
  const passwordOf = (id: string) => {
    // A version never changes once it has a value.
    if (passwords.get(id) === undefined)
      passwords.set(id, passwordIn(world.secrets.valueOf(SECRET, { versionId: id })));
    return passwords.get(id);
  };
  const inForce: (string | undefined)[] = [];
  return () => {
    const { accepted } = world;
    const told = world.streamkap.kafkaPasswordOf('orders');
    const labels = Object.entries(world.secrets.labels(SECRET));
    const under = (rule: RegExp) => labels.filter(([, stages]) => stages.some((stage) => rule.test(stage)));
    const stored = under(/^(?!KEYRING_MADE)/).map(([id]) => passwordOf(id));
    const asked = under(/^AWS(CURRENT|PENDING)$/).map(([id]) => passwordOf(id));
    const found: string[] = [];
    if (!stored.includes(accepted) || !stored.includes(told)) found.push('a password is stored nowhere');
    if (!asked.includes(accepted)) found.push('neither the current nor the pending password works');
    if (told !== inForce.at(-1)) inForce.push(told);
    if (new Set(inForce).size < inForce.length) found.push('a password was put in force a second time');
    return found.map((what) => `${what}: ${JSON.stringify({ labels, accepted, told })}`);
  };
}

const passwordIn = (value: string | undefined) =>
  value === undefined ? undefined : (JSON.parse(value) as { kafka?: { password?: string } }).kafka?.password;

/** Invariants 2 and 4: what is current works, nothing was sent but new passwords, and nothing else of the file was touched. */
function assertGoodEnd(world: World, name: string): void {
  expect(world.labels[name]).toContain('AWSCURRENT');
  expect(world.passwordUnder({ stage: 'AWSCURRENT' })).toBe(world.accepted);
  expect(new Set(world.patches)).toEqual(new Set(NAMES.slice(1, NAMES.indexOf(name) + 1)));
  expect(world.secrets.valueOf(SECRET)).toContain('"vendor_note":{"kept":true}');
}
