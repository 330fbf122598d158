import type { ClientCredentialFile } from '../../core/client-credential-file.ts';
import { clientCredentials } from '../../core/provisioning/client-credentials.ts';
import type { CredentialKind } from '../../core/provisioning/kind.ts';
import { ClientCredentials } from '../../core/streamkap/client-credentials.ts';
import { type Job, prepareJobOf, type Surroundings } from '../job.ts';
import { type ClientCredentialInputs, parseClientCredential } from './inputs.ts';

export type CredentialJob = Job<ClientCredentialInputs>;

/** @throws InputError; nothing was called until then */
export function prepareClientCredentialJob(surroundings: Surroundings): Promise<CredentialJob> {
  return prepareJobOf(parseClientCredential, surroundings);
}

/** @returns client credentials as provisioning makes them, over the job's own token */
export function kindOf({ streamkap }: CredentialJob): CredentialKind<ClientCredentialFile> {
  return clientCredentials(new ClientCredentials(streamkap.calls));
}
