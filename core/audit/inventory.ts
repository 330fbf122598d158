/** A secret as ListSecrets shows it: names, tags, labels and dates, never its value. Times are milliseconds since the epoch. */
export interface AuditedSecret {
  readonly arn: string;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Labels by version id; versions without a label are not listed. */
  readonly versions: Readonly<Record<string, readonly string[]>>;
  readonly rotationEnabled: boolean;
  /** Whether a function is attached; it stays where rotation was switched off. */
  readonly rotatable: boolean;
  readonly createdAt?: number | undefined;
  /** Missing where rotation is off. */
  readonly lastRotatedAt?: number | undefined;
  /** In the past when rotations fail. */
  readonly nextRotationAt?: number | undefined;
  readonly replicated: boolean;
}

/** A project key, or a client credential of no project key, as Streamkap's lists show it. */
export interface AuditedKey {
  readonly kind: 'project-key' | 'client-credential';
  readonly id: string;
  readonly name: string;
  readonly description?: string | undefined;
  /** Streamkap's word, lower case; `active` for a client credential. */
  readonly status: string;
  readonly kafkaUsername?: string | undefined;
  /** Whether it has API access. */
  readonly api: boolean;
  readonly createdAt?: number | undefined;
}

/** What the fragments of evidence say of one secret's rotations. Ids, codes and times only. */
export interface RotationHistory {
  /** The newest rotation that made its version current. */
  readonly completed?: { readonly token: string; readonly movedAt: number; readonly provenAt?: number | undefined };
  /** The newest step that failed. */
  readonly failed?: { readonly token: string; readonly step: string; readonly code: string; readonly at: number };
  /** When createSecret stored a value, by token. */
  readonly stored: Readonly<Record<string, number>>;
}

/** What a login with the stored credential said, where the audit was asked to log in. */
export interface LoginFact {
  readonly outcome: 'accepted' | 'rejected' | 'unknown';
  readonly code?: string | undefined;
  readonly at: number;
}

/** What is known of one secret beyond the list. Each part is missing where it was not asked for, or could not be told. */
export interface SecretFacts {
  readonly history?: RotationHistory | undefined;
  readonly login?: LoginFact | undefined;
  /** Regions whose replica is not in step. */
  readonly behind?: readonly { readonly region: string; readonly status: string }[] | undefined;
  /** Fields in which the two keys of a pair differ. */
  readonly pairDifferences?: readonly string[] | undefined;
}

export type SecretRole = 'credential' | 'standby' | 'admin' | 'foreign';

export const MANAGED_BY = 'managed-by';
export const PRODUCT = 'streamkap-keyring';

/** @returns what a secret is to this product, by its tags alone; `foreign` is not part of the population */
export function roleOf({ tags }: Pick<AuditedSecret, 'tags'>): SecretRole {
  const ours = tags[MANAGED_BY] === PRODUCT || Object.keys(tags).some((key) => key.startsWith('streamkap:'));
  if (!ours) return 'foreign';
  const role = tags['streamkap:role'];
  return role === 'standby' || role === 'admin' ? role : 'credential';
}

/** @returns the ids of the keys whose file a secret holds, as its tag says; two for a pair */
export function keyIdsOf({ tags }: Pick<AuditedSecret, 'tags'>): string[] {
  return (tags['streamkap:project-key-id'] ?? '')
    .split(',')
    .map((id) => id.trim())
    .filter(Boolean);
}
