import { Numbering } from '../../exploration/numbering.ts';
import { type Call, Model, type Result } from './model.ts';
import { type Answer, type Run, runAlone, type Standing, standingAfter } from './process.ts';

/** How much may go wrong in one path. */
export interface Troubles {
  /** Processes that die, at any call. What one had sent may land later, or never. */
  readonly crashes: number;
  /** Calls whose answer is lost, with their effect or without. */
  readonly lost: number;
  /** Changes whose sender stops waiting before they land. */
  readonly late: number;
}

export interface Subject {
  readonly pendingAfterSuccess: 'left' | 'removed';
  /** How many run the four steps at the same time, with one token. */
  readonly callers: number;
  readonly distort?: Run['distort'];
}

const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
/** Sequences that a rotation without trouble may need after all the trouble before it. */
const RECOVERY_SEQUENCES = 2;

type Phase = 'ready' | 'sending' | 'asleep' | 'done' | 'failed';

/** One caller: the step it is at, and the process that runs it. */
interface Caller {
  readonly step: number;
  readonly history: number;
  readonly phase: Phase;
  /** When it wakes, milliseconds; 0 unless asleep. */
  readonly until: number;
}

interface State {
  readonly world: number;
  readonly now: number;
  readonly callers: readonly Caller[];
  /** Changes under way, and when each was sent; `from` is -1 when nobody waits any more. */
  readonly sent: readonly { readonly from: number; readonly call: number; readonly at: number }[];
  /** A change landed later than changes take: nobody can know of such a one. */
  readonly overdue: boolean;
  readonly left: Troubles;
}

interface Move {
  readonly label: string;
  readonly next: State;
}

export interface Report {
  readonly states: number;
  readonly ends: number;
  readonly worlds: number;
  /** Codes of the errors that callers ended in. */
  readonly errors: readonly string[];
}

interface Place extends Pick<State, 'world' | 'now'> {
  readonly result: Result;
  readonly label: string;
}

/**
 * Every interleaving, at the granularity of calls, of callers that run the four steps with one token, each step by the shipped code
 * in a process of its own, against the strict models. Time passes only when everybody who is alive is waiting: a poll outlasts
 * any call of another process, though not a change that its sender gave up on.
 */
