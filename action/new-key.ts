import { needsKafka } from '../core/config-format.ts';
import type { CredentialFile } from '../core/credential-file.ts';
import { InputError } from '../core/errors.ts';
import type { Inputs } from './inputs.ts';
import type { KeyInputs } from './key-inputs.ts';
import type { Runner } from './runner.ts';

/** What only a key that exists already could meet is said before a new one is made, not after. */
export function requireMakeable({ projectKeyId, verifyLogin, kafka, configFile }: Inputs): void {
  if (projectKeyId !== '') {
    throw new InputError(
      'project-key-id',
      'is given, but there is no credential yet, and a new key gets an id of its own',
      'Leave project-key-id out, or name the secret that holds the key.',
    );
  }
  if (verifyLogin === 'always' && !kafka) {
    throw new InputError(
      'verify-login',
      'is "always", but the new key gets no Kafka access to try',
      'Use "auto" for API-only keys.',
    );
  }
  if (configFile && needsKafka(configFile.format) && !kafka) {
    throw new InputError(
      'config-format',
      `"${configFile.format}" is for Kafka clients, and the new key gets no Kafka access`,
      'Use json or env.',
    );
  }
}

/** Streamkap makes such a key without a word; its user can log in, and every topic is refused. */
export function warnOfPowerlessKey(
  { runner }: { readonly runner: Pick<Runner, 'warning'> },
  { kafka }: KeyInputs,
): void {
  if (!kafka || kafka.acls.length > 0) return;
  runner.warning('kafka-acls is empty: the new key can log in to Kafka, but may neither read nor write any topic');
}

/** What mode "create" must not find. */
export function alreadyThere(secretId: string, file: CredentialFile): InputError {
  return new InputError(
    'mode',
    `is "create", but ${secretId} already holds the project key ${file.project_key_id}`,
    'Use mode "ensure" to have it, or name another secret.',
  );
}
