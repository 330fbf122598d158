import type { ClientCredentialFile } from '../client-credential-file.ts';
import { type CredentialFile, checkCredentialFile, NotACredentialFile } from '../credential-file.ts';
import type { ProjectKeyDetail, ProjectKeySummary } from '../streamkap/schemas.ts';
import type { Intent } from './intent.ts';
import type { Making, MakingPorts, MakingRequest } from './making.ts';

/** What is stored of a credential of some kind. */
export type Credential = CredentialFile | ClientCredentialFile;

/** How a kind of credential is stored. */
export interface CredentialFormat<C extends Credential> {
  readonly name: 'project-key' | 'client-credential';
  /** For people. */
  readonly noun: string;
  /** What is stored of one, for people. */
  readonly document: string;
  /** @returns the credential that a parsed secret value is, or why it is none */
  check(value: unknown): C | NotACredentialFile;
  /** By which Streamkap knows it. */
  idOf(credential: C): string;
}

/** What provisioning has to know of a kind of credential. Its protocol is the same for all. */
export interface CredentialKind<C extends Credential> {
  readonly format: CredentialFormat<C>;
  /** Sent once. A StreamkapError with `changed: 'unknown'` means that it may exist. */
  create(intent: Intent): Promise<C>;
  /** All that the caller sees, those of other people too. */
  list(): Promise<Listed[]>;
  get(id: string): Promise<ProjectKeyDetail | undefined>;
  /** @returns once Streamkap took the order. Gone already is success. */
  delete(id: string): Promise<void>;
  /** Takes over what an earlier attempt made. Called only for keys without API access: all other secrets are lost with the answer. */
  adopt(ports: MakingPorts<C>, intent: Intent, request: MakingRequest & { id: string }): Promise<Making<C> | 'failed'>;
}

/** A credential at Streamkap, without secrets. */
export type Listed = Pick<ProjectKeySummary, 'id' | 'name' | 'status' | 'description' | 'kafka_username'>;

/** Project keys are stored as the very file that Streamkap shows once. */
export const PROJECT_KEY_FORMAT: CredentialFormat<CredentialFile> = {
  name: 'project-key',
  noun: 'project key',
  document: 'a Streamkap credential file',
  check: (value) => {
    const pair = value as { client_id?: unknown; project_key_id?: unknown } | null;
    const isClientCredential = typeof pair?.client_id === 'string' && pair.project_key_id === undefined;
    return isClientCredential ? new NotACredentialFile('it is a client credential') : checkCredentialFile(value);
  },
  idOf: (file) => file.project_key_id,
};
