import type { StepRequest } from '../../core/rotation/protocol.ts';
import type { RotationSignal, StrategyName } from '../../core/rotation/strategy.ts';
import type { TimeBudget } from '../../core/rotation/time-budget.ts';
import type { EvidenceRecorder, OnFailure } from './evidence-recorder.ts';
import type { StepLog } from './step-log.ts';
import { evidenceOf, type StepRecord } from './step-record.ts';

/** Milliseconds that a step waits for what it tells the world, where it waits at all. */
const SETTLE_MS = 3_000;

interface About {
  readonly request: StepRequest;
  readonly strategy: StrategyName;
  readonly log: StepLog;
}

/** What one step tells the world: its signals, its evidence, and that a credential was rotated. Nothing of it fails the step. */
export class StepSignals {
  readonly #evidence: EvidenceRecorder;
  readonly #about: About;

  constructor(evidence: EvidenceRecorder, about: About) {
    this.#evidence = evidence;
    this.#about = about;
  }

  /** @param at milliseconds since the epoch */
  raise({ kind, detail }: RotationSignal, at: number): void {
    this.#about.log.write('warn', detail, { signal: kind });
    this.#evidence.event(
      { detailType: 'credential drift', detail: { ...this.#facts(at), schema: `${SCHEMAS}credential-drift/1`, kind } },
      this.#onFailure,
    );
  }

  /** After the step. Waits for nothing where consumers may be waiting for the next one: from the change to the move of the label. */
  async end(record: StepRecord, budget: TimeBudget): Promise<void> {
    const { step } = record.request;
    const failed = record.end instanceof Error;
    this.#evidence.fragment(evidenceOf(record), this.#onFailure);
    if (step === 'finishSecret' && !(record.end instanceof Error)) {
      const movedNow = record.end.outcome === 'moved';
      const detail = { ...this.#facts(record.finishedAt), schema: `${SCHEMAS}credential-rotated/1`, movedNow } as const;
      this.#evidence.event({ detailType: 'credential rotated', detail }, this.#onFailure);
    }
    const consumersMayWait = !failed && (step === 'setSecret' || step === 'testSecret');
    if (!consumersMayWait) await this.#evidence.settle(Math.min(SETTLE_MS, budget.left()));
  }

  #facts(at: number) {
    const { request, strategy } = this.#about;
    return { secretArn: request.secretId, token: request.token, strategy, at: new Date(at).toISOString() };
  }

  readonly #onFailure: OnFailure = (what, failure) =>
    this.#about.log.write('warn', `${what} was not written`, { failure });
}

const SCHEMAS = 'streamkap-keyring/';
