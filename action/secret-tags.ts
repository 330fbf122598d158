import type { CredentialFile } from '../core/credential-file.ts';
import { KeyringError } from '../core/errors.ts';
import type { SecretTagger } from '../core/secret-store.ts';
import type { Job } from './job.ts';

type TaggingJob = Pick<Job, 'runner' | 'masking'>;

interface TaggedSecret {
  readonly file: CredentialFile;
  readonly secretArn: string;
  /** Who had the key made, where it was made now. */
  readonly origin?: Readonly<Record<string, string>>;
}

/** So that nobody needs to read a value to know what it is. */
export async function tagSecret(
  job: TaggingJob,
  { file, secretArn, origin = {} }: TaggedSecret,
  store: SecretTagger,
): Promise<void> {
  const { project_key_id: id, project, kafka } = file;
  const tags = {
    'streamkap:project-key-id': id,
    ...(project.service_id ? { 'streamkap:service-id': project.service_id } : {}),
    ...(kafka ? { 'streamkap:kafka-username': kafka.username } : {}),
    ...origin,
  };
  await putTags(job, store, { secretArn, tags });
}

/** Adds our tag and those given. A role that may not tag has still got its credential, and is warned. */
export async function putTags(
  { runner, masking }: TaggingJob,
  store: SecretTagger,
  { secretArn, tags }: { readonly secretArn: string; readonly tags: Readonly<Record<string, string>> },
): Promise<void> {
  await store.tag(secretArn, { 'managed-by': 'streamkap-keyring', ...tags }).catch((error: unknown) => {
    const why = error instanceof KeyringError ? error.message : 'unexpected failure';
    runner.warning(masking.redact(`The secret was not tagged: ${why}`));
  });
}
