import { AdminDryRun, type CredentialReader } from '../../core/rotation/admin/dry-run.ts';
import { ClientCredentials } from '../../core/streamkap/client-credentials.ts';
import type { AdminCredentialSource } from '../../core/streamkap/token.ts';
import { answerOf, readOnly, requireSecretId } from '../rotation/dry-run.ts';
import type { StreamkapSettings } from '../rotation/environment.ts';
import type { Invocation } from '../rotation/invocation.ts';
import type { LogFields } from '../rotation/step-log.ts';
import { names } from './admin-secret-name.ts';

/**
 * `{"action":"dry-run","secretId":...}`: reads and proves what a rotation would, and tells what it would write, make and delete.
 * The clients it works with have no method that changes anything, and its transport lets nothing else through.
 * @throws RotationError BAD_EVENT, SECRET_NOT_FOUND, WRONG_SECRET
 */
export async function dryRun(
  { container, store, budget, secretSeen, redact }: Invocation,
  { host, adminSecretId }: StreamkapSettings,
  secretId: string | undefined,
): Promise<LogFields> {
  const { clock, random } = container;
  const transport = readOnly(container.transport);
  const { deadline } = budget;
  const streamkap = (credentials: AdminCredentialSource): CredentialReader => {
    const client = new ClientCredentials({ host, credentials, transport, clock, random, redact, deadline });
    return { whoami: () => client.whoami(), list: () => client.list() };
  };
  const ports = {
    ...{ host, secretSeen, streamkap },
    store: { read: store.read, describe: store.describe, versions: store.versions },
    isAdminSecret: (arn: string) => names(adminSecretId, arn),
  };
  return answerOf(await new AdminDryRun(ports, budget).run(requireSecretId(secretId)));
}
