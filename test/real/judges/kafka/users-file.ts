import { renameSync, writeFileSync } from 'node:fs';
import type { KafkaUsers } from '../../../sandbox/kafka-users.ts';

/**
 * The users of the real broker: a file of `user=password` lines that KeyringCallbackHandler.java reads at every login.
 * Written aside and renamed, so that a login sees the old file or the new one, never half of it.
 */
export class FileKafkaUsers implements KafkaUsers {
  readonly #file: string;
  readonly #passwords = new Map<string, string>();

  constructor(file: string) {
    this.#file = file;
    this.#write();
  }

  set(username: string, password: string): void {
    if (/[=\r\n]/.test(username) || /[\r\n]/.test(password)) throw new Error('a username or password breaks the file');
    this.#passwords.set(username, password);
    this.#write();
  }

  delete(username: string): void {
    this.#passwords.delete(username);
    this.#write();
  }

  passwordOf(username: string): string | undefined {
    return this.#passwords.get(username);
  }

  #write(): void {
    const lines = [...this.#passwords].map(([username, password]) => `${username}=${password}\n`);
    writeFileSync(`${this.#file}.new`, lines.join(''), { mode: 0o600 });
    renameSync(`${this.#file}.new`, this.#file);
  }
}
