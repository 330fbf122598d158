import type { CredentialFile } from '../credential-file.ts';
import { ProvisioningError } from '../errors.ts';
import { type Intent, intentKindOf } from './intent.ts';
import { removeKey, waitUntilActive } from './keys.ts';
import type { Credential } from './kind.ts';
import { type MakingPorts, makeKey } from './making.ts';
import type { KeyRequest, ProvisioningPorts, ProvisioningRequest } from './ports.ts';
import { projectKeys } from './project-keys.ts';

/** How a key that is stored nowhere is made. */
interface UnstoredOrder extends Pick<ProvisioningRequest, 'run' | 'verifyLogin'> {
  /** Chosen by the caller and noted where a later stage finds it, before the key is asked for. */
  readonly intentId: string;
  /** Milliseconds since the epoch after which anybody may delete the key; left out for one that stays. */
  readonly expiresAt?: number | undefined;
  /** Called as soon as Streamkap has answered, before anything is waited for. */
  readonly made?: (key: { readonly id: string; readonly alone: boolean }) => void;
}

/**
 * Makes a key that is stored nowhere: whoever asked holds the only copy of its secrets.
 * @throws ProvisioningError, StreamkapError; what was made is deleted again, or the error says that it may be there
 */
export function createUnstored(
  ports: Omit<ProvisioningPorts, 'store'>,
  key: KeyRequest,
  order: UnstoredOrder,
): Promise<CredentialFile> {
  return createUnstoredKind({ ...ports, kind: projectKeys(ports.streamkap) }, key, order);
}

/** The same for any kind of credential. */
export async function createUnstoredKind<C extends Credential>(
  ports: MakingPorts<C>,
  key: KeyRequest,
  { intentId, run, verifyLogin, expiresAt, made: tell }: UnstoredOrder,
): Promise<C> {
  const password = key.username === null ? null : ports.generatePassword();
  if (password !== null) ports.report.secretSeen(password);
  const intent: Intent = {
    type: 'streamkap_keyring_intent',
    ...intentKindOf(ports.kind),
    intentId,
    attempt: 1,
    since: 1,
    failures: 0,
    formerUsernames: [],
    password,
    run,
    expiresAt,
    ...key,
  };
  const made = await makeKey(ports, intent, { lookFirst: false, verifyLogin, stillOurs: async () => true });
  if (made.outcome === 'refused') throw made.refusal;
  if (made.outcome === 'overtaken') throw neverOurs(ports.kind.format.noun, key.name);
  const { file } = made;
  const id = ports.kind.format.idOf(file);
  tell?.({ id, alone: made.clean });
  if ((await waitUntilActive(ports, id)) !== 'failed') return file;
  await removeKey(ports, id);
  throw failed(`${ports.kind.format.noun} "${key.name}" (${id})`);
}

function failed(key: string): ProvisioningError {
  return new ProvisioningError({
    code: 'CREATE_FAILED',
    message: `Streamkap could not finish the ${key}; it was deleted`,
    changed: 'no',
    retryable: true,
    remedy: "Check Streamkap's status and the request, then run again.",
  });
}

/** One attempt cannot be overtaken unless somebody forges its marker. */
function neverOurs(noun: string, name: string): ProvisioningError {
  return new ProvisioningError({
    code: 'MARKER_CLASH',
    message: `Another one carries the marker of the ${noun} "${name}"`,
    changed: 'unknown',
    retryable: false,
    remedy: `Look for a second ${noun} whose description ends in the same [keyring:...] and delete the copy.`,
  });
}
