/**
 * What the labels of a secret say about the rotation with one token. The numbers are used throughout the protocol.
 *
 * | no. | the token's version                              | AWSCURRENT | legal | then                                                |
 * | --- | ------------------------------------------------ | ---------- | ----- | --------------------------------------------------- |
 * | 1   | AWSPENDING                                       | elsewhere  | yes   | the rotation goes on; whether there is a value only GetSecretValue tells, and one without KEYRING_MADE is refused |
 * | 2   | AWSPENDING, KEYRING_ROLLED_BACK                  | elsewhere  | yes   | its password is never sent again: the way back is completed, unless the password works by now |
 * | 3   | AWSCURRENT, with or without AWSPENDING           | here       | yes   | done: every step is a no-op                         |
 * | 4   | AWSPENDING and AWSPREVIOUS                       | elsewhere  | no    | refused: an old password would come back            |
 * | 5   | neither AWSPENDING nor AWSCURRENT                | elsewhere  | no    | stopped: a manual put, a cancelled, rolled back or older rotation |
 * | 6   | there is none with this id                       | any        | no    | refused: somebody else's token                      |
 * | 7   | any                                              | nowhere, or on an intent | no | refused: the key is not provisioned yet     |
 * | 8   | AWSPENDING, KEYRING_MADE and KEYRING_UNSENT      | elsewhere  | yes   | 1, and it has a value that nobody has sent: testSecret and finishSecret are refused |
 * | 9   | AWSPENDING and KEYRING_MADE                      | with KEYRING_UNSENT | yes | 1, and setSecret may have put it in force: only this one is finished |
 *
 * DescribeSecret does not list versions without a label, so there 5 and 6 look alike (`unlisted`) until the version is read.
 * AWSCURRENT and AWSPENDING on one version is what a finished rotation leaves behind (3). KEYRING_ROLLED_BACK on any other
 * version than the token's has no meaning here; it keeps a password stored that a late change could still bring to life.
 */
export type Situation =
  | 'pending'
  | 'unsent'
  | 'rolling-back'
  | 'current'
  | 'pending-is-previous'
  | 'stopped'
  | 'unlisted';

export const CURRENT = 'AWSCURRENT';
export const PENDING = 'AWSPENDING';
export const PREVIOUS = 'AWSPREVIOUS';
/** On the version whose password was taken back, or is about to be. */
export const ROLLED_BACK = 'KEYRING_ROLLED_BACK';
/** On the version that createSecret stored last: a value that somebody else put under AWSPENDING is neither sent nor finished. */
export const MADE = 'KEYRING_MADE';
/**
 * On a pending version from the Put that stores it until right before its password is sent for the first time. Then it moves to
 * the version under AWSCURRENT. Only one attempt can move it, so whoever finds it gone knows that a change may be on its way; and
 * finishSecret, which has no time to prove anything, passes only what setSecret has vouched for by leaving it there. With
 * KEYRING_MADE, which the same Put brings, it cannot be there from another rotation.
 */
export const UNSENT = 'KEYRING_UNSENT';
/**
 * Who sends a password again flips it: to the token's version where it is not there, off it where it is. Of attempts that waited
 * for the same change one succeeds. Where it lies says nothing else.
 */
export const TURN = 'KEYRING_TURN';
/** On a version whose password Streamkap accepts although no AWS label says so: without a label it would be purged. */
export const LIVE = 'KEYRING_LIVE';

/** @param stages labels of the token's version; undefined when DescribeSecret does not list it */
export function situationOf(stages: readonly string[] | undefined): Situation {
  if (!stages) return 'unlisted'; // 5, 6
  if (stages.includes(CURRENT)) return 'current'; // 3
  if (!stages.includes(PENDING)) return 'stopped'; // 5
  if (stages.includes(PREVIOUS)) return 'pending-is-previous'; // 4
  if (stages.includes(ROLLED_BACK)) return 'rolling-back'; // 2
  return stages.includes(UNSENT) ? 'unsent' : 'pending'; // 8, 1
}

/** @returns the id of the version that carries a label */
export function holderOf(versions: Readonly<Record<string, readonly string[]>>, label: string): string | undefined {
  return Object.entries(versions).find(([, stages]) => stages.includes(label))?.[0];
}
