import { SecretStoreError } from '../errors.ts';
import type { NewSecret, NewVersion, SecretStore } from '../secret-store.ts';
import { LIMITS } from './ports.ts';

/** Whether our value lies under the version id now, or another's. */
export type WriteOutcome = 'stored' | 'taken';

/**
 * Writes a version and knows the outcome even when the answer was lost: "Put failed" is not "not stored", so the version is read
 * before anything is concluded, and the same write is sent again when it is not there.
 */
export function putSurely(store: SecretStore, version: NewVersion): Promise<WriteOutcome> {
  return surely(store, version, () => store.put(version));
}

/** The same for a secret that does not exist yet. `taken` also when somebody else made the secret meanwhile. */
export function createSurely(store: SecretStore, secret: NewSecret): Promise<WriteOutcome> {
  return surely(store, { ...secret, secretId: secret.name }, async () =>
    (await store.create(secret)) === 'exists' ? 'taken' : 'stored',
  );
}

async function surely(
  store: SecretStore,
  wanted: { secretId: string; versionId: string; value: string },
  write: () => Promise<WriteOutcome>,
): Promise<WriteOutcome> {
  for (let tries = 1; ; tries++) {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof SecretStoreError) || error.changed === 'no') throw error;
      const there = await store.read(wanted.secretId, { versionId: wanted.versionId });
      if (typeof there === 'object') return there.value === wanted.value ? 'stored' : 'taken';
      if (tries === LIMITS.writes) throw error;
    }
  }
}
