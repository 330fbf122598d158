import { beforeAll, describe, expect, test } from 'vitest';
import type { Call, Fault } from '../../sandbox/call-log.ts';
import {
  assertWorks,
  faultAt,
  fileIn,
  inTurns,
  KIND_NAMES,
  KINDS,
  type Kind,
  openWorld,
  storedIn,
  type World,
} from './fixture.ts';

/** Children at a time. */
const WIDTH = 4;

type Interruption = 'killed' | 'request lost' | 'answer lost';

/** The calls of an undisturbed run, by kind. */
const cleanCalls = new Map<Kind, Call[]>();

beforeAll(async () => {
  for (const kind of KIND_NAMES) {
    const world = await openWorld();
    await world.run(KINDS[kind]);
    cleanCalls.set(kind, [...world.sandbox.log.calls]);
    await world.close();
  }
});

describe.each(KIND_NAMES)('%s', (kind) => {
  test('whichever call a run is killed at, the next runs end with one key that works', async () => {
    expect(await survivors(kind, 'killed')).toEqual([]);
  });

  test('whichever request is lost, the next runs end with one key that works', async () => {
    expect(await survivors(kind, 'request lost')).toEqual([]);
  });

  test('whichever answer is lost, the next runs end with one key that works', async () => {
    expect(await survivors(kind, 'answer lost')).toEqual([]);
  });
});

/** @returns what went wrong, by the call that was interrupted; empty when nothing did */
async function survivors(kind: Kind, interruption: Interruption): Promise<string[]> {
  const calls = cleanCalls.get(kind) ?? [];
  // A read has no effect to lose: its lost answer is its lost request.
  const indexes = calls.flatMap((call, index) => (interruption === 'answer lost' && !call.tookEffect ? [] : [index]));
  const problems = await inTurns(
    indexes.map((index) => async () => {
      const world = await openWorld();
      try {
        await interruptAndRecover(world, { kind, interruption, calls, index });
        return [];
      } catch (error) {
        return [
          `${interruption} at ${index + 1} ${calls[index]?.operation}: ${String(error)}\n${world.calls().join('\n')}`,
        ];
      } finally {
        await world.close();
      }
    }),
    WIDTH,
  );
  expect(indexes.length).toBeGreaterThan(interruption === 'answer lost' ? 4 : 10);
  return problems.flat();
}

async function interruptAndRecover(
  world: World,
  { kind, interruption, calls, index }: { kind: Kind; interruption: Interruption; calls: Call[]; index: number },
): Promise<void> {
  const { log } = world.sandbox;
  const at = faultAt(calls, index);
  const inputs = { ...KINDS[kind], 'wait-timeout-seconds': '0' };
  log.script(faultOf(interruption, at));
  const first = await world.run(inputs, interruption === 'killed' ? { cancelAfter: world.called(index + 1) } : {});
  if (interruption === 'killed') {
    expect(first.outcome).toBe('cancelled');
    expect(first.outputs).toEqual({});
    expect(log.calls).toHaveLength(index + 1);
  }
  log.clearFaults();
  const second = await world.run(inputs);
  expect(second.annotations.errors).toEqual([]);
  // A second run that only found the credential would be repeated by a third.
  const third = second.outputs.result === 'found' ? second : await world.run(inputs);
  expect(third.outputs.result).toBe('found');
  await assertOneKey(world, third.outputs['project-key-id']);
  for (const run of [first, second, third]) {
    if (run.outcome === 'success') expect(fileIn(run)).toEqual(storedIn(world));
  }
  await assertWorks(world, fileIn(third));
  expect(Boolean(fileIn(third).kafka)).toBe(kind !== 'API-only');
  expect(Boolean(fileIn(third).api)).toBe(kind !== 'Kafka-only');
}

/** One key, active, and nothing else of it left: no second API credential, no version that a reader could mistake for current. */
async function assertOneKey({ sandbox }: World, id: string | undefined): Promise<void> {
  const { projectKeys, clientCredentials } = sandbox.streamkap;
  expect(projectKeys.map((key) => ({ id: key.id, status: key.status }))).toEqual([{ id, status: 'active' }]);
  const owners = clientCredentials.map((credential) => credential.projectKeyId);
  expect(owners.filter((owner) => owner !== null && owner !== id)).toEqual([]);
}

/** AWS's SDK repeats by itself twice, so a loss that it shall notice has to happen three times. */
function faultOf(interruption: Interruption, at: Pick<Fault, 'service' | 'operation' | 'skip'>): Fault {
  if (interruption === 'killed') return { ...at, action: { kind: 'hang', when: 'after' } };
  const times = at.service === 'secretsmanager' ? 3 : 1;
  return { ...at, times, action: { kind: 'drop', when: interruption === 'answer lost' ? 'after' : 'before' } };
}
