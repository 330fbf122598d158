/** Gives equal texts equal small numbers, so that a state of many of them is a few integers. */
export class Numbering {
  readonly #numbers = new Map<string, number>();
  readonly #values: string[] = [];

  get size(): number {
    return this.#values.length;
  }

  of(value: string): number {
    const known = this.#numbers.get(value);
    if (known !== undefined) return known;
    this.#numbers.set(value, this.#values.length);
    return this.#values.push(value) - 1;
  }

  at(number: number): string {
    const value = this.#values[number];
    if (value === undefined) throw new Error(`nothing has number ${number}`);
    return value;
  }
}
