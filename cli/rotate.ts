import { randomUUID } from 'node:crypto';
import { type AwsRotation, awsRotation } from '../core/aws-rotation.ts';
import { checkClientCredential } from '../core/client-credential-file.ts';
import { systemClock } from '../core/clock.ts';
import { type CredentialFile, decodeCredential, hasKafka, NotACredentialFile } from '../core/credential-file.ts';
import { InputError, RotationError } from '../core/errors.ts';
import type { LoginResult } from '../core/login-probe/probe.ts';
import { oldOneLives, untilNotAccepted } from '../core/rotation-order/old-password.ts';
import type { Rotated, RotationOrderPorts } from '../core/rotation-order/ports.ts';
import { retirePrevious } from '../core/rotation-order/retire.ts';
import { rotate, startRotation } from '../core/rotation-order/rotate.ts';
import { readStoredFile, tryLogin } from '../core/rotation-order/stored-credential.ts';
import { awsEnvironment, type CommandContext } from './command.ts';
import { EXIT } from './terminal.ts';

export interface RotateOptions {
  readonly region?: string | undefined;
  readonly json?: boolean | undefined;
  /** Until the new password is current. */
  readonly wait?: boolean | undefined;
  /** The old password is put to an end too. */
  readonly reason?: 'compromise' | undefined;
}

/** As core says it of a file without Kafka access. */
const NOTHING_TO_LOG_IN_WITH = 'NO_KAFKA_ACCESS';
/** A function runs 15 minutes at most. */
const WAIT_MS = 900_000;

/** What a secret that is rotated holds. The admin credential's has no file: it is proven by its function alone. */
interface Stored {
  readonly file: CredentialFile | undefined;
}

/** What became of the old password; undefined where nobody asked. */
type Old = 'refused' | 'retired' | 'still accepted' | 'not known' | undefined;

/**
 * `keyring rotate`: has the secret's own function rotate it now. Nothing is changed by the command itself.
 * @returns the exit code: 0 begun, or with `--wait` current; 1 refused, taken back or still accepted; 3 not ended, or not known
 * @throws KeyringError where AWS does not answer
 */
export async function runRotate(secretId: string, options: RotateOptions, context: CommandContext): Promise<number> {
  if (options.reason && !options.wait) {
    throw new InputError('--reason', 'needs --wait', 'The old password is put to an end once the new one is current.');
  }
  const aws = awsRotation({ environment: awsEnvironment(options, context) });
  const ports = portsOf(aws, secretId, { options, context });
  try {
    if (options.wait) return await rotateAndWait(aws, ports, { secretId, options, context });
    const { token } = await startRotation(ports, secretId);
    context.terminal.endProgress();
    const facts = { secret: secretId, outcome: 'begun', token };
    return write(facts, `${secretId}: rotation began, with version ${token}`, { options, context });
  } catch (error) {
    if (!(error instanceof RotationError)) throw error;
    context.terminal.fail(error);
    return error.code === 'ROTATION_UNFINISHED' ? EXIT.unknown : EXIT.findings;
  }
}

function portsOf(
  { store, starter }: AwsRotation,
  secretId: string,
  { options, context: { terminal, redactor } }: Omit<Order, 'secretId'>,
): RotationOrderPorts<Stored> {
  return {
    ...{ store, starter, clock: systemClock, randomId: randomUUID, login },
    parse: (value) => parse(secretId, value, (secret) => redactor.add(secret)),
    check: ({ file }) => {
      if (file || !options.reason) return;
      throw new InputError(
        '--reason',
        'is for keys with a Kafka password',
        'Rotate twice: then the old one is deleted.',
      );
    },
    progress: (line) => terminal.progress(line),
  };
}

/** @throws KeyringError for what is neither a project key's file nor a client credential */
function parse(secretId: string, value: string, secretSeen: (secret: string) => void): Stored {
  const json = decodeCredential(value);
  const client = checkClientCredential(json);
  if (!(client instanceof NotACredentialFile) && client.project_key_id === undefined) {
    secretSeen(client.client_secret);
    return { file: undefined };
  }
  const file = readStoredFile(secretId, value);
  if (file.api) secretSeen(file.api.client_secret);
  if (hasKafka(file)) secretSeen(file.kafka.password);
  return { file };
}

async function login({ file }: Stored): Promise<LoginResult> {
  return file ? await tryLogin(file) : { outcome: 'unknown', code: NOTHING_TO_LOG_IN_WITH, milliseconds: 0 };
}

interface Order {
  readonly secretId: string;
  readonly options: RotateOptions;
  readonly context: CommandContext;
}

async function rotateAndWait(
  aws: AwsRotation,
  ports: RotationOrderPorts<Stored>,
  { secretId, options, context }: Order,
): Promise<number> {
  const rotated = await rotate(ports, { secretId, waitMs: WAIT_MS });
  context.terminal.progress('logging in with the new password');
  const shown = await login(rotated.after);
  const old = options.reason ? await endOld(aws, rotated) : undefined;
  context.terminal.endProgress();
  const facts = { secret: secretId, outcome: 'rotated', token: rotated.token, login: shown.outcome, old: old ?? null };
  const text = `${secretId}: rotated, version ${rotated.token} is current; ${loginText(shown)}${old ? `; the old password is ${old}` : ''}`;
  write(facts, text, { options, context });
  if (shown.outcome === 'rejected' || old === 'still accepted') return EXIT.findings;
  return old === 'not known' ? EXIT.unknown : EXIT.healthy;
}

/** Before AWSCURRENT is moved the function has proved it, so that one who cannot reach the brokers learns no more than that. */
function loginText(login: LoginResult): string {
  if (login.outcome !== 'unknown') return `Kafka ${login.outcome === 'accepted' ? 'accepts' : 'refuses'} it`;
  if (login.code === NOTHING_TO_LOG_IN_WITH) return 'the function has proved it';
  return `Kafka could not be asked from here (${login.code}), the function has proved it`;
}

/** One key: its password was replaced, so the old one is dead. Two keys: the one before still has it until it is retired. */
async function endOld({ functions }: AwsRotation, rotated: Rotated<Stored>): Promise<Old> {
  const { functionArn, secretArn, tags } = rotated;
  const [before, after] = [rotated.before.file, rotated.after.file];
  if (!before || !after) return 'not known';
  if (oldOneLives({ tags, before, after })) {
    await retirePrevious({ functions, clock: systemClock }, { functionArn, secretId: secretArn, waitMs: WAIT_MS });
    return 'retired';
  }
  const login = await untilNotAccepted(() => tryLogin(before), systemClock);
  return ({ rejected: 'refused', accepted: 'still accepted', unknown: 'not known' } as const)[login.outcome];
}

function write(facts: object, text: string, { options, context }: Omit<Order, 'secretId'>): number {
  process.stdout.write(context.redactor.redact(`${options.json ? JSON.stringify(facts, undefined, 2) : text}\n`));
  return EXIT.healthy;
}
