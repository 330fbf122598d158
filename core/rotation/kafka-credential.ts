import {
  checkCredentialFile,
  hasKafka,
  isCredentialFile,
  type KafkaCredentialFile,
  kafkaConnection,
} from '../credential-file.ts';
import { NOT_JSON, parseJson } from '../json.ts';
import { mismatch, notProvisioned, unreadable } from './errors.ts';
import type { CredentialOrigin } from './strategy.ts';

/** @returns the credential file in a version's value @throws RotationError without any part of the text */
export function parseKafkaCredential(text: string, { role, secretId }: CredentialOrigin): KafkaCredentialFile {
  const json = parseJson(text);
  if (json === NOT_JSON) throw unreadable(role, 'it is not JSON');
  if (isIntent(json)) throw notProvisioned(secretId, 'only an intent');
  const file = checkCredentialFile(json);
  if (!isCredentialFile(file)) throw unreadable(role, file.problem);
  if (!hasKafka(file)) throw unreadable(role, 'it has no kafka section');
  return file;
}

/** By its type alone: an intent of another version of this product is one too. */
function isIntent(json: unknown): boolean {
  return (json as { readonly type?: unknown } | null)?.type === 'streamkap_keyring_intent';
}

/**
 * A secret's value decides where a password is sent, and whoever may write a version could redirect it: the pending value may
 * differ from the current one in the password and nothing else that is acted upon.
 * @throws RotationError naming the field
 */
export function requireSameKey(current: KafkaCredentialFile, pending: KafkaCredentialFile): void {
  const [was, is] = [current, pending].map((file) => {
    const { password: _, ...connection } = kafkaConnection(file.kafka);
    return { project_key_id: file.project_key_id, service_id: file.project.service_id, ...connection };
  });
  for (const [field, value] of Object.entries(was ?? {})) {
    if (value !== (is as Record<string, unknown>)[field]) throw mismatch(field);
  }
}
