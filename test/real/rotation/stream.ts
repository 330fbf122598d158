import { setInterval } from 'node:timers/promises';
import type { RunningKafka } from '../judges/kafka.ts';

/** What one record after another is this far apart, in milliseconds. */
const PACE_MS = 20;

/** Writes the numbers from 1 on to a topic, one a record, each after the broker has taken the one before. */
export class NumberedStream {
  /** The last number that the broker has. */
  last = 0;
  readonly #stopped = new AbortController();
  readonly #done: Promise<void>;

  constructor(kafka: RunningKafka, topic: string) {
    this.#done = this.#write(kafka, topic);
    this.#done.catch(() => {}); // thrown by end
  }

  /** @returns the last number. @throws Error when the broker did not take a record */
  async end(): Promise<number> {
    this.#stopped.abort();
    await this.#done;
    return this.last;
  }

  async #write(kafka: RunningKafka, topic: string): Promise<void> {
    for await (const _ of setInterval(PACE_MS)) {
      if (this.#stopped.signal.aborted) return;
      await kafka.produce(topic, [String(this.last + 1)]);
      this.last++;
    }
  }
}
