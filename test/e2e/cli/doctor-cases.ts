import { randomUUID } from 'node:crypto';
import type { State } from '../../../core/doctor/states.ts';
import { KINDS, SECRET_ID, worldOfTest } from '../action/fixture.ts';
import {
  begun,
  moveLabel,
  type Patient,
  patient,
  putByHand,
  rotated,
  STUCK_MS,
  stoppedBeforeSending,
  stoppedBeforeTheMove,
  stored,
} from './doctor-worlds.ts';

/** How a state comes about, and what doctor prints to mend it. */
export interface Case {
  readonly state: State;
  readonly when: string;
  readonly make: () => Promise<Patient>;
  /** A command, with `*` for ids; or words. */
  readonly next: string;
  /** What time or people do before the printed command is run. */
  readonly first?: (subject: Patient) => void | Promise<void>;
  /** Where the command that is printed is for a person to fill in, or shows something: not run. */
  readonly byHand?: true;
}

const OPTIONS = '--admin-secret-id streamkap/admin';
const RECONCILE = `keyring reconcile ${SECRET_ID} ${OPTIONS}`;
const ROTATE = `keyring rotate ${SECRET_ID} --wait`;
const LOOK_AGAIN = `keyring doctor ${SECRET_ID} ${OPTIONS}`;
const STANDBY = `${SECRET_ID}/standby`;

const from =
  (arrange: (subject: Patient) => void | Promise<void>, strategy: 'single' | 'alternating' = 'single') =>
  async () => {
    const subject = await patient(strategy);
    await arrange(subject);
    return subject;
  };
const pairFrom = (arrange: (subject: Patient) => void | Promise<void>) =>
  from(async (subject) => {
    await rotated(subject);
    await arrange(subject);
  }, 'alternating');

/** A secret that the Action made and nobody rotates, its run cancelled when `call` was decided. */
async function cancelledAt(service: 'streamkap' | 'secretsmanager', operation: string): Promise<Patient> {
  let aheadMs = 0;
  const world = await worldOfTest({ now: () => Date.now() + aheadMs });
  await world.run(KINDS['Kafka-only'], { cancelAfter: world.reached(service, operation) });
  world.forget();
  return {
    ...{ world, old: undefined as never, idWith: () => '', aws: () => undefined },
    pass: (milliseconds) => {
      aheadMs += milliseconds;
    },
  };
}

const ensure = async ({ world }: Patient) => {
  const run = await world.run(KINDS['Kafka-only']);
  if (run.outcome !== 'success') throw new Error(run.annotations.errors.join());
};
const set = ({ world }: Patient, password: string) => world.sandbox.kafkaUsers.set('orders-ci', password);

