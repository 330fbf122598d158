import type { KafkaCredentialFile } from '../../credential-file.ts';
import { mismatch } from '../errors.ts';
import type { SecretFacts } from '../strategy.ts';
import * as errors from './errors.ts';

/** Both fixed at birth, comma-separated, the first key first. Before it they hold one entry or are missing. */
export const KEY_IDS_TAG = 'streamkap:project-key-id';
export const USERNAMES_TAG = 'streamkap:kafka-username';

export interface PairMember {
  readonly id: string;
  /** Undefined when the tag does not say. */
  readonly username: string | undefined;
}

/** The two keys that take turns, seen from the one whose file is current. */
export interface Pair {
  readonly activeId: string;
  /** Never the active key's. */
  readonly idle: PairMember;
}

/**
 * @returns the pair that the secret's tags record, or undefined before the second key's birth
 * @throws RotationError PAIR_INVALID when they record something else, or not the current key
 */
export function pairOf({ name, tags }: SecretFacts, current: KafkaCredentialFile): Pair | undefined {
  const activeId = current.project_key_id;
  const ids = entriesOf(tags[KEY_IDS_TAG]);
  if (ids.length < 2) {
    if (ids[0] !== undefined && ids[0] !== activeId) throw errors.pairInvalid(name, 'does not name the current key');
    return undefined;
  }
  const usernames = entriesOf(tags[USERNAMES_TAG]);
  const [idleId, another] = ids.filter((id) => id !== activeId);
  if (ids.length !== 2 || idleId === undefined || another !== undefined) {
    throw errors.pairInvalid(name, 'does not name the current key and one other');
  }
  const username = usernames.length === 2 ? usernames[ids.indexOf(idleId)] : undefined;
  return { activeId, idle: { id: idleId, username } };
}

/** @throws RotationError unless both are keys of one project, and not the same */
export function requireOtherKey(current: KafkaCredentialFile, pending: KafkaCredentialFile): void {
  if (current.project.service_id !== pending.project.service_id) throw mismatch('service_id');
  if (current.project_key_id === pending.project_key_id) throw errors.notTheIdleKey('project_key_id');
}

/** @returns the tags that record the pair from now on */
export function pairTags(first: KafkaCredentialFile, second: KafkaCredentialFile): Record<string, string> {
  return {
    [KEY_IDS_TAG]: `${first.project_key_id},${second.project_key_id}`,
    [USERNAMES_TAG]: `${first.kafka.username},${second.kafka.username}`,
  };
}

function entriesOf(tag: string | undefined): string[] {
  return (tag ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
