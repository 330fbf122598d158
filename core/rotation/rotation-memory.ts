/**
 * When one process sent the changes that it made. Steps may run in processes that know nothing, so nothing that must hold depends
 * on it: it times the consumer gap where the change and the move of the label happen in one process. Nothing is ever taken out: an entry is a
 * token and a time, and a process lives for hours.
 */
export class RotationMemory {
  readonly #sent = new Map<string, number>();

  /** @param at milliseconds since the epoch */
  sent(token: string, at: number): void {
    this.#sent.set(token, at);
  }

  sentAt(token: string): number | undefined {
    return this.#sent.get(token);
  }
}
