import { afterAll, describe, expect, it } from 'vitest';
import { SECRET as ADMIN_SECRET, AdminWorld } from '../../unit/rotation/admin/world.ts';
import { type PairWorld, paired } from '../../unit/rotation/alternating/pair-world.ts';
import { type ExternalCall, SECRET, World } from '../../unit/rotation/world.ts';
import { type Trouble, troublesAt } from './troubles.ts';
import { visited, Watch } from './watch.ts';

type Any = World | PairWorld | AdminWorld;

/** Something that looks at a secret and must change nothing, and the rotation that must be possible after it. */
interface Look {
  begin(): Promise<Any>;
  /** @returns its outcome; what it threw counts as one */
  act(world: Any): Promise<unknown>;
  /** @returns the outcome of the next rotation */
  rotate(world: Any): Promise<unknown>;
  readonly clean: unknown;
}

const READ = /^(GET |Describe|Get|List|login$|POST \/auth\/access-token$|PutObject$|PutEvents$)/;
const outcomeOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

const runTest = async (world: Any) => (await world.driver.runToEnd()).at(-1)?.outcome;
const begunTest = (world: Any, name: string) => {
  world.begin(name, false);
  return world;
};
const dryRun = (world: Any) => {
  const event = { action: 'dry-run', secretId: world instanceof AdminWorld ? ADMIN_SECRET : SECRET };
  const answer = world instanceof AdminWorld ? world.send(event) : world.invoke(event);
  return answer.then((fields) => (fields as { outcome?: unknown }).outcome, outcomeOf);
};
const next = async (world: Any, name: string) => {
  world.now += 3_600_000;
  world.begin(name);
  return (await world.driver.runToEnd()).at(-1)?.outcome;
};
const single = (options: ConstructorParameters<typeof World>[0] = {}) => {
  const world = new World({ evidence: 'recorded', ...options });
  world.provision();
  return world;
};
const admin = (options: ConstructorParameters<typeof AdminWorld>[0] = {}) =>
  new AdminWorld({ evidence: 'recorded', ...options });

type Make = (testVersion: 'copy' | 'empty') => Promise<Any>;

/** @param tokens of the test, and of the rotation after it */
function looksAt(name: string, make: Make, tokens: readonly [string, string]): [string, Look][] {
  const rotate = (world: Any) => next(world, tokens[1]);
  const tests = (['copy', 'empty'] as const).map((version): [string, Look] => [
    `${name}, testSecret when it is deployed (${version})`,
    {
      ...{ act: runTest, rotate, clean: 'test-succeeded' },
      begin: async () => begunTest(await make(version), tokens[0]),
    },
  ]);
  const begin = async () => {
    const world = begunTest(await make('copy'), tokens[0]);
    await world.driver.runToEnd();
    return world;
  };
  return [...tests, [`${name}, dry run`, { begin, act: dryRun, rotate, clean: 'would-rotate' }]];
}

const LOOKS = [
  ...looksAt('single', async (testVersion) => single({ testVersion }), ['second', 'third']),
  ...looksAt('alternating', (testVersion) => paired({ testVersion, evidence: 'recorded' }), ['third', 'fourth']),
  ...looksAt('admin', async (testVersion) => admin({ testVersion }), ['second', 'third']),
];

/** What Streamkap holds; access tokens are no change. */
function toldTo({ streamkap }: Any): string {
  const { exchanged: _, tokens: __, ...tenant } = JSON.parse(streamkap.snapshot()) as Record<string, unknown>;
  return JSON.stringify(tenant);
}

/** Values, labels and tags; that Secrets Manager calls the function is its own affair. */
function storedIn({ secrets }: Any): string {
  const held = JSON.parse(secrets.snapshot({ dates: false })) as Record<string, unknown>[];
  return JSON.stringify(held.map(({ name, tags, versions }) => [name, tags, versions]));
}

async function look(
  { begin, act, rotate }: Look,
  troubles: readonly Trouble[] = [],
): Promise<{ readonly calls: readonly ExternalCall[]; readonly outcome: unknown }> {
  const world = await begin();
  world.calls.length = 0;
  const [told, stored] = [toldTo(world), storedIn(world)];
  const watch = new Watch(world, () => [
    ...(toldTo(world) === told ? [] : ['Streamkap was changed']),
    ...(storedIn(world) === stored ? [] : ['a secret was changed']),
  ]);
  world.observe = watch.observer({ troubles });
  const outcome = await act(world);
  world.observe = undefined;
  const story = JSON.stringify({ troubles, outcome });
  // Not assertNone, which would look again: Secrets Manager itself takes the label off the version that it had tested.
  expect(watch.violations, story).toEqual([]);
  expect(toldTo(world), story).toBe(told);
  expect(
    world.calls.filter(({ operation }) => !READ.test(operation)),
    story,
  ).toEqual([]);
  const calls = [...world.calls] as ExternalCall[];
  expect(await rotate(world), story).toBe('succeeded');
  return { calls, outcome };
}

let runs = 0;
afterAll(() => {
  process.stdout.write(`what must change nothing: ${runs} runs, ${visited.states} states checked\n`);
});

describe.each(LOOKS)('%s', async (_name, subject) => {
  const { calls, outcome } = await look(subject);

  it('does what it is for', () => {
    expect(outcome).toBe(subject.clean);
  });

  const timeout = 300_000;
  it('changes nothing whatever goes wrong with whatever call, and the next rotation ends well', {
    timeout,
  }, async () => {
    for (const trouble of calls.flatMap(troublesAt)) {
      runs++;
      await look(subject, [trouble]);
    }
  });
});
