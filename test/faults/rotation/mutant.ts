/** A function that is known to be wrong, and what the enumeration finds it guilty of. */
export interface Mutant<Rotation> {
  readonly finds: RegExp;
  readonly rotation: Rotation;
}

/** @returns the strategy with some of its methods replaced; the others reach its private parts as before */
export function overriding<Strategy extends object>(strategy: Strategy, overrides: Partial<Strategy>): Strategy {
  return new Proxy(strategy, {
    get(target, name) {
      const value: unknown = Reflect.get(overrides, name) ?? Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
