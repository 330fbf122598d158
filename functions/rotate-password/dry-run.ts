import { RotationError } from '../../core/errors.ts';
import type { HttpTransport } from '../../core/http.ts';
import { PasswordDryRun } from '../../core/rotation/dry-run.ts';
import { type Invocation, streamkapOf } from '../rotation/invocation.ts';
import { proofFields } from '../rotation/line-fields.ts';
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
  if (secretId === undefined) throw secretMissing();
  const { store, budget, container, secretSeen } = invocation;
  const reader = { read: store.read, describe: store.describe };
  const transport = readOnly(container.transport);
  const client = streamkapOf({ ...invocation, container: { ...container, transport } }, settings)(budget.deadline);
  const streamkap = { getProjectKey: (id: string) => client.getProjectKey(id) };
  const ports = { store: reader, streamkap, secretSeen, login: container.login };
  const { logins, problems, ...plan } = await new PasswordDryRun(ports, budget).run(secretId, settings.strategy);
  return {
    outcome: problems.length > 0 ? 'would-fail' : 'would-rotate',
    ...plan,
    logins: Object.fromEntries(Object.entries(logins).map(([which, proof]) => [which, proofFields(proof)])),
    problems: problems.map((problem) => ({ ...problem })),
  };
}

/** @returns the transport for reads, and for the exchange of the admin credential for a token */
function readOnly(transport: HttpTransport): HttpTransport {
  return (request) => {
    const exchanges = request.method === 'POST' && new URL(request.url).pathname.endsWith('/auth/access-token');
    if (request.method !== 'GET' && !exchanges) throw new Error('a dry run changes nothing');
    return transport(request);
  };
}

function secretMissing(): RotationError {
  return new RotationError({
    code: 'BAD_EVENT',
    message: 'a dry run needs secretId',
    changed: 'no',
    retryable: false,
    remedy: 'Send {"action":"dry-run","secretId":"<name or ARN>"}.',
  });
}
