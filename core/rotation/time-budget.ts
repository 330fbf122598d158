import type { Clock } from '../clock.ts';

/** How long a step may still take. Every wait and every time limit of a step derives from it. */
export class TimeBudget {
  readonly clock: Clock;
  /** Milliseconds since the epoch, by {@link clock}: nothing is started or waited for after it. */
  readonly deadline: number;

  constructor(clock: Clock, deadline: number) {
    this.clock = clock;
    this.deadline = deadline;
  }

  /** @returns milliseconds, never negative */
  left(): number {
    return Math.max(0, this.deadline - this.clock.now());
  }

  /** @returns the end of a wait of at most `milliseconds` that leaves `reserve` milliseconds before the deadline */
  endOf(milliseconds: number, reserve = 0): number {
    return Math.min(this.clock.now() + milliseconds, this.deadline - reserve);
  }
}
