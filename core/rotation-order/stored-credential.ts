import { type CredentialFile, hasKafka, kafkaConnection } from '../credential-file.ts';
import { ProvisioningError } from '../errors.ts';
import { type LoginResult, probeLogin } from '../login-probe/probe.ts';
import { contentOf } from '../provisioning/situation.ts';
import { notProvisioned } from './errors.ts';

/** Milliseconds for one login. */
const LOGIN_MS = 10_000;

/** @throws RotationError NOT_PROVISIONED; ProvisioningError SECRET_HAS_FOREIGN_VALUE, without any part of the value */
export function readStoredFile(secretId: string, value: string): CredentialFile {
  const content = contentOf({ value });
  switch (content.state) {
    case 'file':
      return content.file;
    case 'intent':
      throw notProvisioned(secretId);
    case 'foreign':
      throw new ProvisioningError({
        code: 'SECRET_HAS_FOREIGN_VALUE',
        message: `The secret ${secretId} holds something that is not a Streamkap credential file (${content.problem})`,
        changed: 'no',
        retryable: false,
        remedy: 'Name the secret that holds the credential file.',
      });
  }
}

/** One login. @returns unknown for a file that has nothing to log in with */
export async function tryLogin(file: CredentialFile): Promise<LoginResult> {
  if (!hasKafka(file)) return { outcome: 'unknown', code: 'NO_KAFKA_ACCESS', milliseconds: 0 };
  return await probeLogin({ ...kafkaConnection(file.kafka), timeoutMs: LOGIN_MS });
}
