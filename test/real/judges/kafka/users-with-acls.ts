import type { KafkaUsers } from '../../../sandbox/kafka-users.ts';
import type { StreamkapState } from '../../../sandbox/streamkap/state.ts';
import type { RunningKafka, UserAcl } from '../kafka.ts';

/**
 * The broker's users as one Streamkap stand-in makes them. A new one is given, on the broker, the ACLs that its key has at the
 * stand-in, and no others; they go when it goes. Later changes of a key's ACLs do not reach the broker.
 */
export class UsersWithAcls implements KafkaUsers {
  readonly #kafka: RunningKafka;
  readonly #streamkap: () => StreamkapState;
  /** Every password that a user has had. */
  readonly passwords: string[] = [];
  readonly #own = new Set<string>();
  #settled: Promise<void> = Promise.resolve();

  constructor(kafka: RunningKafka, streamkap: () => StreamkapState) {
    this.#kafka = kafka;
    this.#streamkap = streamkap;
  }

  /** Resolves when the broker has all ACLs so far. */
  get settled(): Promise<void> {
    return this.#settled;
  }

  set(username: string, password: string): void {
    this.#kafka.users.set(username, password);
    this.passwords.push(password);
    if (this.#own.has(username)) return;
    this.#own.add(username);
    this.#settled = this.#settled.then(() => this.#grant(username));
  }

  delete(username: string): void {
    this.#kafka.users.delete(username);
    this.#own.delete(username);
    this.#settled = this.#settled.then(() => this.#kafka.deleteAcls(username));
  }

  passwordOf(username: string): string | undefined {
    return this.#kafka.users.passwordOf(username);
  }

  /** Leaves the broker as it was before. */
  async deleteAll(): Promise<void> {
    for (const username of this.#own) this.delete(username);
    await this.#settled;
  }

  async #grant(username: string): Promise<void> {
    const key = this.#streamkap().projectKeys.find(({ kafka }) => kafka?.username === username);
    for (const { topic_name: name, operation, resource, resource_pattern_type: pattern } of key?.kafka?.acls ?? [])
      await this.#kafka.addAcl({ username, name, operation, resource, pattern } as UserAcl);
  }
}