export const CASES: readonly Case[] = [
  { state: 'healthy', when: 'it was rotated', make: from(rotated), next: '' },
  { state: 'healthy', when: 'two keys take turns', make: pairFrom(() => undefined), next: '' },
  { state: 'healthy', when: 'the second key is not born', make: from(() => undefined, 'alternating'), next: '' },
  {
    state: 'scheduled-for-deletion',
    when: 'somebody deleted it',
    make: from(({ aws }) => aws('DeleteSecret', { RecoveryWindowInDays: 30 })),
    next: `aws secretsmanager restore-secret --secret-id ${SECRET_ID}`,
  },
  {
    state: 'foreign-value',
    when: 'somebody put something else',
    make: from((subject) => putByHand(subject, { user: 'x' }, ['AWSCURRENT'])),
    next: `aws secretsmanager update-secret-version-stage --secret-id ${SECRET_ID} --version-stage AWSCURRENT --move-to-version-id * --remove-from-version-id *`,
  },
  {
    state: 'key-missing',
    when: 'the key was deleted at Streamkap',
    make: from(({ world, old }) => world.sandbox.streamkap.removeProjectKey(old.project_key_id)),
    next: `aws secretsmanager delete-secret --secret-id ${SECRET_ID} --recovery-window-in-days 30`,
    byHand: true,
  },
  {
    state: 'key-not-active',
    when: 'Streamkap could not finish the key',
    make: from(({ world }) => {
      for (const key of world.sandbox.streamkap.projectKeys) Object.assign(key, { status: 'failed' });
    }),
    next: LOOK_AGAIN,
    first: ({ world }) => {
      for (const key of world.sandbox.streamkap.projectKeys) Object.assign(key, { status: 'active' });
    },
  },
  {
    state: 'key-unknown',
    when: 'Streamkap refuses to tell',
    make: from(({ world }) =>
      world.sandbox.log.script({
        ...{ service: 'streamkap', operation: 'GET /project-keys/{id}' },
        action: { kind: 'status', when: 'before', status: 403 },
      }),
    ),
    next: LOOK_AGAIN,
  },
  {
    state: 'update-under-way',
    when: 'a run that adds API access was cancelled',
    make: from(async ({ world }) => {
      const cancelAfter = world.reached('secretsmanager', 'PutSecretValue');
      await world.run({ ...KINDS['API + Kafka'], update: 'true' }, { cancelAfter });
    }),
    next: `Run the Action with mode "ensure" and secret-id "${SECRET_ID}" and update "true".`,
    first: async ({ world, pass }) => {
      pass(STUCK_MS);
      await world.run({ ...KINDS['API + Kafka'], update: 'true' });
    },
  },
  {
    state: 'rotation-under-way',
    when: 'a rotation began a moment ago',
    make: from(begun),
    next: LOOK_AGAIN,
    first: (subject) => moveLabel(subject, 'AWSPENDING', subject.idWith('AWSPENDING')),
  },
  {
    state: 'login-unknown',
    when: 'Kafka cannot be asked',
    make: from(({ world }) =>
      world.sandbox.log.script({ service: 'kafka', operation: 'login', action: { kind: 'drop', when: 'before' } }),
    ),
    next: LOOK_AGAIN,
  },
  {
    state: 'pending-in-force',
    when: 'AWSCURRENT could not be moved',
    make: from(async (subject) => {
      await stoppedBeforeTheMove(subject);
      subject.pass(STUCK_MS);
    }),
    next: RECONCILE,
  },
  {
    state: 'live-without-label',
    when: 'AWSPENDING was taken off the password that works',
    make: from(async (subject) => {
      await stoppedBeforeTheMove(subject);
      moveLabel(subject, 'AWSPENDING', subject.idWith('AWSPENDING'));
    }),
    next: RECONCILE,
  },
  {
    state: 'way-back-begun',
    when: 'the way back was recorded and nothing put back',
    make: from(async (subject) => {
      await stoppedBeforeTheMove(subject);
      moveLabel(subject, 'KEYRING_ROLLED_BACK', undefined, subject.idWith('AWSPENDING'));
      set(subject, 'neither-of-the-two-1!');
      subject.pass(STUCK_MS);
    }),
    next: RECONCILE,
  },
  {
    state: 'previous-in-force',
    when: 'the password of before was set at Streamkap',
    make: from(async (subject) => {
      await rotated(subject);
      set(subject, subject.old.kafka?.password ?? '');
    }),
    next: RECONCILE,
  },
  {
    state: 'drift',
    when: 'the password was changed at Streamkap',
    make: from((subject) => set(subject, 'changed-in-the-console-1!')),
    next: RECONCILE,
  },
  {
    state: 'drift',
    when: 'the current one of two keys was changed at Streamkap',
    make: pairFrom(({ world }) => world.sandbox.kafkaUsers.set('orders-ci-b', 'changed-in-the-console-1!')),
    next: RECONCILE,
  },
  {
    state: 'pending-empty',
    when: 'the function was never called',
    make: from((subject) => {
      begun(subject);
      subject.pass(STUCK_MS);
    }),
    next: RECONCILE,
  },
  {
    state: 'pending-is-previous',
    when: 'somebody labelled the version of before',
    make: from(async (subject) => {
      await rotated(subject);
      moveLabel(subject, 'AWSPENDING', subject.idWith('AWSPENDING') || undefined, subject.idWith('AWSPREVIOUS'));
      subject.pass(STUCK_MS);
    }),
    next: RECONCILE,
  },
  {
    state: 'pending-foreign',
    when: 'somebody stored the file of another key as pending',
    make: from((subject) => {
      putByHand(subject, { ...subject.old, project_key_id: 'pk_other' }, ['AWSPENDING']);
      subject.pass(STUCK_MS);
    }),
    next: RECONCILE,
  },
  {
    state: 'pending-not-in-force',
    when: 'Streamkap refused the new password',
    make: from(async (subject) => {
      await stoppedBeforeSending(subject);
      subject.pass(STUCK_MS);
    }),
    next: RECONCILE,
  },
  {
    state: 'pair-invalid',
    when: 'the tag names another key',
    make: pairFrom(({ aws }) =>
      aws('TagResource', { Tags: [{ Key: 'streamkap:project-key-id', Value: 'pk_x,pk_y' }] }),
    ),
    next: `aws secretsmanager describe-secret --secret-id ${SECRET_ID} --query Tags`,
    byHand: true,
  },
  {
    state: 'standby-missing',
    when: 'the standby was deleted before the second key was born',
    make: from(
      ({ aws }) => aws('DeleteSecret', { SecretId: STANDBY, ForceDeleteWithoutRecovery: true }),
      'alternating',
    ),
    next: `aws secretsmanager create-secret --name ${STANDBY} --tags Key=managed-by,Value=streamkap-keyring Key=streamkap:role,Value=standby Key=streamkap:strategy,Value=alternating`,
  },
  {
    state: 'standby-foreign',
    when: 'somebody put something else into the standby',
    make: pairFrom((subject) => putByHand(subject, { user: 'x' }, ['AWSCURRENT'], STANDBY)),
    next: `aws secretsmanager list-secret-version-ids --secret-id ${STANDBY} --include-deprecated`,
    byHand: true,
  },
  {
    state: 'standby-behind',
    when: 'the standby holds the current file',
    make: pairFrom((subject) => putByHand(subject, stored(subject), ['AWSCURRENT'], STANDBY)),
    next: ROTATE,
  },
  {
    state: 'idle-key-missing',
    when: 'the key of before was deleted at Streamkap',
    make: pairFrom(({ world, old }) => world.sandbox.streamkap.removeProjectKey(old.project_key_id)),
    next: 'See docs/rotate-alternating.md, "another key"; the key is *.',
    byHand: true,
  },
  {
    state: 'rotation-off',
    when: 'rotation was switched off',
    make: from(({ aws }) => aws('CancelRotateSecret')),
    next: `aws secretsmanager rotate-secret --secret-id ${SECRET_ID}`,
  },
  {
    state: 'overdue',
    when: 'no rotation began',
    make: from(({ world }) =>
      world.sandbox.secretsManager.arrange(SECRET_ID, { nextRotationAt: Date.now() - STUCK_MS }),
    ),
    next: ROTATE,
  },
];

