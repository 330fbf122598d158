import { randomUUID } from 'node:crypto';
import { type AwsRotation, awsRotation } from '../core/aws-rotation.ts';
import { systemClock } from '../core/clock.ts';
import { type CredentialFile, hasKafka } from '../core/credential-file.ts';
import { InputError, RotationError } from '../core/errors.ts';
import type { LoginResult } from '../core/login-probe/probe.ts';
import { oldOneLives, untilNotAccepted } from '../core/rotation-order/old-password.ts';
import type { Rotated, RotationOrderPorts } from '../core/rotation-order/ports.ts';
import { retirePrevious } from '../core/rotation-order/retire.ts';
import { rotate, startRotation } from '../core/rotation-order/rotate.ts';
import { readStoredFile, tryLogin } from '../core/rotation-order/stored-credential.ts';
import type { CommandContext } from './command.ts';
import { EXIT } from './terminal.ts';
import { awsEnvironment } from './workbench.ts';

export interface RotateOptions {
  readonly region?: string | undefined;
  readonly json?: boolean | undefined;
  /** Until the new password is current. */
  readonly wait?: boolean | undefined;
  /** The old password is put to an end too. */
  readonly reason?: 'compromise' | undefined;
}

/** A function runs 15 minutes at most. */
const WAIT_MS = 900_000;

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
  const ports = portsOf(aws, secretId, context);
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
  { terminal, redactor }: CommandContext,
): RotationOrderPorts<CredentialFile> {
  return {
    ...{ store, starter, clock: systemClock, randomId: randomUUID, login: tryLogin, check: () => undefined },
    parse: (value) => {
      const file = readStoredFile(secretId, value);
      if (file.api) redactor.add(file.api.client_secret);
      if (hasKafka(file)) redactor.add(file.kafka.password);
      return file;
    },
    progress: (line) => terminal.progress(line),
  };
}

interface Order {
  readonly secretId: string;
  readonly options: RotateOptions;
  readonly context: CommandContext;
}

async function rotateAndWait(
  aws: AwsRotation,
  ports: RotationOrderPorts<CredentialFile>,
  { secretId, options, context }: Order,
): Promise<number> {
  const rotated = await rotate(ports, { secretId, waitMs: WAIT_MS });
  context.terminal.progress('logging in with the new password');
  const login = await tryLogin(rotated.after);
  const old = options.reason ? await endOld(aws, rotated) : undefined;
  context.terminal.endProgress();
  const facts = { secret: secretId, outcome: 'rotated', token: rotated.token, login: login.outcome, old: old ?? null };
  const text = `${secretId}: rotated, version ${rotated.token} is current; ${loginText(login)}${old ? `; the old password is ${old}` : ''}`;
  write(facts, text, { options, context });
  if (login.outcome === 'rejected' || old === 'still accepted') return EXIT.findings;
  return old === 'not known' ? EXIT.unknown : EXIT.healthy;
}

/** Before AWSCURRENT is moved the function has proved it, so that one who cannot reach the brokers learns no more than that. */
function loginText(login: LoginResult): string {
  if (login.outcome !== 'unknown') return `Kafka ${login.outcome === 'accepted' ? 'accepts' : 'refuses'} it`;
  return `Kafka could not be asked from here (${login.code}), the function has proved it`;
}

/** One key: its password was replaced, so the old one is dead. Two keys: the one before still has it until it is retired. */
async function endOld({ functions }: AwsRotation, rotated: Rotated<CredentialFile>): Promise<Old> {
  const { before, functionArn, secretArn } = rotated;
  if (oldOneLives(rotated)) {
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
