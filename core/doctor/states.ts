interface StateFacts {
  /** `unknown`: nobody can tell from here. */
  readonly verdict: 'healthy' | 'finding' | 'unknown';
  readonly meaning: string;
  /** What may be done, and what must not. */
  readonly safe: string;
}

/** Every state that a secret and its key can be in. docs/runbook.md has a section for each. */
export const STATES = {
  'no-secret': {
    verdict: 'finding',
    meaning: 'There is no secret of this name in this account and Region.',
    safe: 'Check the name, the account and the Region. The Action with mode "ensure" makes the key and the secret.',
  },
  'scheduled-for-deletion': {
    verdict: 'finding',
    meaning: 'The secret waits for its deletion; until then its value cannot be read.',
    safe: 'Restore it if it is still wanted. Nothing in it is lost before its date.',
  },
  empty: {
    verdict: 'finding',
    meaning: 'The secret has no value: no key was made for it yet.',
    safe: 'Let the Action make the key (mode "ensure", this secret-id), or put the file of a key that exists there.',
  },
  'being-made': {
    verdict: 'finding',
    meaning: 'A run of the Action is making the key: its intent is the current value.',
    safe: "Wait for it. Nobody has to be stopped: whoever comes second goes on with the first one's work.",
  },
  'making-stopped': {
    verdict: 'finding',
    meaning: 'A run of the Action began to make the key and did not finish: its intent is the current value.',
    safe: 'Run the Action again: it finds what was made by its marker, and never makes a second key.',
  },
  'key-created': {
    verdict: 'finding',
    meaning: 'The new key is stored (KEYRING_CREATED) and not current yet: it was not active, or its run was stopped.',
    safe: 'Run the Action again: it finishes this very key. Do not take the label off: the file is nowhere else.',
  },
  'foreign-value': {
    verdict: 'finding',
    meaning: 'The current value is neither a credential file of a project key nor an intent for one.',
    safe: 'Find out who wrote it. Put the file back; where AWSPREVIOUS has it, moving the label is enough.',
  },
  'key-missing': {
    verdict: 'finding',
    meaning: 'The key of the stored file does not exist at Streamkap, or not in the project of the admin credential.',
    safe: "Check the admin credential's project first. Delete the secret only if the key was deleted on purpose: it can be restored for 30 days.",
  },
  'key-not-active': {
    verdict: 'finding',
    meaning: 'The key exists at Streamkap and is not active. It can be neither used nor changed.',
    safe: 'Wait until it is active, or repair it in Streamkap. Nothing stored has to be changed.',
  },
  'key-unknown': {
    verdict: 'unknown',
    meaning: 'Streamkap could not be asked about the key.',
    safe: 'Change nothing. Check STREAMKAP_HOST, the admin credential and the way there, then look again.',
  },
  'update-under-way': {
    verdict: 'finding',
    meaning:
      'The Action is adding access to the key (KEYRING_INTENT), or was broken off while it did. Rotations wait for it.',
    safe: 'Run the Action with mode "ensure" and update "true" once more: it finishes the change. Do not take the label off.',
  },
  'rotation-under-way': {
    verdict: 'finding',
    meaning:
      'A version became AWSPENDING less than 15 minutes ago: a rotation is under way, and may still change the password.',
    safe: 'Wait. Secrets Manager repeats a failed rotation by itself.',
  },
  'login-unknown': {
    verdict: 'unknown',
    meaning: 'Kafka could not be asked which password is in force: DNS, network, TLS, safe list or a time-out.',
    safe: 'Change nothing. Ask from where the brokers can be reached.',
  },
  'pending-in-force': {
    verdict: 'finding',
    meaning:
      'Kafka accepts the pending password and refuses the current one: the rotation stopped before AWSCURRENT was moved.',
    safe: 'Have AWSCURRENT moved to the pending version. Do not take AWSPENDING off: that would lose the password that works.',
  },
  'live-without-label': {
    verdict: 'finding',
    meaning: 'Kafka accepts the password of a version that is neither current nor pending.',
    safe: 'Have AWSCURRENT moved to it. Do not take its label off before that: AWS deletes versions without a label.',
  },
  'way-back-begun': {
    verdict: 'finding',
    meaning: 'A rotation decided to put the old password back (KEYRING_ROLLED_BACK) and has not finished.',
    safe: 'Have the way back finished. The pending password must not be sent again.',
  },
  'previous-in-force': {
    verdict: 'finding',
    meaning: 'Kafka accepts the password under AWSPREVIOUS and refuses the current one.',
    safe: 'Have the current password set at Streamkap: it is stored, and it is what consumers read.',
  },
  drift: {
    verdict: 'finding',
    meaning: 'Kafka refuses every stored password: it was changed at Streamkap, outside of rotation.',
    safe: 'Find out who changed it. Have the current password set again: consumers that read the secret are refused already.',
  },
  'pending-empty': {
    verdict: 'finding',
    meaning:
      'AWSPENDING is on a version without a value: the function never stored a password. The next rotation waits for it.',
    safe: 'Have the label taken off. Consumers are as before.',
  },
  'pending-is-previous': {
    verdict: 'finding',
    meaning:
      'AWSPENDING is on the version that was current before: an old password would come back. Rotations refuse it.',
    safe: 'Have the label taken off. Consumers are as before.',
  },
  'pending-foreign': {
    verdict: 'finding',
    meaning: 'The pending value is not one that a rotation of this key made. Rotations refuse it.',
    safe: 'Find out who wrote it, then have the label taken off. Consumers are as before.',
  },
  'pending-not-in-force': {
    verdict: 'finding',
    meaning:
      'A new password is stored (AWSPENDING) and the current one is still in force: the rotation stopped half-way.',
    safe: 'Have the label taken off, then rotate afresh. Consumers are as before.',
  },
  'pair-invalid': {
    verdict: 'finding',
    meaning: 'The tags do not name the current key and one other, so rotations refuse the pair.',
    safe: 'Put both ids and both usernames back. The current key works as before.',
  },
  'standby-missing': {
    verdict: 'finding',
    meaning: 'There is no secret <name>/standby for the key that takes turns. Rotations refuse to go on.',
    safe: 'Make it, empty. The current key works as before.',
  },
  'standby-foreign': {
    verdict: 'finding',
    meaning: 'The secret <name>/standby holds something that is not the file of the key that takes turns.',
    safe: 'Look at its versions: one of them may be the right one. The current key works as before.',
  },
  'standby-behind': {
    verdict: 'finding',
    meaning:
      'The secret <name>/standby does not hold the file of the key that takes turns: the last rotation stopped after AWSCURRENT had moved.',
    safe: 'Rotate: the next rotation puts the file there first. The current key works as before.',
  },
  'idle-key-missing': {
    verdict: 'finding',
    meaning: 'The key that takes turns with the current one does not exist at Streamkap, or is not active.',
    safe: 'Repair it in Streamkap, or have another one made (docs/rotate-alternating.md, "another key"). The current key works as before.',
  },
  'rotation-off': {
    verdict: 'finding',
    meaning: 'The stored password works, and nothing rotates it.',
    safe: 'Switch rotation on. It rotates at once.',
  },
  overdue: {
    verdict: 'finding',
    meaning:
      'The stored password works, and its rotation is due since a time that has passed: rotations fail, or do not begin.',
    safe: "Rotate now. Where that fails, its error has the address of the function's log.",
  },
  healthy: {
    verdict: 'healthy',
    meaning: 'What is stored as current is in force, and nothing is left over.',
    safe: 'Nothing has to be done.',
  },
} as const satisfies Readonly<Record<string, StateFacts>>;

export type State = keyof typeof STATES;
