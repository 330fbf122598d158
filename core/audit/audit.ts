import { fingerprintOf } from '../rotation/admin/marker.ts';
import { type AcceptedException, type Finding, findingOf, type RuleResult } from './finding.ts';
import {
  type AuditedKey,
  type AuditedSecret,
  keyIdsOf,
  roleOf,
  type SecretFacts,
  type SecretRole,
} from './inventory.ts';
import { keyFinding } from './key-rules.ts';
import type { AuditPolicy } from './policy.ts';
import { ADMIN_RULES, SECRET_RULES, type SecretCase } from './secret-rules.ts';

/** A secret of the population. Times are milliseconds since the epoch. */
export interface SecretRow {
  readonly subject: 'secret';
  readonly role: Exclude<SecretRole, 'foreign'>;
  /** ARN. */
  readonly id: string;
  readonly name: string;
  readonly strategy?: string | undefined;
  readonly keyIds: readonly string[];
  readonly rotation: 'on' | 'off';
  readonly lastRotatedAt?: number | undefined;
  readonly nextRotationAt?: number | undefined;
  readonly lastProvenAt?: number | undefined;
  readonly findings: readonly Finding[];
}

/** A key of the population, whether a secret holds it or not. */
export interface KeyRow {
  readonly subject: AuditedKey['kind'];
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly kafkaUsername?: string | undefined;
  readonly createdAt?: number | undefined;
  /** Name of the secret that holds it. */
  readonly heldBy?: string | undefined;
  readonly findings: readonly Finding[];
}

export type AuditRow = SecretRow | KeyRow;

export interface AuditInput {
  /** Every secret of the account and Region; those that are none of ours are passed over. */
  readonly secrets: AsyncIterable<AuditedSecret>;
  /** Every key that Streamkap lists, each once. */
  readonly keys: readonly AuditedKey[];
  readonly factsOf: (secret: AuditedSecret) => Promise<SecretFacts> | SecretFacts;
  readonly policy: AuditPolicy;
  /** Milliseconds since the epoch: the one time that all rules look at. */
  readonly now: number;
  /** By finding id. */
  readonly exceptions: ReadonlyMap<string, AcceptedException>;
  /** ARN or name of the admin credential's secret. */
  readonly adminSecretId?: string | undefined;
  /** The client credential that the audit itself uses. */
  readonly adminClientId?: string | undefined;
}

/**
 * Joins secrets with keys, secrets first as they come, then keys: each of them is one row, once. Holds the keys and what links them,
 * no secret and no row, so that memory grows by the key and not by the report.
 */
export async function* auditRows(input: AuditInput): AsyncGenerator<AuditRow> {
  const keys = new Map(input.keys.map((key) => [key.id, key]));
  const heldBy = new Map<string, string>();
  if (input.adminClientId) heldBy.set(input.adminClientId, input.adminSecretId ?? 'the environment of this audit');
  const fingerprints = new Set<string>();
  for await (const secret of input.secrets) {
    const role = isAdmin(secret, input.adminSecretId) ? 'admin' : roleOf(secret);
    if (role === 'foreign') continue;
    fingerprints.add(fingerprintOf(secret.arn));
    if (role !== 'standby') for (const id of keyIdsOf(secret)) heldBy.set(id, secret.name);
    yield await secretRow(secret, role, { ...input, keyOf: (id) => keys.get(id) });
  }
  for (const key of keys.values()) {
    const subject = { key, heldBy: heldBy.get(key.id), fingerprints, now: input.now };
    const result = keyFinding(subject);
    const findings = result ? [accepted(findingOf(key.id, result), input)] : [];
    const { kind, description: _, api: __, ...rest } = key;
    yield { subject: kind, ...rest, heldBy: subject.heldBy, findings };
  }
}

async function secretRow(
  secret: AuditedSecret,
  role: SecretRow['role'],
  input: AuditInput & Pick<SecretCase, 'keyOf'>,
): Promise<SecretRow> {
  const facts = await input.factsOf(secret);
  const subject: SecretCase = { secret, facts, policy: input.policy, now: input.now, keyOf: input.keyOf };
  const rules = role === 'credential' ? SECRET_RULES : role === 'admin' ? ADMIN_RULES : [];
  const results = rules.map((rule) => rule(subject)).filter((result): result is RuleResult => result !== undefined);
  return {
    subject: 'secret',
    role,
    id: secret.arn,
    name: secret.name,
    strategy: secret.tags['streamkap:strategy'],
    keyIds: keyIdsOf(secret),
    rotation: secret.rotationEnabled ? 'on' : 'off',
    lastRotatedAt: secret.lastRotatedAt,
    nextRotationAt: secret.nextRotationAt,
    lastProvenAt: facts.login?.outcome === 'accepted' ? facts.login.at : facts.history?.completed?.provenAt,
    findings: results.map((result) => accepted(findingOf(secret.arn, result), input)),
  };
}

function isAdmin({ arn, name }: AuditedSecret, adminSecretId: string | undefined): boolean {
  return adminSecretId !== undefined && (adminSecretId === arn || adminSecretId === name);
}

function accepted(finding: Finding, { exceptions, now }: Pick<AuditInput, 'exceptions' | 'now'>): Finding {
  const exception = exceptions.get(finding.id);
  return exception && exception.expiresAt > now ? { ...finding, exception } : finding;
}
