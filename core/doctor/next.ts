import { commandFor, quoted } from '../audit/remedies.ts';
import { CURRENT, PREVIOUS } from '../rotation/situation.ts';
import { type Look, type Picture, versionWith } from './picture.ts';
import type { State } from './states.ts';

/** What to do next: a command that can be run as it is, or, where only a person or a workflow can do it, words. */
export type Next = { readonly command: string } | { readonly text: string };

export interface NextContext {
  readonly secretId: string;
  readonly picture: Look['picture'];
  /** Options of ours that were given, and are needed again: ` --region eu-west-1`. */
  readonly ourOptions: string;
  /** The same of AWS's. */
  readonly awsOptions: string;
}

type Rule = (context: NextContext) => Next | undefined;

const ours =
  (verb: 'doctor' | 'reconcile'): Rule =>
  ({ secretId, ourOptions }) => ({ command: `${commandFor[verb](secretId).command}${ourOptions}` });
/** The function has an admin credential of its own. */
const rotate: Rule = ({ secretId, awsOptions }) => ({ command: `${commandFor.rotate(secretId).command}${awsOptions}` });
const aws =
  (operation: string, rest: (id: string, picture: Picture | undefined) => string): Rule =>
  ({ secretId, picture, awsOptions }) => ({
    command: `aws secretsmanager ${operation} ${rest(quoted(secretId), typeof picture === 'string' ? undefined : picture)}${awsOptions}`,
  });
const ensure =
  (more = ''): Rule =>
  ({ secretId }) => ({ text: `Run the Action with mode "ensure" and secret-id "${secretId}"${more}.` });
/** The secret's own name, also where it was asked for by its ARN. */
const standbyOf = (picture: Picture | undefined) => quoted(`${picture?.secret.name ?? ''}/standby`);

const NEXT: Readonly<Record<State, Rule>> = {
  'no-secret': ({ secretId, awsOptions }) => ({
    command: `aws secretsmanager list-secrets --include-planned-deletion --filters Key=name,Values=${quoted(secretId)}${awsOptions}`,
  }),
  'scheduled-for-deletion': aws('restore-secret', (id) => `--secret-id ${id}`),
  empty: ensure(),
  'being-made': ours('doctor'),
  'making-stopped': ensure(),
  'key-created': ensure(),
  'foreign-value': restoreFile,
  'key-missing': aws('delete-secret', (id) => `--secret-id ${id} --recovery-window-in-days 30`),
  'key-not-active': ours('doctor'),
  'key-unknown': ours('doctor'),
  'update-under-way': ensure(' and update "true"'),
  'rotation-under-way': ours('doctor'),
  'login-unknown': ours('doctor'),
  'pending-in-force': ours('reconcile'),
  'live-without-label': ours('reconcile'),
  'way-back-begun': ours('reconcile'),
  'previous-in-force': ours('reconcile'),
  drift: ours('reconcile'),
  'pending-empty': ours('reconcile'),
  'pending-is-previous': ours('reconcile'),
  'pending-foreign': ours('reconcile'),
  'pending-not-in-force': ours('reconcile'),
  'pair-invalid': aws('describe-secret', (id) => `--secret-id ${id} --query Tags`),
  'standby-missing': aws(
    'create-secret',
    (_, picture) =>
      `--name ${standbyOf(picture)} --tags Key=managed-by,Value=streamkap-keyring Key=streamkap:role,Value=standby Key=streamkap:strategy,Value=alternating`,
  ),
  'standby-foreign': aws(
    'list-secret-version-ids',
    (_, picture) => `--secret-id ${standbyOf(picture)} --include-deprecated`,
  ),
  'standby-behind': rotate,
  'idle-key-missing': ({ picture }) => ({
    text: `See docs/rotate-alternating.md, "another key"; the key is ${idleOf(picture)}.`,
  }),
  'rotation-off': aws('rotate-secret', (id, picture) =>
    picture?.secret.rotationFunction
      ? `--secret-id ${id}`
      : `--secret-id ${id} --rotation-lambda-arn FUNCTION_ARN --rotation-rules AutomaticallyAfterDays=30`,
  ),
  overdue: rotate,
  healthy: () => undefined,
};

/** @returns what mends a state; undefined where nothing has to be */
export function nextFor(state: State, context: NextContext): Next | undefined {
  return NEXT[state](context);
}

/** AWSPREVIOUS may hold the file that was there before. */
function restoreFile(context: NextContext): Next | undefined {
  const { picture } = context;
  const [current, previous] =
    typeof picture === 'string' ? [] : [versionWith(picture, CURRENT), versionWith(picture, PREVIOUS)];
  if (current && previous?.holds.kind === 'file') {
    return aws(
      'update-secret-version-stage',
      (id) =>
        `--secret-id ${id} --version-stage AWSCURRENT --move-to-version-id ${previous.id} --remove-from-version-id ${current.id}`,
    )(context);
  }
  return aws('put-secret-value', (id) => `--secret-id ${id} --secret-string file://key.json`)(context);
}

function idleOf(picture: Look['picture']): string {
  return typeof picture === 'object' && typeof picture.pair === 'object' ? picture.pair.idle.id : 'not known';
}