/** Before there is a password, the Action goes on; then rotation is what is missing. */
export const UNMADE_CASES: readonly Case[] = [
  {
    state: 'no-secret',
    when: 'nobody made it',
    make: () => cancelledAt('streamkap', 'GET /auth/whoami'),
    next: `aws secretsmanager list-secrets --include-planned-deletion --filters Key=name,Values=${SECRET_ID}`,
    first: ensure,
  },
  {
    state: 'empty',
    when: 'a stack made it',
    make: async () => {
      const world = await worldOfTest();
      world.sandbox.secretsManager.call('CreateSecret', { Name: SECRET_ID, ClientRequestToken: randomUUID() });
      return { world, old: undefined as never, idWith: () => '', aws: () => undefined, pass: () => undefined };
    },
    next: `Run the Action with mode "ensure" and secret-id "${SECRET_ID}".`,
    first: ensure,
  },
  {
    state: 'being-made',
    when: 'a run stored its intent',
    make: () => cancelledAt('secretsmanager', 'CreateSecret'),
    next: LOOK_AGAIN,
    first: async (subject) => {
      subject.pass(3 * 60_000);
      await ensure(subject);
    },
  },
  {
    state: 'making-stopped',
    when: 'a run was cancelled long ago',
    make: async () => {
      const subject = await cancelledAt('secretsmanager', 'CreateSecret');
      subject.pass(STUCK_MS);
      return subject;
    },
    next: `Run the Action with mode "ensure" and secret-id "${SECRET_ID}".`,
    first: ensure,
  },
  {
    state: 'key-created',
    when: 'a run was cancelled when the key was stored',
    make: () => cancelledAt('secretsmanager', 'PutSecretValue'),
    next: `Run the Action with mode "ensure" and secret-id "${SECRET_ID}".`,
    first: ensure,
  },
];
