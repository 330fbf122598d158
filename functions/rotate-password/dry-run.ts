import { PasswordDryRun } from '../../core/rotation/dry-run.ts';
import { answerOf, readOnly, requireSecretId } from '../rotation/dry-run.ts';
import { type Invocation, streamkapOf } from '../rotation/invocation.ts';
import type { LogFields } from '../rotation/step-log.ts';
import type { Settings } from './environment.ts';

/**
 * `{"action":"dry-run","secretId":...}`: what a rotation would read and try is read and tried, and what it would write and change
 * is told. The clients it works with have no method that changes anything, and its transport lets nothing else through.
 * @throws RotationError BAD_EVENT, SECRET_NOT_FOUND
 */
export async function dryRun(
  invocation: Invocation,
  settings: Settings,
  secretId: string | undefined,
): Promise<LogFields> {
  const { store, budget, container, secretSeen } = invocation;
  const reader = { read: store.read, describe: store.describe };
  const transport = readOnly(container.transport);
  const client = streamkapOf({ ...invocation, container: { ...container, transport } }, settings)(budget.deadline);
  const streamkap = { getProjectKey: (id: string) => client.getProjectKey(id), whoami: () => client.whoami() };
  const ports = { store: reader, streamkap, secretSeen, login: container.login };
  return answerOf(await new PasswordDryRun(ports, budget, settings).run(requireSecretId(secretId)));
}
