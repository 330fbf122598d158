import { CURRENT, holderOf, PENDING } from '../rotation/situation.ts';
import type { RuleResult } from './finding.ts';
import { type AuditedKey, type AuditedSecret, keyIdsOf, type SecretFacts } from './inventory.ts';
import { type AuditPolicy, DAY_MS, intervalDays, MINUTE_MS } from './policy.ts';
import { commandFor } from './remedies.ts';

/** One secret that holds a credential, with all that is known of it. */
export interface SecretCase {
  readonly secret: AuditedSecret;
  readonly facts: SecretFacts;
  readonly policy: AuditPolicy;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** @returns the key with this id, or undefined when Streamkap has none */
  readonly keyOf: (id: string) => AuditedKey | undefined;
}

type SecretRule = (subject: SecretCase) => RuleResult | undefined;

const WANTED_TAGS = ['managed-by', 'streamkap:project-key-id', 'streamkap:service-id'];

const overdue: SecretRule = ({ secret, policy, now }) => {
  const days = intervalDays(policy, secret.name);
  const from = secret.lastRotatedAt ?? secret.createdAt;
  if (!isFilled(secret) || !rotates(secret) || from === undefined || now - from <= days * DAY_MS) return undefined;
  const evidence = `${secret.lastRotatedAt === undefined ? 'never rotated, made' : 'last rotated'} ${dateOf(from)}; the policy asks for ${days} days`;
  return { kind: 'overdue', since: from + days * DAY_MS, evidence, remedy: commandFor.rotate(secret.name) };
};

/** A value that somebody put by hand counts as a rotation for AWS; the password that Streamkap accepts may be the old one. */
const samePassword: SecretRule = ({ secret, facts: { history }, policy, now }) => {
  const days = intervalDays(policy, secret.name);
  const movedAt = history?.completed?.movedAt;
  if (movedAt === undefined || secret.lastRotatedAt === undefined) return undefined;
  const counted = now - secret.lastRotatedAt <= days * DAY_MS;
  if (!counted || now - movedAt <= days * DAY_MS) return undefined;
  const evidence = `AWS says ${dateOf(secret.lastRotatedAt)}, the newest evidence of a changed password is of ${dateOf(movedAt)}`;
  return {
    kind: 'same-password-age',
    since: movedAt + days * DAY_MS,
    evidence,
    remedy: commandFor.rotate(secret.name),
  };
};

const rotationOff: SecretRule = ({ secret }) =>
  isFilled(secret) && !secret.rotationEnabled
    ? {
        kind: 'rotation-off',
        evidence: 'ListSecrets shows no rotation',
        remedy: secret.rotatable
          ? commandFor.switchOn(secret.name)
          : { text: 'Set `provisioned` to true for it in keyring.config.json, and deploy.' },
      }
    : undefined;

const stuckPending: SecretRule = ({ secret, facts: { history }, policy, now }) => {
  const pending = holderOf(secret.versions, PENDING);
  if (pending === undefined || pending === holderOf(secret.versions, CURRENT)) return undefined;
  const since = history?.stored[pending];
  // Without evidence nothing tells since when; a rotation that is due later than now is under way or was cancelled.
  const late =
    since === undefined ? (secret.nextRotationAt ?? 0) < now : now - since > policy.pendingMinutes * MINUTE_MS;
  if (!late) return undefined;
  const value = since === undefined ? 'nothing tells whether it has a value' : `stored ${dateOf(since)}`;
  return {
    kind: 'stuck-pending',
    since,
    evidence: `AWSPENDING is on ${pending} alone; ${value}`,
    remedy: commandFor.doctor(secret.name),
  };
};

const failedLast: SecretRule = ({ secret, facts: { history } }) => {
  const { failed, completed } = history ?? {};
  if (!failed || (completed && completed.movedAt >= failed.at)) return undefined;
  if (failed.token === holderOf(secret.versions, CURRENT)) return undefined;
  return {
    kind: 'failed-last',
    since: failed.at,
    evidence: `${failed.step} ended in ${failed.code} (version ${failed.token})`,
    remedy: commandFor.doctor(secret.name),
  };
};

const drift: SecretRule = ({ secret, facts: { login } }) =>
  login?.outcome === 'rejected'
    ? {
        kind: 'drift',
        since: login.at,
        evidence: `the login with AWSCURRENT was refused (${login.code ?? 'no code'})`,
        remedy: commandFor.reconcile(secret.name),
      }
    : undefined;

const unproven: SecretRule = ({ secret, facts: { history, login }, policy, now }) => {
  if (!isFilled(secret) || login?.outcome === 'accepted' || login?.outcome === 'rejected') return undefined;
  const provenAt = history?.completed?.provenAt ?? secret.createdAt;
  if (provenAt === undefined || now - provenAt <= policy.provenWithinDays * DAY_MS) return undefined;
  const evidence = history?.completed?.provenAt ? `last proven ${dateOf(provenAt)}` : 'no login on record';
  return {
    kind: 'unproven',
    since: provenAt + policy.provenWithinDays * DAY_MS,
    evidence,
    remedy: commandFor.doctor(secret.name),
  };
};

