import type { KafkaCredentialFile } from '../credential-file.ts';
import type { LoginResult } from '../login-probe/probe.ts';
import { CURRENT, LIVE, MADE, PENDING, PREVIOUS, ROLLED_BACK } from '../rotation/situation.ts';
import type { SecretDescription } from '../secret-store.ts';

/** What a version holds. No part of a value is in it. */
export type Held =
  | { readonly kind: 'none' }
  | { readonly kind: 'intent'; readonly withdrawn: boolean }
  | { readonly kind: 'file'; readonly keyId: string; readonly username: string | undefined }
  | { readonly kind: 'foreign'; readonly problem: string };

/** A version with a label. */
export interface PicturedVersion {
  readonly id: string;
  readonly labels: readonly string[];
  readonly holds: Held;
  /** Milliseconds, by AWS's clock; undefined where AWS does not tell. */
  readonly ageMs: number | undefined;
  /** Why it is not for the key of the current one; undefined where it is, or holds no file. */
  readonly mismatch?: string | undefined;
  /** Missing where nobody logged in with it. */
  readonly login?: (Pick<LoginResult, 'outcome'> & { readonly code?: string }) | undefined;
}

/** Streamkap's word for the key's status; what else there is to know of it where it has none. */
export type KeyStanding =
  | { readonly id: string; readonly status: string }
  | { readonly id: string; readonly missing: true }
  | { readonly id: string; readonly unknown: string };

/** The secret of the key that takes turns with the current one. */
export type Standby = 'missing' | 'empty' | 'intent' | 'foreign' | { readonly keyId: string };

/** The two keys of a pair, seen from the current one. */
export type PairStanding = 'not-born' | 'invalid' | { readonly idle: KeyStanding };

/** Everything that is known of a secret that is there. */
export interface Picture {
  /** As it was asked for. */
  readonly secretId: string;
  readonly secret: SecretDescription;
  readonly strategy: 'single' | 'alternating';
  /** Milliseconds since the epoch, by AWS's clock where it answered a read. */
  readonly at: number;
  readonly versions: readonly PicturedVersion[];
  /** Of the key whose file is current. */
  readonly key?: KeyStanding | undefined;
  /** Access is being added to the key, or that was broken off. */
  readonly updateUnderWay: boolean;
  readonly pair?: PairStanding | undefined;
  readonly standby?: Standby | undefined;
}

/** What doctor looked at. `files` holds secrets: it is for logins and changes, never for output. */
export interface Look {
  readonly picture: Picture | 'no-secret' | 'scheduled-for-deletion';
  /** Kafka credentials by version id. */
  readonly files: ReadonlyMap<string, KafkaCredentialFile>;
}

/** Labels whose password may be in force, in the order in which logins are tried: the last is the most likely to be refused. */
export const LOGIN_ORDER = [CURRENT, PENDING, LIVE, MADE, ROLLED_BACK, PREVIOUS] as const;

/** @returns the version that has the label */
export function versionWith({ versions }: Pick<Picture, 'versions'>, label: string): PicturedVersion | undefined {
  return versions.find(({ labels }) => labels.includes(label));
}

/** @returns the version of a rotation that has not ended; AWSPENDING beside AWSCURRENT is what a finished one leaves behind */
export function pendingOf(picture: Pick<Picture, 'versions'>): PicturedVersion | undefined {
  const pending = versionWith(picture, PENDING);
  return pending?.labels.includes(CURRENT) ? undefined : pending;
}

/** @returns the first version by {@link LOGIN_ORDER} whose password Kafka accepted */
export function inForce({ versions }: Pick<Picture, 'versions'>): PicturedVersion | undefined {
  const accepted = versions.filter(({ login }) => login?.outcome === 'accepted');
  const rank = ({ labels }: PicturedVersion) => LOGIN_ORDER.findIndex((label) => labels.includes(label));
  return accepted.toSorted((a, b) => rank(a) - rank(b))[0];
}
