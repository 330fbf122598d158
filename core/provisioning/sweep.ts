import type { SecretVersion } from '../secret-store.ts';
import type { Credential, CredentialKind, Listed } from './kind.ts';
import { markerOf } from './marker.ts';
import type { ProvisioningPorts } from './ports.ts';

/** On a file whose making left a POST behind that may still land: whoever finds the file looks for its twins first. */
export const SWEEP_LABEL = 'KEYRING_SWEEP';

/** A POST cannot land later than this after the file was stored, in milliseconds. */
const SWEEP_FOR_MS = 3_600_000;

interface SweepPorts {
  readonly store: ProvisioningPorts['store'];
  readonly report: Pick<ProvisioningPorts['report'], 'warning'>;
  readonly kind: Pick<CredentialKind<Credential>, 'list' | 'delete'>;
}

/**
 * Deletes keys that a given-up POST of this file's intent made after the last look at the list, and takes the label away once none
 * can come any more. Best effort: the file is good without it.
 */
export async function sweepLateKeys(ports: SweepPorts, version: SecretVersion, keyId: string): Promise<void> {
  try {
    const keys = await ports.kind.list();
    const own = keys.find((key) => key.id === keyId);
    const twins = own ? keys.filter((key) => key.id !== keyId && isTwin(key, own)) : [];
    for (const twin of twins) await ports.kind.delete(twin.id);
    if (version.readAt - version.createdAt < SWEEP_FOR_MS) return;
    await ports.store.move({ secretId: version.arn, label: SWEEP_LABEL, from: version.versionId });
  } catch {
    ports.report.warning(`Keys that an interrupted creation of ${keyId} may have left could not be looked for`);
  }
}

/** Made for the same intent, by marker and username: a person's copy of our description does not make a key ours. */
function isTwin(key: Listed, own: Listed): boolean {
  const intentId = markerOf(own)?.intentId;
  const sameUser = (key.kafka_username ?? null) === (own.kafka_username ?? null);
  return intentId !== undefined && markerOf(key)?.intentId === intentId && sameUser;
}
