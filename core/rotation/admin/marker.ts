import { createHash } from 'node:crypto';
import { readMarker, writeMarker } from '../../marker.ts';

/** What the description of a credential says about the rotation it was made for. */
export interface RotationMarker {
  readonly token: string;
  /** Another one for each attempt; begins with the {@link fingerprintOf} the secret. */
  readonly nonce: string;
}

/** @returns the description with the marker as its last part, in place of one that is there */
export function withRotationMarker(description: string, { token, nonce }: RotationMarker): string {
  return writeMarker(description, { kind: 'rotation', token, nonce });
}

/** @returns the marker at the end of a description; undefined for a credential that no rotation made */
export function rotationMarkerOf(credential: {
  readonly description?: string | null | undefined;
}): RotationMarker | undefined {
  const marker = readMarker(credential.description);
  return marker?.kind === 'rotation' ? { token: marker.token, nonce: marker.nonce } : undefined;
}

/**
 * A token says nothing about where it was rotated, and one tenant may serve secrets of several accounts: what this secret's
 * rotations made must be told from what is the live credential of another's.
 */
export function fingerprintOf(secretArn: string): string {
  return createHash('sha256').update(`streamkap-keyring:${secretArn}`).digest('hex').slice(0, 12);
}
