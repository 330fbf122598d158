import { invalidParameter, limitExceeded } from './aws-error.ts';

export const CURRENT = 'AWSCURRENT';
export const PREVIOUS = 'AWSPREVIOUS';
export const PENDING = 'AWSPENDING';
/** Labels that all versions of one secret may carry together (Secrets Manager quotas). */
export const MAX_LABELS = 20;

export type SecretValue =
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'binary'; readonly base64: string };

export interface Version {
  readonly id: string;
  /** Sorted; empty for a deprecated version. */
  stages: string[];
  /** Undefined in the placeholder that RotateSecret registers. Once set it never changes. */
  value: SecretValue | undefined;
  /** Milliseconds since the epoch, as all dates of the model. */
  createdAt: number;
  accessedAt: number | undefined;
  /** `put`: by a caller's value. `rotate`, `test`: by RotateSecret, with and without RotateImmediately. */
  readonly origin: 'put' | 'rotate' | 'test';
}

export interface RotationRules {
  readonly AutomaticallyAfterDays?: number;
  readonly Duration?: string;
  readonly ScheduleExpression?: string;
}

export interface RotationSettings {
  enabled: boolean;
  functionArn: string;
  rules: RotationRules;
  nextAt: number | undefined;
}

/** Why a rotation stopped short of its end. */
export type RotationEnd = 'manual-put' | 'foreign-fill' | 'cancelled';

/** A rotation that a driver has under way, so that the model can tell the function's writes from others'. */
export interface RotationRun {
  readonly token: string;
  readonly rotationToken: string;
  /** A placeholder filled without the rotation token counts as filled by another caller. */
  readonly requireRotationToken: boolean;
  ended: RotationEnd | undefined;
}

export interface Replica {
  readonly Region: string;
  readonly Status: 'InSync' | 'InProgress' | 'Failed';
  readonly StatusMessage?: string;
}

export interface Secret {
  readonly name: string;
  readonly arn: string;
  createdAt: number;
  changedAt: number;
  accessedAt: number | undefined;
  rotatedAt: number | undefined;
  description: string | undefined;
  kmsKeyId: string | undefined;
  tags: Map<string, string>;
  versions: Map<string, Version>;
  rotation: RotationSettings | undefined;
  run: RotationRun | undefined;
  deletion: { requestedAt: number; dueAt: number } | undefined;
  replicas: readonly Replica[];
}

export const sameValue = (a: SecretValue, b: SecretValue): boolean =>
  a.kind === 'string' ? b.kind === 'string' && a.text === b.text : b.kind === 'binary' && a.base64 === b.base64;

/** The one version that carries the label. */
export function holderOf(secret: Secret, label: string): Version | undefined {
  for (const version of secret.versions.values()) if (version.stages.includes(label)) return version;
  return undefined;
}

export function detach(secret: Secret, label: string): void {
  for (const version of secret.versions.values()) version.stages = version.stages.filter((stage) => stage !== label);
}

/** Puts a label on one version and takes it off all others; AWSCURRENT pulls AWSPREVIOUS behind it. */
export function moveLabel(secret: Secret, label: string, to: Version): void {
  const from = holderOf(secret, label);
  if (from === to) return;
  detach(secret, label);
  to.stages = [...to.stages, label].sort();
  if (label === CURRENT && from !== undefined) {
    // The target may be the old AWSPREVIOUS (a roll-back); it must not keep that label beside AWSCURRENT.
    detach(secret, PREVIOUS);
    from.stages = [...from.stages, PREVIOUS].sort();
  }
}

/** The labels a put really sets: a value in a secret without a current one always becomes the current one. */
export const effectiveStages = (secret: Secret, asked: readonly string[]): string[] =>
  [...new Set(holderOf(secret, CURRENT) === undefined ? [...asked, CURRENT] : asked)].sort();

/**
 * Refuses what would leave one version with AWSCURRENT and AWSPREVIOUS, or the secret with too many labels. Called before
 * anything changes, so that a refused call has no effect.
 * @param target the version that gets the labels; undefined when it does not exist yet
 */
export function checkStages(secret: Secret, stages: readonly string[], target: Version | undefined): void {
  const holds = (label: string): boolean => stages.includes(label) || target?.stages.includes(label) === true;
  const movesCurrent = stages.includes(CURRENT);
  if (stages.includes(PREVIOUS) && (movesCurrent || holds(CURRENT)))
    throw invalidParameter(`You can't attach ${PREVIOUS} to the version that has ${CURRENT}.`);
  const labels = new Set([...secret.versions.values()].flatMap((version) => version.stages).concat(stages));
  const current = holderOf(secret, CURRENT);
  if (movesCurrent && current !== undefined && current !== target) labels.add(PREVIOUS);
  if (labels.size > MAX_LABELS) throw limitExceeded(`A secret can have at most ${MAX_LABELS} staging labels.`);
}
