import type { CredentialFile } from '../credential-file.ts';
import { ProvisioningError } from '../errors.ts';
import type { Intent } from './intent.ts';
import { removeKey, waitUntilActive } from './keys.ts';
import { type MakingPorts, makeKey } from './making.ts';
import type { KeyRequest, ProvisioningRequest } from './ports.ts';

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
export async function createUnstored(
  ports: MakingPorts,
  key: KeyRequest,
  { intentId, run, verifyLogin, expiresAt, made: tell }: UnstoredOrder,
): Promise<CredentialFile> {
  const password = key.username === null ? null : ports.generatePassword();
  if (password !== null) ports.report.secretSeen(password);
  const intent: Intent = {
    type: 'streamkap_keyring_intent',
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
  const made = await makeKey(ports, intent, { from: 'post', verifyLogin, stillOurs: async () => true });
  if (made.outcome === 'refused') throw made.refusal;
  if (made.outcome === 'overtaken') throw neverOurs(key.name);
  const { file } = made;
  tell?.({ id: file.project_key_id, alone: made.clean });
  if ((await waitUntilActive(ports, file.project_key_id)) !== 'failed') return file;
  await removeKey(ports, file.project_key_id);
  throw failed(key.name, file.project_key_id);
}

function failed(name: string, id: string): ProvisioningError {
  return new ProvisioningError({
    code: 'CREATE_FAILED',
    message: `Streamkap could not finish the project key "${name}" (${id}); it was deleted`,
    changed: 'no',
    retryable: true,
    remedy: "Check Streamkap's status and the request, then run again.",
  });
}

/** One attempt cannot be overtaken unless somebody forges its marker. */
function neverOurs(name: string): ProvisioningError {
  return new ProvisioningError({
    code: 'MARKER_CLASH',
    message: `Another key carries the marker of the project key "${name}"`,
    changed: 'unknown',
    retryable: false,
    remedy: 'Look for project keys whose description ends in the same [keyring:...] and delete the copy.',
  });
}
