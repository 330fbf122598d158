import type { CredentialFile } from '../core/credential-file.ts';
import type { KafkaAcl } from '../core/streamkap/schemas.ts';
import type { KeyInputs } from './key-inputs.ts';

/**
 * Compares what was found with what was asked for, as far as the file itself tells: Streamkap is not asked.
 * @returns one sentence for each difference; nothing is changed because of them
 */
export function differencesOf(file: CredentialFile, key: KeyInputs): string[] {
  if (!file.kafka || !key.kafka) return [];
  const differences: string[] = [];
  const { username } = file.kafka;
  // Two keys that take turns: the second one's username is the first one's with `-b`.
  const usernames = [key.kafka.username, `${key.kafka.username.slice(0, 22)}-b`];
  if (!usernames.includes(username)) {
    differences.push(`its Kafka username is ${username}, not ${key.kafka.username}`);
  }
  const had = file.kafka_acls?.map(textOf);
  const wanted = key.kafka.acls.map(textOf);
  if (had && !sameSet(had, wanted)) differences.push('its Kafka ACLs are not those of kafka-acls');
  return differences;
}

/** On reads the topic may come back as `name`. */
function textOf(acl: Partial<KafkaAcl> & { readonly name?: unknown }): string {
  const { topic_name: name = acl.name, operation, resource_pattern_type: pattern, resource = 'TOPIC' } = acl;
  return JSON.stringify([name, operation, pattern, resource]);
}

function sameSet(one: readonly string[], other: readonly string[]): boolean {
  return one.every((text) => other.includes(text)) && other.every((text) => one.includes(text));
}
