/** What the sampled tests draw with: KEYRING_FAULT_SEED, or always the same. */
export const SEED = Number(process.env.KEYRING_FAULT_SEED ?? 20_260_101);

/** A linear congruential generator: the same numbers for the same seed. @returns a whole number from 0 to `below - 1` */
export function randomOf(seed: number): (below: number) => number {
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error('KEYRING_FAULT_SEED must be a whole number');
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
