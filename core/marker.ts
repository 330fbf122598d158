/**
 * What stands at the end of a description and says that this product made the thing. All kinds are read here and nowhere else, so
 * that none is ever taken for another: what deletes by one kind of marker must not delete by another.
 */
export type KeyringMarker =
  /** A project key that stays: whose intent it was made for, and by which attempt. */
  | { readonly kind: 'lasting'; readonly intentId: string; readonly attempt: number }
  /** A project key that may be deleted by anybody after `expiresAt`. */
  | {
      readonly kind: 'ephemeral';
      readonly intentId: string;
      readonly attempt: number;
      /** Milliseconds since the epoch, whole seconds. */
      readonly expiresAt: number;
      /** Binds the marker to one key: descriptions get copied. */
      readonly seal: string;
    }
  /** A client credential that a rotation made. */
  | { readonly kind: 'rotation'; readonly token: string; readonly nonce: string };

const MARKER = /\s*\[keyring:([^[\]]*)\]\s*$/;
// Only the second has a space, only the third a colon in its first word.
const LASTING = /^([0-9a-f-]{8,64})\.(\d{1,6})$/;
const EPHEMERAL = /^([0-9a-f-]{8,64})\.(\d{1,6}) until (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) for ([0-9a-f]{12})$/;
const ROTATION = /^([^\s:[\]]{32,64}):([\w-]{1,64})$/;

/** @returns the marker at the end of a description, or undefined: what has none is not ours and is never deleted */
export function readMarker(description: string | null | undefined): KeyringMarker | undefined {
  const content = MARKER.exec(description ?? '')?.[1] ?? '';
  const [, intentId = '', attempt = ''] = LASTING.exec(content) ?? [];
  if (intentId) return { kind: 'lasting', intentId, attempt: Number(attempt) };
  const [, token = '', nonce = ''] = ROTATION.exec(content) ?? [];
  if (token) return { kind: 'rotation', token, nonce };
  const [, id = '', made = '', until = '', seal = ''] = EPHEMERAL.exec(content) ?? [];
  const expiresAt = Date.parse(until);
  return Number.isNaN(expiresAt)
    ? undefined
    : { kind: 'ephemeral', intentId: id, attempt: Number(made), expiresAt, seal };
}

/** @returns the description without the marker at its end; as it is where it has none */
export function stripMarker(description: string): string {
  return readMarker(description) ? description.replace(MARKER, '') : description;
}

/** @returns the description with the marker as its last part, in place of one that is there */
export function writeMarker(description: string, marker: KeyringMarker): string {
  return `${stripMarker(description)} [keyring:${contentOf(marker)}]`.trim();
}

function contentOf(marker: KeyringMarker): string {
  switch (marker.kind) {
    case 'lasting':
      return `${marker.intentId}.${marker.attempt}`;
    case 'ephemeral':
      return `${marker.intentId}.${marker.attempt} until ${secondsOf(marker.expiresAt)} for ${marker.seal}`;
    case 'rotation':
      return `${marker.token}:${marker.nonce}`;
  }
}

/** @param at milliseconds since the epoch @returns ISO 8601 in whole seconds, as it stands in a marker and in `expires-at` */
export function secondsOf(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}
