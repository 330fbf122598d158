import { adminCredentialInSecret } from '../../core/admin-credential.ts';
import type { Clock } from '../../core/clock.ts';
import { type KeyringError, RotationError } from '../../core/errors.ts';
import type { HttpTransport } from '../../core/http.ts';
import type { LoginRequest, LoginResult } from '../../core/login-probe/probe.ts';
import { Redactor } from '../../core/redaction.ts';
import { asRotationError } from '../../core/rotation/errors.ts';
import { RotationProtocol, type StepReport, type StepRequest } from '../../core/rotation/protocol.ts';
import type { RotationMemory } from '../../core/rotation/rotation-memory.ts';
import { SingleStrategy } from '../../core/rotation/single.ts';
import type { Proof } from '../../core/rotation/strategy.ts';
import { TimeBudget } from '../../core/rotation/time-budget.ts';
import type { SecretStore } from '../../core/secret-store.ts';
import { StreamkapClient } from '../../core/streamkap/client.ts';
import { withinBudget } from './deadline-store.ts';
import { parseEnvironment, type Settings } from './environment.ts';
import { parseEvent } from './event.ts';
import { type LineLogger, type LogFields, StepLog } from './step-log.ts';

/** As much of Lambda's context as is used. */
export interface LambdaContext {
  readonly awsRequestId?: string;
  getRemainingTimeInMillis?(): number;
}

/** What one container has for all its invocations. */
export interface Container {
  readonly environment: NodeJS.ProcessEnv;
  readonly store: SecretStore;
  readonly transport: HttpTransport;
  readonly login: (request: LoginRequest) => Promise<LoginResult>;
  readonly generatePassword: () => string;
  readonly clock: Clock;
  /** 0 (included) to 1 (excluded), for jitter. */
  readonly random: () => number;
  readonly memory: RotationMemory;
  readonly logger: LineLogger;
}

export type Handler = (event: unknown, context?: LambdaContext) => Promise<void>;

/** Without a context there is this much time, in milliseconds. */
const DEFAULT_TIME_MS = 30_000;
/** Kept back for the last log line and for Lambda itself, in milliseconds. */
const FAREWELL_MS = 1_000;

/** @param container made when the first event comes, and kept */
export function rotationHandler(container: () => Container): Handler {
  let kept: Container | undefined;
  return async (event, context) => {
    kept ??= container();
    await runEvent(kept, event, context);
  };
}

async function runEvent(container: Container, event: unknown, context: LambdaContext | undefined): Promise<void> {
  const startedAt = container.clock.now();
  const redactor = new Redactor();
  let log = new StepLog(container.logger, redactor, about(context, {}));
  try {
    const parsed = parseEvent(event);
    const mode = parsed.kind === 'rotation' ? 'rotation' : parsed.action;
    log = new StepLog(container.logger, redactor, about(context, { mode }));
    if (parsed.kind === 'action') throw notSupported(`the action ${parsed.action}`);
    const { secretId, token, step } = parsed.request;
    const settings = parseEnvironment(container.environment);
    const { strategy } = settings;
    log = new StepLog(container.logger, redactor, about(context, { mode, secretId, token, step, strategy }));
    if (strategy !== 'single') throw notSupported(`ROTATION_STRATEGY=${strategy}`);
    const remaining = context?.getRemainingTimeInMillis?.() ?? DEFAULT_TIME_MS;
    const budget = new TimeBudget(container.clock, startedAt + remaining - FAREWELL_MS);
    const report = await runStep(container, parsed.request, { settings, budget, redactor, log });
    log.write('info', 'rotation step done', {
      ...reportFields(report),
      milliseconds: container.clock.now() - startedAt,
    });
  } catch (error) {
    const known = asRotationError(error);
    log.write('error', 'rotation step failed', {
      ...errorFields(known),
      milliseconds: container.clock.now() - startedAt,
    });
    throw forLambda(known, redactor);
  }
}

interface Invocation {
  readonly settings: Settings;
  readonly budget: TimeBudget;
  readonly redactor: Redactor;
  readonly log: StepLog;
}

async function runStep(
  container: Container,
  request: StepRequest,
  { settings, budget, redactor, log }: Invocation,
): Promise<StepReport> {
  const { clock, memory, transport, random, login, generatePassword } = container;
  const { host, adminSecretId } = settings;
  const store = withinBudget(container.store, budget);
  const secretSeen = (secret: string) => redactor.add(secret);
  if (request.rotationToken) secretSeen(request.rotationToken);
  const credentials = adminCredentialInSecret({
    ...{ store, host, secretSeen },
    secretId: adminSecretId,
    input: 'STREAMKAP_ADMIN_SECRET_ID',
  });
  const streamkap = (deadline: number) =>
    new StreamkapClient({
      ...{ host, credentials, transport, clock, random, deadline },
      redact: (text) => redactor.redact(text),
    });
  const strategy = new SingleStrategy({ login, streamkap, generatePassword, secretSeen }, settings.single);
  const protocol = new RotationProtocol(
    strategy,
    { store, clock, memory, signal: ({ kind, detail }) => log.write('warn', detail, { signal: kind }) },
    { budget, unprovenAllowed: settings.single.loginCheck === 'best-effort' },
  );
  return await protocol.run(request);
}

const about = (context: LambdaContext | undefined, fields: LogFields): LogFields => ({
  ...(context?.awsRequestId ? { function_request_id: context.awsRequestId } : {}),
  ...fields,
});

function reportFields({ outcome, proof, outgoing, consumerGapMs }: StepReport): LogFields {
  return {
    outcome,
    ...(proof ? { login: proofFields(proof) } : {}),
    ...(outgoing ? { outgoing_login: proofFields(outgoing) } : {}),
    ...(consumerGapMs === undefined ? {} : { consumer_gap_ms: consumerGapMs }),
  };
}

const proofFields = ({ outcome, code, broker, milliseconds }: Proof): LogFields => ({
  ...{ outcome, milliseconds },
  ...(code ? { code } : {}),
  ...(broker ? { broker } : {}),
});

function errorFields({ code, message, changed, retryable, remedy, requestId }: KeyringError): LogFields {
  return {
    ...{ outcome: 'failed', error_code: code, error: message, changed, retryable, remedy },
    ...(requestId ? { request_id: requestId } : {}),
  };
}

/**
 * Lambda shows name and message of an error and nothing else, so code and remedy go into the message; the name is written out
 * because a minified class has another.
 */
function forLambda(error: RotationError, redactor: Redactor): RotationError {
  const { code, changed, retryable, remedy, requestId } = error;
  const message = redactor.redact(`${code}: ${error.message}. ${remedy}`);
  return Object.assign(new RotationError({ code, message, changed, retryable, remedy, requestId }), {
    name: 'RotationError',
  });
}

function notSupported(what: string): RotationError {
  return new RotationError({
    code: 'NOT_SUPPORTED',
    message: `this version does not support ${what}`,
    changed: 'no',
    retryable: false,
    remedy: 'Use ROTATION_STRATEGY=single and rotation events, or a later version.',
  });
}
