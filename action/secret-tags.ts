import type { CredentialFile } from '../core/credential-file.ts';
import { KeyringError } from '../core/errors.ts';
import type { SecretTagger } from '../core/secret-store.ts';
import type { Job } from './job.ts';

/** So that nobody needs to read a value to know what it is. A role that may not tag has still got its key. */
export async function tagSecret(
  { runner, masking }: Job,
  { file, secretArn }: { readonly file: CredentialFile; readonly secretArn: string },
  store: SecretTagger,
): Promise<void> {
  const { project_key_id: id, project, kafka } = file;
  const tags = {
    'managed-by': 'streamkap-keyring',
    'streamkap:project-key-id': id,
    ...(project.service_id ? { 'streamkap:service-id': project.service_id } : {}),
    ...(kafka ? { 'streamkap:kafka-username': kafka.username } : {}),
  };
  await store.tag(secretArn, tags).catch((error: unknown) => {
    runner.warning(
      masking.redact(
        `The secret was not tagged: ${error instanceof KeyringError ? error.message : 'unexpected failure'}`,
      ),
    );
  });
}
