import type { CredentialFile } from '../../../../core/credential-file.ts';
import { isUnfinished } from '../../../../core/provisioning/update/update-intent.ts';
import { Numbering } from '../../exploration/numbering.ts';
import { type Call, type CurrentFile, type Result, SECRET, World } from '../world.ts';
import { type Change, has, type Role, type Run, type Standing, standingAfter } from './process.ts';

export interface Budget {
  readonly crashes: number;
  /** Changes that take effect and lose their answer, the connection broken. */
  readonly lost: number;
  /** PATCHes whose sender stops waiting before they land. */
  readonly late: number;
}

export interface Scene {
  readonly brings: Change;
  readonly roles: readonly Role[];
  readonly budget: Budget;
  /** States; the rest is not looked at. @default all */
  readonly atMost?: number;
}

interface Process {
  readonly history: number;
  readonly phase: 'ready' | 'sent' | 'asleep' | 'ended' | 'dead';
  readonly sleptIn: number;
  /** It looked at this very world since it last slept: only a change can be news to it. */
  readonly parked: boolean;
}

interface State {
  readonly world: number;
  readonly processes: readonly Process[];
  readonly flights: readonly { readonly from: number; readonly call: number }[];
  readonly left: Budget;
}

type Move = { readonly label: string; readonly next: State };

export interface Report {
  readonly states: number;
  readonly ends: number;
  /** Ends in which every update handed out the same, working credential. */
  readonly unanimous: number;
  /** Ends whose next run says API_SECRET_LOST. */
  readonly lostSecrets: number;
}

const OLD = { kafka: 'Original!Password0123456789abcdef' };

