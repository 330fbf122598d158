import { type CredentialFile, checkCredentialFile, decodeCredential, isCredentialFile } from '../credential-file.ts';
import { ProvisioningError } from '../errors.ts';
import type { SecretReader, SecretVersion } from '../secret-store.ts';
import { type Intent, intentOf } from './intent.ts';

/** What AWSCURRENT of the secret is. */
export type Situation =
  | { readonly state: 'absent' | 'empty' }
  | { readonly state: 'file'; readonly version: SecretVersion; readonly file: CredentialFile }
  | { readonly state: 'intent'; readonly version: SecretVersion; readonly intent: Intent };

/**
 * @throws ProvisioningError SECRET_HAS_FOREIGN_VALUE when the value is neither a credential file nor an intent
 */
export async function readSituation(store: SecretReader, secretId: string): Promise<Situation> {
  const version = await store.read(secretId);
  if (version === 'no-secret') return { state: 'absent' };
  if (version === 'no-value') return { state: 'empty' };
  const content = contentOf(version);
  if (content.state === 'foreign') {
    throw new ProvisioningError({
      code: 'SECRET_HAS_FOREIGN_VALUE',
      message: `The secret ${secretId} holds something that is not a Streamkap credential file (${content.problem})`,
      changed: 'no',
      retryable: false,
      remedy: 'Name another secret in secret-id, or put the credential file there (or empty it) by hand.',
    });
  }
  return { ...content, version };
}

type Content =
  | { readonly state: 'file'; readonly file: CredentialFile }
  | { readonly state: 'intent'; readonly intent: Intent }
  | { readonly state: 'foreign'; readonly problem: string };

/** @returns what a stored value is; never a part of the value itself in `problem` */
export function contentOf(version: Pick<SecretVersion, 'value'>): Content {
  const value = decodeCredential(version.value);
  const intent = intentOf(value);
  if (intent) return { state: 'intent', intent };
  const file = checkCredentialFile(value);
  return isCredentialFile(file) ? { state: 'file', file } : { state: 'foreign', problem: file.problem };
}