export class Explorer {
  readonly #subject: Subject;
  readonly #model = new Model();
  readonly #worlds = new Numbering();
  readonly #calls = new Numbering();
  readonly #histories: { run: Run; answers: readonly Answer[]; standing: Standing }[] = [];
  readonly #historyIndex = new Map<string, number>();
  readonly #transitions = new Map<string, { world: number; result: Result }>();
  readonly #recoveries = new Map<string, string | undefined>();

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  /** @throws Error with the path to it at the first state that breaks an invariant */
  async explore(left: Troubles): Promise<Report> {
    await this.#model.open();
    const callers = Array.from({ length: this.#subject.callers }, (_, index) => index);
    const initial: State = {
      ...{ world: this.#worlds.of(this.#model.snapshot()), now: 0, sent: [], overdue: false, left },
      callers: await Promise.all(callers.map((index) => this.#begin(index, { step: 0, now: 0 }))),
    };
    const parents = new Map<string, { from: string; label: string } | undefined>([[keyOf(initial), undefined]]);
    const queue = [initial];
    let ends = 0;
    const errors = new Set<string>();
    for (let state = queue.pop(); state; state = queue.pop()) {
      const key = keyOf(state);
      const moves = await this.#moves(state);
      const why = this.#check(state) ?? (moves.length === 0 ? await this.#checkEnd(state) : undefined);
      if (why) throw new Error(`${why}\n  ${pathTo(key, parents).join('\n  ')}`);
      if (moves.length === 0) ends++;
      for (const code of this.#errorsOf(state)) errors.add(code);
      for (const { label, next } of moves) {
        const nextKey = keyOf(next);
        if (parents.has(nextKey)) continue;
        parents.set(nextKey, { from: key, label });
        queue.push(next);
      }
    }
    return { states: parents.size, ends, worlds: this.#worlds.size, errors: [...errors].sort() };
  }

  #errorsOf({ callers }: State): string[] {
    return callers.flatMap(({ history }) => {
      const standing = history < 0 ? undefined : this.#history(history).standing;
      return standing?.at === 'error' ? [standing.code] : [];
    });
  }

  async #moves(state: State): Promise<Move[]> {
    const moves: Move[] = [];
    for (const [index, caller] of state.callers.entries()) {
      if (caller.phase === 'done' || caller.phase === 'failed') continue;
      if (state.left.crashes > 0) moves.push(crash(state, index));
      const { standing } = this.#history(caller.history);
      if (caller.phase === 'ready' && standing.at === 'call')
        moves.push(...(await this.#callMoves(state, index, standing.call)));
      if (caller.phase === 'sending' && state.left.late > 0) {
        const sent = state.sent.map((change) => (change.from === index ? { ...change, from: -1 } : change));
        const poorer = { ...state, sent, left: { ...state.left, late: state.left.late - 1 } };
        moves.push(await this.#answer(poorer, index, { ...at(state), result: LOST, label: 'gives up waiting' }));
      }
    }
    for (const place of state.sent.keys()) moves.push(...(await this.#landings(state, place)));
    const alive = state.callers.filter(({ phase }) => phase !== 'done' && phase !== 'failed');
    if (alive.length > 0 && alive.every(({ phase }) => phase === 'asleep')) moves.push(await this.#wake(state));
    return moves;
  }

  async #callMoves(state: State, index: number, call: Call): Promise<Move[]> {
    if (call.to === 'streamkap' && call.method === 'PATCH') {
      const sent = [...state.sent, { from: index, call: this.#calls.of(JSON.stringify(call)), at: state.now }];
      const caller = { ...callerAt(state, index), phase: 'sending' as const };
      return [{ label: `${index} sends PATCH`, next: withCaller({ ...state, sent }, index, caller) }];
    }
    const done = await this.#apply(state.world, call);
    const label = call.to === 'aws' ? call.operation : call.to === 'streamkap' ? call.method : call.to;
    const moves = [await this.#answer(state, index, { ...done, now: state.now, label })];
    if (state.left.lost === 0) return moves;
    const poorer = { ...state, left: { ...state.left, lost: state.left.lost - 1 } };
    const lost = { now: state.now, result: LOST };
    moves.push(await this.#answer(poorer, index, { ...lost, world: state.world, label: `${label}, lost before` }));
    if (done.world !== state.world)
      moves.push(await this.#answer(poorer, index, { ...lost, world: done.world, label: `${label}, lost after` }));
    return moves;
  }

  async #landings(state: State, place: number): Promise<Move[]> {
    const change = state.sent[place];
    if (!change) return [];
    const done = await this.#apply(state.world, JSON.parse(this.#calls.at(change.call)) as Call);
    const overdue = state.overdue || state.now - change.at >= WAITED_FOR_MS;
    const landed = { ...state, overdue, world: done.world, sent: state.sent.filter((_, index) => index !== place) };
    if (change.from < 0) return [{ label: 'a late PATCH lands', next: landed }];
    const moves = [await this.#answer(landed, change.from, { ...done, now: state.now, label: 'PATCH lands' })];
    if (state.left.lost === 0) return moves;
    const poorer = { ...landed, left: { ...state.left, lost: state.left.lost - 1 } };
    moves.push(
      await this.#answer(poorer, change.from, { ...at(landed), result: LOST, label: 'PATCH lands, answer lost' }),
      await this.#answer({ ...poorer, world: state.world }, change.from, {
        ...at(state),
        ...{ result: LOST, label: 'PATCH is lost on its way' },
      }),
    );
    return moves;
  }

  async #wake(state: State): Promise<Move> {
    const sleeping = state.callers.map(({ phase, until }) => (phase === 'asleep' ? until : Number.POSITIVE_INFINITY));
    const now = Math.min(...sleeping);
    const index = sleeping.indexOf(now);
    return await this.#answer({ ...state, now }, index, {
      ...{ world: state.world, now, result: { kind: 'woken' }, label: 'wakes' },
    });
  }

  async #answer(state: State, index: number, { world, now, result, label }: Place): Promise<Move> {
    const caller = callerAt(state, index);
    const history = await this.#extend(caller.history, { result, at: now });
    const next = await this.#settle({ ...state, world }, index, { ...caller, history, phase: 'ready', until: 0 });
    return { label: `${index} ${STEPS[caller.step]}: ${label}`, next };
  }

  /** Falling asleep, and going on to the next step, is nothing that others can see. */
  async #settle(state: State, index: number, caller: Caller): Promise<State> {
    const { standing } = this.#history(caller.history);
    if (standing.at === 'error') return withCaller(state, index, { ...caller, phase: 'failed' });
    if (standing.at === 'call') {
      const { call } = standing;
      if (call.to !== 'clock') return withCaller(state, index, caller);
      return withCaller(state, index, { ...caller, phase: 'asleep', until: state.now + call.milliseconds });
    }
    if (caller.step < STEPS.length - 1) {
      const next = await this.#begin(index, { step: caller.step + 1, now: state.now });
      return withCaller(state, index, next);
    }
    const ended = withCaller(state, index, { ...caller, phase: 'done' });
    if (this.#subject.pendingAfterSuccess === 'left') return ended;
    this.#model.restore(this.#worlds.at(state.world));
    this.#model.removePending();
    return { ...ended, world: this.#worlds.of(this.#model.snapshot()) };
  }

  async #begin(index: number, { step, now }: { step: number; now: number }): Promise<Caller> {
    const key = `${index} ${step} ${now}`;
    const name = `caller-${index}-step-${step}`;
    const run: Run = { event: this.#model.eventOf(STEPS[step] ?? 'finishSecret'), name, startedAt: now };
    const history = await this.#known(key, { ...run, distort: this.#subject.distort }, []);
    return { step, history, phase: 'ready', until: 0 };
  }

  async #extend(from: number, answer: Answer): Promise<number> {
    const { run, answers } = this.#history(from);
    return await this.#known(`${from} ${JSON.stringify(answer)}`, run, [...answers, answer]);
  }

  async #known(key: string, run: Run, answers: readonly Answer[]): Promise<number> {
    const known = this.#historyIndex.get(key);
    if (known !== undefined) return known;
    const index = this.#histories.push({ run, answers, standing: await standingAfter(run, answers) }) - 1;
    this.#historyIndex.set(key, index);
    return index;
  }

  #history(index: number): { run: Run; answers: readonly Answer[]; standing: Standing } {
    const history = this.#histories[index];
    if (!history) throw new Error('unknown history');
    return history;
  }

  async #apply(world: number, call: Call): Promise<{ world: number; result: Result }> {
    const key = `${world} ${this.#calls.of(JSON.stringify(call))}`;
    const known = this.#transitions.get(key);
    if (known) return known;
    this.#model.restore(this.#worlds.at(world));
    const result = await this.#model.apply(call);
    const done = { world: this.#worlds.of(this.#model.snapshot()), result };
    this.#transitions.set(key, done);
    return done;
  }

  /** What must hold at every instant. */
  #check({ world, sent, overdue }: State): string | undefined {
    this.#model.restore(this.#worlds.at(world));
    const { stored, accepted, current, pending } = this.#model;
    if (!stored.includes(accepted)) return 'Kafka accepts a password that is stored nowhere';
    if (accepted !== current && accepted !== pending) return 'neither the current nor the pending password works';
    if (current === pending && accepted !== current) return 'AWSCURRENT is on a password that does not work';
    for (const { call, from } of sent) {
      const { body = '' } = JSON.parse(this.#calls.at(call)) as { body?: string };
      const password = (JSON.parse(body) as { kafka_password?: string }).kafka_password;
      if (!stored.includes(password)) return 'a password was sent that is not stored';
      if (!overdue && password !== pending) return 'a change that may still arrive is taken back';
      if (from >= 0 && !overdue && password === accepted) return 'a password is sent that is in force already';
    }
    const waitedFor = sent.filter(({ from }) => from >= 0);
    if (waitedFor.length > 1) return 'two changes are being made at once';
    return undefined;
  }

  /** After the callers: what is under way lands before, or after, a rotation without trouble, which must end well. */
  async #checkEnd(state: State): Promise<string | undefined> {
    const key = `${state.world} ${state.overdue}`;
    if (!this.#recoveries.has(key)) this.#recoveries.set(key, await this.#recover(state));
    return this.#recoveries.get(key);
  }

  async #recover(state: State): Promise<string | undefined> {
    this.#model.restore(this.#worlds.at(state.world));
    let why: string | undefined = 'no sequence succeeds';
    for (let sequence = 0; why && sequence < RECOVERY_SEQUENCES; sequence++) why = await this.#sequenceAlone(sequence);
    const { accepted, current, pending, labels } = this.#model;
    const takenBack = Object.values(labels).some((stages) => stages.includes('KEYRING_ROLLED_BACK'));
    if (state.overdue && takenBack) return accepted === current ? undefined : 'what was put back does not work';
    if (why) return why;
    return accepted === current && current === pending ? undefined : 'the rotation ended without the new password';
  }

  async #sequenceAlone(sequence: number): Promise<string | undefined> {
    for (const [step, name] of STEPS.entries()) {
      const run: Run = {
        event: this.#model.eventOf(name),
        name: `alone-${sequence}-${step}`,
        startedAt: 0,
        distort: this.#subject.distort,
      };
      const standing = await runAlone(run, (call) => this.#model.apply(call));
      if (standing.at !== 'end') return `${name} ends in ${standing.at === 'error' ? standing.code : 'a call'}`;
    }
    return undefined;
  }
}

/** So long after it was sent, a change is given up on (PROPAGATION_MS in process.ts, less a last look). */
const WAITED_FOR_MS = 500;
const LOST: Result = { kind: 'lost' };
/** Two callers, and nothing that goes wrong. */
export const NOTHING: Troubles = { crashes: 0, lost: 0, late: 0 };

const at = ({ world, now }: State): { world: number; now: number } => ({ world, now });

function crash(state: State, index: number): Move {
  const sent = state.sent.map((change) => (change.from === index ? { ...change, from: -1 } : change));
  const left = { ...state.left, crashes: state.left.crashes - 1 };
  const dead: Caller = { step: 0, history: -1, phase: 'failed', until: 0 };
  return { label: `${index} dies`, next: withCaller({ ...state, sent, left }, index, dead) };
}

function callerAt(state: State, index: number): Caller {
  const caller = state.callers[index];
  if (!caller) throw new Error('no such caller');
  return caller;
}

function withCaller(state: State, index: number, caller: Caller): State {
  return { ...state, callers: state.callers.map((other, place) => (place === index ? caller : other)) };
}

function keyOf({ world, now, callers, sent, overdue, left }: State): string {
  const each = callers.map(({ step, history, phase, until }) =>
    phase === 'done' || phase === 'failed' ? phase : `${step}.${history}.${phase}.${until}`,
  );
  const under = sent.map(({ from, call, at }) => `${from}:${call}:${at}`);
  return `${world}|${now}|${each}|${under}|${overdue}|${left.crashes},${left.lost},${left.late}`;
}

function pathTo(key: string, parents: ReadonlyMap<string, { from: string; label: string } | undefined>): string[] {
  const labels: string[] = [];
  for (let step = parents.get(key); step; step = parents.get(step.from)) labels.unshift(step.label);
  return labels;
}
