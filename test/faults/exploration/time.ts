import { type Change, isAlive, type Move, type Process, type State } from './state.ts';

/** How time passes in an exploration, and what a change may do in it. */
export interface Time {
  /** What a process is that falls asleep now. */
  asleep(process: Process, facts: { readonly world: number; readonly until: number }): Process;
  /** Who wakes, and when. */
  wakes(state: State): readonly { readonly index: number; readonly now: number }[];
  isOver(state: State, moves: readonly Move[]): boolean;
  /** Whether a change that lands now is one that nobody could wait for. */
  isAstray(state: State, change: Change): boolean;
  /** Whether it is one as soon as its sender gives up. */
  readonly givingUpLeadsAstray: boolean;
}

/**
 * Time passes only when everybody who is alive sleeps, up to the first who wakes: a poll outlasts any call of another process,
 * though not a change that its sender gave up on.
 * @param waitedForMs a change that takes longer than this is given up on
 */
export function byTheClock(waitedForMs: number): Time {
  return {
    asleep: (process, { until }) => ({ ...process, phase: 'asleep', until }),
    wakes: ({ processes }) => {
      if (!processes.some(isAlive) || processes.some((each) => isAlive(each) && each.phase !== 'asleep')) return [];
      const times = processes.map(({ phase, until }) => (phase === 'asleep' ? until : Number.POSITIVE_INFINITY));
      const now = Math.min(...times);
      return [{ index: times.indexOf(now), now }];
    },
    isOver: (_state, moves) => moves.length === 0,
    isAstray: ({ now }, { at }) => now - at >= waitedForMs,
    givingUpLeadsAstray: false,
  };
}

const isParked = ({ world }: State, { phase, parked, sleptIn }: Process) =>
  phase === 'asleep' && parked && sleptIn === world;

/** Time does not pass. Who sleeps may wake at any time; once it has looked at a world again, only a change can be news to it. */
export const ON_NEWS: Time = {
  asleep: (process, { world }) => ({
    ...{ history: process.history, phase: 'asleep', until: 0 },
    ...{ sleptIn: world, parked: process.sleptIn === world },
  }),
  wakes: (state) =>
    [...state.processes.entries()]
      .filter(([, process]) => process.phase === 'asleep' && !isParked(state, process))
      .map(([index]) => ({ index, now: state.now })),
  isOver: (state) => state.processes.every((process) => !isAlive(process) || isParked(state, process)),
  isAstray: ({ astray }) => astray,
  givingUpLeadsAstray: true,
};
