import { afterAll, describe, expect, it } from 'vitest';
import { FIRST, rotating, type World } from '../../unit/rotation/world.ts';
import { distinctTroublesAt, secondTroubles, troublesAt } from './troubles.ts';
import { type Circumstances, visited, Watch } from './watch.ts';

/** More than a way back needs after two mishaps. */
const SEQUENCES = 5;
const PATCH = 'PATCH /project-keys/{id}';

interface WayBack extends Circumstances {
  /** Milliseconds until a change reaches the brokers. @default 0 */
  readonly propagationMs?: number;
}

/**
 * A rotation whose new password Streamkap takes and spoils: the old one is dead, the new one does not work. Whatever goes wrong
 * besides, the old one is put back, once, and the next rotation ends well.
 */
async function turnBack(circumstances: WayBack = {}): Promise<World> {
  const world = rotating({ driver: { maxSequences: SEQUENCES }, evidence: 'recorded' });
  const watch = new Watch(world, lookAt(world));
  const observe = watch.observer(circumstances);
  const { propagationMs = 0 } = circumstances;
  world.observe = (call, moment) => {
    if (call.operation === PATCH && call.what === 'second' && moment === 'after')
      world.users.set('orders', 'Spoilt!Password0000');
    if (call.operation === PATCH && call.what === 'first' && moment === 'before' && propagationMs > 0)
      world.fault({ service: 'streamkap', operation: PATCH, action: { kind: 'propagation', delayMs: propagationMs } });
    return observe(call, moment);
  };
  const results = await world.driver.runToEnd();
  const story = JSON.stringify({ circumstances, errors: world.errors.map(String), labels: world.labels });
  watch.assertNone(story);
  const calls = [...world.calls];
  if (!world.labels.second?.includes('KEYRING_ROLLED_BACK')) return expectDrift(world, story);
  expect(results, story).toMatchObject([{ outcome: 'abandoned', standing: 'label-gone' }]);
  expect([world.accepted, world.passwordUnder({ stage: 'AWSCURRENT' })], story).toEqual([FIRST, FIRST]);
  const [current, refused] = [['AWSCURRENT'], ['KEYRING_ROLLED_BACK']].map((labels) => expect.arrayContaining(labels));
  expect(world.labels, story).toEqual({ first: current, second: refused });
  expect(world.labels.second, story).not.toContain('AWSPENDING');
  world.observe = undefined;
  world.begin('third');
  expect(await world.driver.runToEnd(), story).toMatchObject([{ outcome: 'succeeded', sequences: 1 }]);
  expect(world.passwordUnder({ stage: 'AWSCURRENT' }), story).toBe(world.accepted);
  world.calls.splice(0, world.calls.length, ...calls);
  return world;
}

/** Who died before the way back was recorded left a world that looks as if somebody else had changed the password: an alarm. */
function expectDrift(world: World, story: string): World {
  expect(world.errors.map(String).join(), story).toContain('DRIFT');
  expect(world.recorded.events.join(), story).toContain('credential-drift');
  expect(world.patches, story).toEqual(['second']);
  return world;
}

/** Invariants 1 and 4: what Streamkap was told last is stored under a label, and it was told one thing, and one back. */
function lookAt(world: World): () => string[] {
  const told: string[] = [];
  return () => {
    const now = world.nameOf(world.streamkap.kafkaPasswordOf('orders') ?? '');
    if (now !== told.at(-1)) told.push(now);
    const stages = world.labels[now] ?? [];
    const found = stages.length === 0 ? [`${now} is in force and stored under no label`] : [];
    if (!['first', 'first,second', 'first,second,first'].includes(told.join()))
      found.push(`Streamkap was told ${told}`);
    if (!world.labels.first?.includes('AWSCURRENT')) found.push('AWSCURRENT moved to what never worked');
    return found;
  };
}

const { calls } = await turnBack();
const slow = { propagationMs: 20_000 };
const slowly = (await turnBack(slow)).calls.flatMap(troublesAt);
let runs = 0;

afterAll(() => {
  process.stdout.write(`rotation by single, on the way back: ${runs} runs, ${visited.states} states checked\n`);
});

describe('a change that did not work is taken back once, and both passwords stay stored', () => {
  it.each(calls.flatMap(troublesAt))('$mishap $moment call $at', async (trouble) => {
    runs++;
    await turnBack({ troubles: [trouble] });
  });

  it.each(slowly)('$mishap $moment call $at, with a way back that takes 20 seconds', async (trouble) => {
    runs++;
    await turnBack({ ...slow, troubles: [trouble] });
  });

  it.each(calls.map(({ seq }) => seq))('Kafka out of reach from call %i to the end of that step', async (at) => {
    runs++;
    await turnBack({ unreachableFrom: at });
  });

  const back = calls.findIndex(({ what }) => what === 'KEYRING_ROLLED_BACK');
  const turning = calls
    .slice(back)
    .filter(({ operation, what }) => operation === PATCH || what === 'KEYRING_ROLLED_BACK');
  const firsts = turning.flatMap(distinctTroublesAt).filter(({ mishap }) => mishap === 'kill' || mishap === 'lose');

  it.each(firsts)('$mishap $moment call $at, where it turns, and any second one after it', {
    timeout: 300_000,
  }, async (first) => {
    for (const second of secondTroubles(first, (await turnBack({ troubles: [first] })).calls)) {
      runs++;
      await turnBack({ troubles: [first, second] });
    }
  });
});
