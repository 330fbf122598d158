import type { CredentialEvent } from './credential-events.ts';

/** Where fragments of evidence are kept. */
export interface EvidenceStore {
  /** Writes what is never written again. @throws Error when it was not written, or nobody knows */
  put(key: string, json: string): Promise<void>;
}

/** Where readers of secrets listen. */
export interface EventBus {
  /** @throws Error when it was not taken */
  send(event: CredentialEvent): Promise<void>;
}
