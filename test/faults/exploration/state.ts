/** How much may go wrong in one path. */
export interface Troubles {
  /** Processes that die, at any call. What one had sent may land later, or never. */
  readonly crashes: number;
  /** Calls whose answer is lost. */
  readonly lost: number;
  /** Changes whose sender stops waiting before they land. */
  readonly late: number;
}

export const NOTHING: Troubles = { crashes: 0, lost: 0, late: 0 };

export interface Process {
  readonly history: number;
  /** `sent`: it waits for a change of its own to land. */
  readonly phase: 'ready' | 'sent' | 'asleep' | 'ended' | 'dead';
  /** When it wakes, milliseconds; 0 unless asleep, or where only news wakes. */
  readonly until: number;
  /** The world it last fell asleep in, -1 before; kept where only news wakes. */
  readonly sleptIn: number;
  /** It looked at this very world since its last sleep and fell asleep again. */
  readonly parked: boolean;
}

/** A change under way, and when it was sent; `from` is -1 when nobody waits any more. */
export interface Change {
  readonly from: number;
  readonly call: number;
  readonly at: number;
}

/** Worlds, histories and calls by number, so that a state is a few integers. */
export interface State {
  readonly world: number;
  /** Milliseconds. */
  readonly now: number;
  readonly processes: readonly Process[];
  readonly sent: readonly Change[];
  /** A change was given up on for good, though it may land or has landed: nobody can know of such a one. */
  readonly astray: boolean;
  readonly left: Troubles;
}

export interface Move {
  readonly label: string;
  readonly next: State;
}

export const BEGUN = { phase: 'ready', until: 0, sleptIn: -1, parked: false } as const;

export function isAlive({ phase }: Process): boolean {
  return phase !== 'ended' && phase !== 'dead';
}

export function processAt(state: State, index: number): Process {
  const process = state.processes[index];
  if (!process) throw new Error('no such process');
  return process;
}

export function withProcess(state: State, index: number, process: Process): State {
  return { ...state, processes: state.processes.map((other, at) => (at === index ? process : other)) };
}

export function spending(state: State, trouble: keyof Troubles): State {
  return { ...state, left: { ...state.left, [trouble]: state.left[trouble] - 1 } };
}

/** Nobody waits for what the process sent any more. */
export function abandoning(state: State, index: number): State {
  return { ...state, sent: state.sent.map((change) => (change.from === index ? { ...change, from: -1 } : change)) };
}

export function crash(state: State, index: number): Move {
  const dead: Process = { ...BEGUN, history: -1, phase: 'dead' };
  return { label: `p${index} dies`, next: withProcess(spending(abandoning(state, index), 'crashes'), index, dead) };
}

/** Equal keys have equal futures. @param ends whether it matters what a process ended with */
export function keyOf({ world, now, processes, sent, astray, left }: State, ends: boolean): string {
  const each = processes.map(({ history, phase, until, sleptIn, parked }) => {
    if (phase === 'dead') return phase;
    if (phase === 'ended') return ends ? `${phase}${history}` : phase;
    return `${history}${phase}${until}.${sleptIn}${parked}`;
  });
  const underWay = sent.map(({ from, call, at }) => `${from}:${call}:${at}`);
  return `${world}|${now}|${each}|${underWay}|${astray}|${left.crashes},${left.lost},${left.late}`;
}
