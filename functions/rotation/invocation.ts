import { adminCredentialInSecret } from '../../core/admin-credential.ts';
import type { RotationTarget } from '../../core/rotation/errors.ts';
import type { TimeBudget } from '../../core/rotation/time-budget.ts';
import type { SecretLister, SecretStore, SecretTagger, VersionLister } from '../../core/secret-store.ts';
import { StreamkapClient } from '../../core/streamkap/client.ts';
import type { Container } from './container.ts';
import type { StreamkapSettings } from './environment.ts';
import type { StepLog } from './step-log.ts';

/** What one call of the function works with. */
export interface Invocation {
  readonly container: Container;
  readonly budget: TimeBudget;
  /** The container's store, none of whose calls outlasts the budget. */
  readonly store: SecretStore & SecretTagger & SecretLister & VersionLister;
  readonly log: StepLog;
  /** To be called before a secret is used for anything: from then on it is taken out of every line and error. */
  readonly secretSeen: (secret: string) => void;
  readonly redact: (text: string) => string;
}

/** One call of Secrets Manager's. */
export interface RotationInvocation extends Invocation {
  readonly target: RotationTarget;
}

/** @returns Streamkap with the stored admin credential, which is read when it is first needed; a client for each deadline */
export function streamkapOf(
  { container, store, secretSeen, redact }: Invocation,
  { host, adminSecretId }: StreamkapSettings,
): (deadline: number) => StreamkapClient {
  const { transport, clock, random } = container;
  const input = 'STREAMKAP_ADMIN_SECRET_ID';
  const credentials = adminCredentialInSecret({ store, host, secretSeen, secretId: adminSecretId, input });
  return (deadline) => new StreamkapClient({ host, credentials, transport, clock, random, redact, deadline });
}
