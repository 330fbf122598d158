import { type AuditedSecret, keyIdsOf } from './audit/inventory.ts';
import { backoffMs, type Clock } from './clock.ts';
import { ProvisioningError } from './errors.ts';
import { type ProjectKeyDetail, statusOf } from './streamkap/schemas.ts';

export interface DecommissionPorts {
  /** Every secret of the account and Region. */
  readonly secrets: () => AsyncIterable<AuditedSecret>;
  readonly streamkap: {
    getProjectKey(id: string): Promise<ProjectKeyDetail | undefined>;
    deleteProjectKey(id: string): Promise<void>;
  };
  readonly clock: Clock;
}

const GONE_WITHIN_MS = 120_000;
const LOOKS = { first: 500, max: 8_000 } as const;
/** Streamkap may fail to delete; it is asked again this often. */
const ORDERS = 3;

/**
 * @returns the key that may be deleted, or undefined when there is none @throws ProvisioningError when a secret's tags name it: whoever
 * reads that secret uses the key
 */
export async function unheldKey(ports: DecommissionPorts, id: string): Promise<ProjectKeyDetail | undefined> {
  for await (const secret of ports.secrets()) {
    if (keyIdsOf(secret).includes(id)) throw isHeld(id, secret.name);
  }
  return await ports.streamkap.getProjectKey(id);
}

/** Deletes a key and waits until it is gone. @throws StreamkapError; ProvisioningError when it is still there after two minutes */
export async function deleteKey({ streamkap, clock }: DecommissionPorts, id: string): Promise<void> {
  const end = clock.now() + GONE_WITHIN_MS;
  await streamkap.deleteProjectKey(id);
  for (let looks = 0, orders = 1; ; looks++) {
    const key = await streamkap.getProjectKey(id);
    if (!key) return;
    if (statusOf(key) === 'delete_failed' && orders++ < ORDERS) await streamkap.deleteProjectKey(id);
    const pause = backoffMs(looks, LOOKS);
    if (clock.now() + pause > end) throw stillThere(id, statusOf(key));
    await clock.sleep(pause);
  }
}

function isHeld(id: string, secret: string): ProvisioningError {
  return new ProvisioningError({
    code: 'KEY_IN_USE',
    message: `The secret ${secret} names the project key ${id}`,
    changed: 'no',
    retryable: false,
    remedy: 'Delete only keys that no secret holds; delete the secret first where nobody reads it any more.',
  });
}

function stillThere(id: string, status: string): ProvisioningError {
  return new ProvisioningError({
    code: 'KEY_NOT_GONE',
    message: `Streamkap was asked to delete ${id}, and still shows it (${status})`,
    changed: 'yes',
    retryable: true,
    remedy: 'Run the command again; report it to Streamkap when it stays.',
  });
}
