import { afterAll, describe, expect, it } from 'vitest';
import { fingerprintOf, rotationMarkerOf } from '../../core/rotation/admin/marker.ts';
import type { RotationStep } from '../sandbox/secrets-manager/rotation-events.ts';
import {
  AdminWorld,
  DELETE,
  type ExternalCall,
  idOf,
  MINUTE_MS,
  type Mishap,
  type Moment,
} from '../unit/rotation/admin/world.ts';

/** What goes wrong, at which external call of the rotation, retries counted on. */
interface Trouble {
  readonly at: number;
  readonly moment: Moment;
  readonly mishap: Mishap;
}

const KINDS: readonly Omit<Trouble, 'at'>[] = [
  ...(['kill', 'lose', 'fail', 'hang'] as const).flatMap((mishap) => [
    { mishap, moment: 'before' as const },
    { mishap, moment: 'after' as const },
  ]),
  { mishap: 'throttle', moment: 'before' },
];
/** More than any rotation needs after two mishaps. */
const SEQUENCES = 6;
/** Pairs that are tried; all of them would be about 90,000. */
const PAIRS = 400;
const SEED = 20_260_101;

let visited = 0;
afterAll(() => {
  process.stdout.write(
    `rotation of the admin credential: ${visited} states after calls checked, pairs by seed ${SEED}\n`,
  );
});

/** Every credential under a label of AWS's works, whatever happens; what nobody stored is ours by its marker. */
function assertNothingLost(world: AdminWorld): void {
  visited++;
  const stored = new Set<string | undefined>();
  for (const stage of ['AWSCURRENT', 'AWSPREVIOUS', 'AWSPENDING']) {
    const there = world.stored({ stage });
    stored.add(there?.clientId);
    if (there) expect(world.works({ stage }), `the credential under ${stage} works`).toBe(true);
  }
  for (const credential of world.streamkap.clientCredentials) {
    if (stored.has(credential.clientId) || credential.clientId === 'first-client-id') continue;
    expect(rotationMarkerOf(credential)?.nonce).toMatch(new RegExp(`^${fingerprintOf(world.arn)}-`));
  }
}

/** The second rotation of a secret: there is one to make, one to keep and one, made by hand, to delete. */
async function rotatedOnce(pendingAfterSuccess: 'left' | 'removed' = 'left'): Promise<AdminWorld> {
  const world = new AdminWorld({ driver: { maxSequences: SEQUENCES, pendingAfterSuccess } });
  expect(await world.rotate('second')).toMatchObject({ outcome: 'succeeded' });
  world.now += 30 * MINUTE_MS;
  world.calls.length = 0;
  return world;
}

async function run(troubles: readonly Trouble[], pendingAfterSuccess?: 'left' | 'removed'): Promise<AdminWorld> {
  const world = await rotatedOnce(pendingAfterSuccess);
  world.observe = (call, moment) => {
    assertNothingLost(world);
    if (call.operation === DELETE) expect(call.step, 'only finishSecret cleans up').toBe('finishSecret');
    return troubles.find(({ at, moment: when }) => at === call.seq && when === moment)?.mishap;
  };
  const result = await world.rotate('third');
  assertNothingLost(world);
  expect(result, JSON.stringify(troubles)).toMatchObject({ outcome: 'succeeded' });
  world.observe = undefined;
  return world;
}

/** After one more rotation, when everything is old enough, nobody's orphan lives; and no secret was ever said. */
async function assertGoodEnd(world: AdminWorld): Promise<void> {
  expect(world.idUnder({ stage: 'AWSCURRENT' })).toBe(world.idUnder({ name: 'third' }));
  expect(world.idUnder({ stage: 'AWSPREVIOUS' })).toBe(world.idUnder({ name: 'second' }));
  world.now += 16 * MINUTE_MS;
  expect(await world.rotate('fourth')).toMatchObject({ outcome: 'succeeded' });
  assertNothingLost(world);
  expect(world.live).toHaveLength(2);
  expect(new Set(world.live)).toEqual(new Set(['third', 'fourth'].map((name) => world.idUnder({ name }))));
  const said = JSON.stringify([world.lines, world.errors.map((error) => [String(error), { ...(error as object) }])]);
  for (const name of ['first', 'second', 'third', 'fourth'])
    expect(said).not.toContain(world.stored({ name })?.clientSecret);
}

const calls = (await run([])).calls.filter(({ invocation }) => invocation <= 8).length;
const all = Array.from({ length: calls }, (_, index) => KINDS.map((kind) => ({ at: index + 1, ...kind }))).flat();

/** A small generator, so that a failure can be run again. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

describe('rotation of the admin credential ends well, and every stored credential works after every call', () => {
  it.each(all)('$mishap $moment call $at', async (trouble) => {
    for (const pendingAfterSuccess of ['left', 'removed'] as const) {
      await assertGoodEnd(await run([trouble], pendingAfterSuccess));
    }
  });

  it(`any two of these (${PAIRS} pairs)`, async () => {
    const random = numbers(SEED);
    const pick = () => ({ ...all[Math.floor(random.next().value * all.length)] }) as Trouble;
    for (let pair = 0; pair < PAIRS; pair++) {
      const [one, other] = [pick(), pick()];
      await assertGoodEnd(await run([one, { ...other, at: one.at + 1 + (other.at % (calls + 8 - one.at + 1)) }]));
    }
  });
});

/** Ends a schedule that would only repeat what was seen. */
class Seen extends Error {}

