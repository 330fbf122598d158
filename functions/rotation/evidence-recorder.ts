import type { CredentialEvent } from '../../core/evidence/credential-events.ts';
import type { EventBus, EvidenceStore } from '../../core/evidence/ports.ts';
import { evidenceKey, type StepEvidence } from '../../core/evidence/step-evidence.ts';
import { systemTimer, type Timer } from './timer.ts';

export interface EvidencePorts {
  /** Undefined: no fragments are kept. */
  readonly store?: EvidenceStore | undefined;
  /** Undefined: no events are sent. */
  readonly bus?: EventBus | undefined;
}

/** Told what was not written, by the name of the failure. */
export type OnFailure = (what: 'evidence' | 'event', failure: string) => void;

/**
 * Writes evidence and events beside the work: nothing here throws, and nothing is waited for but by {@link settle}. What is still
 * being written when Lambda freezes the process goes on with its next call.
 */
export class EvidenceRecorder {
  readonly #ports: EvidencePorts;
  readonly #timer: Timer;
  readonly #outstanding = new Set<Promise<void>>();

  constructor(ports: EvidencePorts, timer: Timer = systemTimer) {
    this.#ports = ports;
    this.#timer = timer;
  }

  fragment(fragment: StepEvidence, onFailure: OnFailure): void {
    const { store } = this.#ports;
    if (store)
      this.#begin(store.put(evidenceKey(fragment), JSON.stringify(fragment)), (name) => onFailure('evidence', name));
  }

  event(event: CredentialEvent, onFailure: OnFailure): void {
    const { bus } = this.#ports;
    if (bus) this.#begin(bus.send(event), (name) => onFailure('event', name));
  }

  /** Waits for what is outstanding, of earlier calls too. @param milliseconds at most */
  async settle(milliseconds: number): Promise<void> {
    if (this.#outstanding.size === 0 || milliseconds <= 0) return;
    let cancel = () => {};
    const enough = new Promise<void>((resolve) => {
      cancel = this.#timer(milliseconds, resolve);
    });
    await Promise.race([Promise.all(this.#outstanding), enough]);
    cancel();
  }

  #begin(writing: Promise<void>, onFailure: (name: string) => void): void {
    const done = writing
      .catch((error: unknown) => onFailure(error instanceof Error ? error.name : 'no error object'))
      .finally(() => this.#outstanding.delete(done));
    this.#outstanding.add(done);
  }
}
