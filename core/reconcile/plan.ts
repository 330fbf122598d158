import { inForce, type Picture, pendingOf, versionWith } from '../doctor/picture.ts';
import type { State } from '../doctor/states.ts';
import { CURRENT } from '../rotation/situation.ts';

/** One change that mends a part of a state. */
export type Step =
  /** AWSCURRENT to the version whose password is in force. */
  | { readonly do: 'promote'; readonly from: string; readonly to: string }
  /** AWSPENDING off a version, so that the next rotation starts afresh. */
  | { readonly do: 'clear-pending'; readonly versionId: string }
  /** The current password at Streamkap. */
  | { readonly do: 'set-password'; readonly versionId: string; readonly keyId: string; readonly username: string };

/**
 * What reconcile would do about a state. A password that is in force is made current; only where none that is stored may be made
 * current is the current one set at Streamkap, which is stored already. A label comes off before a password is sent, so that no
 * repetition of the old rotation sends the pending one after it.
 * @returns nothing for a state that is healthy, is not known, or that somebody else has to mend
 */
export function planFor(state: State, picture: Picture): readonly Step[] {
  const current = versionWith(picture, CURRENT);
  const pending = pendingOf(picture);
  const clear: readonly Step[] = pending ? [{ do: 'clear-pending', versionId: pending.id }] : [];
  if (!current) return [];
  switch (state) {
    case 'pending-in-force':
    case 'live-without-label': {
      const live = inForce(picture);
      if (!live || live === current) return [];
      return [{ do: 'promote', from: current.id, to: live.id }, ...(live === pending ? [] : clear)];
    }
    case 'previous-in-force':
    case 'drift':
      return [...clear, ...setPassword(picture)];
    case 'way-back-begun':
      return current.login?.outcome === 'accepted' ? clear : [...clear, ...setPassword(picture)];
    case 'pending-empty':
    case 'pending-is-previous':
    case 'pending-foreign':
    case 'pending-not-in-force':
      return clear;
    default:
      return [];
  }
}

function setPassword(picture: Picture): readonly Step[] {
  const current = versionWith(picture, CURRENT);
  if (current?.holds.kind !== 'file' || current.holds.username === undefined) return [];
  const { keyId, username } = current.holds;
  return [{ do: 'set-password', versionId: current.id, keyId, username }];
}

/** @returns a step for people, as what is going to be done */
export function stepText(step: Step): string {
  switch (step.do) {
    case 'promote':
      return `Secrets Manager: move AWSCURRENT from ${step.from} to ${step.to}, whose password Kafka accepts`;
    case 'clear-pending':
      return `Secrets Manager: take AWSPENDING off ${step.versionId}`;
    case 'set-password':
      return `Streamkap: set the password of ${step.username} (key ${step.keyId}) to the one that is stored in ${step.versionId}; whoever uses another one is refused from then on`;
  }
}
