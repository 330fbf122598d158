/** Time as a parameter, so that no test waits. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}

export const systemClock: Clock = {
  now: Date.now,
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};

/**
 * Waits between repeated looks at something that changes by itself.
 * @returns milliseconds before look number `attempt` (0-based): `first`, doubling, at most `max`.
 */
export function backoffMs(attempt: number, { first, max }: { first: number; max: number }): number {
  return Math.min(max, first * 2 ** Math.min(attempt, 20));
}
