import { type KafkaCredentialFile, withKafkaPassword } from '../credential-file.ts';
import type { LoginRequest, LoginResult } from '../login-probe/probe.ts';
import { isUnfinished } from '../provisioning/update/update-intent.ts';
import type { StreamkapClient } from '../streamkap/client.ts';
import { InPlaceChange } from './in-place-change.ts';
import { parseKafkaCredential, requireSameKey } from './kafka-credential.ts';
import { KafkaLogin } from './kafka-login.ts';
import type { Applied, Change, CredentialOrigin, Proof, Strategy } from './strategy.ts';
import type { TimeBudget } from './time-budget.ts';

/** Streamkap as far as changing one key's password needs it. */
export type PasswordApi = Pick<StreamkapClient, 'getProjectKey' | 'setKafkaPassword'>;

export interface SinglePorts {
  /** One login; never throws. */
  readonly login: (request: LoginRequest) => Promise<LoginResult>;
  /** @param deadline milliseconds since the epoch: no call lasts longer */
  readonly streamkap: (deadline: number) => PasswordApi;
  readonly generatePassword: () => string;
  /** Called before a secret is used for anything, so that it can be kept out of logs. */
  readonly secretSeen: (secret: string) => void;
}

export interface SingleSettings {
  /** When neither the stored nor the new password works: stop, or go on to the new one. */
  readonly onDrift: 'abandon' | 'heal';
  /** May a change that Streamkap confirmed count as done although Kafka cannot be asked? Not for a refused login. */
  readonly loginCheck: 'required' | 'best-effort';
  /** Milliseconds a change may take to reach the brokers. */
  readonly propagationMs: number;
}

/**
 * One key, its password changed in place. One password a user, no overlap: from the change to the move of the label, consumers
 * that log in with the stored value are refused (the consumer gap).
 */
export class SingleStrategy implements Strategy<KafkaCredentialFile> {
  readonly name = 'single';
  readonly ports: SinglePorts;
  readonly settings: SingleSettings;
  readonly #logins: KafkaLogin;

  constructor(ports: SinglePorts, settings: SingleSettings) {
    this.ports = ports;
    this.settings = settings;
    this.#logins = new KafkaLogin(ports.login);
  }

  parse(text: string, origin: CredentialOrigin): KafkaCredentialFile {
    const file = parseKafkaCredential(text, origin);
    this.ports.secretSeen(file.kafka.password);
    if (file.api) this.ports.secretSeen(file.api.client_secret);
    return file;
  }

  async makePending(current: KafkaCredentialFile): Promise<string> {
    const password = this.ports.generatePassword();
    this.ports.secretSeen(password);
    return JSON.stringify(withKafkaPassword(current, password));
  }

  isUnfinishedUpdate(labelled: string, current: KafkaCredentialFile): boolean {
    return isUnfinished({ value: labelled }, current);
  }

  requireSuccessor(current: KafkaCredentialFile, pending: KafkaCredentialFile): void {
    requireSameKey(current, pending);
  }

  isSame(one: KafkaCredentialFile, other: KafkaCredentialFile): boolean {
    return one.project_key_id === other.project_key_id && one.kafka.password === other.kafka.password;
  }

  apply(change: Change<KafkaCredentialFile>): Promise<Applied> {
    return new InPlaceChange(this, change).run();
  }

  async prove(
    value: KafkaCredentialFile,
    { budget, patient }: { readonly budget: TimeBudget; readonly patient: boolean },
  ): Promise<Proof> {
    return patient
      ? await this.poll(value, budget, budget.endOf(this.settings.propagationMs))
      : this.login(value, budget);
  }

  /** One look: a password that may well be refused is never tried in a loop, which could lock the user out. */
  retireEvidence(outgoing: KafkaCredentialFile, budget: TimeBudget): Promise<Proof> {
    return this.login(outgoing, budget);
  }

  /** One login. */
  async login(file: KafkaCredentialFile, budget: TimeBudget): Promise<Proof> {
    return await this.#logins.once(file, budget);
  }

  /** Logs in until accepted or until `end`, milliseconds since the epoch. @returns the last result */
  async poll(file: KafkaCredentialFile, budget: TimeBudget, end: number): Promise<Proof> {
    return await this.#logins.until(file, budget, end);
  }
}
