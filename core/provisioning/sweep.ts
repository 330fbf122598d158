import type { SecretVersion } from '../secret-store.ts';
import { markerOf } from './marker.ts';
import type { ProvisioningPorts } from './ports.ts';

/** On a file whose making left a POST behind that may still land: whoever finds the file looks for its twins first. */
export const SWEEP_LABEL = 'KEYRING_SWEEP';

/** A POST cannot land later than this after the file was stored, in milliseconds. */
const SWEEP_FOR_MS = 3_600_000;

/**
 * Deletes keys that a given-up POST of this file's intent made after the last look at the list, and takes the label away once none
 * can come any more. Best effort: the file is good without it.
 */
export async function sweepLateKeys(ports: ProvisioningPorts, version: SecretVersion, keyId: string): Promise<void> {
  try {
    const keys = await ports.streamkap.listProjectKeys();
    const own = keys.find((key) => key.id === keyId);
    const intentId = own ? markerOf(own)?.intentId : undefined;
    for (const key of keys) {
      if (key.id === keyId || intentId === undefined || markerOf(key)?.intentId !== intentId) continue;
      await ports.streamkap.deleteProjectKey(key.id);
    }
    if (version.readAt - version.createdAt < SWEEP_FOR_MS) return;
    await ports.store.move({ secretId: version.arn, label: SWEEP_LABEL, from: version.versionId });
  } catch {
    ports.report.warning(`Keys that an interrupted creation of ${keyId} may have left could not be looked for`);
  }
}
