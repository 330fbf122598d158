/** What our part of a key's description says: whose intent it was made for, and by which attempt. */
export interface Marker {
  readonly intentId: string;
  readonly attempt: number;
}

const MARKER = /\s*\[keyring:([0-9a-f-]{8,64})\.(\d{1,6})\]\s*$/;

/** @returns the description with the marker as its last part, replacing one that is there */
export function withMarker(description: string, { intentId, attempt }: Marker): string {
  return `${withoutMarker(description)} [keyring:${intentId}.${attempt}]`.trim();
}

export function withoutMarker(description: string): string {
  return description.replace(MARKER, '');
}

/** @returns the marker at the end of a description, or undefined: such a key is none of ours and is never deleted */
export function markerOf(key: { readonly description?: string | null | undefined }): Marker | undefined {
  const match = MARKER.exec(key.description ?? '');
  return match?.[1] ? { intentId: match[1], attempt: Number(match[2]) } : undefined;
}
