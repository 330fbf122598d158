import { expect, test } from 'vitest';
import type { ActionRun } from '../../runner-harness/run-action.ts';
import { EPHEMERAL, idsLeft } from './ephemeral-fixture.ts';
import { errorOf, type Inputs, type RunOptions, type World, worldOfTest } from './fixture.ts';

const API_ONLY = { ...EPHEMERAL, 'kafka-acls': '', roles: 'Read Only' };
const POST = { service: 'streamkap', operation: 'POST /project-keys' } as const;

/** A second job with the same inputs comes and goes while the first one still has its key. */
async function twoJobs(world: World, inputs: Inputs, ofSecond: () => RunOptions = () => ({})) {
  const seconds: ActionRun[] = [];
  const left: string[][] = [];
  const first = await world.run(inputs, {
    afterMain: async () => {
      left.push(idsLeft(world));
      seconds.push(await world.run(inputs, ofSecond()));
      left.push(idsLeft(world));
    },
  });
  left.push(idsLeft(world));
  const [second] = seconds;
  if (!second) throw new Error('no second job');
  return { first, second, left };
}

test.each([
  ['Kafka', EPHEMERAL],
  ['API', API_ONLY],
])('two jobs with one name have two keys with %s access, and each deletes its own', async (_access, inputs) => {
  const world = await worldOfTest();
  const { first, second, left } = await twoJobs(world, inputs);
  const own = first.outputs['project-key-id'];
  expect([first.outcome, second.outcome]).toEqual(['success', 'success']);
  expect(second.outputs['project-key-id']).not.toBe(own);
  expect(left).toEqual([[own], [own], []]);
});

test.each([
  ['Kafka', EPHEMERAL],
  ['API', API_ONLY],
])('a job that is cancelled while its key with %s access is made finds that key, not the one of the same name', async (_access, inputs) => {
  const world = await worldOfTest();
  const { first, second, left } = await twoJobs(world, inputs, () => {
    world.sandbox.log.script({ ...POST, action: { kind: 'hang', when: 'after' } });
    return { cancelAfter: world.reached(POST.service, POST.operation) };
  });
  const own = first.outputs['project-key-id'];
  expect(second.outcome).toBe('cancelled');
  expect(second.post?.rawTranscript).toMatch(/deleted the ephemeral project key/);
  expect(left).toEqual([[own], [own], []]);
  expect(world.sandbox.log.of('streamkap', 'POST /project-keys')).toHaveLength(2);
});

test.each([
  ['a Kafka username', { ...EPHEMERAL, 'kafka-username': 'nightly' }, {}, /nightly/],
  ['a name, where names are unique,', EPHEMERAL, { uniqueNames: true }, /Nightly|name/],
])('a job that asks for %s that another has is refused, and leaves the other’s key alone', async (_what, inputs, streamkap, says) => {
  const world = await worldOfTest({ streamkap });
  const { first, second, left } = await twoJobs(world, inputs);
  const own = first.outputs['project-key-id'];
  expect(second.outcome).toBe('failure');
  expect(errorOf(second)).toMatch(says);
  expect(second.outputs).toEqual({});
  expect(left).toEqual([[own], [own], []]);
});
