import * as z from 'zod/mini';
import { apiCredentials, kafkaCredentials } from '../credential-file.ts';

// Shapes: Streamkap's API reference. Only what is used is demanded; every object may carry more.
const optionalText = z.optional(z.nullable(z.string()));

export const accessToken = z.looseObject({
  accessToken: optionalText,
  access_token: optionalText,
  /** Seconds, authoritative; `expires` has no specified layout and is not read. */
  expiresIn: z.optional(z.nullable(z.number())),
});

export const whoami = z.looseObject({
  tenant_id: optionalText,
  service_id: optionalText,
  sub: optionalText,
  token_type: optionalText,
  project_key_id: optionalText,
});

export const role = z.looseObject({ id: z.string(), key: optionalText, name: z.string() });
export const roles = z.array(role);

const acl = z.looseObject({
  topic_name: optionalText,
  /** On reads the name may come back under this field instead. */
  name: optionalText,
  operation: optionalText,
  resource_pattern_type: optionalText,
  resource: optionalText,
});

/** Streamkap shows objects; a bare id would do as well. */
const heldRole = z.union([z.string(), z.looseObject({ id: optionalText, key: optionalText, name: optionalText })]);

export const summary = z.looseObject({
  id: z.string(),
  name: z.string(),
  service_id: optionalText,
  status: z.string(),
  description: optionalText,
  created_at: optionalText,
  api_client_id: optionalText,
  kafka_username: optionalText,
  roles: z.optional(z.nullable(z.array(heldRole))),
  tool_profile: optionalText,
  allowed_tools: z.optional(z.nullable(z.array(z.string()))),
  blocked_tools: z.optional(z.nullable(z.array(z.string()))),
});
export const summaries = z.array(summary);

export const detail = z.extend(summary, {
  kafka_acls: z.optional(z.nullable(z.array(acl))),
  whitelist_ips: optionalText,
  kafka_proxy_endpoint: optionalText,
  schema_proxy_endpoint: optionalText,
});

/** Of a PATCH's answer: each is filled only by the call that added the capability, and then holds what is never shown again. */
export const addedCredentials = z.looseObject({
  new_api_credentials: z.optional(z.nullable(apiCredentials)),
  new_kafka_credentials: z.optional(z.nullable(kafkaCredentials)),
});

export type AddedCredentials = z.infer<typeof addedCredentials>;
export type Whoami = z.infer<typeof whoami>;
export type Role = z.infer<typeof role>;
export type ProjectKeySummary = z.infer<typeof summary>;
export type ProjectKeyDetail = z.infer<typeof detail>;

export type ProjectKeyStatus = 'active' | 'creating' | 'failed' | 'deleting' | 'delete_failed' | 'other';

const STATUSES = new Set(['active', 'creating', 'failed', 'deleting', 'delete_failed']);

/** @returns the status in one spelling: Streamkap's pages write it in several. */
export function statusOf(key: { status: string }): ProjectKeyStatus {
  const word = key.status
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, '_');
  return STATUSES.has(word) ? (word as ProjectKeyStatus) : 'other';
}

export interface KafkaAcl {
  readonly topic_name: string;
  readonly operation: string;
  readonly resource_pattern_type: string;
  readonly resource: string;
}

/** Fields of `PATCH /project-keys/{id}` that say what a key may do; those left out stay as they are. */
export interface KeyGrants {
  readonly kafka_acls?: readonly KafkaAcl[];
  /** Comma-separated. */
  readonly whitelist_ips?: string;
  readonly role_ids?: readonly string[];
}

/** What else of a key `PATCH /project-keys/{id}` changes; fields left out stay as they are. */
export interface KeyChange extends KeyGrants {
  readonly name?: string;
  readonly description?: string;
  readonly tool_profile?: string;
  readonly allowed_tools?: readonly string[];
  readonly blocked_tools?: readonly string[];
}

/** What `PATCH /project-keys/{id}` takes to give a key the access it was made without. */
export type Capability =
  | Required<Pick<CreateProjectKey, 'role_ids'>>
  | Required<Pick<CreateProjectKey, 'permission_ids'>>
  | Required<Pick<CreateProjectKey, 'kafka_config'>>;

/** Body of `POST /project-keys`. */
export interface CreateProjectKey {
  readonly name: string;
  readonly description?: string;
  readonly role_ids?: readonly string[];
  readonly permission_ids?: readonly string[];
  readonly kafka_config?: {
    readonly username: string;
    readonly password: string;
    readonly whitelist_ips?: string;
    readonly kafka_acls: readonly KafkaAcl[];
    readonly is_create_schema_registry: boolean;
  };
  readonly tool_profile?: string;
  readonly allowed_tools?: readonly string[];
  readonly blocked_tools?: readonly string[];
}
