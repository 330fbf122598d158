import {
  type CredentialFile,
  checkCredentialFile,
  decodeCredential,
  isCredentialFile,
  readCredentialFile,
} from '../core/credential-file.ts';
import { InputError } from '../core/errors.ts';
import type { AdminCredential } from '../core/streamkap/token.ts';
import { parseStreamkapHost, requireTrustedApi } from '../core/streamkap-host.ts';
import { type ChangeInputs, parseChange } from './change-inputs.ts';
import { type ConfigFileInputs, parseConfigFile } from './config-file-inputs.ts';
import { type EphemeralInputs, parseEphemeral } from './ephemeral-inputs.ts';
import { choice, flag, type ReadInput, seconds } from './input-values.ts';
import { type KeyInputs, parseKey, wantsKafka } from './key-inputs.ts';
import { parseKmsKeyId } from './kms-key-id.ts';
import { parseRotate, type RotateInputs, requireNoReason } from './rotate-inputs.ts';
import { parseSecretId } from './secret-id.ts';
import { parseTags } from './tags.ts';

/** What every mode and every kind of credential needs. */
export interface BaseInputs {
  readonly streamkapHost: string;
  readonly admin: AdminInputs;
  readonly exportEnv: boolean;
  readonly envPrefix: string;
  readonly maskIdentifiers: boolean;
  readonly waitTimeoutSeconds: number;
}

/** What every mode needs for a project key. */
interface CommonInputs extends BaseInputs {
  /** The credential found must be this key's. Empty: any. */
  readonly projectKeyId: string;
  readonly verifyLogin: 'auto' | 'always' | 'never';
  /** Kafka access is asked for, so a credential without it will not do. */
  readonly kafka: boolean;
  readonly configFile: ConfigFileInputs | null;
  readonly change: ChangeInputs;
}

/** Where the admin credential comes from; it is needed only when Streamkap has to be asked. */
export type AdminInputs =
  | { readonly from: 'pair'; readonly credential: AdminCredential }
  | { readonly from: 'secret'; readonly secretId: string }
  | { readonly from: 'nowhere' };

export type Inputs = CommonInputs &
  (
    | { readonly mode: 'lookup'; readonly source: { readonly secretId: string } | { readonly file: CredentialFile } }
    | RotateInputs
    | (MakingInputs & { readonly mode: 'ensure'; readonly secretId: string })
    | (MakingInputs & {
        readonly mode: 'create';
        readonly secretId: string | null;
        /** Null for a key that stays. */
        readonly ephemeral: EphemeralInputs | null;
      })
  );

export type EnsureInputs = Extract<Inputs, { mode: 'ensure' }>;
/** The modes that may make a key. */
export type MakingModeInputs = Extract<Inputs, { readonly key: KeyInputs }>;

