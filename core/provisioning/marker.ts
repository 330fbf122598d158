import { createHash } from 'node:crypto';
import { type KeyringMarker, readMarker, writeMarker } from '../marker.ts';

/** What our part of a project key's description says, for a key that stays and for one that does not. */
export type Marker = Exclude<KeyringMarker, { kind: 'rotation' }>;

/** What a marker is made of. */
interface Marked {
  readonly intentId: string;
  readonly attempt: number;
  readonly name: string;
  /** Null for a key without Kafka. */
  readonly username: string | null;
  /** Milliseconds since the epoch, for an ephemeral key. */
  readonly expiresAt?: number | undefined;
}

/** @returns the description with the marker as its last part, replacing one that is there */
export function withMarker(description: string, { intentId, attempt, expiresAt, ...key }: Marked): string {
  const marker: Marker =
    expiresAt === undefined
      ? { kind: 'lasting', intentId, attempt }
      : { kind: 'ephemeral', intentId, attempt, expiresAt, seal: sealOf(intentId, key) };
  return writeMarker(description, marker);
}

/** @returns the marker at the end of a description, or undefined: such a key is none of ours and is never deleted */
export function markerOf(key: { readonly description?: string | null | undefined }): Marker | undefined {
  const marker = readMarker(key.description);
  return marker?.kind === 'rotation' ? undefined : marker;
}

/**
 * Descriptions get copied, and a person's copy of an ephemeral key is not ours to delete: the seal holds for the one key that has this
 * Kafka username, or, without Kafka, this name. It is no secret.
 */
export function sealOf(intentId: string, { username, name }: Pick<Marked, 'username' | 'name'>): string {
  return createHash('sha256')
    .update(`streamkap-keyring:${intentId}:${username?.toLowerCase() ?? `"${name}"`}`)
    .digest('hex')
    .slice(0, 12);
}