const missingKey: SecretRule = ({ secret, keyOf }) => {
  if (!isFilled(secret)) return undefined;
  const gone = keyIdsOf(secret).filter((id) => keyOf(id)?.status !== 'active');
  if (gone.length === 0) return undefined;
  const seen = gone.map((id) => `${id}: ${keyOf(id)?.status ?? 'not there'}`).join(', ');
  return { kind: 'missing-key', evidence: seen, remedy: commandFor.doctor(secret.name) };
};

const evidenceMissing: SecretRule = ({ secret, facts: { history }, now }) => {
  if (!history || secret.lastRotatedAt === undefined) return undefined;
  const current = holderOf(secret.versions, CURRENT);
  // A fragment may arrive after the label has moved.
  if (current === undefined || history.completed?.token === current || now - secret.lastRotatedAt < 10 * MINUTE_MS)
    return undefined;
  return {
    kind: 'evidence-missing',
    since: secret.lastRotatedAt,
    evidence: `AWSCURRENT is on ${current}, of which no finishSecret is on record`,
    remedy: { text: 'Cannot be mended afterwards: find out why, and enter an exception.' },
  };
};

const replicaBehind: SecretRule = ({ secret, facts: { behind = [] } }) =>
  behind.length === 0
    ? undefined
    : {
        kind: 'replica-behind',
        evidence: behind.map(({ region, status }) => `${region}: ${status}`).join(', '),
        remedy: {
          command: `aws secretsmanager replicate-secret-to-regions --force-overwrite-replica-secret --secret-id ${secret.name} --add-replica-regions ${behind.map(({ region }) => `Region=${region}`).join(' ')}`,
        },
      };

const apiSecretAge: SecretRule = ({ secret, policy, now, keyOf }) => {
  const old = keyIdsOf(secret)
    .map(keyOf)
    .find((key) => key?.api && key.createdAt !== undefined && now - key.createdAt > policy.apiSecretDays * DAY_MS);
  if (old?.createdAt === undefined) return undefined;
  return {
    kind: 'api-secret-age',
    since: old.createdAt + policy.apiSecretDays * DAY_MS,
    evidence: `key ${old.id} was made ${dateOf(old.createdAt)}`,
    remedy: { text: 'Make a new key for a new secret, move its users, then decommission this one.' },
  };
};

const tagMissing: SecretRule = ({ secret }) => {
  if (!isFilled(secret)) return undefined;
  const client = secret.tags['streamkap:kind'] === 'client-credential';
  const missing = WANTED_TAGS.filter((tag) => !secret.tags[tag] && !(client && tag === 'streamkap:project-key-id'));
  if (missing.length === 0) return undefined;
  return {
    kind: 'tag-missing',
    evidence: `missing: ${missing.join(', ')}`,
    remedy: commandFor.adopt(secret.name),
  };
};

const pairDifference: SecretRule = ({ secret, facts: { pairDifferences = [] } }) =>
  pairDifferences.length === 0
    ? undefined
    : {
        kind: 'acl-difference',
        evidence: `they differ in ${pairDifferences.join(', ')}`,
        remedy: commandFor.rotate(secret.name),
      };

/** In the order in which a report shows them. */
export const SECRET_RULES: readonly SecretRule[] = [
  drift,
  missingKey,
  stuckPending,
  failedLast,
  overdue,
  samePassword,
  rotationOff,
  unproven,
  evidenceMissing,
  replicaBehind,
  pairDifference,
  apiSecretAge,
  tagMissing,
];

/** The admin credential's secret has an interval of its own, and no key or login to look at. */
export const ADMIN_RULES: readonly SecretRule[] = [
  ({ secret, policy, now }) => {
    const from = secret.lastRotatedAt ?? secret.createdAt;
    if (from === undefined || now - from <= policy.adminWithinDays * DAY_MS) return undefined;
    return {
      kind: 'admin-credential-old',
      since: from + policy.adminWithinDays * DAY_MS,
      evidence: `of ${dateOf(from)}; the policy asks for ${policy.adminWithinDays} days`,
      remedy: commandFor.rotate(secret.name),
    };
  },
  stuckPending,
  failedLast,
];

/** Whether it has a value: a stack makes secrets without one. */
function isFilled(secret: AuditedSecret): boolean {
  return holderOf(secret.versions, CURRENT) !== undefined;
}

function rotates(secret: AuditedSecret): boolean {
  return secret.rotationEnabled;
}

/** @returns ISO 8601 in UTC, whole seconds */
export function dateOf(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}