/** Every interleaving, call by call, of the shipped update with another one or with a whole rotation, and what may go wrong. */
export class UpdateExplorer {
  readonly #scene: Scene;
  readonly #world = new World();
  readonly #worlds = new Numbering();
  readonly #calls = new Numbering();
  readonly #histories: { run: Run; results: readonly Result[]; standing: Standing }[] = [];
  readonly #known = new Map<string, number>();
  readonly #transitions = new Map<string, { world: number; result: Result }>();
  readonly #recovered = new Map<string, boolean>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** @throws Error with the path to the first state that breaks an invariant */
  async explore(): Promise<Report> {
    const { roles, brings, budget, atMost = Number.POSITIVE_INFINITY } = this.#scene;
    await this.#begin();
    // Two that may take over from each other at once would do so for ever where nothing is to be inherited.
    const patienceMs = brings === 'acls' ? 1_000_000 : 0;
    const takeOverAfterMs = roles.filter((role) => role === 'update').length > 1 ? patienceMs : 120_000;
    const processes = await Promise.all(
      roles.map(async (role, index) => {
        const history = await this.#start({ role, brings, name: `0000000${index}`, takeOverAfterMs });
        return { history, phase: 'ready' as const, sleptIn: -1, parked: false };
      }),
    );
    const first: State = { world: this.#worlds.of(this.#world.snapshot()), processes, flights: [], left: budget };
    const from = new Map<string, { key: string; label: string } | undefined>([[keyOf(first), undefined]]);
    const stack = [first];
    let [ends, unanimous, lostSecrets] = [0, 0, 0];
    for (let state = stack.pop(); state && from.size < atMost; state = stack.pop()) {
      const key = keyOf(state);
      const why = this.#violation(state);
      if (why) throw new Error(`${brings}: ${why}\n  ${pathTo(key, from).join('\n  ')}`);
      const moves = await this.#moves(state);
      for (const { label, next } of moves) {
        const nextKey = keyOf(next);
        if (from.has(nextKey)) continue;
        from.set(nextKey, { key, label });
        stack.push(next);
      }
      if (!state.processes.every((each) => each.phase === 'ended' || each.phase === 'dead' || isParked(state, each)))
        continue;
      ends++;
      try {
        if (await this.#recover(state)) lostSecrets++;
      } catch (error) {
        throw new Error(`${brings}: ${(error as Error).message}\n  ${pathTo(key, from).join('\n  ')}`);
      }
      if (this.#handedOut(state).length === roles.filter((role) => role === 'update').length) unanimous++;
    }
    return { states: from.size, ends, unanimous, lostSecrets };
  }

  /** A key with the one access, its file stored. */
  async #begin(): Promise<void> {
    await this.#world.open();
    const { brings } = this.#scene;
    const config = { username: 'orders', password: OLD.kafka, kafka_acls: [] };
    const role = JSON.parse(((await this.#get('/auth/roles')) as { body: string }).body)[0].id;
    const body = { name: 'orders', ...(brings === 'kafka' ? { role_ids: [role] } : { kafka_config: config }) };
    const made = await this.#world.apply({
      to: 'streamkap',
      method: 'POST',
      path: '/project-keys',
      body: JSON.stringify(body),
    });
    if (made.kind !== 'http' || made.status !== 201) throw new Error('no key');
    const input = { Name: SECRET, SecretString: made.body, ClientRequestToken: 'a'.repeat(32) };
    await this.#world.apply({ to: 'aws', operation: 'CreateSecret', input });
  }

  #get(path: string): Promise<Result> {
    return this.#world.apply({ to: 'streamkap', method: 'GET', path, body: undefined });
  }

  async #moves(state: State): Promise<Move[]> {
    const moves: Move[] = [];
    for (const [index, process] of state.processes.entries()) {
      if (process.phase === 'ended' || process.phase === 'dead') continue;
      const { crashes, late } = state.left;
      if (crashes > 0 && this.#run(process).role === 'update') {
        const left = { ...state.left, crashes: crashes - 1 };
        moves.push({
          label: `p${index} dies`,
          next: withProcess({ ...state, left }, index, { ...process, phase: 'dead' }),
        });
      }
      if (process.phase === 'asleep' && !isParked(state, process))
        moves.push(
          await this.#answer(state, index, { world: state.world, result: { kind: 'woken' }, label: 'looks again' }),
        );
      if (process.phase === 'ready') moves.push(...(await this.#callMoves(state, index)));
      if (process.phase === 'sent' && late > 0) {
        const flights = state.flights.map((each) => (each.from === index ? { ...each, from: -1 } : each));
        const given = { ...state, flights, left: { ...state.left, late: late - 1 } };
        moves.push(
          await this.#answer(given, index, { world: state.world, result: { kind: 'lost' }, label: 'gives up waiting' }),
        );
      }
    }
    for (const at of state.flights.keys()) moves.push(...(await this.#landings(state, at)));
    return moves;
  }

  async #callMoves(state: State, index: number): Promise<Move[]> {
    const process = state.processes[index] as Process;
    const { standing } = this.#history(process.history);
    if (standing.at !== 'call') return [];
    const { call } = standing;
    const isUpdate = this.#run(process).role === 'update';
    if (isUpdate && call.to === 'streamkap' && call.method === 'PATCH') {
      const flights = [...state.flights, { from: index, call: this.#calls.of(JSON.stringify(call)) }];
      return [
        {
          label: `p${index} sends PATCH`,
          next: withProcess({ ...state, flights }, index, { ...process, phase: 'sent' }),
        },
      ];
    }
    const done = await this.#apply(state.world, call);
    const label = nameOf(call);
    const moves = [await this.#answer(state, index, { ...done, label })];
    if (isUpdate && done.world !== state.world && state.left.lost > 0) {
      const poorer = { ...state, left: { ...state.left, lost: state.left.lost - 1 } };
      moves.push(
        await this.#answer(poorer, index, {
          world: done.world,
          result: { kind: 'lost' },
          label: `${label}, answer lost`,
        }),
      );
    }
    return moves;
  }

  async #landings(state: State, at: number): Promise<Move[]> {
    const { from, call } = state.flights[at] as State['flights'][number];
    const done = await this.#apply(state.world, JSON.parse(this.#calls.at(call)) as Call);
    const landed = { ...state, world: done.world, flights: state.flights.filter((_, index) => index !== at) };
    if (from < 0 || state.processes[from]?.phase !== 'sent') return [{ label: 'a late PATCH lands', next: landed }];
    const moves = [await this.#answer(landed, from, { ...done, label: 'PATCH lands' })];
    if (state.left.lost > 0) {
      const poorer = { ...landed, left: { ...state.left, lost: state.left.lost - 1 } };
      moves.push(
        await this.#answer(poorer, from, {
          world: done.world,
          result: { kind: 'lost' },
          label: 'PATCH lands, answer lost',
        }),
      );
    }
    return moves;
  }

  async #answer(
    state: State,
    index: number,
    { world, result, label }: { world: number; result: Result; label: string },
  ): Promise<Move> {
    const process = state.processes[index] as Process;
    const history = await this.#extend(process.history, result);
    const { standing } = this.#history(history);
    const asleep = standing.at === 'call' && standing.call.to === 'clock';
    const next = withProcess({ ...state, world }, index, {
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

  async #start(run: Run): Promise<number> {
    return this.#histories.push({ run, results: [], standing: await standingAfter(run, []) }) - 1;
  }

  async #extend(from: number, result: Result): Promise<number> {
    const key = `${from} ${JSON.stringify(result)}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const { run, results: before } = this.#history(from);
    const results = [...before, result];
    const index = this.#histories.push({ run, results, standing: await standingAfter(run, results) }) - 1;
    this.#known.set(key, index);
    return index;
  }

  #history(index: number) {
    const history = this.#histories[index];
    if (!history) throw new Error('unknown history');
    return history;
  }

  #run(process: Process): Run {
    return this.#history(process.history).run;
  }

  #handedOut(state: State): CurrentFile[] {
    return state.processes.flatMap(({ history }) => {
      const { standing } = this.#history(history);
      return standing.at === 'end' && standing.file ? [standing.file] : [];
    });
  }

  /** What must hold at every instant. */
  #violation(state: State): string | undefined {
    this.#world.restore(this.#worlds.at(state.world));
    const { keys, current, secretsInForce } = this.#world;
    const { roles, brings } = this.#scene;
    if (keys.length !== 1) return `${keys.length} keys`;
    const rotates = roles.includes('rotation');
    // While a rotation changes the password, the current one is refused for a moment.
    if (!rotates && (!current || !this.#world.accepts(current))) return 'AWSCURRENT does not work';
    const unstored = secretsInForce.filter((secret) => !this.#world.keeps(secret));
    if (brings === 'kafka' && unstored.length > 0) return 'Streamkap has a password that is stored under no label';
    for (const file of this.#handedOut(state)) {
      if (!has(file, brings)) return 'an update handed out a file without what it was to bring';
      if (!rotates && !this.#world.accepts(file)) return 'an update handed out what does not work';
    }
    return undefined;
  }

  /** What is under way lands, then one more update runs alone. @returns true where the API secret is lost */
  async #recover(state: State): Promise<boolean> {
    const key = `${state.world} ${state.flights.map(({ call }) => call)}`;
    const known = this.#recovered.get(key);
    if (known !== undefined) return known;
    this.#world.restore(this.#worlds.at(state.world));
    for (const { call } of state.flights) await this.#world.apply(JSON.parse(this.#calls.at(call)) as Call);
    const { brings } = this.#scene;
    const wasStored = this.#world.secretsInForce.every((secret) => this.#world.keeps(secret));
    const standing = await this.#alone({ role: 'update', brings, name: '99999999', takeOverAfterMs: 0 });
    const { current } = this.#world;
    if (!current || !this.#world.accepts(current)) throw new Error('AWSCURRENT does not work after the next run');
    const value = this.#world.under('KEYRING_INTENT');
    if (value && isUnfinished({ value }, current as CredentialFile))
      throw new Error('the next run leaves an update unfinished');
    const lost = standing.at === 'error' && standing.code === 'API_SECRET_LOST' && !wasStored;
    if (!lost && (standing.at !== 'end' || !has(current, brings)))
      throw new Error(`the next run ends in ${JSON.stringify(standing)}`);
    this.#recovered.set(key, lost);
    return lost;
  }

  async #alone(run: Run): Promise<Standing> {
    const results: Result[] = [];
    for (let calls = 0; calls < 300; calls++) {
      const standing = await standingAfter(run, results);
      if (standing.at !== 'call') return standing;
      results.push(await this.#world.apply(standing.call));
    }
    throw new Error(`one run alone makes 300 calls`);
  }
}

function isParked({ world }: State, { phase, parked, sleptIn }: Process): boolean {
  return phase === 'asleep' && parked && sleptIn === world;
}

function withProcess(state: State, index: number, process: Process): State {
  return { ...state, processes: state.processes.map((each, at) => (at === index ? process : each)) };
}

function keyOf({ world, processes, flights, left }: State): string {
  const each = processes.map(({ history, phase, sleptIn, parked }) =>
    phase === 'ended' || phase === 'dead'
      ? `${phase}${phase === 'ended' ? history : ''}`
      : `${history}${phase}${sleptIn}${parked}`,
  );
  return `${world}|${each}|${flights.map(({ from, call }) => `${from}:${call}`)}|${left.crashes}${left.lost}${left.late}`;
}

function nameOf(call: Call): string {
  if (call.to === 'aws')
    return `${call.operation} ${String(call.input.VersionId ?? call.input.ClientRequestToken ?? call.input.VersionStage ?? '').slice(0, 12)}`;
  return call.to === 'streamkap' ? `${call.method} ${call.path}` : call.to;
}

function pathTo(key: string, from: ReadonlyMap<string, { key: string; label: string } | undefined>): string[] {
  const labels: string[] = [];
  for (let step = from.get(key); step; step = from.get(step.key)) labels.unshift(step.label);
  return labels;
}
