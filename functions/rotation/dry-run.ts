import { RotationError } from '../../core/errors.ts';
import type { HttpTransport } from '../../core/http.ts';
import type { DryRun } from '../../core/rotation/dry-run-findings.ts';
import { proofFields } from './line-fields.ts';
import type { LogFields } from './step-log.ts';

/** @returns the transport for reads, and for the exchange of a credential for a token; anything else is not sent */
export function readOnly(transport: HttpTransport): HttpTransport {
  return (request) => {
    const exchanges = request.method === 'POST' && new URL(request.url).pathname.endsWith('/auth/access-token');
    if (request.method !== 'GET' && !exchanges) throw new Error('a dry run changes nothing');
    return transport(request);
  };
}

/** @throws RotationError BAD_EVENT */
export function requireSecretId(secretId: string | undefined): string {
  if (secretId !== undefined) return secretId;
  throw new RotationError({
    code: 'BAD_EVENT',
    message: 'a dry run needs secretId',
    changed: 'no',
    retryable: false,
    remedy: 'Send {"action":"dry-run","secretId":"<name or ARN>"}.',
  });
}

/** @returns what the caller is answered, which the log line says too */
export function answerOf({ logins, problems, ...plan }: DryRun): LogFields {
  return {
    ...{ mode: 'dry-run', outcome: problems.length > 0 ? 'would-fail' : 'would-rotate' },
    ...plan,
    logins: Object.fromEntries(Object.entries(logins).map(([which, proof]) => [which, proofFields(proof)])),
    problems: problems.map((problem) => ({ ...problem })),
  };
}
