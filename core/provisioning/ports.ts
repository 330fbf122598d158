import type { Clock } from '../clock.ts';
import type { CredentialFile } from '../credential-file.ts';
import type { LoginRequest, LoginResult } from '../login-probe/probe.ts';
import type { SecretStore } from '../secret-store.ts';
import type { StreamkapClient } from '../streamkap/client.ts';
import type { RequestedKey } from './intent.ts';
import type { Credential, CredentialKind } from './kind.ts';

/** Streamkap as far as making a key needs it. */
export type KeyApi = Pick<
  StreamkapClient,
  'createProjectKey' | 'listProjectKeys' | 'getProjectKey' | 'setKafkaPassword' | 'deleteProjectKey'
>;

/** Everything that making a key touches outside itself. */
export interface ProvisioningPorts {
  readonly store: SecretStore;
  readonly streamkap: KeyApi;
  /** One login; never throws. */
  readonly probe: (request: LoginRequest) => Promise<LoginResult>;
  readonly clock: Clock;
  /** A fresh UUID. */
  readonly randomId: () => string;
  readonly generatePassword: () => string;
  readonly report: ProvisioningReport;
}

/** The same for any kind of credential. */
export interface KindPorts<C extends Credential> extends Omit<ProvisioningPorts, 'streamkap' | 'report'> {
  readonly kind: CredentialKind<C>;
  readonly report: ProvisioningReport<C>;
}

/** What the outside learns on the way. */
export interface ProvisioningReport<C extends Credential = CredentialFile> {
  /** Called before a secret is used for anything, so that it can be masked. */
  secretSeen(secret: string | C): void;
  progress(line: string): void;
  warning(line: string): void;
}

/** A key somebody asks for. */
export interface KeyRequest {
  readonly name: string;
  /** Null for a key without Kafka. */
  readonly username: string | null;
  readonly requested: RequestedKey;
}

export interface ProvisioningRequest {
  /** Name or ARN of the secret that shall hold the credential file. */
  readonly secretId: string;
  /** Checks who we are and resolves names to ids; asked only when a key has to be made. */
  readonly prepare: () => Promise<KeyRequest>;
  /** Which run this is, for people who read an intent. */
  readonly run: string;
  /** Milliseconds an intent must be old before its holder counts as dead. */
  readonly takeOverAfterMs: number;
  /** What an adopted key's login must show. `auto`: not refused. `always`: accepted. `never`: it is not tried. */
  readonly verifyLogin: 'auto' | 'always' | 'never';
  /** For a secret that has to be made. */
  readonly newSecret: { readonly kmsKeyId?: string | undefined; readonly tags: Readonly<Record<string, string>> };
}

export interface ProvisioningResult<C extends Credential = CredentialFile> {
  /** `created`: by this run. `adopted`: made by a run that did not come to its end, finished by this one. `found`: it was there. */
  readonly outcome: 'created' | 'adopted' | 'found';
  readonly file: C;
  readonly secretArn: string;
  readonly versionId: string;
}

/** Waiting and trying, in milliseconds or counts. */
export const LIMITS = {
  /** Between two looks at something that changes by itself. */
  poll: { first: 1_000, max: 5_000 },
  /** A new key must be active within this time. */
  activeWithinMs: 600_000,
  /** A deleted key must be gone within this time. */
  goneWithinMs: 180_000,
  /** DELETE is sent this often to a key that Streamkap failed to delete. */
  deletes: 3,
  /** POST is sent this often by one run when no answer comes. */
  posts: 3,
  /** Keys of one intent that may end as failed before that is an error. */
  failures: 1,
  /** One login. */
  loginMs: 10_000,
  /** Writes to the secret whose answer was lost are repeated this often; they are idempotent. */
  writes: 3,
  /** Nobody waits for another run longer than this beyond the take-over age. */
  patienceMs: 900_000,
} as const;
