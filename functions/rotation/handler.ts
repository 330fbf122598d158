import { RotationError } from '../../core/errors.ts';
import { Redactor } from '../../core/redaction.ts';
import { asRotationError } from '../../core/rotation/errors.ts';
import { RotationProtocol, type StepReport, type StepRequest } from '../../core/rotation/protocol.ts';
import type { Strategy, StrategyName } from '../../core/rotation/strategy.ts';
import { TimeBudget } from '../../core/rotation/time-budget.ts';
import type { Container, LambdaContext } from './container.ts';
import { withinBudget } from './deadline-store.ts';
import { type Action, type FunctionEvent, parseEvent } from './event.ts';
import type { Invocation, RotationInvocation } from './invocation.ts';
import { errorFields, reportFields } from './line-fields.ts';
import { type LogFields, StepLog } from './step-log.ts';
import { metricFields, type StepRecord } from './step-record.ts';
import { StepSignals } from './step-signals.ts';

/** A rotation function as it is deployed: which strategy its settings choose, and what it does besides. */
export interface RotationFunction<Value> {
  readonly strategyName: StrategyName;
  /** testSecret passes when the credential could not be tried. */
  readonly unprovenAllowed: boolean;
  strategy(invocation: RotationInvocation): Strategy<Value>;
  /** Direct calls, by name. @returns what the caller is answered; JSON without a secret */
  readonly actions: { readonly [name in Action]?: (invocation: Invocation, secretId?: string) => Promise<LogFields> };
}

export type Handler = (event: unknown, context?: LambdaContext) => Promise<LogFields | undefined>;

/** Without a context there is this much time, in milliseconds. */
const DEFAULT_TIME_MS = 30_000;
/** Kept back for the last log line and for Lambda itself, in milliseconds. */
const FAREWELL_MS = 1_000;

/**
 * @param container made when the first event comes, and kept
 * @param configure reads the settings, anew for each event @throws InputError
 */
export function rotationHandler<Value>(
  container: () => Container,
  configure: (environment: NodeJS.ProcessEnv) => RotationFunction<Value>,
): Handler {
  let kept: Container | undefined;
  return (event, context) => {
    kept ??= container();
    return new Call(kept, context).run(event, configure);
  };
}

/** One call of the function, from the event to the last line. */
class Call {
  readonly #container: Container;
  readonly #startedAt: number;
  readonly #budget: TimeBudget;
  readonly #redactor = new Redactor();
  readonly #requestId: string;
  readonly #about: LogFields;
  #metrics: LogFields = {};
  #what = 'rotation step';
  #log: StepLog;

  constructor(container: Container, context: LambdaContext | undefined) {
    this.#container = container;
    this.#startedAt = container.clock.now();
    const remaining = context?.getRemainingTimeInMillis?.() ?? DEFAULT_TIME_MS;
    this.#budget = new TimeBudget(container.clock, this.#startedAt + remaining - FAREWELL_MS);
    this.#requestId = context?.awsRequestId || `called-at-${this.#startedAt}`;
    this.#about = context?.awsRequestId ? { function_request_id: context.awsRequestId } : {};
    this.#log = this.#logOf({});
  }

  async run<Value>(
    event: unknown,
    configure: (environment: NodeJS.ProcessEnv) => RotationFunction<Value>,
  ): Promise<LogFields | undefined> {
    try {
      const parsed = parseEvent(event);
      if (parsed.kind === 'action') this.#what = parsed.action;
      this.#log = this.#logOf(factsOf(parsed));
      const configured = configure(this.#container.environment);
      this.#log = this.#logOf({ ...factsOf(parsed), strategy: configured.strategyName });
      if (parsed.kind === 'action') return await this.#act(parsed, configured);
      await this.#step(parsed.request, configured);
      return undefined;
    } catch (error) {
      const known = asRotationError(error);
      this.#log.write('error', `${this.#what} failed`, { ...errorFields(known), ...this.#metrics, ...this.#took() });
      throw forLambda(known, this.#redactor);
    }
  }

  async #step<Value>(request: StepRequest, configured: RotationFunction<Value>): Promise<void> {
    const signals = new StepSignals(this.#container.evidence, {
      request,
      strategy: configured.strategyName,
      log: this.#log,
    });
    const end = await this.#rotate(request, { configured, signals }).catch(asRotationError);
    const finishedAt = this.#container.clock.now();
    const record: StepRecord = {
      ...{ request, end, finishedAt, startedAt: this.#startedAt },
      ...{ strategy: configured.strategyName, functionRequestId: this.#requestId },
    };
    this.#metrics = metricFields(record);
    if (!(end instanceof Error)) this.#done('rotation step done', { ...reportFields(end), ...this.#metrics });
    await signals.end(record, this.#budget);
    if (end instanceof Error) throw end;
  }

  async #rotate<Value>(
    request: StepRequest,
    { configured, signals }: { readonly configured: RotationFunction<Value>; readonly signals: StepSignals },
  ): Promise<StepReport> {
    const invocation = this.#invocation();
    const { secretId, token, rotationToken } = request;
    if (rotationToken) invocation.secretSeen(rotationToken);
    const { clock, memory } = this.#container;
    const protocol = new RotationProtocol(
      configured.strategy({ ...invocation, target: { secretId, token } }),
      {
        ...{ store: invocation.store, clock, memory },
        signal: (signal) => signals.raise(signal, clock.now()),
      },
      { budget: this.#budget, unprovenAllowed: configured.unprovenAllowed },
    );
    return await protocol.run(request);
  }

  async #act<Value>(
    { action, secretId }: Extract<FunctionEvent, { kind: 'action' }>,
    { actions }: RotationFunction<Value>,
  ): Promise<LogFields> {
    const act = actions[action];
    if (!act) throw notSupported(action);
    const answer = await act(this.#invocation(), secretId);
    this.#done(`${action} done`, answer);
    return answer;
  }

  #invocation(): Invocation {
    return {
      container: this.#container,
      budget: this.#budget,
      store: withinBudget(this.#container.store, this.#budget, this.#container.timer),
      log: this.#log,
      secretSeen: (secret) => this.#redactor.add(secret),
      redact: (text) => this.#redactor.redact(text),
    };
  }

  #logOf(facts: LogFields): StepLog {
    return new StepLog(this.#container.logger, this.#redactor, { ...this.#about, ...facts });
  }

  #done(message: string, fields: LogFields): void {
    this.#log.write('info', message, { ...fields, ...this.#took() });
  }

  #took(): LogFields {
    return { milliseconds: this.#container.clock.now() - this.#startedAt };
  }
}

function factsOf(event: FunctionEvent): LogFields {
  if (event.kind === 'action') return { mode: event.action, secretId: event.secretId };
  const { secretId, token, step } = event.request;
  return { mode: 'rotation', secretId, token, step };
}

/** Lambda shows name and message of an error and nothing else, so code and remedy go into the message. */
function forLambda(error: RotationError, redactor: Redactor): RotationError {
  const { code, changed, retryable, remedy, requestId } = error;
  const message = redactor.redact(`${code}: ${error.message}. ${remedy}`);
  return new RotationError({ code, message, changed, retryable, remedy, requestId });
}

function notSupported(action: Action): RotationError {
  return new RotationError({
    code: 'NOT_SUPPORTED',
    message: `this function has no action ${action} with its settings`,
    changed: 'no',
    retryable: false,
    remedy: 'Look at ROTATION_STRATEGY, or call the function for it.',
  });
}
