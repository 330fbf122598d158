import { type Answer, type Program, type Standing, standingAfter } from './replay.ts';

interface History<Run, End> {
  readonly run: Run;
  readonly startedAt: number;
  readonly answers: readonly Answer[];
  readonly standing: Standing<End>;
}

/** What processes have been answered so far, each history by a number, and where it leaves its process. */
export class Histories<Run, End> {
  readonly #programOf: (run: Run) => Program<End>;
  readonly #histories: History<Run, End>[] = [];
  readonly #numbers = new Map<string, Promise<number>>();

  constructor(programOf: (run: Run) => Program<End>) {
    this.#programOf = programOf;
  }

  get size(): number {
    return this.#histories.length;
  }

  /** @param run plain data: equal ones are one @param startedAt milliseconds */
  begin(run: Run, startedAt: number): Promise<number> {
    return this.#numbered(JSON.stringify([run, startedAt]), { run, startedAt, answers: [] });
  }

  extend(from: number, answer: Answer): Promise<number> {
    const { run, startedAt, answers } = this.at(from);
    return this.#numbered(`${from} ${JSON.stringify(answer)}`, { run, startedAt, answers: [...answers, answer] });
  }

  at(index: number): History<Run, End> {
    const history = this.#histories[index];
    if (!history) throw new Error('unknown history');
    return history;
  }

  #numbered(key: string, facts: Omit<History<Run, End>, 'standing'>): Promise<number> {
    const known = this.#numbers.get(key);
    if (known) return known;
    const { run, answers, startedAt } = facts;
    const number = standingAfter(this.#programOf(run), answers, startedAt).then(
      (standing) => this.#histories.push({ ...facts, standing }) - 1,
    );
    this.#numbers.set(key, number);
    return number;
  }
}
