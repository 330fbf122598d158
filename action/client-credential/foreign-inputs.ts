import { InputError } from '../../core/errors.ts';
import { parseChange } from '../change-inputs.ts';
import { parseConfigFile } from '../config-file-inputs.ts';
import { parseEphemeral } from '../ephemeral-inputs.ts';
import { choice, flag, optionalChoice, type ReadInput } from '../input-values.ts';

const MODES = ['ensure', 'create', 'lookup'] as const;

interface Refusal {
  /** What is wrong with the input, after its name. */
  readonly problem: string;
  readonly rule: string;
}

/** They say what a project key is like. */
const OF_PROJECT_KEYS = [
  ...['project-key-id', 'project-key', 'kafka-username', 'kafka-acls', 'whitelist-ips'],
  ...['tool-profile', 'allowed-tools', 'blocked-tools'],
];
const FLAGS_OF_PROJECT_KEYS = ['kafka', 'schema-registry', 'dry-run'];

/** They ask for something that cannot be done with a client credential. */
const IMPOSSIBLE: Readonly<Record<'update' | 'ephemeral' | 'config-file' | 'verify-login' | 'reason', Refusal>> = {
  update: {
    problem: 'is true, but a client credential that exists is not changed',
    rule: 'Leave update out and change its roles in Streamkap, or name another secret-id to have a new one made.',
  },
  ephemeral: {
    problem: 'is true, but a client credential is not deleted when the job ends',
    rule: 'Use kind "project-key" with roles, which has API access for this job alone, or leave ephemeral out.',
  },
  'config-file': {
    problem: 'is given, but its formats are those of project keys',
    rule: 'Leave config-file out: use the outputs api-client-id and api-client-secret, or export-env.',
  },
  'verify-login': {
    problem: 'is "always", but a client credential has no Kafka login',
    rule: 'Leave verify-login out, or use kind "project-key".',
  },
  reason: {
    problem: 'is given, but a client credential is not rotated here',
    rule: 'Leave reason out; in AWS the function rotate-admin rotates a secret that holds one (docs/rotate-admin.md).',
  },
};

/** @throws InputError for a mode that a client credential has not */
export function parseMode(read: ReadInput): (typeof MODES)[number] {
  if (read('mode') !== 'rotate') return choice(read, 'mode', MODES, 'ensure');
  throw new InputError(
    'mode',
    'is "rotate", but a client credential is not rotated here',
    `With kind "client-credential", mode is one of ${MODES.join(', ')}; in AWS the function rotate-admin rotates a secret that holds one (docs/rotate-admin.md).`,
  );
}

/** @throws InputError for the first input that says nothing of a client credential, or asks for what cannot be done with one */
export function refuseForeignInputs(read: ReadInput, mode: string): void {
  const verify = choice(read, 'verify-login', ['auto', 'always', 'never'], 'auto');
  const impossible = {
    update: flag(read, 'update', false),
    ephemeral: flag(read, 'ephemeral', false),
    'config-file': read('config-file') !== '',
    'verify-login': verify === 'always',
    reason: optionalChoice(read, 'reason', ['compromise']) !== '',
  };
  for (const [input, { problem, rule }] of Object.entries(IMPOSSIBLE)) {
    if (impossible[input as keyof typeof impossible]) throw new InputError(input, problem, rule);
  }
  const given =
    OF_PROJECT_KEYS.find((name) => read(name) !== '') ?? FLAGS_OF_PROJECT_KEYS.find((name) => flag(read, name, false));
  if (given) {
    const rule = `Leave ${given} out, or use kind "project-key".`;
    throw new InputError(given, 'is given, but says nothing of a client credential', rule);
  }
  // What has a default is always there, so it cannot be refused; a value that is none is a mistake all the same.
  parseConfigFile(read);
  parseEphemeral(read, mode);
  parseChange(read, mode);
}
