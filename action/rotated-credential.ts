import { type CredentialFile, hasKafka, kafkaConnection } from '../core/credential-file.ts';
import { InputError, ProvisioningError } from '../core/errors.ts';
import { type LoginResult, probeLogin } from '../core/login-probe/probe.ts';
import { contentOf } from '../core/provisioning/situation.ts';
import { notProvisioned } from '../core/rotation-order/errors.ts';
import type { RotationOrderPorts } from '../core/rotation-order/ports.ts';
import { requireRightKey } from './check-delivery.ts';
import type { Inputs } from './inputs.ts';

/** Milliseconds for one login. */
const LOGIN_MS = 10_000;

/** @returns what a rotation needs to know of the credentials it finds: how they are read, which one is meant, how one is tried */
export function currentCredential(
  inputs: Inputs,
  secretId: string,
  secretSeen: (file: CredentialFile) => void,
): Pick<RotationOrderPorts<CredentialFile>, 'parse' | 'check' | 'login'> {
  return {
    parse: (value) => {
      const file = readFile(secretId, value);
      secretSeen(file);
      return file;
    },
    check: (file) => requireMeant(inputs, file),
    login: inputs.verifyLogin === 'never' ? undefined : tryLogin,
  };
}

/** @throws RotationError NOT_PROVISIONED; ProvisioningError SECRET_HAS_FOREIGN_VALUE */
function readFile(secretId: string, value: string): CredentialFile {
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

/** What is not the credential that was meant is said before it is rotated, not after. @throws InputError */
function requireMeant(inputs: Inputs, file: CredentialFile): void {
  requireRightKey(inputs, file);
  if (!hasKafka(file) && (inputs.kafka || inputs.verifyLogin === 'always')) {
    throw new InputError(
      'secret-id',
      'names a credential without Kafka access',
      'Name the secret of a key that has it.',
    );
  }
}

/** One login. @returns unknown for a file that has nothing to log in with */
export async function tryLogin(file: CredentialFile): Promise<LoginResult> {
  if (!hasKafka(file)) return { outcome: 'unknown', code: 'NO_KAFKA_ACCESS', milliseconds: 0 };
  return await probeLogin({ ...kafkaConnection(file.kafka), timeoutMs: LOGIN_MS });
}
