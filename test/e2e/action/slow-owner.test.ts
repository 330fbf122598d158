import { describe, expect, test } from 'vitest';
import {
  assertWorks,
  fileIn,
  inTurns,
  KIND_NAMES,
  KINDS,
  type Kind,
  openWorld,
  storedIn,
  type World,
} from './fixture.ts';
import { type HeldAt, type HoldingProxy, startHoldingProxy } from './holding-proxy.ts';

/**
 * How many calls have been made since the owner was held when it goes on. The taker makes about a dozen; test/faults has every
 * interleaving, here some of them are run on the shipped bundle.
 */
const RELEASED_AFTER = [1, 3, 5, 6, 8, 10, 12];
const WIDTH = 6;

/** An owner whose creation is held, and a taker that does not wait for it. */
interface Race {
  readonly world: World;
  readonly proxy: HoldingProxy;
}

describe.each(KIND_NAMES)('a slow owner of a %s key and the run that takes over', (kind) => {
  test.each<[string, HeldAt]>([
    ['Streamkap’s answer comes late', 'answer'],
    ['the request reaches Streamkap late', 'request'],
  ])('end with one key and equal credentials, however far the taker is when %s', async (_when, heldAt) => {
    const jobs = RELEASED_AFTER.map((calls) => () => problemOf(kind, heldAt, calls));
    expect((await inTurns(jobs, WIDTH)).flat()).toEqual([]);
  });
});

async function problemOf(kind: Kind, heldAt: HeldAt, afterCalls: number): Promise<string[]> {
  const race = await openRace(heldAt);
  try {
    await raceTo(race, kind, afterCalls);
    return [];
  } catch (error) {
    return [`released after ${afterCalls} calls: ${String(error)}\n${race.world.calls().join('\n')}`];
  } finally {
    await race.proxy.close();
    await race.world.close();
  }
}

async function openRace(heldAt: HeldAt): Promise<Race> {
  let host = '';
  const proxy = await startHoldingProxy(() => host, heldAt);
  const world = await openWorld({ streamkap: { apiBaseUrl: () => proxy.url } });
  host = world.sandbox.streamkapHost;
  return { world, proxy };
}

async function raceTo({ world, proxy }: Race, kind: Kind, afterCalls: number): Promise<void> {
  const inputs = { ...KINDS[kind], 'streamkap-host': proxy.url, 'wait-timeout-seconds': '0' };
  const owning = world.run(inputs);
  await proxy.held;
  const progress = world.called(world.calls().length + afterCalls);
  const taking = world.run(inputs);
  await Promise.race([progress, taking]);
  proxy.release();
  const runs = await Promise.all([owning, taking]);
  for (const run of runs) {
    expect(run.annotations.errors).toEqual([]);
    expect(fileIn(run)).toEqual(storedIn(world));
  }
  // What landed too late for both is deleted by whoever finds the credential next.
  const next = await world.run(inputs);
  expect(next.outputs.result).toBe('found');
  expect(world.sandbox.streamkap.projectKeys.map((key) => key.id)).toEqual([next.outputs['project-key-id']]);
  await assertWorks(world, fileIn(next));
}
