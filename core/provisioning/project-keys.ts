import type { CredentialFile } from '../credential-file.ts';
import { adoptKey } from './adoption.ts';
import { createBodyOf } from './intent.ts';
import { type CredentialKind, PROJECT_KEY_FORMAT } from './kind.ts';
import type { KeyApi } from './ports.ts';

/** @returns project keys as provisioning sees them */
export function projectKeys(streamkap: KeyApi): CredentialKind<CredentialFile> {
  return {
    format: PROJECT_KEY_FORMAT,
    create: (intent) => streamkap.createProjectKey(createBodyOf(intent)),
    list: () => streamkap.listProjectKeys(),
    get: (id) => streamkap.getProjectKey(id),
    delete: (id) => streamkap.deleteProjectKey(id),
    adopt: (ports, intent, request) => adoptKey({ ...ports, streamkap }, intent, request),
  };
}
