import * as z from 'zod/mini';
import type { CreateProjectKey } from '../streamkap/schemas.ts';
import { withoutTags } from './description.ts';
import { withMarker } from './marker.ts';

const texts = z.optional(z.array(z.string()));

/** What was asked for, checked. */
export const requestedKey = z.object({
  description: z.string(),
  /** Of a client credential; a key belongs to the caller's. */
  service_id: z.optional(z.string()),
  role_ids: texts,
  permission_ids: texts,
  kafka: z.optional(
    z.object({
      kafka_acls: z.array(
        z.object({
          topic_name: z.string(),
          operation: z.string(),
          resource_pattern_type: z.string(),
          resource: z.string(),
        }),
      ),
      whitelist_ips: z.optional(z.string()),
      is_create_schema_registry: z.boolean(),
    }),
  ),
  tool_profile: z.optional(z.string()),
  allowed_tools: texts,
  blocked_tools: texts,
});

const intent = z.object({
  type: z.literal('streamkap_keyring_intent'),
  /** Left out: a project key. */
  kind: z.optional(z.literal('client-credential')),
  intentId: z.string(),
  attempt: z.number(),
  /** The first attempt that asked for what is asked for now: keys of earlier ones are other keys. */
  since: z.number(),
  /** How many keys of this intent Streamkap could not finish. */
  failures: z.number(),
  name: z.string(),
  /** Null for a key without Kafka. */
  username: z.nullable(z.string()),
  /** Of requests before `since` that Streamkap refused. */
  formerUsernames: z.array(z.nullable(z.string())),
  password: z.nullable(z.string()),
  requested: requestedKey,
  /** Which run wrote it, for people; with a random part, so that no two writes are the same value. */
  run: z.string(),
  /** Milliseconds since the epoch, for an ephemeral key. */
  expiresAt: z.optional(z.number()),
  /** Set when Streamkap refused the request: whoever comes next goes on with a request of its own. */
  withdrawn: z.optional(z.boolean()),
});

/** What was asked for, as Streamkap wants it, without name, username and secrets. */
export type RequestedKey = z.infer<typeof requestedKey>;

/**
 * What is stored before a key is asked for. Until the key's file takes its place it lies under AWSCURRENT, so everything that a
 * second run needs to finish or undo the first one's work is durable before Streamkap hears of it.
 */
export type Intent = z.infer<typeof intent>;

/** An intent of ours that was put under AWSCURRENT; whether it still is there, only the next write tells. */
export interface Held {
  readonly versionId: string;
  readonly intent: Intent;
}

/** @returns the intent in a parsed secret value, or undefined when it is something else */
export function intentOf(value: unknown): Intent | undefined {
  const result = intent.safeParse(value);
  return result.success ? result.data : undefined;
}

/** @returns what an intent says of its kind: nothing for a project key, as it was before there were others */
export function intentKindOf({ format }: { format: { name: string } }): Pick<Intent, 'kind'> {
  return format.name === 'client-credential' ? { kind: format.name } : {};
}

/** @returns the body of `POST /project-keys` that this attempt of the intent sends */
export function createBodyOf(held: Intent): CreateProjectKey {
  const { requested } = held;
  return {
    name: held.name,
    description: withMarker(withoutTags(requested.description), held),
    ...(requested.role_ids ? { role_ids: requested.role_ids } : {}),
    ...(requested.permission_ids ? { permission_ids: requested.permission_ids } : {}),
    ...(requested.kafka ? { kafka_config: kafkaConfigOf(held, requested.kafka) } : {}),
    ...(requested.tool_profile ? { tool_profile: requested.tool_profile } : {}),
    ...(requested.allowed_tools ? { allowed_tools: requested.allowed_tools } : {}),
    ...(requested.blocked_tools ? { blocked_tools: requested.blocked_tools } : {}),
  };
}

/** @returns the Kafka access that is asked for, as a creation and an update send it */
export function kafkaConfigOf(
  { username, password }: Pick<Intent, 'username' | 'password'>,
  { whitelist_ips, ...access }: NonNullable<RequestedKey['kafka']>,
): NonNullable<CreateProjectKey['kafka_config']> {
  return { username: username ?? '', password: password ?? '', ...access, ...(whitelist_ips ? { whitelist_ips } : {}) };
}

/** @returns the ACLs that are asked for */
export function requestedAcls({ kafka }: RequestedKey): NonNullable<RequestedKey['kafka']>['kafka_acls'] {
  return kafka?.kafka_acls ?? [];
}

/** API-bearing keys lose their client secret with the create's answer; Kafka-only keys can be rebuilt from the intent. */
export function hasApi({ requested }: Intent): boolean {
  return requested.role_ids !== undefined || requested.permission_ids !== undefined;
}
