import { type Call, inWords, LOST, type Result } from './call.ts';
import { Histories } from './histories.ts';
import { Numbering } from './numbering.ts';
import type { Program, Standing } from './replay.ts';
import type { Model } from './services.ts';
import * as states from './state.ts';
import { BEGUN, isAlive, type Move, type Process, processAt, type State, spending, withProcess } from './state.ts';
import type { Time } from './time.ts';

/** What is explored: who runs what against which model, what may happen, and what must hold. */
export interface Subject<Run, End> {
  readonly model: Model;
  readonly time: Time;
  programOf(run: Run): Program<End>;
  /** Whether a call takes effect at some time after it was sent, others coming before it. */
  flies(call: Call, run: Run): boolean;
  /** Whether its process may die and its answers be lost. @default every one's */
  mayFail?(run: Run): boolean;
  /** Whether answers of reads may be lost too, and changes on their way. */
  readonly losesAll: boolean;
  /** What the same caller runs next. @default nothing */
  next?(run: Run): Run | undefined;
  /** Changes the model after a caller's last run. */
  afterLast?(run: Run): void;
  /** Whether {@link violation} looks at what processes ended with. */
  readonly remembersEnds: boolean;
  /** @returns what is wrong at this instant; the model is in the state's world */
  violation(view: View<Run, End>): string | undefined;
  /** @returns what is wrong where nothing more happens; the model is in the state's world */
  violationAtEnd(view: View<Run, End>): Promise<string | undefined>;
}

export interface View<Run, End> {
  readonly now: number;
  readonly world: number;
  readonly astray: boolean;
  readonly processes: readonly {
    readonly run: Run | undefined;
    readonly phase: Process['phase'];
    readonly standing: Standing<End> | undefined;
  }[];
  readonly sent: readonly { readonly call: Call; readonly from: number; readonly at: number }[];
}

export interface Report {
  readonly states: number;
  readonly ends: number;
  readonly worlds: number;
  /** Codes of the errors that processes ended in. */
  readonly errors: readonly string[];
}

interface Answered {
  readonly result: Result;
  readonly label: string;
}

/**
 * Every interleaving, at the granularity of calls, of processes that run shipped code against strict models, with what may go wrong
 * besides. Each state is visited once.
 */
export class Explorer<Run, End> {
  readonly #subject: Subject<Run, End>;
  readonly #histories: Histories<Run, End>;
  readonly #worlds = new Numbering();
  readonly #calls = new Numbering();
  readonly #parsed: Call[] = [];
  readonly #transitions = new Map<string, { readonly world: number; readonly result: Result }>();

  constructor(subject: Subject<Run, End>) {
    this.#subject = subject;
    this.#histories = new Histories((run) => subject.programOf(run));
  }

