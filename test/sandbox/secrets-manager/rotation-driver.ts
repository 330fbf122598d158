import { createHash } from 'node:crypto';
import type {
  DriverOptions,
  Invocation,
  RotateOptions,
  RotationEvent,
  RotationResult,
  RotationStep,
  ServiceEvent,
} from './rotation-events.ts';
import type { RotationStanding } from './state.ts';
import type { RotateRequest } from './world.ts';

const STEPS: readonly RotationStep[] = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'];
const DEFAULT_SEQUENCES = 5;

type SequenceEnd =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly step: RotationStep; readonly error: unknown }
  | { readonly kind: 'stopped'; readonly standing: RotationStanding };

/**
 * Calls a rotation function as Secrets Manager does, without waiting: the four steps in order with one token; after a failed
 * step the whole sequence again with the same token, until the window is over. It takes the state's `onRotate` for itself:
 * one driver a state at a time.
 */
export class RotationDriver {
  /** All service events, oldest first. */
  readonly events: ServiceEvent[] = [];
  /** All calls of the function, oldest first. */
  readonly invocations: Invocation[] = [];
  readonly #options: DriverOptions;
  #queue: RotateRequest[] = [];
  #failed: RotateRequest[] = [];
  readonly #running = new Set<string>();

  constructor(options: DriverOptions) {
    this.#options = options;
    options.state.onRotate = (request) => this.accept(request);
  }

  /** Queues what RotateSecret asked for, unless that rotation is queued or under way already. */
  accept(request: RotateRequest): void {
    const same = (other: RotateRequest): boolean => other.arn === request.arn && other.token === request.token;
    if (this.#running.has(keyOf(request)) || this.#queue.some(same)) return;
    this.#failed = this.#failed.filter((other) => !same(other));
    this.#queue.push(request);
  }

  /** RotateSecret; nothing is invoked yet. @returns the ARN and the token @throws AwsError */
  rotate(secretId: string, options: RotateOptions = {}): { readonly arn: string; readonly token: string } {
    const reply = this.#options.state.call('RotateSecret', {
      SecretId: secretId,
      ClientRequestToken: options.clientRequestToken ?? uuid(this.#options.state.randomId()),
      RotationLambdaARN: options.functionArn,
      RotationRules: options.rules,
      RotateImmediately: options.rotateImmediately,
    });
    return { arn: String(reply.ARN), token: String(reply.VersionId) };
  }

