import { type KafkaCredentialFile, withKafkaPassword } from '../../credential-file.ts';
import type { LoginRequest, LoginResult } from '../../login-probe/probe.ts';
import { isUnfinished } from '../../provisioning/update/update-intent.ts';
import type { SecretStore, SecretTagger } from '../../secret-store.ts';
import { CredentialReading } from '../credential-reading.ts';
import { parseKafkaCredential } from '../kafka-credential.ts';
import { KafkaLogin } from '../kafka-login.ts';
import type { Applied, Change, CredentialOrigin, Making, Proof, Strategy, Succession } from '../strategy.ts';
import type { TimeBudget } from '../time-budget.ts';
import { VersionReading } from '../version-reading.ts';
import { type BirthApi, giveBirth } from './birth.ts';
import * as errors from './errors.ts';
import { findIdleFile } from './idle-file.ts';
import { IdleKeyChange } from './idle-key-change.ts';
import { type Pair, pairOf, requireOtherKey } from './pair.ts';
import { IdleKey, type PairApi } from './pair-keys.ts';
import { Retirement, requireSettled } from './retirement.ts';
import { StandbySecret } from './standby.ts';

export interface AlternatingPorts {
  readonly store: SecretStore & SecretTagger;
  /** One login; never throws. */
  readonly login: (request: LoginRequest) => Promise<LoginResult>;
  /** @param deadline milliseconds since the epoch: no call lasts longer */
  readonly streamkap: (deadline: number) => PairApi & BirthApi;
  readonly generatePassword: () => string;
  /** A fresh UUID. */
  readonly randomId: () => string;
  /** Called before a secret is used for anything, so that it can be kept out of logs. */
  readonly secretSeen: (secret: string) => void;
}

export interface AlternatingSettings {
  /** May a change that Streamkap confirmed count as done although Kafka cannot be asked? Not for a refused login. */
  readonly loginCheck: 'required' | 'best-effort';
  /** Milliseconds a change may take to reach the brokers. */
  readonly propagationMs: number;
}

type File = KafkaCredentialFile;

/** Kept back from waiting for a new key's first login, in milliseconds: time to store its file. */
const STORE_MS = 5_000;

/**
 * Two keys with the same roles, ACLs and safe list that take turns: the idle one gets a new password, is proven and becomes
 * current; the other stays valid until the rotation after. At no instant is the current one refused because of anything done here.
 *
 * Calls of Secrets Manager in a clean rotation from the second on, 14: createSecret Describe, Get current, Get standby, Put;
 * setSecret Get current, Describe (the pair), Get admin secret, Move (the claim), Get token; testSecret Get token; finishSecret
 * Describe, Move, Get outgoing, Put standby.
 */
export class AlternatingStrategy implements Strategy<File> {
  readonly name = 'alternating';
  readonly outgoingStaysValid = true;
  readonly ports: AlternatingPorts;
  readonly settings: AlternatingSettings;
  readonly #logins: KafkaLogin;

  constructor(ports: AlternatingPorts, settings: AlternatingSettings) {
    this.ports = ports;
    this.settings = settings;
    this.#logins = new KafkaLogin(ports.login);
  }

  parse(text: string, origin: CredentialOrigin): File {
    const file = parseKafkaCredential(text, origin);
    this.#seen(file);
    return file;
  }

