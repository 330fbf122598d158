/**
 * Who may log in to Kafka. Streamkap's stand-in writes it, the login listener reads it; the real tier puts a file behind it
 * that a real broker's callback handler reads.
 */
export interface KafkaUsers {
  set(username: string, password: string): void;
  delete(username: string): void;
  passwordOf(username: string): string | undefined;
}

export class MemoryKafkaUsers implements KafkaUsers {
  readonly #passwords = new Map<string, string>();

  set(username: string, password: string): void {
    this.#passwords.set(username, password);
  }

  delete(username: string): void {
    this.#passwords.delete(username);
  }

  passwordOf(username: string): string | undefined {
    return this.#passwords.get(username);
  }
}
