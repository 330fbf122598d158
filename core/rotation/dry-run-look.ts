import type { KafkaCredentialFile } from '../credential-file.ts';
import type { LoginRequest, LoginResult } from '../login-probe/probe.ts';
import type { SecretDescription, SecretReader } from '../secret-store.ts';
import type { StreamkapClient } from '../streamkap/client.ts';
import type { DryLogins } from './dry-run-change.ts';
import type { Problems } from './dry-run-findings.ts';
import type { SingleSettings } from './single.ts';
import type { Situation } from './situation.ts';
import type { PendingCredential } from './strategy.ts';
import type { TimeBudget } from './time-budget.ts';

/** None of these can change anything. */
export interface DryRunPorts {
  readonly store: SecretReader;
  readonly streamkap: Pick<StreamkapClient, 'getProjectKey' | 'whoami'>;
  /** One login; never throws. */
  readonly login: (request: LoginRequest) => Promise<LoginResult>;
  /** Called before a secret is used for anything. */
  readonly secretSeen: (secret: string) => void;
}

/** What is there for a strategy's part of a dry run to look at, and where it says what it found. */
export interface Look {
  readonly ports: DryRunPorts;
  readonly settings: SingleSettings;
  readonly budget: TimeBudget;
  readonly problems: Problems;
  readonly logins: DryLogins;
  readonly secret: SecretDescription;
  readonly current: KafkaCredentialFile;
  /** Of the rotation that would go on; that of one that is not begun yet is `pending`. */
  readonly situation: Situation;
  /**
   * @param unstored what createSecret would store, where nothing is stored yet
   * @throws RotationError when what is stored, or would be, may not be sent
   */
  readonly pending: (unstored: KafkaCredentialFile) => Promise<PendingCredential<KafkaCredentialFile>>;
  readonly previous: () => Promise<KafkaCredentialFile | undefined>;
}

/** What would follow if nothing stood in the way. */
export interface WouldDo {
  /** Changes at Streamkap, in order. */
  readonly atStreamkap: readonly string[];
  /** Writes to Secrets Manager besides those of every rotation. */
  readonly stored: readonly string[];
  /** Writes in place of those of every rotation. */
  readonly instead?: readonly string[];
}

/** True when createSecret would look at what the next credential is made of, and not only find it stored. */
export const makesCredential = ({ situation }: Pick<Look, 'situation'>): boolean => situation === 'pending';

/** Asked once, whoever wants the answer. */
export function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask();
    return answer;
  };
}
