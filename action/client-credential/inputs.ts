import { InputError } from '../../core/errors.ts';
import type { ReadInput } from '../input-values.ts';
import { type BaseInputs, parseBase } from '../inputs.ts';
import { parseDescription, parseGrants } from '../key-inputs.ts';
import { parseKmsKeyId } from '../kms-key-id.ts';
import { requireOneLine } from '../runner.ts';
import { parseSecretId } from '../secret-id.ts';
import { parseTags } from '../tags.ts';
import { parseMode, refuseForeignInputs } from './foreign-inputs.ts';

/** What a client credential that is made shall be like. */
export interface CredentialInputs {
  /** Streamkap knows no name of it: it begins the description. */
  readonly name: string;
  readonly description: string;
  /** Names or ids; exclusive with permissions. */
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
}

interface MakingInputs {
  readonly credential: CredentialInputs;
  readonly kmsKeyId: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** The inputs of `kind: client-credential`. */
export type ClientCredentialInputs = BaseInputs &
  (
    | { readonly mode: 'lookup'; readonly secretId: string }
    | (MakingInputs & { readonly mode: 'ensure'; readonly secretId: string })
    | (MakingInputs & { readonly mode: 'create'; readonly secretId: string | null })
  );

/** @throws InputError for the first input that breaks a rule, or says nothing of a client credential; nothing was called until then */
export async function parseClientCredential(
  read: ReadInput,
  environment: NodeJS.ProcessEnv,
): Promise<ClientCredentialInputs> {
  const mode = parseMode(read);
  refuseForeignInputs(read, mode);
  const base = parseBase(read, environment);
  const secretId = parseSecretId(read, 'secret-id', environment);
  if (mode !== 'create' && !secretId) {
    throw new InputError(
      'secret-id',
      `is empty, and mode "${mode}" needs it`,
      'Name the secret that holds, or shall hold, the credential.',
    );
  }
  if (mode === 'lookup') return { ...base, mode, secretId: secretId ?? '' };
  const making = {
    credential: parseCredential(read),
    kmsKeyId: parseKmsKeyId(read, environment),
    tags: await parseTags(read('tags')),
  };
  return mode === 'create'
    ? { ...base, ...making, mode, secretId }
    : { ...base, ...making, mode, secretId: secretId ?? '' };
}

function parseCredential(read: ReadInput): CredentialInputs {
  const grants = parseGrants(read);
  if (grants.roles.length === 0 && grants.permissions.length === 0) {
    throw new InputError(
      'roles',
      'and permissions are both unset, so the client credential could do nothing',
      'Give roles, by name or id, or permissions.',
    );
  }
  const name = requireOneLine(read('name'), 'name');
  if ([...name].length > 100)
    throw new InputError('name', `has ${[...name].length} characters`, 'A name has 100 characters at most.');
  return { name, description: parseDescription(read('description')), ...grants };
}
