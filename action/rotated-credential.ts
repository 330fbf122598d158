import { type CredentialFile, hasKafka } from '../core/credential-file.ts';
import { InputError } from '../core/errors.ts';
import type { RotationOrderPorts } from '../core/rotation-order/ports.ts';
import { readStoredFile, tryLogin } from '../core/rotation-order/stored-credential.ts';
import { requireRightKey } from './check-delivery.ts';
import type { Inputs } from './inputs.ts';

/** @returns what a rotation needs to know of the credentials it finds: how they are read, which one is meant, how one is tried */
export function currentCredential(
  inputs: Inputs,
  secretId: string,
  secretSeen: (file: CredentialFile) => void,
): Pick<RotationOrderPorts<CredentialFile>, 'parse' | 'check' | 'login'> {
  return {
    parse: (value) => {
      const file = readStoredFile(secretId, value);
      secretSeen(file);
      return file;
    },
    check: (file) => requireMeant(inputs, file),
    login: inputs.verifyLogin === 'never' ? undefined : tryLogin,
  };
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
