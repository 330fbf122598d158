import { type AuditInput, type AuditRow, auditRows } from '../../../core/audit/audit.ts';
import type { AuditedKey, AuditedSecret, SecretFacts } from '../../../core/audit/inventory.ts';
import { DAY_MS, DEFAULT_POLICY } from '../../../core/audit/policy.ts';

export const NOW = Date.parse('2026-11-21T12:00:00Z');
export const daysAgo = (days: number): number => NOW - days * DAY_MS;

/** A secret in which everything is as it should be: rotated ten days ago, proven, its key active. */
export function healthySecret(changes: Partial<AuditedSecret> = {}): AuditedSecret {
  return {
    arn: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:ci/orders-AbCdEf',
    name: 'ci/orders',
    tags: {
      'managed-by': 'streamkap-keyring',
      'streamkap:project-key-id': 'pk-1',
      'streamkap:service-id': 'service-1',
      'streamkap:strategy': 'single',
    },
    versions: { 'token-2': ['AWSCURRENT'], 'token-1': ['AWSPREVIOUS'] },
    rotationEnabled: true,
    rotatable: true,
    createdAt: daysAgo(400),
    lastRotatedAt: daysAgo(10),
    nextRotationAt: NOW + 20 * DAY_MS,
    replicated: false,
    ...changes,
  };
}

export function healthyFacts(changes: Partial<SecretFacts> = {}): SecretFacts {
  const movedAt = daysAgo(10);
  return { history: { completed: { token: 'token-2', movedAt, provenAt: movedAt }, stored: {} }, ...changes };
}

export function healthyKey(changes: Partial<AuditedKey> = {}): AuditedKey {
  return {
    kind: 'project-key',
    id: 'pk-1',
    name: 'Orders CI',
    description: 'for CI [keyring:0123456789abcdef.1]',
    status: 'active',
    kafkaUsername: 'orders-ci',
    api: false,
    createdAt: daysAgo(400),
    ...changes,
  };
}

export interface Account extends Partial<Omit<AuditInput, 'secrets' | 'keys' | 'factsOf'>> {
  readonly secrets?: readonly AuditedSecret[];
  readonly keys?: readonly AuditedKey[];
  readonly facts?: SecretFacts;
}

export async function rowsOf({ secrets, keys, facts, ...rest }: Account = {}): Promise<AuditRow[]> {
  const input: AuditInput = {
    secrets: each(secrets ?? [healthySecret()]),
    keys: keys ?? [healthyKey()],
    factsOf: () => facts ?? healthyFacts(),
    policy: DEFAULT_POLICY,
    now: NOW,
    exceptions: new Map(),
    ...rest,
  };
  const rows: AuditRow[] = [];
  for await (const row of auditRows(input)) rows.push(row);
  return rows;
}

export async function findingsOf(account: Account): Promise<AuditRow['findings'][number][]> {
  return (await rowsOf(account)).flatMap(({ findings }) => findings);
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
