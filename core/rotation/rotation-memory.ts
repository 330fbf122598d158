/**
 * What one process knows of rotations it took part in. Steps may run in processes that know nothing, so nothing depends on it that
 * must hold: it adds a doubt where this process has seen a new value made and never seen it work, and it times the consumer gap
 * where the change and the move of the label happen in one process.
 */
export class RotationMemory {
  readonly #tokens = new Map<string, { readonly proven: boolean; readonly sentAt: number | undefined }>();

  made(token: string): void {
    if (!this.#tokens.has(token)) this.#tokens.set(token, { proven: false, sentAt: undefined });
  }

  /** @param sentAt when the change was sent, milliseconds since the epoch, where this process did */
  proven(token: string, sentAt?: number): void {
    this.#tokens.set(token, { proven: true, sentAt: sentAt ?? this.#tokens.get(token)?.sentAt });
  }

  /** True when this process made the value and has not seen it work. */
  doubts(token: string): boolean {
    return this.#tokens.get(token)?.proven === false;
  }

  sentAt(token: string): number | undefined {
    return this.#tokens.get(token)?.sentAt;
  }

  forget(token: string): void {
    this.#tokens.delete(token);
  }
}
