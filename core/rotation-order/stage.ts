import { CURRENT, holderOf, MADE, PENDING, ROLLED_BACK, UNSENT } from '../rotation/situation.ts';

/** How far a rotation came, as far as labels tell. Secrets Manager itself says neither how far nor whether it failed. */
export type Stage =
  /** Nothing is stored yet that our function made. */
  | 'begun'
  | 'stored'
  | 'sent'
  | 'taking-back'
  | 'done'
  /** The version is neither pending nor current any more. */
  | 'stopped';

export const STAGE_WORDS: Readonly<Record<Stage, string>> = {
  begun: 'nothing is stored yet',
  stored: 'the new credential is stored and not sent yet',
  sent: 'the new credential was sent and is being proven',
  'taking-back': 'the new credential is being taken back',
  done: 'the new credential is current',
  stopped: 'the rotation was stopped',
};

type Versions = Readonly<Record<string, readonly string[]>>;

/** @param token the rotation's version id */
export function stageOf(versions: Versions, token: string): Stage {
  const labels = versions[token] ?? [];
  if (labels.includes(CURRENT)) return 'done';
  if (!labels.includes(PENDING)) return 'stopped';
  if (labels.includes(ROLLED_BACK)) return 'taking-back';
  if (labels.includes(UNSENT)) return 'stored';
  const current = holderOf(versions, CURRENT);
  const wasClaimed = current !== undefined && versions[current]?.includes(UNSENT);
  return labels.includes(MADE) && wasClaimed ? 'sent' : 'begun';
}

/** @returns each version that a reader of labels would look at: `<id> (AWSPENDING, KEYRING_MADE)` */
export function labelsText(versions: Versions, token: string | undefined): string {
  const shown = Object.entries(versions).filter(
    ([id, labels]) => id === token || labels.includes(CURRENT) || labels.includes(PENDING),
  );
  return shown.map(([id, labels]) => `${id} (${labels.join(', ')})`).join(' and ') || 'no version has one';
}
