import { dateOf } from '../audit/secret-rules.ts';
import { PENDING } from '../rotation/situation.ts';
import type { Next } from './next.ts';
import type { KeyStanding, Look, Picture, PicturedVersion } from './picture.ts';
import { STATES, type State } from './states.ts';

/** What doctor found, ready to be written. */
export interface Diagnosis {
  readonly secretId: string;
  readonly picture: Look['picture'];
  readonly state: State;
  readonly next: Next | undefined;
}

/** @returns the diagnosis as a value for JSON: ids, labels, codes and times, no secret */
export function diagnosisFacts({ secretId, picture, state, next }: Diagnosis): object {
  const { verdict, meaning, safe } = STATES[state];
  return {
    ...{ secret: secretId, state, verdict, meaning, safe, next: next ?? null },
    ...(typeof picture === 'string' ? {} : factsOf(picture)),
  };
}

function factsOf({ secret, strategy, at, versions, key, pair, standby }: Picture): object {
  const { rotationEnabled: enabled, rotationFunction, nextRotationAt } = secret;
  return {
    ...{ arn: secret.arn, at: dateOf(at), strategy, versions, key: key ?? null },
    ...(pair === undefined ? {} : { pair, standby }),
    rotation: {
      ...{ enabled, function: rotationFunction ?? null },
      nextBy: nextRotationAt === undefined ? null : dateOf(nextRotationAt),
    },
  };
}

/** @returns the diagnosis for people, lines with an end each */
export function diagnosisText({ secretId, picture, state, next }: Diagnosis): string {
  const { meaning, safe } = STATES[state];
  const lines = [`${secretId}: ${state}`, `  ${meaning}`, `  Safe: ${safe}`];
  if (next) lines.push(`  Next: ${'command' in next ? next.command : next.text}`);
  if (typeof picture === 'object') lines.push('', ...pictureLines(picture));
  return `${lines.join('\n')}\n`;
}

function pictureLines({ secret, strategy, versions, key, pair, standby }: Picture): string[] {
  const rotation = secret.rotationEnabled
    ? `on, ${strategy}, by ${secret.rotationFunction ?? 'no function'}`
    : `off (${strategy})`;
  const due = secret.nextRotationAt === undefined ? '' : `, due by ${dateOf(secret.nextRotationAt)}`;
  return [
    ...versions.map(versionLine),
    ...(key ? [`  key ${standingText(key)}`] : []),
    ...(typeof pair === 'object' ? [`  other key ${standingText(pair.idle)}`] : pair ? [`  other key: ${pair}`] : []),
    ...(standby ? [`  standby: ${typeof standby === 'object' ? `file of ${standby.keyId}` : standby}`] : []),
    `  rotation: ${rotation}${due}`,
  ];
}

function versionLine({ id, labels, holds, ageMs, mismatch, login }: PicturedVersion): string {
  const what = {
    none: () => 'no value',
    intent: () => 'an intent',
    foreign: () => 'something else',
    file: () => (holds.kind === 'file' ? `file of ${holds.keyId}` : ''),
  }[holds.kind]();
  const tried = login ? `, login ${login.outcome}${login.outcome === 'unknown' ? ` (${login.code})` : ''}` : '';
  const age = ageMs === undefined ? '' : `, ${ageText(ageMs)} old`;
  return `  ${id}  ${labels.join(' ')}: ${what}${mismatch && labels.includes(PENDING) ? ` (${mismatch})` : ''}${age}${tried}`;
}

function standingText(key: KeyStanding): string {
  if ('missing' in key) return `${key.id}: does not exist`;
  return `${key.id}: ${'unknown' in key ? `not known (${key.unknown})` : key.status}`;
}

const MINUTE_MS = 60_000;

function ageText(ageMs: number): string {
  const minutes = Math.floor(ageMs / MINUTE_MS);
  if (minutes < 120) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 60 / 24)} days`;
}
