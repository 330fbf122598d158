import { type Run, type Standing, standingAfter } from './process.ts';
import { type Call, type CurrentFile, idOf, type Result, World } from './world.ts';

/** How much may go wrong in one path. */
export interface Budget {
  readonly crashes: number;
  /** Creates whose sender stops waiting before they land; they land later, or when everything else is over. */
  readonly late: number;
  /** Other calls that take effect and lose their answer, and creates that land and lose it. */
  readonly lost: number;
}

/** What is explored. */
export interface Subject extends Pick<Run, 'kind' | 'distort'> {
  /** Intents of this attempt are not taken over, which bounds the exploration. */
  readonly maxAttempts: number;
  /** The process whose request Streamkap refuses. */
  readonly badRequestBy?: number;
}

type Phase = 'ready' | 'posting' | 'asleep' | 'ended' | 'dead';

interface Process {
  readonly history: number;
  readonly phase: Phase;
  /** The world it last fell asleep in, -1 before. */
  readonly sleptIn: number;
  /** It looked at this very world since its last sleep and fell asleep again: only a change can be news to it. */
  readonly parked: boolean;
}

interface State {
  readonly world: number;
  readonly processes: readonly Process[];
  /** Creates under way, oldest first; `from` is -1 when nobody waits any more. */
  readonly posts: readonly { readonly from: number; readonly call: number }[];
  readonly left: Budget;
  readonly givenUp: boolean;
}

interface Step {
  readonly label: string;
  readonly next: State;
}

export interface Report {
  readonly states: number;
  readonly ends: number;
  readonly worlds: number;
  /** Ends of runs without a crash, in which every process exported the same credential. */
  readonly unanimous: number;
}

/**
 * Every interleaving, at the granularity of calls, of processes that run the shipped provisioning against the strict models, with
 * crashes, lost answers and creates that land late. Worlds, histories and calls are numbered once, so a state is a few integers
 * and is visited once.
 */
export class Explorer {
  readonly #kind: Run['kind'];
  readonly #maxAttempts: number;
  readonly #runOf: (name: number) => Run;
  readonly #world = new World();
  readonly #worlds = new Numbering<string>();
  readonly #calls = new Numbering<string>();
  readonly #histories: { name: number; results: readonly Result[]; standing: Standing }[] = [];
  readonly #historyIndex = new Map<string, number>();
  readonly #transitions = new Map<string, { world: number; result: Result }>();
  readonly #recoveries = new Map<string, string | undefined>();

