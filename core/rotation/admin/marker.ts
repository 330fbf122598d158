import { createHash } from 'node:crypto';

/** What the description of a credential says about the rotation it was made for. */
export interface RotationMarker {
  readonly token: string;
  /** Another one for each attempt; begins with the {@link fingerprintOf} the secret. */
  readonly nonce: string;
}

// Provisioning's marker has a dot where this one has its second colon.
const MARKER = /\s*\[keyring:([^\s:[\]]{32,64}):([\w-]{1,64})\]\s*$/;

/** @returns the description with the marker as its last part, in place of one that is there */
export function withRotationMarker(description: string, { token, nonce }: RotationMarker): string {
  return `${description.replace(MARKER, '')} [keyring:${token}:${nonce}]`.trim();
}

/** @returns the marker at the end of a description; undefined for a credential that no rotation made */
export function rotationMarkerOf(credential: {
  readonly description?: string | null | undefined;
}): RotationMarker | undefined {
  const [, token, nonce] = MARKER.exec(credential.description ?? '') ?? [];
  return token === undefined || nonce === undefined ? undefined : { token, nonce };
}

/**
 * A token says nothing about where it was rotated, and one tenant may serve secrets of several accounts: what this secret's
 * rotations made must be told from what is the live credential of another's.
 */
export function fingerprintOf(secretArn: string): string {
  return createHash('sha256').update(`streamkap-keyring:${secretArn}`).digest('hex').slice(0, 12);
}
