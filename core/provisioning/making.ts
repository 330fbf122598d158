import { backoffMs } from '../clock.ts';
import { ProvisioningError, StreamkapError } from '../errors.ts';
import { hasApi, type Intent } from './intent.ts';
import { keysOfIntent, removeKey } from './keys.ts';
import type { Credential, CredentialKind } from './kind.ts';
import { type KindPorts, LIMITS, type ProvisioningRequest } from './ports.ts';

/** A key and its file, not stored yet. */
export interface MadeKey<C extends Credential> {
  readonly outcome: 'created' | 'adopted';
  readonly file: C;
  /** No POST of this intent can still land: there was one, and it was answered. */
  readonly clean: boolean;
}

export type Making<C extends Credential> =
  | MadeKey<C>
  /** Another run is ahead; nothing to store. */
  | { readonly outcome: 'overtaken' }
  /** Streamkap will not have the request as it is, and has no key of this intent. */
  | { readonly outcome: 'refused'; readonly refusal: StreamkapError };

/** Making needs no store: a key may also be made that is stored nowhere. */
export type MakingPorts<C extends Credential> = Omit<KindPorts<C>, 'store'>;

export type MakingRequest = Pick<ProvisioningRequest, 'verifyLogin'> & {
  /** Whether the intent is current; read before an earlier key's password is set again. */
  readonly stillOurs: () => Promise<boolean>;
  /** An earlier attempt may have made a key already: it is looked for before one is asked for. */
  readonly lookFirst: boolean;
};

/**
 * Gets one key for a held intent: by POST, or by adopting what an earlier attempt made. A POST without an answer is never
 * repeated before the list was read. Never deletes a key of a higher attempt: its taker may be storing it.
 */
export async function makeKey<C extends Credential>(
  ports: MakingPorts<C>,
  intent: Intent,
  request: MakingRequest,
): Promise<Making<C>> {
  let refusal: StreamkapError | undefined;
  for (let posts = 0; ; ) {
    if (posts > 0 || request.lookFirst) {
      const found = await search(ports, intent, request);
      if (typeof found === 'object') return found;
      // Nothing was in the way, so it is the request itself that Streamkap will not have.
      if (refusal && found === 'none') return { outcome: 'refused', refusal };
      if (posts === LIMITS.posts) throw unanswered(ports.kind, intent);
      if (posts > 0) await ports.clock.sleep(backoffMs(posts, LIMITS.poll));
    }
    posts++;
    const answer = await post(ports, intent);
    if (!(answer instanceof StreamkapError)) {
      return { file: answer, outcome: 'created', clean: posts === 1 && intent.attempt === 1 };
    }
    refusal = answer.changed === 'no' ? answer : undefined;
    // Refused may mean that an earlier POST of this intent got there first; where there was one, that is looked up.
    if (refusal && posts === 1 && intent.attempt === 1) return { outcome: 'refused', refusal };
  }
}

async function post<C extends Credential>(
  { kind, report }: MakingPorts<C>,
  intent: Intent,
): Promise<C | StreamkapError> {
  report.progress(`creating the ${kind.format.noun} "${intent.name}"`);
  try {
    const file = await kind.create(intent);
    report.secretSeen(file);
    return file;
  } catch (error) {
    if (error instanceof StreamkapError) return error;
    throw error;
  }
}

/**
 * What earlier attempts left at Streamkap, put in order so that one key can follow.
 * @returns `removed` when there was something, and it is gone now
 */
async function search<C extends Credential>(
  ports: MakingPorts<C>,
  intent: Intent,
  request: MakingRequest,
): Promise<Making<C> | 'none' | 'removed'> {
  const keys = await keysOfIntent(ports, intent);
  for (const key of keys) {
    const mayAdopt = !hasApi(intent) && key.marker.attempt >= intent.since;
    const adopted = mayAdopt ? await ports.kind.adopt(ports, intent, { ...request, id: key.id }) : 'failed';
    if (adopted !== 'failed') return adopted;
    // Its API secret is lost with the answer, or Streamkap could not finish it; no attempt up to ours can store it any more.
    if (key.marker.attempt <= intent.attempt) await removeKey(ports, key.id);
  }
  if (keys.some((key) => key.marker.attempt > intent.attempt)) return { outcome: 'overtaken' };
  return keys.length > 0 ? 'removed' : 'none';
}

function unanswered({ format }: CredentialKind<Credential>, intent: Intent): ProvisioningError {
  return new ProvisioningError({
    code: 'CREATE_UNANSWERED',
    message: `Streamkap did not answer the creation of the ${format.noun} "${intent.name}"`,
    changed: 'unknown',
    retryable: true,
    remedy: 'Run again: the next run finds what was made, or makes it.',
  });
}