  constructor({ kind, maxAttempts, badRequestBy, distort }: Subject) {
    this.#kind = kind;
    this.#maxAttempts = maxAttempts;
    this.#world.maxAttempts = maxAttempts;
    this.#runOf = (name) => ({
      kind,
      name: `0000000${name}`,
      badRequest: name === badRequestBy,
      ...(distort ? { distort } : {}),
    });
  }

  /** @throws Error with the path to it at the first state that breaks an invariant */
  async explore({
    processes,
    budget,
    emptySecret = false,
    atMost = Number.POSITIVE_INFINITY,
  }: {
    processes: number;
    budget: Budget;
    emptySecret?: boolean;
    /** States; the rest is not looked at. */
    atMost?: number;
  }): Promise<Report> {
    await this.#world.open();
    if (emptySecret) await this.#world.makeEmptySecret();
    const initial: State = {
      world: this.#worlds.of(this.#world.snapshot()),
      processes: await Promise.all(
        Array.from({ length: processes }, async (_, name) => ({
          history: await this.#extend(undefined, { name }),
          phase: 'ready' as const,
          sleptIn: -1,
          parked: false,
        })),
      ),
      posts: [],
      left: budget,
      givenUp: false,
    };
    const parents = new Map<string, { from: string; label: string } | undefined>([[keyOf(initial), undefined]]);
    const queue = [initial];
    let ends = 0;
    let unanimous = 0;

    for (let state = queue.pop(); state && parents.size < atMost; state = queue.pop()) {
      const key = keyOf(state);
      const fail = (why: string): never => {
        throw new Error(`${this.#kind}: ${why}\n  ${pathTo(key, parents).join('\n  ')}`);
      };
      this.#check(state, fail);
      const steps = await this.#steps(state);
      for (const { label, next } of steps) {
        const nextKey = keyOf(next);
        if (parents.has(nextKey)) continue;
        parents.set(nextKey, { from: key, label });
        queue.push(next);
      }
      const over = state.processes.every(
        (process) => process.phase === 'ended' || process.phase === 'dead' || isParked(state, process),
      );
      if (over) {
        ends++;
        const why = await this.#checkEnd(state);
        if (why) fail(why);
        if (this.#resultsOf(state).length === processes) unanimous++;
      } else if (steps.length === 0) fail('no process can go on');
    }
    return { states: parents.size, ends, worlds: this.#worlds.size, unanimous };
  }

  async #steps(state: State): Promise<Step[]> {
    const steps: Step[] = [];
    for (const [index, process] of state.processes.entries()) {
      if (process.phase === 'ended' || process.phase === 'dead') continue;
      if (state.left.crashes > 0) steps.push(crash(state, index));
      const { standing } = this.#history(process.history);
      if (process.phase === 'asleep' && !isParked(state, process)) {
        steps.push(
          await this.#answer(state, index, { world: state.world, result: { kind: 'woken' }, label: 'looks again' }),
        );
      }
      if (process.phase === 'ready' && standing.at === 'call')
        steps.push(...(await this.#callSteps(state, index, standing.call)));
      const { late } = state.left;
      if (process.phase === 'posting' && late > 0) {
        const posts = state.posts.map((post) => (post.from === index ? { ...post, from: -1 } : post));
        const given = { ...state, posts, left: { ...state.left, late: late - 1 }, givenUp: true };
        steps.push(
          await this.#answer(given, index, {
            world: state.world,
            result: { kind: 'lost' },
            label: 'gives up waiting for POST',
          }),
        );
      }
    }
    for (const at of state.posts.keys()) steps.push(...(await this.#landings(state, at)));
    return steps;
  }

  async #callSteps(state: State, index: number, call: Call): Promise<Step[]> {
    const process = state.processes[index] as Process;
    if (call.to === 'streamkap' && call.method === 'POST') {
      const posts = [...state.posts, { from: index, call: this.#calls.of(JSON.stringify(call)) }];
      return [
        {
          label: `p${index} sends POST`,
          next: withProcess({ ...state, posts }, index, { ...process, phase: 'posting' }),
        },
      ];
    }
    const done = await this.#apply(state.world, call);
    const label = describeCall(call);
    const steps = [await this.#answer(state, index, { ...done, label })];
    const changes = done.world !== state.world;
    if (changes && state.left.lost > 0) {
      const poorer = { ...state, left: { ...state.left, lost: state.left.lost - 1 } };
      steps.push(
        await this.#answer(poorer, index, {
          world: done.world,
          result: { kind: 'lost' },
          label: `${label}, answer lost`,
        }),
      );
    }
    return steps;
  }

  /** A create takes effect at any time after it was sent. */
  async #landings(state: State, at: number): Promise<Step[]> {
    const post = state.posts[at] as State['posts'][number];
    const done = await this.#apply(state.world, JSON.parse(this.#calls.at(post.call)) as Call);
    const posts = state.posts.filter((_, index) => index !== at);
    const landed = { ...state, world: done.world, posts };
    if (post.from < 0 || state.processes[post.from]?.phase !== 'posting')
      return [{ label: 'a late POST lands', next: landed }];
    const steps = [await this.#answer(landed, post.from, { ...done, label: 'POST lands' })];
    if (state.left.lost > 0) {
      const poorer = { ...landed, left: { ...state.left, lost: state.left.lost - 1 } };
      steps.push(
        await this.#answer(poorer, post.from, {
          world: done.world,
          result: { kind: 'lost' },
          label: 'POST lands, answer lost',
        }),
      );
    }
    return steps;
  }

  async #answer(
    state: State,
    index: number,
    { world, result, label }: { world: number; result: Result; label: string },
  ): Promise<Step> {
    const process = state.processes[index] as Process;
    const history = await this.#extend(process.history, { result });
    const { standing } = this.#history(history);
    const answered = { ...state, world };
    // Falling asleep is no step of its own: nobody else can see it.
    const asleep = standing.at === 'call' && standing.call.to === 'clock';
    const next = withProcess(answered, index, {
      history,
      phase: standing.at !== 'call' ? 'ended' : asleep ? 'asleep' : 'ready',
      sleptIn: asleep ? world : process.sleptIn,
      parked: asleep && process.sleptIn === world,
    });
    return { label: `p${index} ${label}`, next };
  }

  async #apply(world: number, call: Call): Promise<{ world: number; result: Result }> {
    const key = `${world} ${this.#calls.of(JSON.stringify(call))}`;
    const known = this.#transitions.get(key);
    if (known) return known;
    this.#world.restore(this.#worlds.at(world));
    const result = await this.#world.apply(call);
    const done = { world: this.#worlds.of(this.#world.snapshot()), result };
    this.#transitions.set(key, done);
    return done;
  }

  async #extend(from: number | undefined, more: { name: number } | { result: Result }): Promise<number> {
    const key = `${from} ${JSON.stringify(more)}`;
    const known = this.#historyIndex.get(key);
    if (known !== undefined) return known;
    const before = from === undefined ? undefined : this.#history(from);
    const name = 'name' in more ? more.name : (before?.name ?? 0);
    const results = 'result' in more ? [...(before?.results ?? []), more.result] : [];
    const standing = await standingAfter(this.#runOf(name), results);
    const index = this.#histories.push({ name, results, standing }) - 1;
    this.#historyIndex.set(key, index);
    return index;
  }

  #history(index: number): { name: number; results: readonly Result[]; standing: Standing } {
    const history = this.#histories[index];
    if (!history) throw new Error('unknown history');
    return history;
  }

  #resultsOf(state: State): CurrentFile[] {
    return state.processes.flatMap(({ history }) => {
      const { standing } = this.#history(history);
      return standing.at === 'end' ? [standing.result.file as CurrentFile] : [];
    });
  }

  /** What must hold at every instant. */
  #check(state: State, fail: (why: string) => never): void {
    this.#world.restore(this.#worlds.at(state.world));
    const { current, keys } = this.#world;
    const isLive = (file: CurrentFile) => keys.some((key) => key.id === idOf(file) && key.works(file));
    if (current && idOf(current) && !isLive(current)) fail('AWSCURRENT names a key that does not work');
    const exported = this.#resultsOf(state);
    for (const file of exported) if (!isLive(file)) fail('an exported credential does not work');
    if (new Set(exported.map((file) => JSON.stringify(file))).size > 1) fail('two different credentials were exported');
    const atRest = state.processes.every(({ phase }) => phase === 'ended') && state.posts.length === 0;
    if (atRest && !state.givenUp && exported.length > 0 && keys.length !== 1)
      fail(`${keys.length} keys though no run died and no POST was late`);
  }

  /** After the processes: what is still under way lands before, or after, one more run; a further run must leave exactly one key. */
  async #checkEnd(state: State): Promise<string | undefined> {
    const key = `${state.world} ${state.posts.map((post) => post.call)}`;
    if (this.#recoveries.has(key)) return this.#recoveries.get(key);
    this.#world.maxAttempts = Number.POSITIVE_INFINITY;
    const why = (await this.#recover(state, 'lands before')) ?? (await this.#recover(state, 'lands after'));
    this.#world.maxAttempts = this.#maxAttempts;
    this.#recoveries.set(key, why);
    return why;
  }

  async #recover(state: State, when: 'lands before' | 'lands after'): Promise<string | undefined> {
    this.#world.restore(this.#worlds.at(state.world));
    const land = async () => {
      for (const post of state.posts) await this.#world.apply(JSON.parse(this.#calls.at(post.call)) as Call);
    };
    if (when === 'lands before') await land();
    const first = await this.#runAlone(8);
    if (first.at !== 'end') return `the next run ends in ${first.at === 'error' ? first.code : 'a call'} (${when})`;
    if (when === 'lands before' && this.#world.keys.length !== 1)
      return `${this.#world.keys.length} keys after the next run (${when})`;
    if (when === 'lands after') {
      await land();
      await this.#runAlone(9);
    }
    const { current, keys } = this.#world;
    if (keys.length !== 1) return `${keys.length} keys at the end (${when})`;
    if (!current || !keys[0]?.works(current)) return `the credential at the end does not work (${when})`;
    return undefined;
  }

  async #runAlone(name: number): Promise<Standing> {
    const results: Result[] = [];
    for (let calls = 0; calls < 200; calls++) {
      const standing = await standingAfter(this.#runOf(name), results);
      if (standing.at !== 'call') return standing;
      results.push(await this.#world.apply(standing.call));
    }
    throw new Error('a run alone makes more than 200 calls');
  }
}

function isParked(state: State, { parked, sleptIn }: Process): boolean {
  return parked && sleptIn === state.world;
}

function crash(state: State, index: number): Step {
  const process = state.processes[index] as Process;
  const posts = state.posts.map((post) => (post.from === index ? { ...post, from: -1 } : post));
  const left = { ...state.left, crashes: state.left.crashes - 1 };
  return {
    label: `p${index} dies`,
    next: withProcess({ ...state, posts, left }, index, { ...process, phase: 'dead' }),
  };
}

function withProcess(state: State, index: number, process: Process): State {
  return { ...state, processes: state.processes.map((other, at) => (at === index ? process : other)) };
}

function keyOf({ world, processes, posts, left, givenUp }: State): string {
  const each = processes.map(({ history, phase, sleptIn, parked }) => {
    if (phase === 'dead' || phase === 'ended') return `${phase}${phase === 'ended' ? history : ''}`;
    return `${history}${phase}${sleptIn}${parked}`;
  });
  return `${world}|${each}|${posts.map(({ from, call }) => `${from}:${call}`)}|${left.crashes},${left.late},${left.lost}|${givenUp}`;
}

function describeCall(call: Call): string {
  if (call.to === 'aws')
    return `${call.operation} ${String(call.input.VersionId ?? call.input.ClientRequestToken ?? '').slice(0, 6)}`;
  return call.to === 'streamkap' ? `${call.method} ${call.path}` : call.to;
}

function pathTo(key: string, parents: ReadonlyMap<string, { from: string; label: string } | undefined>): string[] {
  const labels: string[] = [];
  for (let step = parents.get(key); step; step = parents.get(step.from)) labels.unshift(step.label);
  return labels;
}

/** Gives equal values equal small numbers. */
class Numbering<T extends string> {
  readonly #numbers = new Map<T, number>();
  readonly #values: T[] = [];

  get size(): number {
    return this.#values.length;
  }

  of(value: T): number {
    const known = this.#numbers.get(value);
    if (known !== undefined) return known;
    this.#numbers.set(value, this.#values.length);
    return this.#values.push(value) - 1;
  }

  at(number: number): T {
    const value = this.#values[number];
    if (value === undefined) throw new Error(`nothing has number ${number}`);
    return value;
  }
}
