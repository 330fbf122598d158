import { createHash } from 'node:crypto';
import { alreadyExists, invalidRequest, markedForDeletion, secretNotFound } from './aws-error.ts';
import type { Secret } from './secret.ts';

/** Answer of an operation, in the shape of AWS JSON 1.1. */
export type AwsResponse = Readonly<Record<string, unknown>>;

/** What RotateSecret asks the service's background worker to do. */
export interface RotateRequest {
  readonly arn: string;
  readonly token: string;
  /** RotateImmediately was false: testSecret alone is called, on a throw-away version. */
  readonly testOnly: boolean;
  readonly functionArn: string;
}

/** Everything an operation reads or changes. */
export interface World {
  readonly secrets: Map<string, Secret>;
  readonly region: string;
  readonly accountId: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly randomId: () => string;
  /** May Secrets Manager invoke the function for the secret, both by ARN? */
  readonly canInvoke: (functionArn: string, secretArn: string) => boolean;
  readonly onRotate: (request: RotateRequest) => void;
  /** What the throw-away version of RotateImmediately=false holds; both have been seen. */
  readonly testVersion: 'copy' | 'empty';
}

/** Of a Region's partition (AWS General Reference, "Amazon Resource Names"). */
const partitionOf = (region: string): string =>
  region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';

/** What the ARNs of this account's secrets begin with. */
export const arnPrefix = ({ region, accountId }: Pick<World, 'region' | 'accountId'>): string =>
  `arn:${partitionOf(region)}:secretsmanager:${region}:${accountId}:secret:`;

const SUFFIX_LENGTH = 6;
const SUFFIX_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** A new secret without versions, stored under its name. @throws AwsError when the name is taken. */
export function addSecret(world: World, name: string): Secret {
  const existing = present(world, name);
  if (existing !== undefined) throw taken(existing);
  const now = world.now();
  const secret: Secret = {
    name,
    arn: `${arnPrefix(world)}${name}-${suffix(world.randomId())}`,
    createdAt: now,
    changedAt: now,
    accessedAt: undefined,
    rotatedAt: undefined,
    description: undefined,
    kmsKeyId: undefined,
    tags: new Map(),
    versions: new Map(),
    rotation: undefined,
    run: undefined,
    deletion: undefined,
    replicas: [],
  };
  world.secrets.set(name, secret);
  return secret;
}

/** Why a name cannot be used for a new secret. */
export const taken = (existing: Secret): Error =>
  existing.deletion === undefined
    ? alreadyExists(`The operation failed because the secret ${existing.name} already exists.`)
    : invalidRequest("You can't create this secret because a secret with this name is already scheduled for deletion.");

/** By name, full ARN, or ARN without the six characters; also one that waits for its deletion. @throws AwsError when unknown. */
export function findSecret(world: World, secretId: string): Secret {
  const prefix = arnPrefix(world);
  if (!secretId.startsWith('arn:')) {
    const byName = present(world, secretId);
    if (byName !== undefined) return byName;
    throw secretNotFound();
  }
  if (!secretId.startsWith(prefix)) throw secretNotFound();
  const rest = secretId.slice(prefix.length);
  // A full ARN wins: a name may itself end in a hyphen and six characters.
  const full = present(world, rest.slice(0, -(SUFFIX_LENGTH + 1)));
  const found = full?.arn === secretId ? full : present(world, rest);
  if (found === undefined) throw secretNotFound();
  return found;
}

/** As {@link findSecret}, but a secret that waits for its deletion is refused. */
export function liveSecret(world: World, secretId: string): Secret {
  const secret = findSecret(world, secretId);
  if (secret.deletion !== undefined) throw markedForDeletion();
  return secret;
}

/** The secret of that name, unless there is none or its recovery window is over. */
export function present(world: World, name: string): Secret | undefined {
  const secret = world.secrets.get(name);
  if (secret?.deletion !== undefined && world.now() >= secret.deletion.dueAt) {
    world.secrets.delete(name);
    return undefined;
  }
  return secret;
}

/** Dates of AWS JSON 1.1: seconds since the epoch, with a fraction. */
export const seconds = (milliseconds: number): number => milliseconds / 1000;

/** LastAccessedDate is a day without a time. */
export const day = (milliseconds: number): number => milliseconds - (milliseconds % 86_400_000);

/** The same keys without those that have no value: AWS leaves them out. */
export const compact = (fields: Readonly<Record<string, unknown>>): AwsResponse =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

function suffix(seed: string): string {
  const digest = createHash('sha256').update(seed).digest();
  return Array.from(digest.subarray(0, SUFFIX_LENGTH), (byte) => SUFFIX_ALPHABET[byte % SUFFIX_ALPHABET.length]).join(
    '',
  );
}
