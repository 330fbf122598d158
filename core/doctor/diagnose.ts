import { CREATED_LABEL } from '../provisioning/provision.ts';
import { STEP_LASTS_AT_MOST_MS } from '../provisioning/update/lock.ts';
import { CURRENT, LIVE, MADE, PENDING, PREVIOUS, ROLLED_BACK } from '../rotation/situation.ts';
import {
  inForce,
  type KeyStanding,
  type Look,
  type Picture,
  type PicturedVersion,
  pendingOf,
  versionWith,
} from './picture.ts';
import type { State } from './states.ts';

/** What pictures an intent's holder as at work, in milliseconds: longer than any run waits for another. */
const MAKING_LASTS_MS = 600_000;

/** @returns the state that a picture shows; of several the one that has to be mended first */
export function diagnose(picture: Look['picture']): State {
  if (typeof picture === 'string') return picture;
  const current = versionWith(picture, CURRENT);
  switch (current?.holds.kind) {
    case undefined:
    case 'none':
      return 'empty';
    case 'intent':
      return intentState(picture, current);
    case 'foreign':
      return 'foreign-value';
    case 'file':
      return fileState(picture, current);
  }
}

function intentState(picture: Picture, current: PicturedVersion): State {
  const created = versionWith(picture, CREATED_LABEL);
  if (created && created !== current && created.holds.kind === 'file') return 'key-created';
  const atWork = current.holds.kind === 'intent' && !current.holds.withdrawn && (current.ageMs ?? 0) < MAKING_LASTS_MS;
  return atWork ? 'being-made' : 'making-stopped';
}

function fileState(picture: Picture, current: PicturedVersion): State {
  return (
    keyState(picture.key) ??
    (picture.updateUnderWay ? 'update-under-way' : undefined) ??
    (isFresh(pendingOf(picture)) ? 'rotation-under-way' : undefined) ??
    (hasPassword(current) && current.login?.outcome !== 'accepted' ? notInForce(picture, current) : undefined) ??
    leftOver(picture) ??
    pairState(picture) ??
    scheduleState(picture, current)
  );
}

function keyState(key: KeyStanding | undefined): State | undefined {
  if (key === undefined) return undefined;
  if ('unknown' in key) return 'key-unknown';
  if ('missing' in key) return 'key-missing';
  return key.status === 'active' ? undefined : 'key-not-active';
}

/** A step of a rotation may still be at work. Where AWS does not tell the age, there is nothing to wait for. */
function isFresh(pending: PicturedVersion | undefined): boolean {
  return pending?.ageMs !== undefined && pending.ageMs < STEP_LASTS_AT_MOST_MS;
}

/** The current password was not accepted: which one is? An `unknown` says nothing about any. */
function notInForce(picture: Picture, current: PicturedVersion): State {
  if (current.login?.outcome !== 'rejected') return 'login-unknown';
  const live = inForce(picture);
  if (live?.labels.includes(PREVIOUS)) return 'previous-in-force';
  if (live?.labels.includes(PENDING)) return 'pending-in-force';
  if (live?.labels.some((label) => label === LIVE || label === MADE || label === ROLLED_BACK))
    return 'live-without-label';
  if (picture.versions.some(({ login }) => login?.outcome === 'unknown')) return 'login-unknown';
  return pendingOf(picture)?.labels.includes(ROLLED_BACK) ? 'way-back-begun' : 'drift';
}

/** The current password works, or there is none; is there something of a rotation that has not ended? */
function leftOver(picture: Picture): State | undefined {
  const pending = pendingOf(picture);
  if (!pending) return undefined;
  if (pending.holds.kind === 'none') return 'pending-empty';
  if (pending.labels.includes(PREVIOUS)) return 'pending-is-previous';
  const ours = pending.holds.kind === 'file' && pending.mismatch === undefined && pending.labels.includes(MADE);
  if (!ours) return 'pending-foreign';
  return pending.labels.includes(ROLLED_BACK) ? 'way-back-begun' : 'pending-not-in-force';
}

function pairState({ pair, standby }: Picture): State | undefined {
  if (pair === undefined) return undefined;
  if (pair === 'invalid') return 'pair-invalid';
  if (standby === 'missing') return 'standby-missing';
  if (standby === 'foreign') return 'standby-foreign';
  if (pair === 'not-born') return undefined;
  const { idle } = pair;
  if ('unknown' in idle) return 'key-unknown';
  if ('missing' in idle || idle.status !== 'active') return 'idle-key-missing';
  if (typeof standby !== 'object') return 'standby-behind';
  return standby.keyId === idle.id ? undefined : 'standby-behind';
}

/** Without Kafka access there is no password to rotate. */
function hasPassword({ holds }: PicturedVersion): boolean {
  return holds.kind === 'file' && holds.username !== undefined;
}

function scheduleState({ secret, at }: Picture, current: PicturedVersion): State {
  if (!hasPassword(current)) return 'healthy';
  if (!secret.rotationEnabled) return 'rotation-off';
  return secret.nextRotationAt !== undefined && secret.nextRotationAt < at ? 'overdue' : 'healthy';
}
