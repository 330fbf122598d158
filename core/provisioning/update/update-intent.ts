import * as z from 'zod/mini';
import { type CredentialFile, hasKafka } from '../../credential-file.ts';
import { parseJson } from '../../json.ts';
import type { SecretVersion } from '../../secret-store.ts';
import type { Capability } from '../../streamkap/schemas.ts';
import { kafkaConfigOf, requestedKey } from '../intent.ts';
import { contentOf } from '../situation.ts';

/** On the intent of an update, then on the file that follows from it, until that is current. */
export const INTENT_LABEL = 'KEYRING_INTENT';

const updateIntent = z.object({
  type: z.literal('streamkap_keyring_update'),
  keyId: z.string(),
  /** Access that the key gets; null where only what it has is changed, which anybody can do again from the inputs. */
  adds: z.nullable(z.enum(['kafka', 'api'])),
  /** Both null unless Kafka access is added. */
  username: z.nullable(z.string()),
  password: z.nullable(z.string()),
  requested: requestedKey,
  /** Which run wrote it; with a random part, so that no two writes are the same value. */
  run: z.string(),
});

/** What is stored before a key is changed. */
export type UpdateIntent = z.infer<typeof updateIntent>;

/** An intent that adds access. */
export type AddingIntent = UpdateIntent & { readonly adds: 'kafka' | 'api' };

/** What the version under KEYRING_INTENT says of an update. */
export type Labelled =
  /** Begun, nothing of it is stored but the intent. */
  | { readonly state: 'begun'; readonly intent: UpdateIntent }
  /** New secrets are stored there that the current file lacks. */
  | { readonly state: 'stored'; readonly file: CredentialFile }
  /** Nothing that the current file needs. */
  | { readonly state: 'over' };

/** @returns what a labelled version means for the key whose file is current; anything that is not of this key is over */
export function labelledBy(version: Pick<SecretVersion, 'value'>, current: CredentialFile): Labelled {
  const intent = updateIntentOf(version.value);
  if (intent) {
    const had = intent.keyId !== current.project_key_id || (intent.adds !== null && hasAccess(current, intent.adds));
    return had ? { state: 'over' } : { state: 'begun', intent };
  }
  const content = contentOf(version);
  if (content.state !== 'file' || content.file.project_key_id !== current.project_key_id) return { state: 'over' };
  const brings = (['kafka', 'api'] as const).some((each) => hasAccess(content.file, each) && !hasAccess(current, each));
  return brings ? { state: 'stored', file: content.file } : { state: 'over' };
}

/** @returns whether an update with this labelled version has still to bring the current file something that nothing else can */
export function isUnfinished(version: Pick<SecretVersion, 'value'>, current: CredentialFile): boolean {
  const labelled = labelledBy(version, current);
  return labelled.state === 'stored' || (labelled.state === 'begun' && labelled.intent.adds !== null);
}

export function hasAccess(file: CredentialFile, access: 'kafka' | 'api'): boolean {
  return access === 'kafka' ? hasKafka(file) : Boolean(file.api);
}

function updateIntentOf(text: string): UpdateIntent | undefined {
  const result = updateIntent.safeParse(parseJson(text));
  return result.success ? result.data : undefined;
}

/** @returns what is sent to Streamkap for the access that the intent adds */
export function capabilityOf(intent: AddingIntent): Capability {
  const { role_ids, permission_ids, kafka } = intent.requested;
  if (intent.adds === 'kafka' && kafka) return { kafka_config: kafkaConfigOf(intent, kafka) };
  return role_ids ? { role_ids } : { permission_ids: permission_ids ?? [] };
}
