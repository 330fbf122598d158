import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Deny } from '../access.ts';
import type { CallLog, FaultAction } from '../call-log.ts';
import { accessRequests } from './access.ts';
import { AwsError, accessDenied } from './aws-error.ts';
import { type Answer, type AwsRequest, checkToken, errorAnswer, readRequest, send, targetOf } from './protocol.ts';
import { RotationDriver } from './rotation-driver.ts';
import type { DriverOptions, Invoke } from './rotation-events.ts';
import type { SecretsManagerState } from './state.ts';

/** `denied`: the caller may not use the key. `disabled`: the key cannot be used by anybody. */
export type KmsMode = 'ok' | 'denied' | 'disabled';

export interface SecretsManagerOptions {
  readonly state: SecretsManagerState;
  readonly log: CallLog;
  /** @default 0, a free one */
  readonly port?: number;
  /** Take requests signed for whatever Region. @default false, as AWS does */
  readonly anyRegion?: boolean;
  /** Asked of everything that a call needs. @default everybody may do everything */
  readonly deny?: Deny | undefined;
  /** How rotations run that RotateSecret starts. `pendingAfterSuccess` defaults to `left`. */
  readonly rotation?: Partial<Omit<DriverOptions, 'state' | 'invoke'>>;
}

export interface SecretsManagerServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** The function that RotateSecret calls from now on; undefined: rotations are registered and nothing is called. */
  setHandler(invoke: Invoke | undefined): void;
  /** Takes effect from the next call that reads or writes a value. */
  setKms(mode: KmsMode): void;
  /** What IAM refuses from now on; undefined: nothing. */
  setDeny(deny: Deny | undefined): void;
  /** The driver behind the handler, with its events and calls; undefined without one. */
  driver(): RotationDriver | undefined;
  /** Resolves when no rotation is under way. */
  idle(): Promise<void>;
  /** Ends hung connections at once. A handler under way is not waited for. */
  close(): Promise<void>;
}

/** Serves the model on loopback in AWS JSON 1.1, so that any AWS client with an endpoint setting can call it. */
export async function startSecretsManager(options: SecretsManagerOptions): Promise<SecretsManagerServer> {
  const endpoint = new Endpoint(options);
  const server = createServer((request, response) => void endpoint.handle(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    setHandler: (invoke) => endpoint.setHandler(invoke),
    setKms: (mode) => {
      endpoint.kms = mode;
    },
    setDeny: (deny) => {
      endpoint.deny = deny;
    },
    driver: () => endpoint.driver,
    idle: () => endpoint.idle(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What became of a call: its answer, and what the log says of it. */
interface Decision {
  readonly answer: Answer;
  readonly outcome: string;
  readonly tookEffect: boolean;
}

class Endpoint {
  kms: KmsMode = 'ok';
  deny: Deny | undefined;
  driver: RotationDriver | undefined;
  readonly #options: SecretsManagerOptions;
  #background: Promise<unknown> = Promise.resolve();

  constructor(options: SecretsManagerOptions) {
    this.#options = options;
    this.deny = options.deny;
  }

  setHandler(invoke: Invoke | undefined): void {
    const { state, rotation } = this.#options;
    this.driver = undefined;
    state.onRotate = undefined;
    if (invoke === undefined) return;
    const driver = new RotationDriver({ pendingAfterSuccess: 'left', ...rotation, state, invoke });
    this.driver = driver;
    state.onRotate = (request) => {
      driver.accept(request);
      // Begun only after RotateSecret's own turn: its answer never waits for the function.
      this.#background = this.#background.then(() => driver.runToEnd());
    };
  }

  async idle(): Promise<void> {
    for (let seen: unknown; seen !== this.#background; ) {
      seen = this.#background;
      await seen;
    }
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const now = (): number => this.#options.state.now();
    let call: AwsRequest;
    try {
      call = await readRequest(request, this.#options.anyRegion ? undefined : this.#options.state.region);
    } catch (error) {
      if (error instanceof AwsError) send(response, errorAnswer(error), now());
      else response.destroy();
      return;
    }
    const { log } = this.#options;
    const fault = log.take('secretsmanager', call.operation);
    const spoils = fault?.kind === 'propagation' ? undefined : fault;
    const target = targetOf(this.#options.state, call);
    const decision = spoils?.when === 'before' ? undefined : this.#decide(call);
    log.record({
      service: 'secretsmanager',
      operation: call.operation,
      target,
      outcome: spoils?.kind ?? decision?.outcome ?? 'ok',
      tookEffect: decision?.tookEffect ?? false,
    });
    if (spoils !== undefined) spoil(response, spoils, now());
    else if (decision !== undefined) send(response, decision.answer, now());
  }

  #decide(call: AwsRequest): Decision {
    const { state } = this.#options;
    const before = state.snapshot({ dates: false });
    try {
      checkToken(call);
      this.#checkAccess(call);
      const body = state.call(call.operation, call.input);
      const tookEffect = state.snapshot({ dates: false }) !== before;
      return { answer: { status: 200, body }, outcome: 'ok', tookEffect };
    } catch (error) {
      const known = error instanceof AwsError ? error : new AwsError('InternalServiceError', 'Internal failure.', 500);
      return { answer: errorAnswer(known), outcome: known.code, tookEffect: false };
    }
  }

  #checkAccess(call: AwsRequest): void {
    const { operation, input } = call;
    const { deny } = this;
    for (const request of deny === undefined ? [] : accessRequests(this.#options.state, call)) {
      const denied = deny?.(request);
      if (denied !== undefined) throw accessDenied(denied);
    }
    const reads = operation === 'GetSecretValue' || operation === 'BatchGetSecretValue';
    const writes = input.SecretString !== undefined || input.SecretBinary !== undefined;
    if (this.kms === 'ok' || !(reads || writes)) return;
    if (this.kms === 'denied') throw accessDenied('Access to KMS is not allowed');
    throw reads
      ? new AwsError(
          'DecryptionFailure',
          "Secrets Manager can't decrypt the protected secret text using the provided KMS key.",
        )
      : new AwsError(
          'EncryptionFailure',
          "Secrets Manager can't encrypt the protected secret text using the provided KMS key.",
        );
  }
}

/** The fault's share of the answer; a hung response stays open until the server closes. */
function spoil(response: ServerResponse, fault: Exclude<FaultAction, { kind: 'propagation' }>, now: number): void {
  if (fault.kind !== 'status') {
    if (fault.kind === 'drop') response.socket?.resetAndDestroy();
    return;
  }
  const code = fault.code ?? (fault.status >= 500 ? 'InternalServiceError' : 'InvalidRequestException');
  const error = new AwsError(code, 'A scripted fault.', fault.status);
  send(response, { ...errorAnswer(error), ...(fault.headers === undefined ? {} : { headers: fault.headers }) }, now);
}
