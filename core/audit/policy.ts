import * as z from 'zod/mini';
import { InputError } from '../errors.ts';
import { describeIssues } from '../json.ts';

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

const days = z.number().check(z.int(), z.minimum(1));
const policyFile = z.strictObject({
  rotateWithinDays: z.optional(days),
  rotateWithin: z.optional(z.record(z.string(), days)),
  pendingMinutes: z.optional(z.number().check(z.int(), z.minimum(10))),
  provenWithinDays: z.optional(days),
  adminWithinDays: z.optional(days),
  apiSecretDays: z.optional(days),
  riskAnalysis: z.optional(z.string().check(z.minLength(1))),
});

/** @param value parsed JSON; what it leaves out is {@link DEFAULT_POLICY} @throws InputError that names the field */
export function readPolicy(value: unknown): AuditPolicy {
  const result = policyFile.safeParse(value ?? {});
  if (!result.success) {
    const rule =
      'Give whole numbers of days (`rotateWithin` by secret name; `pendingMinutes` 10 or more), and no other fields.';
    throw new InputError('policy', describeIssues(result.error.issues), rule);
  }
  return { ...DEFAULT_POLICY, ...result.data } as AuditPolicy;
}
