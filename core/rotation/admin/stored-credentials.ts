import { SecretStoreError } from '../../errors.ts';
import type { SecretReader, SecretVersion, VersionLister } from '../../secret-store.ts';
import { holderOf, PREVIOUS } from '../situation.ts';
import { clientIdIn } from './admin-secret.ts';
import type { StoredCredentials } from './sweep.ts';

/** How many versions without a label are looked into. Each rotation looks, so a missed deletion has as many chances. */
const LOOK_BACK = 5;

export interface StoredCredentialsPorts {
  readonly store: SecretReader & VersionLister;
  readonly secretId: string;
}

/**
 * Looks at every version with a label, and at the youngest ones without that are no younger than AWSPREVIOUS. Without the
 * permission to list versions, only what rotations made is found to be superseded: their marker names the version.
 * @throws SecretStoreError when a label's version cannot be read: then nothing is known to be needed no more
 */
export async function readStoredCredentials(ports: StoredCredentialsPorts): Promise<StoredCredentials> {
  const { store, secretId } = ports;
  const description = await store.describe(secretId);
  const labelled = description === 'no-secret' ? {} : description.versions;
  const found = new Map<string | undefined, SecretVersion>();
  for (const versionId of Object.keys(labelled)) {
    const version = await store.read(secretId, { versionId });
    if (typeof version === 'object') found.set(versionId, version);
  }
  const previous = found.get(holderOf(labelled, PREVIOUS));
  const isSuperseded = (version: { readonly versionId: string; readonly createdAt: number }) =>
    previous !== undefined && !(version.versionId in labelled) && version.createdAt <= previous.createdAt;
  const idsIn = (versions: Iterable<SecretVersion>) => new Set([...versions].map(({ value }) => clientIdIn(value)));
  return {
    kept: idsIn(found.values()),
    superseded: idsIn(previous ? await before(ports, isSuperseded) : []),
    async storedBy(token) {
      const version = found.get(token) ?? (await store.read(secretId, { versionId: token }));
      const clientId = typeof version === 'object' ? clientIdIn(version.value) : undefined;
      if (typeof version !== 'object' || clientId === undefined) return undefined;
      return { clientId, superseded: isSuperseded(version) };
    },
  };
}

async function before(
  { store, secretId }: StoredCredentialsPorts,
  isSuperseded: (version: { versionId: string; createdAt: number }) => boolean,
): Promise<SecretVersion[]> {
  const entries = await store.versions(secretId).catch((error: unknown) => {
    if (error instanceof SecretStoreError) return [];
    throw error;
  });
  const old = entries.filter(isSuperseded).sort((a, b) => b.createdAt - a.createdAt);
  const versions: SecretVersion[] = [];
  for (const { versionId } of old.slice(0, LOOK_BACK)) {
    const version = await store.read(secretId, { versionId });
    if (typeof version === 'object') versions.push(version);
  }
  return versions;
}
