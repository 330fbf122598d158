import type { Call } from '../../sandbox/call-log.ts';
import type { ActionRun } from '../run-action.ts';

/** A run of an action as a scenario saw it. */
export interface RecordedRun {
  /** Names of the inputs that the test gave; all others have their defaults. */
  readonly given: readonly string[];
  /** The process was killed where it stood: how much it had printed by then is chance. */
  readonly killed: boolean;
  readonly finished: ActionRun;
}

/** Runs that were under way at the same time, mostly one, and the calls that reached the stand-ins meanwhile. */
export interface Episode {
  readonly runs: readonly RecordedRun[];
  readonly mainCalls: readonly RecordedCall[];
  readonly postCalls: readonly RecordedCall[];
}

export type RecordedCall = Omit<Call, 'seq'>;

interface OpenEpisode {
  readonly runs: RecordedRun[];
  readonly mainCalls: RecordedCall[];
  readonly postCalls: RecordedCall[];
}

/** Writes down what happens in one world, run by run. */
export class ScenarioRecorder {
  readonly episodes: Episode[] = [];
  #open: OpenEpisode | undefined;
  #underWay = 0;
  #inPost = false;

  /** Every call that reaches a stand-in. One that nobody is running for, such as a request that lands late, belongs to no run. */
  called(call: RecordedCall): void {
    if (this.#open) (this.#inPost ? this.#open.postCalls : this.#open.mainCalls).push(call);
  }

  runBegins(): void {
    this.#open ??= { runs: [], mainCalls: [], postCalls: [] };
    this.#underWay++;
  }

  /** Of several at once it cannot be told whose stage a call belongs to. */
  mainEnds(): void {
    this.#inPost = this.#underWay === 1;
  }

  /** @param run undefined when the harness itself failed */
  runEnds(run: RecordedRun | undefined): void {
    if (run) this.#open?.runs.push(run);
    this.#inPost = false;
    this.#underWay--;
    if (this.#underWay > 0 || !this.#open) return;
    if (this.#open.runs.length > 0) this.episodes.push(this.#open);
    this.#open = undefined;
  }
}
