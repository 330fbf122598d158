import { type CredentialFile, decodeCredential, NotACredentialFile } from '../credential-file.ts';
import { ProvisioningError } from '../errors.ts';
import type { SecretReader, SecretVersion } from '../secret-store.ts';
import { type Intent, intentOf } from './intent.ts';
import { type Credential, type CredentialFormat, PROJECT_KEY_FORMAT } from './kind.ts';

/** What AWSCURRENT of the secret is. */
export type Situation<C extends Credential> =
  | { readonly state: 'absent' | 'empty' }
  | { readonly state: 'file'; readonly version: SecretVersion; readonly file: C }
  | { readonly state: 'intent'; readonly version: SecretVersion; readonly intent: Intent };

/**
 * @throws ProvisioningError SECRET_HAS_FOREIGN_VALUE when the value is neither a credential of this kind nor an intent for one
 */
export async function readSituation<C extends Credential>(
  store: SecretReader,
  secretId: string,
  format: CredentialFormat<C>,
): Promise<Situation<C>> {
  const version = await store.read(secretId);
  if (version === 'no-secret') return { state: 'absent' };
  if (version === 'no-value') return { state: 'empty' };
  const content = contentIn(version, format);
  if (content.state === 'foreign') {
    throw new ProvisioningError({
      code: 'SECRET_HAS_FOREIGN_VALUE',
      message: `The secret ${secretId} holds something that is not ${format.document} (${content.problem})`,
      changed: 'no',
      retryable: false,
      remedy: `Name another secret in secret-id, or put ${format.document} there (or empty it) by hand.`,
    });
  }
  return { ...content, version };
}

type Content<C> =
  | { readonly state: 'file'; readonly file: C }
  | { readonly state: 'intent'; readonly intent: Intent }
  | { readonly state: 'foreign'; readonly problem: string };

/** @returns what a stored value of a project key's secret is; never a part of the value itself in `problem` */
export function contentOf(version: Pick<SecretVersion, 'value'>): Content<CredentialFile> {
  return contentIn(version, PROJECT_KEY_FORMAT);
}

/** The same for any kind of credential. */
export function contentIn<C extends Credential>(
  version: Pick<SecretVersion, 'value'>,
  format: CredentialFormat<C>,
): Content<C> {
  const value = decodeCredential(version.value);
  const intent = intentOf(value);
  if (intent) {
    if ((intent.kind ?? 'project-key') === format.name) return { state: 'intent', intent };
    return { state: 'foreign', problem: `it is the intent for a ${intent.kind ?? 'project-key'}` };
  }
  const file = format.check(value);
  return file instanceof NotACredentialFile ? { state: 'foreign', problem: file.problem } : { state: 'file', file };
}