  /**
   * @param runs one a process; the model is as they find it
   * @param options.now milliseconds since the epoch @param options.atMost states; the rest is not looked at
   * @throws Error with the path to it at the first state that breaks an invariant
   */
  async explore(
    runs: readonly Run[],
    troubles: Partial<states.Troubles>,
    { now = 0, atMost = Number.POSITIVE_INFINITY }: { readonly now?: number; readonly atMost?: number } = {},
  ): Promise<Report> {
    const left = { ...states.NOTHING, ...troubles };
    const begin = async (run: Run) => ({ ...BEGUN, history: await this.#histories.begin(run, now) });
    const world = this.#worlds.of(this.#subject.model.snapshot());
    const initial = { world, now, processes: await Promise.all(runs.map(begin)), sent: [], astray: false, left };
    const keyOf = (state: State) => states.keyOf(state, this.#subject.remembersEnds);
    const parents = new Map<string, { from: string; label: string } | undefined>([[keyOf(initial), undefined]]);
    const stack: State[] = [initial];
    const errors = new Set<string>();
    let ends = 0;
    for (let state = stack.pop(); state && parents.size < atMost; state = stack.pop()) {
      const key = keyOf(state);
      const moves = await this.#moves(state);
      const isOver = this.#subject.time.isOver(state, moves);
      const why = await this.#violation(state, isOver, moves.length);
      if (why) throw new Error(`${why}\n  ${pathTo(key, parents).join('\n  ')}`);
      if (isOver) ends++;
      for (const { standing } of this.#view(state).processes) if (standing?.at === 'error') errors.add(standing.code);
      for (const { label, next } of moves) {
        const nextKey = keyOf(next);
        if (parents.has(nextKey)) continue;
        parents.set(nextKey, { from: key, label });
        stack.push(next);
      }
    }
    return { states: parents.size, ends, worlds: this.#worlds.size, errors: [...errors].sort() };
  }

  async #violation(state: State, isOver: boolean, moves: number): Promise<string | undefined> {
    if (!isOver && moves === 0) return 'nobody can go on';
    const { model } = this.#subject;
    const view = this.#view(state);
    model.restore(this.#worlds.at(state.world));
    const why = this.#subject.violation(view);
    return why ?? (isOver ? await this.#subject.violationAtEnd(view) : undefined);
  }

  #view({ processes, sent, now, world, astray }: State): View<Run, End> {
    return {
      ...{ now, world, astray },
      processes: processes.map(({ history, phase }) => {
        const { run, standing } = history < 0 ? {} : this.#histories.at(history);
        return { run, standing, phase };
      }),
      sent: sent.map(({ from, call, at }) => ({ from, at, call: this.#call(call) })),
    };
  }

  async #moves(state: State): Promise<Move[]> {
    const moves: Move[] = [];
    for (const [index, process] of state.processes.entries()) {
      if (!isAlive(process)) continue;
      const { run, standing } = this.#histories.at(process.history);
      const mayFail = this.#subject.mayFail?.(run) ?? true;
      if (state.left.crashes > 0 && mayFail) moves.push(states.crash(state, index));
      if (process.phase === 'ready' && standing.at === 'call')
        moves.push(...(await this.#callMoves(state, index, { call: standing.call, run, mayFail })));
      if (process.phase === 'sent' && state.left.late > 0) {
        const given = states.abandoning(spending(state, 'late'), index);
        const astray = state.astray || this.#subject.time.givingUpLeadsAstray;
        moves.push(await this.#answer({ ...given, astray }, index, { result: LOST, label: 'gives up waiting' }));
      }
    }
    for (const place of state.sent.keys()) moves.push(...(await this.#landings(state, place)));
    for (const { index, now } of this.#subject.time.wakes(state))
      moves.push(await this.#answer({ ...state, now }, index, { result: { kind: 'woken' }, label: 'wakes' }));
    return moves;
  }

  async #callMoves(
    state: State,
    index: number,
    { call, run, mayFail }: { readonly call: Call; readonly run: Run; readonly mayFail: boolean },
  ): Promise<Move[]> {
    const label = inWords(call);
    if (this.#subject.flies(call, run)) {
      const change = { from: index, call: this.#calls.of(JSON.stringify(call)), at: state.now };
      const flying = { ...state, sent: [...state.sent, change] };
      return [
        {
          label: `p${index} sends ${label}`,
          next: withProcess(flying, index, { ...processAt(state, index), phase: 'sent' }),
        },
      ];
    }
    const { world, result } = await this.#apply(state, call);
    const done = { ...state, world };
    const moves = [await this.#answer(done, index, { result, label })];
    if (state.left.lost === 0 || !mayFail) return moves;
    const lost = async (after: State, how: string) =>
      moves.push(await this.#answer(spending(after, 'lost'), index, { result: LOST, label: `${label}, ${how}` }));
    if (this.#subject.losesAll) await lost(state, 'lost before');
    if (world !== state.world) await lost(done, 'answer lost');
    return moves;
  }

  /** A change takes effect at any time after it was sent. */
  async #landings(state: State, place: number): Promise<Move[]> {
    const change = state.sent[place];
    if (!change) return [];
    const call = this.#call(change.call);
    const { world, result } = await this.#apply(state, call);
    const gone = { ...state, sent: state.sent.filter((_, index) => index !== place) };
    const landed = { ...gone, world, astray: state.astray || this.#subject.time.isAstray(state, change) };
    const label = call.to === 'streamkap' ? call.method : call.to;
    const { from } = change;
    if (from < 0) return [{ label: `a late ${label} lands`, next: landed }];
    const moves = [await this.#answer(landed, from, { result, label: `${label} lands` })];
    if (state.left.lost === 0) return moves;
    const lost = async (after: State, how: string) =>
      moves.push(await this.#answer(spending(after, 'lost'), from, { result: LOST, label: `${label} ${how}` }));
    await lost(landed, 'lands, answer lost');
    if (this.#subject.losesAll) await lost(gone, 'is lost on its way');
    return moves;
  }

  async #answer(state: State, index: number, { result, label }: Answered): Promise<Move> {
    const process = processAt(state, index);
    const history = await this.#histories.extend(process.history, { result, at: state.now });
    const ready: Process = { ...process, history, phase: 'ready', until: 0, parked: false };
    return { label: `p${index} ${label}`, next: await this.#settle(state, index, ready) };
  }

  /** Falling asleep, and going on to the next run, is nothing that others can see. */
  async #settle(state: State, index: number, process: Process): Promise<State> {
    const { standing, run } = this.#histories.at(process.history);
    if (standing.at === 'call') {
      const { call } = standing;
      if (call.to !== 'clock') return withProcess(state, index, process);
      const facts = { world: state.world, until: state.now + call.milliseconds };
      return withProcess(state, index, this.#subject.time.asleep(process, facts));
    }
    const next = standing.at === 'end' ? this.#subject.next?.(run) : undefined;
    if (next) return withProcess(state, index, { ...BEGUN, history: await this.#histories.begin(next, state.now) });
    const ended = withProcess(state, index, { ...process, phase: 'ended' });
    if (standing.at === 'error' || !this.#subject.afterLast) return ended;
    const { model } = this.#subject;
    model.restore(this.#worlds.at(state.world));
    this.#subject.afterLast(run);
    return { ...ended, world: this.#worlds.of(model.snapshot()) };
  }

  async #apply({ world, now }: State, call: Call): Promise<{ readonly world: number; readonly result: Result }> {
    const key = `${world} ${now} ${this.#calls.of(JSON.stringify(call))}`;
    const known = this.#transitions.get(key);
    if (known) return known;
    const { model } = this.#subject;
    model.restore(this.#worlds.at(world));
    const result = await model.apply(call, now);
    const done = { world: this.#worlds.of(model.snapshot()), result };
    this.#transitions.set(key, done);
    return done;
  }

  #call(number: number): Call {
    this.#parsed[number] ??= JSON.parse(this.#calls.at(number)) as Call;
    return this.#parsed[number];
  }
}

function pathTo(key: string, parents: ReadonlyMap<string, { from: string; label: string } | undefined>): string[] {
  const labels: string[] = [];
  for (let step = parents.get(key); step; step = parents.get(step.from)) labels.unshift(step.label);
  return labels;
}