  /** Works off the queue. Never rejects because of the function. @returns one result a rotation, in order */
  async runToEnd(limits: { readonly maxSequences?: number } = {}): Promise<RotationResult[]> {
    const results: RotationResult[] = [];
    for (let request = this.#queue.shift(); request !== undefined; request = this.#queue.shift()) {
      this.#running.add(keyOf(request));
      try {
        const max = limits.maxSequences ?? this.#options.maxSequences ?? DEFAULT_SEQUENCES;
        results.push(request.testOnly ? await this.#test(request) : await this.#rotation(request, max));
      } finally {
        this.#running.delete(keyOf(request));
      }
    }
    return results;
  }

  /** The next window: rotations that failed to the end of theirs are queued again, with their tokens. */
  retryFailed(): void {
    for (const request of this.#failed.splice(0)) this.accept(request);
  }

  /** The event of a step, as {@link runToEnd} sends it; for replays and overlaps that a test calls by hand. */
  eventFor(request: { readonly arn: string; readonly token: string }, step: RotationStep): RotationEvent {
    return {
      Step: step,
      SecretId: request.arn,
      ClientRequestToken: request.token,
      RotationToken: uuid(`rotation token of ${request.arn} ${request.token}`),
    };
  }

  async #rotation(request: RotateRequest, maxSequences: number): Promise<RotationResult> {
    const { state, windowMs, pendingAfterSuccess } = this.#options;
    const until = windowMs === undefined ? Number.POSITIVE_INFINITY : state.now() + windowMs;
    this.#open(request);
    this.#record('RotationStarted', request);
    let sequence = 0;
    let error: unknown;
    while (sequence < maxSequences && state.now() <= until) {
      const end = await this.#sequence(request, ++sequence);
      const standing = state.standing(request.arn, request.token);
      if (end.kind === 'failed') {
        error = end.error;
        this.#record('RotationFailed', request, `${end.step}: ${classOf(end.error)}`);
      }
      if (end.kind === 'stopped' || standing !== 'open') {
        const why = end.kind === 'stopped' ? end.standing : standing;
        return this.#finish(request, { outcome: 'abandoned', sequences: sequence, error, standing: why });
      }
      if (end.kind === 'done') {
        this.#record('RotationSucceeded', request);
        state.closeRotation(request.arn, request.token, {
          rotated: true,
          stripPending: pendingAfterSuccess === 'removed',
        });
        return { arn: request.arn, token: request.token, outcome: 'succeeded', sequences: sequence, standing };
      }
    }
    return this.#finish(request, { outcome: 'failed', sequences: sequence, error, standing: 'open' });
  }

  async #sequence(request: RotateRequest, sequence: number): Promise<SequenceEnd> {
    const { state, abandonmentNoticed } = this.#options;
    for (const step of STEPS) {
      const standing = state.standing(request.arn, request.token);
      if (standing !== 'open' && (step === 'createSecret' || abandonmentNoticed !== 'after-sequence'))
        return { kind: 'stopped', standing };
      const called = await this.#invoke(request, step, sequence);
      if (called.failed) return { kind: 'failed', step, error: called.error };
    }
    if (this.#isCurrent(request)) return { kind: 'done' };
    const error = new Error('finishSecret returned, but AWSCURRENT is not on the new version');
    return { kind: 'failed', step: 'finishSecret', error };
  }

  async #test(request: RotateRequest): Promise<RotationResult> {
    const { state } = this.#options;
    this.#open(request);
    this.#record('TestRotationStarted', request);
    const { failed, error } = await this.#invoke(request, 'testSecret', 1);
    const standing = state.standing(request.arn, request.token);
    // Pass or fail, the label goes: left there it would block every later rotation.
    state.closeRotation(request.arn, request.token, { rotated: false, stripPending: true });
    const reason = failed ? `testSecret: ${classOf(error)}` : undefined;
    this.#record(failed ? 'TestRotationFailed' : 'TestRotationSucceeded', request, reason);
    const outcome = failed ? 'test-failed' : 'test-succeeded';
    return { arn: request.arn, token: request.token, outcome, sequences: 1, error, standing };
  }

  async #invoke(request: RotateRequest, step: RotationStep, sequence: number): Promise<Invocation> {
    const at = { step, token: request.token, sequence };
    let invocation: Invocation;
    try {
      await this.#options.invoke(this.eventFor(request, step), { functionArn: request.functionArn });
      invocation = { ...at, failed: false };
    } catch (error) {
      invocation = { ...at, failed: true, error };
    }
    this.invocations.push(invocation);
    return invocation;
  }

  #open(request: RotateRequest): void {
    if (this.#options.state.nameOf(request.arn) === undefined) return;
    this.#options.state.openRotation(request.arn, {
      token: request.token,
      rotationToken: this.eventFor(request, 'createSecret').RotationToken,
      requireRotationToken: this.#options.requireRotationToken ?? true,
    });
  }

  /** A rotation that did not succeed. A failed one keeps its pending version, and with it its claim on the secret. */
  #finish(request: RotateRequest, facts: Omit<RotationResult, 'arn' | 'token'>): RotationResult {
    this.#options.state.closeRotation(request.arn, request.token, { rotated: false, stripPending: false });
    if (facts.outcome === 'failed') this.#failed.push(request);
    else this.#record('RotationAbandoned', request, facts.standing);
    return { arn: request.arn, token: request.token, ...facts };
  }

  #isCurrent(request: RotateRequest): boolean {
    const labels = this.#options.state.nameOf(request.arn) === undefined ? {} : this.#options.state.labels(request.arn);
    return labels[request.token]?.includes('AWSCURRENT') === true;
  }

  #record(eventName: ServiceEvent['eventName'], request: RotateRequest, reason?: string): void {
    const requestID = `Rotation-${request.arn}-${request.token}`;
    this.events.push({ eventName, secretId: request.arn, requestID, ...(reason === undefined ? {} : { reason }) });
  }
}

const keyOf = (request: RotateRequest): string => `${request.arn} ${request.token}`;

const classOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);

/** A version id and a rotation token have the form of a UUID, whatever ids the state makes. */
function uuid(seed: string): string {
  const hex = createHash('sha256').update(seed).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}
