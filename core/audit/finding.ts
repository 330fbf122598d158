import { createHash } from 'node:crypto';

export const SEVERITIES = ['critical', 'high', 'medium', 'low'] as const;
export type Severity = (typeof SEVERITIES)[number];

interface FindingKindFacts {
  readonly severity: Severity;
  /** What is wrong, for somebody who sees it for the first time. */
  readonly title: string;
  /** Requirements that an auditor files it under. */
  readonly controls: readonly string[];
}

const ROTATION = ['SOC 2 CC6.1', 'PCI DSS 8.6.3', 'NIST 800-53 IA-5'];
const ACCOUNTS = ['SOC 2 CC6.1', 'NIST 800-53 AC-2'];

/** Every kind of finding. Security Hub's controls: AWS Security Hub user guide, "Secrets Manager controls". */
export const FINDING_KINDS = {
  overdue: {
    severity: 'high',
    title: 'The password was not rotated within its interval',
    controls: [...ROTATION, 'Security Hub SecretsManager.4'],
  },
  'same-password-age': {
    severity: 'high',
    title: 'AWS counts a rotation, but the password in force is older than its interval',
    controls: ROTATION,
  },
  'rotation-off': {
    severity: 'medium',
    title: 'Rotation is not switched on',
    controls: [...ROTATION, 'Security Hub SecretsManager.1'],
  },
  'stuck-pending': {
    severity: 'high',
    title: 'A rotation has not come to its end',
    controls: [...ROTATION, 'Security Hub SecretsManager.2'],
  },
  'failed-last': {
    severity: 'high',
    title: 'The newest rotation failed',
    controls: [...ROTATION, 'Security Hub SecretsManager.2'],
  },
  drift: {
    severity: 'critical',
    title: 'Kafka refuses the password that is stored as current',
    controls: ['SOC 2 CC6.1', 'NIST 800-53 IA-5'],
  },
  unproven: {
    severity: 'medium',
    title: 'No login has proved the password for too long',
    controls: ['NIST 800-53 IA-5'],
  },
  'orphan-key': {
    severity: 'high',
    title: 'A key that this product made is in no secret',
    controls: ACCOUNTS,
  },
  'unmanaged-key': {
    severity: 'low',
    title: 'A key that nobody rotates or stores through this product',
    controls: ACCOUNTS,
  },
  'missing-key': {
    severity: 'critical',
    title: 'The secret names a key that Streamkap does not have, or that is not active',
    controls: ACCOUNTS,
  },
  'expired-ephemeral': {
    severity: 'medium',
    title: 'A key that was made for one job outlived its expiry',
    controls: ACCOUNTS,
  },
  'admin-credential-old': {
    severity: 'high',
    title: 'The admin credential was not rotated within its interval',
    controls: ROTATION,
  },
  'evidence-missing': {
    severity: 'medium',
    title: 'A rotation has left no evidence',
    controls: ['SOC 2 CC6.1', 'NIST 800-53 AU-12'],
  },
  'replica-behind': {
    severity: 'medium',
    title: 'A replica does not have the current value',
    controls: ['NIST 800-53 IA-5'],
  },
  'api-secret-age': {
    severity: 'low',
    title: "The key's API secret is old, and cannot be rotated in place",
    controls: ROTATION,
  },
  'tag-missing': {
    severity: 'low',
    title: 'Tags that say what the secret holds are missing',
    controls: ['Security Hub SecretsManager.5', 'NIST 800-53 CM-8'],
  },
  'acl-difference': {
    severity: 'medium',
    title: 'The two keys that take turns may not do the same',
    controls: ['SOC 2 CC6.1', 'NIST 800-53 AC-6'],
  },
} as const satisfies Readonly<Record<string, FindingKindFacts>>;

export type FindingKind = keyof typeof FINDING_KINDS;

/** Something that is not as the policy says. Holds ids, names, codes and dates; never a secret. */
export interface Finding {
  /** The same for the same finding in every run: for the exception register and for whoever follows it up. */
  readonly id: string;
  readonly kind: FindingKind;
  readonly severity: Severity;
  readonly controls: readonly string[];
  /** Since when, milliseconds since the epoch; missing where nothing tells. */
  readonly since?: number | undefined;
  /** What was seen, in one line. */
  readonly evidence: string;
  /** What mends it: a command as it is to be run, or, where there is none, a sentence. */
  readonly remedy: { readonly command: string } | { readonly text: string };
  /** Somebody has accepted it for now. It is shown all the same. */
  readonly exception?: AcceptedException | undefined;
}

/** An entry of the exception register. */
export interface AcceptedException {
  readonly findingId: string;
  readonly reason: string;
  readonly owner: string;
  /** Milliseconds since the epoch; after it the finding counts again. */
  readonly expiresAt: number;
}

/** What a rule says; the rest follows from its kind and subject. */
export type RuleResult = Pick<Finding, 'kind' | 'evidence' | 'remedy' | 'since'>;

/** @param subject ARN of the secret or id of the key @returns the finding, with the id that it has in every run */
export function findingOf(subject: string, result: RuleResult): Finding {
  const { severity, controls } = FINDING_KINDS[result.kind];
  const hash = createHash('sha256').update(`${result.kind}\n${subject}`).digest('hex').slice(0, 16);
  return { id: `${result.kind}-${hash}`, severity, controls, ...result };
}
