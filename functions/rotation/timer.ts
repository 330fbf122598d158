/** Calls `fire` after so many milliseconds, unless what it returned is called before. */
export type Timer = (milliseconds: number, fire: () => void) => () => void;

export const systemTimer: Timer = (milliseconds, fire) => {
  const timer = setTimeout(fire, milliseconds);
  return () => clearTimeout(timer);
};
