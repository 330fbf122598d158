/** What the auditor holds every credential to. Days and minutes as people write them in the configuration. */
export interface AuditPolicy {
  /** Days between two rotations, for secrets that `rotateWithin` does not name. */
  readonly rotateWithinDays: number;
  /** By the secret's name. */
  readonly rotateWithin: Readonly<Record<string, number>>;
  /** Minutes that AWSPENDING may be apart from AWSCURRENT. */
  readonly pendingMinutes: number;
  /** Days that a password may go without a login that proved it. */
  readonly provenWithinDays: number;
  /** Days between two rotations of the admin credential. */
  readonly adminWithinDays: number;
  /** Days that the API secret of a project key may live; it cannot be rotated in place. */
  readonly apiSecretDays: number;
  /** Where the targeted risk analysis that set these intervals is kept (PCI DSS 8.6.3). */
  readonly riskAnalysis?: string | undefined;
}

export const DEFAULT_POLICY: AuditPolicy = {
  rotateWithinDays: 90,
  rotateWithin: {},
  pendingMinutes: 60,
  provenWithinDays: 35,
  adminWithinDays: 90,
  apiSecretDays: 365,
};

export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;

/** @returns days between two rotations that the policy asks of a secret */
export function intervalDays(policy: AuditPolicy, secretName: string): number {
  return Object.hasOwn(policy.rotateWithin, secretName)
    ? (policy.rotateWithin[secretName] ?? policy.rotateWithinDays)
    : policy.rotateWithinDays;
}
