import type { RotationRun, RotationSettings, Secret, Version } from './secret.ts';

type StoredSecret = Omit<Secret, 'tags' | 'versions'> & {
  readonly tags: readonly (readonly [string, string])[];
  readonly versions: readonly Version[];
};

/**
 * The whole state as JSON in which equal states are equal strings: secrets by name, versions by id, keys in a fixed order.
 * @param dates false leaves out when things happened and when they were read, for use as a key of visited states
 */
export function toSnapshot(secrets: ReadonlyMap<string, Secret>, dates: boolean): string {
  const at = (milliseconds: number): number => (dates ? milliseconds : 0);
  const maybeAt = (milliseconds: number | undefined): number | undefined =>
    milliseconds === undefined ? undefined : at(milliseconds);
  const version = (entry: Version): Version => ({
    id: entry.id,
    stages: entry.stages,
    value: entry.value,
    createdAt: at(entry.createdAt),
    accessedAt: dates ? entry.accessedAt : undefined,
    origin: entry.origin,
  });
  const stored = (secret: Secret): StoredSecret => ({
    name: secret.name,
    arn: secret.arn,
    createdAt: at(secret.createdAt),
    changedAt: at(secret.changedAt),
    accessedAt: dates ? secret.accessedAt : undefined,
    rotatedAt: maybeAt(secret.rotatedAt),
    description: secret.description,
    kmsKeyId: secret.kmsKeyId,
    tags: [...secret.tags].sort(byKey),
    versions: [...secret.versions.values()].sort(byId).map(version),
    rotation: secret.rotation && settings(secret.rotation, maybeAt),
    run: secret.run && run(secret.run),
    deletion: secret.deletion && {
      requestedAt: at(secret.deletion.requestedAt),
      dueAt: dates ? secret.deletion.dueAt : NEVER,
    },
    replicas: secret.replicas,
  });
  return JSON.stringify([...secrets.values()].sort(byName).map(stored));
}

/** Replaces the secrets by those of a snapshot; dates that were left out become 1970, a planned deletion then never comes due. */
export function fromSnapshot(secrets: Map<string, Secret>, snapshot: string): void {
  const stored = JSON.parse(snapshot) as StoredSecret[];
  secrets.clear();
  for (const secret of stored)
    secrets.set(secret.name, {
      ...ABSENT,
      ...secret,
      tags: new Map(secret.tags),
      versions: new Map(
        secret.versions.map((version) => [version.id, { ...NO_VALUE, ...version, stages: [...version.stages] }]),
      ),
    });
}

const NEVER = Number.MAX_SAFE_INTEGER;

/** JSON drops keys without a value; the records have them all. */
const ABSENT = {
  accessedAt: undefined,
  rotatedAt: undefined,
  description: undefined,
  kmsKeyId: undefined,
  rotation: undefined,
  run: undefined,
  deletion: undefined,
} as const;
const NO_VALUE = { value: undefined, accessedAt: undefined } as const;

const settings = (
  from: RotationSettings,
  at: (milliseconds: number | undefined) => number | undefined,
): RotationSettings => ({
  enabled: from.enabled,
  functionArn: from.functionArn,
  rules: {
    ...(from.rules.AutomaticallyAfterDays === undefined
      ? {}
      : { AutomaticallyAfterDays: from.rules.AutomaticallyAfterDays }),
    ...(from.rules.Duration === undefined ? {} : { Duration: from.rules.Duration }),
    ...(from.rules.ScheduleExpression === undefined ? {} : { ScheduleExpression: from.rules.ScheduleExpression }),
  },
  nextAt: at(from.nextAt),
});

const run = (from: RotationRun): RotationRun => ({
  token: from.token,
  rotationToken: from.rotationToken,
  requireRotationToken: from.requireRotationToken,
  ended: from.ended,
});

const byName = (a: Secret, b: Secret): number => (a.name < b.name ? -1 : 1);
const byId = (a: Version, b: Version): number => (a.id < b.id ? -1 : 1);
const byKey = ([a]: readonly [string, string], [b]: readonly [string, string]): number => (a < b ? -1 : 1);