  /**
   * Finds the idle key's file, and puts it where it belongs; before the first rotation, has the second key made. A key as it was
   * born is used as it is, when it works; any other gets a new password.
   */
  async makePending(current: File, facts: Making<File>): Promise<string> {
    const pair = pairOf(facts.secret, current);
    const { file, asBorn } = pair ? await this.#idleFile(current, facts, pair) : await this.#born(current, facts);
    if (asBorn && (await this.#worksAsBorn(file, facts.budget))) return JSON.stringify(file);
    return JSON.stringify(withKafkaPassword(file, this.#newPassword()));
  }

  /** Whether it is the other one of the recorded pair is checked where the tags are at hand, before anything is sent. */
  isUnfinishedUpdate(labelled: string, current: File): boolean {
    return isUnfinished({ value: labelled }, current);
  }

  requireSuccessor(current: File, pending: File): void {
    requireOtherKey(current, pending);
  }

  isSame(one: File, other: File): boolean {
    return one.project_key_id === other.project_key_id && one.kafka.password === other.kafka.password;
  }

  async apply(change: Change<File>): Promise<Applied> {
    const secret = await change.secret();
    const pair = pairOf(secret, change.current);
    if (!pair) throw errors.pairNotRecorded(secret.name);
    const { streamkap } = this.ports;
    return await new IdleKeyChange({ logins: this.#logins, streamkap, ...this.settings }, change, pair).run();
  }

  async prove(
    value: File,
    { budget, patient }: { readonly budget: TimeBudget; readonly patient: boolean },
  ): Promise<Proof> {
    return patient
      ? await this.#logins.until(value, budget, budget.endOf(this.settings.propagationMs))
      : await this.#logins.once(value, budget);
  }

  /** The outgoing key is the idle one from now on: its file goes where the next rotation looks for it. */
  async afterMove({ secret, token, replayed, current, outgoing }: Succession<File>): Promise<void> {
    const standby = this.#standby(secret.name);
    if (replayed && (await standby.read())?.file.project_key_id !== (await current()).project_key_id) return;
    const file = await outgoing();
    if (file) await standby.keep(file, token);
  }

  /** Expected to be accepted, unlike with one key: consumers that have not read the secret again yet go on. */
  retireEvidence(outgoing: File, budget: TimeBudget): Promise<Proof> {
    return this.#logins.once(outgoing, budget);
  }

  /** Not a step of a rotation: puts an end to the password that was current before. */
  retirement(budget: TimeBudget): Retirement {
    const { store, streamkap } = this.ports;
    const reading = new VersionReading(store, budget.clock);
    return new Retirement({
      ...{ reading, streamkap, budget, logins: this.#logins, propagationMs: this.settings.propagationMs },
      credentials: new CredentialReading(reading, this),
      standby: (secretName) => this.#standby(secretName),
      newPassword: () => this.#newPassword(),
    });
  }

  /** A file that lies there already may be that of a pair whose tag was lost: then the key has been used, or retired. */
  async #born(current: File, { secret, budget }: Making<File>) {
    const { login, generatePassword, randomId, secretSeen, store } = this.ports;
    const standby = this.#standby(secret.name);
    const at = await standby.read();
    requireSettled(at);
    const file = await giveBirth(
      {
        ...{ login, generatePassword, randomId, secretSeen, store },
        standby,
        streamkap: this.ports.streamkap(budget.deadline),
      },
      { secret, current, budget },
    );
    return { file, asBorn: at?.asBorn ?? true };
  }

  async #idleFile(current: File, { secret, currentToken, budget, previous }: Making<File>, pair: Pair) {
    const idle = IdleKey.of(pair, this.ports.streamkap(budget.deadline));
    const { file, at } = await findIdleFile({
      ...{ pair, current, currentToken, previous },
      standby: this.#standby(secret.name),
      detail: () => idle.detail(),
    });
    requireSettled(at);
    return { file, asBorn: at?.asBorn };
  }

  /** @returns false only when Kafka refuses it for as long as a change may take; unknown is setSecret's to judge */
  async #worksAsBorn(file: File, budget: TimeBudget): Promise<boolean> {
    const end = budget.endOf(this.settings.propagationMs, STORE_MS);
    return (await this.#logins.until(file, budget, end)).outcome !== 'rejected';
  }

  #newPassword(): string {
    const password = this.ports.generatePassword();
    this.ports.secretSeen(password);
    return password;
  }

  #standby(secretName: string): StandbySecret {
    return new StandbySecret(secretName, this.ports.store, (file) => this.#seen(file));
  }

  #seen(file: File): void {
    this.ports.secretSeen(file.kafka.password);
    if (file.api) this.ports.secretSeen(file.api.client_secret);
  }
}