interface MakingInputs {
  readonly key: KeyInputs;
  readonly kmsKeyId: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Of credentials. The inputs of each kind but the first are read elsewhere. */
const KINDS = ['project-key', 'client-credential'] as const;
const MODES = ['ensure', 'create', 'lookup', 'rotate'] as const;

/** @throws InputError for the first input that breaks a rule, whatever the kind of credential */
export function parseBase(read: ReadInput, environment: NodeJS.ProcessEnv): BaseInputs {
  return {
    streamkapHost: parseStreamkapHost(read('streamkap-host'), 'streamkap-host'),
    admin: parseAdmin(read, environment),
    exportEnv: flag(read, 'export-env', false),
    envPrefix: parseEnvPrefix(read('env-prefix')),
    maskIdentifiers: flag(read, 'mask-identifiers', false),
    waitTimeoutSeconds: seconds(read, 'wait-timeout-seconds', 120),
  };
}

/**
 * The inputs of a project key.
 * @param environment for the admin credential's customary names
 * @throws InputError for the first input that breaks a rule; nothing was called until then
 */
export async function parseInputs(read: ReadInput, environment: NodeJS.ProcessEnv): Promise<Inputs> {
  const mode = choice(read, 'mode', MODES, 'ensure');
  choice(read, 'kind', KINDS, 'project-key');
  const common: CommonInputs = {
    ...parseBase(read, environment),
    projectKeyId: read('project-key-id'),
    verifyLogin: choice(read, 'verify-login', ['auto', 'always', 'never'], 'auto'),
    kafka: wantsKafka(read),
    configFile: parseConfigFile(read),
    change: parseChange(read, mode),
  };
  const ephemeral = parseEphemeral(read, mode);
  if (mode === 'rotate') return { ...common, ...parseRotate(read, environment) };
  requireNoReason(read, mode);
  if (mode === 'lookup')
    return { ...common, mode, source: parseSource(read, { environment, host: common.streamkapHost }) };
  if (read('project-key') !== '') {
    throw new InputError(
      'project-key',
      `is given, but mode "${mode}" does not read it`,
      'Use mode "lookup" to hand out a credential file that you have.',
    );
  }
  const making = {
    key: await parseKey(read, common.kafka),
    kmsKeyId: parseKmsKeyId(read, environment),
    tags: await parseTags(read('tags')),
  };
  const secretId = parseSecretId(read, 'secret-id', environment);
  if (mode === 'create') return { ...common, ...making, mode, secretId, ephemeral };
  if (secretId) return { ...common, ...making, mode, secretId };
  throw new InputError(
    'secret-id',
    'is empty, and mode "ensure" needs it',
    'Name the secret that holds, or shall hold, the credential.',
  );
}

function parseSource(
  read: ReadInput,
  { environment, host }: { environment: NodeJS.ProcessEnv; host: string },
): { secretId: string } | { file: CredentialFile } {
  const secretId = parseSecretId(read, 'secret-id', environment);
  const text = read('project-key');
  if (secretId && text) throw new InputError('project-key', 'is given together with secret-id', 'Give one of the two.');
  if (secretId) return { secretId };
  if (!text) {
    throw new InputError(
      'secret-id',
      'and project-key are both empty, and mode "lookup" needs one',
      'Give one of the two. A GitHub secret that is not set arrives as an empty string.',
    );
  }
  const file = readCredentialFile(text, 'project-key');
  if (file.api) requireTrustedApi(file.api, { host, input: 'project-key' });
  return { file };
}

function parseAdmin(read: ReadInput, environment: NodeJS.ProcessEnv): AdminInputs {
  const secretId = parseSecretId(read, 'admin-secret-id', environment);
  const given = {
    id: bounded(read, 'client-id', MAX_CLIENT_ID),
    secret: bounded(read, 'client-secret', MAX_CLIENT_SECRET),
  };
  if (secretId && (given.id || given.secret)) {
    throw new InputError(
      'admin-secret-id',
      'is given together with client-id or client-secret',
      'Give the pair or the secret.',
    );
  }
  if (secretId) return { from: 'secret', secretId };
  const clientId = given.id || (environment.STREAMKAP_CLIENT_ID ?? '').trim();
  const clientSecret =
    given.secret || (environment.STREAMKAP_SECRET || environment.STREAMKAP_CLIENT_SECRET || '').trim();
  if (!given.id && isExported(environment, clientId)) return { from: 'nowhere' };
  if (clientId && clientSecret) return { from: 'pair', credential: { clientId, clientSecret } };
  if (given.id)
    throw new InputError(
      'client-secret',
      'is empty, but client-id is given',
      'Give both. A GitHub secret that is not set arrives as an empty string.',
    );
  if (given.secret) throw new InputError('client-id', 'is empty, but client-secret is given', 'Give both.');
  return { from: 'nowhere' };
}

/** Streamkap's own bounds (API reference, `POST /auth/access-token`): what is longer is something else, such as a credential file. */
const MAX_CLIENT_ID = 256;
const MAX_CLIENT_SECRET = 512;

function bounded(read: ReadInput, input: string, max: number): string {
  const text = read(input);
  if (text.length <= max && !/\s/.test(text)) return text;
  const problem = text.length > max ? `has ${text.length} characters` : 'has blanks or line breaks in it';
  const rule = `Give the ${input.replace('-', ' ')} of an API token, ${max} characters at most; a credential file goes into the secret of admin-secret-id.`;
  throw new InputError(input, problem, rule);
}

/** Variables that `export-env` of an earlier step set under the default prefix are the project key's own, not an administrator's. */
function isExported(environment: NodeJS.ProcessEnv, clientId: string): boolean {
  const value = decodeCredential(environment.STREAMKAP_PROJECT_KEY ?? '');
  const file = checkCredentialFile(value);
  return isCredentialFile(file) && clientId !== '' && file.api?.client_id === clientId;
}

/** The runner itself refuses to set these, or they would change how later steps behave. */
const RESERVED_PREFIX = /^(GITHUB_|RUNNER_|ACTIONS_|NODE_|AWS_|INPUT_|STATE_)/i;

function parseEnvPrefix(text: string): string {
  const prefix = text === '' ? 'STREAMKAP_' : text;
  if (/^[A-Za-z_][A-Za-z0-9_]{0,60}$/.test(prefix) && !RESERVED_PREFIX.test(prefix)) return prefix;
  throw new InputError(
    'env-prefix',
    `"${prefix.slice(0, 60)}" cannot begin a variable's name`,
    'Use letters, digits and _, none of the prefixes that GitHub, Node or AWS use, such as STREAMKAP_.',
  );
}
