import type { KafkaCredentialFile } from '../credential-file.ts';
import type { StreamkapClient } from '../streamkap/client.ts';
import type { PairApi } from './alternating/pair-keys.ts';
import type { DryRun } from './dry-run-findings.ts';
import { rolledBack } from './errors.ts';
import type { KafkaLogin } from './kafka-login.ts';
import { type SingleSettings, SingleStrategy } from './single.ts';
import type { Change, ClaimedCredential, PendingCredential, Proof, SecretFacts } from './strategy.ts';
import type { TimeBudget } from './time-budget.ts';

type File = KafkaCredentialFile;
type Role = keyof DryRun['logins'];

/** What a rotation would do next changes something. That it came so far is what can be known without doing it. */
class WouldChange extends Error {}

async function wouldChange(): Promise<never> {
  throw new WouldChange();
}

/** @returns what the change ended in, or undefined when it came to the first thing that changes something */
export async function untilItChanges<T>(change: () => Promise<T>): Promise<T | undefined> {
  try {
    return await change();
  } catch (error) {
    if (error instanceof WouldChange) return undefined;
    throw error;
  }
}

/** Streamkap for a rotation's own code: its reads are made, and where it would change something it ends. */
export function stoppingApi({ getProjectKey }: Pick<StreamkapClient, 'getProjectKey'>): PairApi {
  return { getProjectKey, setKafkaPassword: wouldChange, changeProjectKey: wouldChange };
}

/** Logins with stored files, each made once however often it is asked for. Any other file was never sent: refused, untried. */
export class DryLogins implements Pick<KafkaLogin, 'once' | 'until'> {
  readonly proofs: { -readonly [role in Role]?: Proof } = {};
  readonly #logins: KafkaLogin;
  readonly #roles = new Map<File, Role>();
  /** By username and password. */
  readonly #tried = new Map<string, Proof>();

  constructor(logins: KafkaLogin) {
    this.#logins = logins;
  }

  /** @returns the file, which is tried from now on when it is asked for */
  stored<T extends File | undefined>(role: Role, file: T): T {
    if (file) this.#roles.set(file, role);
    return file;
  }

  async once(file: File, budget: TimeBudget): Promise<Proof> {
    const role = this.#roles.get(file);
    if (!role) return { outcome: 'rejected', milliseconds: 0 };
    const { username, password } = file.kafka;
    const key = JSON.stringify([username, password]);
    const proof = this.#tried.get(key) ?? (await this.#logins.once(file, budget));
    this.#tried.set(key, proof);
    this.proofs[role] = proof;
    return proof;
  }

  until(file: File, budget: TimeBudget): Promise<Proof> {
    return this.once(file, budget);
  }
}

/** The strategy `single` with logins that are made once, and a Streamkap that ends it where it would change something. */
export class DrySingle extends SingleStrategy {
  readonly #logins: DryLogins;

  constructor(streamkap: PairApi, logins: DryLogins, settings: SingleSettings) {
    super(
      { login: wouldChange, generatePassword: () => '', secretSeen: () => {}, streamkap: () => streamkap },
      settings,
    );
    this.#logins = logins;
  }

  override login(file: File, budget: TimeBudget): Promise<Proof> {
    return this.#logins.once(file, budget);
  }

  override poll(file: File, budget: TimeBudget): Promise<Proof> {
    return this.#logins.once(file, budget);
  }
}

interface DryChangeFacts {
  readonly secret: SecretFacts;
  readonly current: File;
  readonly budget: TimeBudget;
  /** What createSecret has stored or would store. @throws RotationError when it may not be sent */
  readonly pending: () => Promise<PendingCredential<File>>;
  readonly previous: () => Promise<File | undefined>;
}

/** A change as a strategy sees it, with nothing behind it that could store anything. */
export class DryChange implements Change<File> {
  readonly current: File;
  readonly budget: TimeBudget;
  readonly pending: () => Promise<PendingCredential<File>>;
  readonly previous: () => Promise<File | undefined>;
  readonly #secret: SecretFacts;

  constructor({ secret, current, budget, pending, previous }: DryChangeFacts) {
    this.#secret = secret;
    this.current = current;
    this.budget = budget;
    this.pending = pending;
    this.previous = previous;
  }

  async secret(): Promise<SecretFacts> {
    return this.#secret;
  }

  /** First: whoever is not waits for what may be on its way, then goes on in the same way. */
  async claim(): Promise<ClaimedCredential<File>> {
    return { ...(await this.pending()), first: true };
  }

  async nextTurn(): Promise<never> {
    return await wouldChange();
  }

  /** @throws RotationError ROLLED_BACK: how a rotation ends that puts the current password back */
  async recordWayBack(): Promise<never> {
    throw rolledBack(this.#secret.arn);
  }

  signal(): void {}
}
