import { adminCredentialInSecret } from '../../core/admin-credential.ts';
import type { AdminSecretValue } from '../../core/rotation/admin/admin-secret.ts';
import { wrongSecret } from '../../core/rotation/admin/errors.ts';
import { fingerprintOf } from '../../core/rotation/admin/marker.ts';
import { readStoredCredentials } from '../../core/rotation/admin/stored-credentials.ts';
import { AdminStrategy } from '../../core/rotation/admin/strategy.ts';
import type { Swept } from '../../core/rotation/admin/sweep.ts';
import { ClientCredentials } from '../../core/streamkap/client-credentials.ts';
import type { AdminCredentialSource } from '../../core/streamkap/token.ts';
import {
  readEnvironment,
  STREAMKAP_VARIABLES,
  type StreamkapSettings,
  streamkapSettings,
} from '../rotation/environment.ts';
import type { RotationFunction } from '../rotation/handler.ts';
import type { RotationInvocation } from '../rotation/invocation.ts';
import type { StepLog } from '../rotation/step-log.ts';
import { names } from './admin-secret-name.ts';
import { dryRun } from './dry-run.ts';

/** Rotation of the admin credential in the secret that STREAMKAP_ADMIN_SECRET_ID names. */
export function adminRotation({ nonce }: { readonly nonce: () => string }) {
  return (environment: NodeJS.ProcessEnv): RotationFunction<AdminSecretValue> => {
    const settings = streamkapSettings(readEnvironment(environment, STREAMKAP_VARIABLES));
    return {
      strategyName: 'admin',
      unprovenAllowed: false,
      strategy: (invocation) => strategyFor(invocation, settings, nonce),
      actions: { 'dry-run': (invocation, secretId) => dryRun(invocation, settings, secretId) },
    };
  };
}

function strategyFor(
  { container, store, target, log, secretSeen, redact }: RotationInvocation,
  { host, adminSecretId }: StreamkapSettings,
  nonce: () => string,
): AdminStrategy {
  const { secretId } = target;
  if (!names(adminSecretId, secretId)) throw wrongSecret(secretId);
  const { transport, clock, random } = container;
  return new AdminStrategy({
    ...{ host, nonce, secretSeen },
    streamkap: (credentials: AdminCredentialSource, deadline: number) =>
      new ClientCredentials({ host, credentials, transport, clock, random, redact, deadline }),
    current: adminCredentialInSecret({ store, secretId, host, secretSeen, input: 'STREAMKAP_ADMIN_SECRET_ID' }),
    stored: () => readStoredCredentials({ store, secretId }),
    fingerprint: fingerprintOf(secretId),
    swept: (result) => logSwept(log, result),
  });
}

/** Which credentials are gone is worth a line; that there was nothing to do is not. */
function logSwept(log: StepLog, result: Swept | { readonly code: string }): void {
  if ('code' in result) {
    log.write('warn', 'credentials that nobody needs were not looked for', { error_code: result.code });
    return;
  }
  for (const { clientId, reason } of result.deleted)
    log.write('info', 'deleted a client credential that nobody needs', { client_id: clientId, reason });
  for (const { clientId, code } of result.left)
    log.write('warn', 'could not delete a client credential that nobody needs', {
      client_id: clientId,
      error_code: code,
    });
}