/** One step called twice at once: the calls of both, in an order that the test decides. */
class Race {
  readonly world: AdminWorld;
  readonly waiting = new Map<number, { go: () => void; stop: (error: Error) => void }>();
  readonly ended = new Set<number>();
  readonly #heard = new Map<number, string[]>();
  readonly #running: Promise<unknown>[] = [];
  #changed: () => void = () => {};

  constructor(world: AdminWorld) {
    this.world = world;
    world.turn = (call: ExternalCall) =>
      new Promise<void>((go, stop) => {
        this.waiting.set(call.invocation, { go, stop });
        this.#changed();
      });
    world.heard = ({ invocation, operation }, answer) => {
      this.#heard.set(invocation, [...(this.#heard.get(invocation) ?? []), operation, JSON.stringify(answer)]);
    };
  }

  async start(...invocations: (() => Promise<unknown>)[]): Promise<void> {
    for (const [index, invoke] of invocations.entries()) {
      const before = this.waiting.size + this.ended.size;
      const number = index + 1;
      const running = invoke().finally(() => {
        this.ended.add(number);
        this.#changed();
      });
      this.#running.push(running);
      await this.#until(() => this.waiting.size + this.ended.size > before);
    }
  }

  /** @param which of those that wait, by order */
  async next(which: number): Promise<void> {
    const [invocation, turn] = [...this.waiting].sort(([a], [b]) => a - b)[which] ?? [];
    if (invocation === undefined || !turn) throw new Error('nobody waits');
    const settled = this.waiting.size + this.ended.size;
    this.waiting.delete(invocation);
    turn.go();
    await this.#until(() => this.waiting.size + this.ended.size >= settled);
  }

  /** Equal keys have equal futures: the world, and all that each of the two was told. */
  key(): string {
    return JSON.stringify([this.world.secrets.snapshot(), this.world.streamkap.snapshot(), [...this.#heard].sort()]);
  }

  async end(): Promise<unknown[]> {
    return await Promise.all(this.#running);
  }

  async stop(): Promise<void> {
    this.world.turn = () => Promise.reject(new Seen());
    for (const { stop } of this.waiting.values()) stop(new Seen());
    await Promise.allSettled(this.#running);
  }

  async #until(settled: () => boolean): Promise<void> {
    while (!settled())
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
  }
}

/** @returns how many ways there were to end */
async function everyInterleaving(
  prepare: () => Promise<AdminWorld>,
  calls: readonly (readonly [step: RotationStep, name: string])[],
  atEnd: (world: AdminWorld, codes: unknown[]) => Promise<void>,
): Promise<number> {
  const seen = new Set<string>();
  const schedules: number[][] = [[]];
  let ends = 0;
  for (let schedule = schedules.pop(); schedule; schedule = schedules.pop()) {
    const race = new Race(await prepare());
    await race.start(...calls.map((call) => () => race.world.step(...call)));
    const taken: number[] = [];
    for (const choice of schedule) {
      await race.next(choice);
      taken.push(choice);
    }
    let known = false;
    while (race.waiting.size > 0 && !known) {
      assertNothingLost(race.world);
      const key = race.key();
      known = seen.has(key);
      seen.add(key);
      if (known) break;
      if (race.waiting.size > 1) schedules.push([...taken, 1]);
      await race.next(0);
      taken.push(0);
    }
    if (known) {
      await race.stop();
      continue;
    }
    ends++;
    const codes = await race.end();
    race.world.turn = undefined;
    race.world.heard = undefined;
    await atEnd(race.world, codes);
  }
  return ends;
}

describe('two calls of one step at once, in every order of their calls', () => {
  const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;

  it.each(STEPS)('%s', async (step) => {
    const prepare = async () => {
      const world = await rotatedOnce();
      world.begin('third');
      for (const earlier of STEPS.slice(0, STEPS.indexOf(step)))
        expect(await world.step(earlier, 'third')).toBeUndefined();
      return world;
    };
    const ends = await everyInterleaving(
      prepare,
      [
        [step, 'third'],
        [step, 'third'],
      ],
      async (world, codes) => {
        expect(codes).toEqual([undefined, undefined]);
        if (step === 'createSecret') expect(world.live).toHaveLength(3);
        for (const later of STEPS) expect(await world.step(later, 'third')).toBeUndefined();
        const version = world.secrets.labels('streamkap/admin')[idOf('third')];
        expect(version).toContain('AWSCURRENT');
        world.driver.retryFailed();
        await world.driver.runToEnd();
        await assertGoodEnd(world);
      },
    );
    expect(ends).toBeGreaterThan(0);
  });

  it('createSecret, and a late replay of the last rotation that cleans up', async () => {
    const prepare = async () => {
      const world = await rotatedOnce();
      world.begin('third');
      return world;
    };
    const both = [
      ['createSecret', 'third'],
      ['finishSecret', 'second'],
    ] as const;
    const ends = await everyInterleaving(prepare, both, async (world, codes) => {
      expect(codes).toEqual([undefined, undefined]);
      expect(world.works({ name: 'third' })).toBe(true);
      await world.driver.runToEnd();
      await assertGoodEnd(world);
    });
    expect(ends).toBeGreaterThan(0);
  });
});
