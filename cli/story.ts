import { isDeepStrictEqual } from 'node:util';

export interface StoryOptions {
  /** Print one JSON document at the end and nothing else on stdout. */
  readonly json: boolean;
}

interface Chapter {
  readonly title: string;
  readonly milliseconds: number;
}

/** Tells what a command does, step by step with timings, and notices what is not as it should be. */
export class Story {
  readonly #json: boolean;
  readonly #chapters: Chapter[] = [];
  readonly #startedAt = performance.now();
  #title = '';

  constructor({ json }: StoryOptions) {
    this.#json = json;
  }

  async step<T>(title: string, act: () => Promise<T>): Promise<T> {
    this.#title = title;
    this.#print(`\n${this.#chapters.length + 1}. ${title}`);
    const startedAt = performance.now();
    const result = await act();
    const milliseconds = Math.round(performance.now() - startedAt);
    this.#chapters.push({ title, milliseconds });
    this.#print(`   done in ${milliseconds} ms`);
    return result;
  }

  tell(line: string): void {
    this.#print(`   ${line}`);
  }

  /** @throws Error naming the step when the two differ */
  expect(what: string, found: unknown, wanted: unknown): void {
    if (isDeepStrictEqual(found, wanted)) return;
    throw new Error(`${what}: ${JSON.stringify(found)}, but it should be ${JSON.stringify(wanted)}`);
  }

  finish(facts: object): void {
    const milliseconds = Math.round(performance.now() - this.#startedAt);
    if (this.#json) {
      process.stdout.write(`${JSON.stringify({ ok: true, milliseconds, steps: this.#chapters, facts }, null, 2)}\n`);
    } else {
      this.#print(`\nAll as it should be, in ${(milliseconds / 1000).toFixed(1)} s.`);
    }
  }

  fail(error: unknown): void {
    const problem = error instanceof Error ? error.message : String(error);
    const failedStep = this.#title;
    if (this.#json)
      process.stdout.write(`${JSON.stringify({ ok: false, failedStep, problem, steps: this.#chapters }, null, 2)}\n`);
    process.stderr.write(`\nNot as it should be, in "${failedStep}": ${problem}\n`);
  }

  #print(line: string): void {
    if (!this.#json) process.stdout.write(`${line}\n`);
  }
}
