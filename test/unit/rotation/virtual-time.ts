import type { Timer } from '../../../functions/rotation/timer.ts';

interface Waiting {
  readonly at: number;
  readonly fire: () => void;
}

/**
 * Timers on a clock that nobody else moves. All work of a world goes on in microtasks, so an immediate finds everybody waiting: then
 * time passes up to the first timer.
 */
export class VirtualTimers {
  readonly #clock: { now: number };
  readonly #waiting = new Set<Waiting>();
  #armed = false;

  constructor(clock: { now: number }) {
    this.#clock = clock;
  }

  readonly timer: Timer = (milliseconds, fire) => {
    const waiting = { at: this.#clock.now + milliseconds, fire };
    this.#waiting.add(waiting);
    this.#arm();
    return () => this.#waiting.delete(waiting);
  };

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    setImmediate(() => {
      this.#armed = false;
      const [first] = [...this.#waiting].sort((a, b) => a.at - b.at);
      if (!first) return;
      this.#waiting.delete(first);
      this.#clock.now = Math.max(this.#clock.now, first.at);
      first.fire();
      if (this.#waiting.size > 0) this.#arm();
    });
  }
}
