import { createHash } from 'node:crypto';
import { type SecretsManagerCaller, secretStoreOver } from '../../../../core/aws-secret-store.ts';
import type { HttpTransport } from '../../../../core/http.ts';
import { RotationMemory } from '../../../../core/rotation/rotation-memory.ts';
import { adminRotation } from '../../../../functions/rotate-admin/admin-rotation.ts';
import type { Container } from '../../../../functions/rotation/container.ts';
import { type EvidencePorts, EvidenceRecorder } from '../../../../functions/rotation/evidence-recorder.ts';
import { rotationHandler } from '../../../../functions/rotation/handler.ts';
import type { LogFields } from '../../../../functions/rotation/step-log.ts';
import { CallLog, type Fault } from '../../../sandbox/call-log.ts';
import { MemoryKafkaUsers } from '../../../sandbox/kafka-users.ts';
import { AwsError } from '../../../sandbox/secrets-manager/aws-error.ts';
import { RotationDriver } from '../../../sandbox/secrets-manager/rotation-driver.ts';
import type { DriverOptions, RotationResult, RotationStep } from '../../../sandbox/secrets-manager/rotation-events.ts';
import { SecretsManagerState } from '../../../sandbox/secrets-manager/state.ts';
import { inProcessStreamkap } from '../../../sandbox/streamkap/in-process.ts';
import { type StoredCredential, StreamkapState } from '../../../sandbox/streamkap/state.ts';
import { evidenceFailure, type Recorded, recordedEvidence, withSecretsNoted } from '../recorded-evidence.ts';
import { VirtualTimers } from '../virtual-time.ts';
import { expectSoundError, expectSoundLines } from '../what-is-said.ts';
import type { Mishap, Moment } from '../world.ts';

export const SECRET = 'streamkap/admin';
export const FIRST = { clientId: 'first-client-id', clientSecret: 'Hidden!First!Admin!0123456789' };
export const HOST = 'https://api.streamkap.test';
export const MINUTE_MS = 60_000;
const FUNCTION_ARN = 'arn:aws:lambda:eu-central-1:123456789012:function:rotate-admin';
const CREDENTIALS = '/auth/client-credentials';
const BOOKKEEPING = /^KEYRING_(UNSENT|MADE)$/;
/** What one call of Secrets Manager's may take, in milliseconds. */
const AWS_CALL_MS = 5_000;

/** One external call of the function: `POST /auth/client-credentials`, `GetSecretValue`. */
export interface ExternalCall {
  readonly seq: number;
  /** Which call of the function, counted on. */
  readonly invocation: number;
  readonly step: RotationStep | 'direct';
  readonly to: 'aws' | 'streamkap' | 's3' | 'eventbridge';
  readonly operation: string;
}

export type { Mishap, Moment };

export interface AdminWorldOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly driver?: Partial<DriverOptions>;
  readonly testVersion?: 'copy' | 'empty';
  /** What the secret holds at first. @default the pair, and a field that nobody knows */
  readonly value?: string;
  /** Milliseconds that each invocation has. @default 300_000 */
  readonly remainingMs?: number;
  /** `recorded`: evidence and events go into {@link AdminWorld.recorded}, each write a call like any other. @default 'none' */
  readonly evidence?: 'recorded' | 'none';
  /** The function under test. @default the shipped one */
  readonly rotation?: typeof adminRotation;
}

class Killed extends Error {}

const PAIR = { client_id: FIRST.clientId, client_secret: FIRST.clientSecret, note: { kept: true } };

/** The shipped handler of rotate-admin between strict models of Secrets Manager and Streamkap; only sleeping and tests move the clock. */
export class AdminWorld {
  now = Date.parse('2026-01-01T00:00:00Z');
  observe: ((call: ExternalCall, moment: Moment) => Mishap | undefined) | undefined;
  /** Lets a test decide when each call goes on. */
  turn: ((call: ExternalCall) => Promise<void>) | undefined;
  /** Hears what each call was answered. */
  heard: ((call: ExternalCall, answer: unknown) => void) | undefined;
  remainingMs: number;
  readonly calls: ExternalCall[] = [];
  readonly lines: { level: string; message: string; fields: LogFields }[] = [];
  readonly errors: unknown[] = [];
  readonly urls: string[] = [];
  readonly recorded: Recorded = { fragments: new Map(), events: [] };
  /** Everything that must never be said. */
  readonly secretTexts = new Set([FIRST.clientSecret]);
  readonly log = new CallLog();
  readonly secrets: SecretsManagerState;
  readonly streamkap: StreamkapState;
  readonly driver: RotationDriver;
  readonly environment: Record<string, string>;
  readonly #transport: HttpTransport;
  readonly #timers = new VirtualTimers(this);
  readonly #rotation: typeof adminRotation;
  readonly #evidence: AdminWorldOptions['evidence'];
  #invocations = 0;
  #ids = 0;

  constructor(options: AdminWorldOptions = {}) {
    const now = () => this.now;
    const randomId = () => idOf(`id ${this.#ids++}`);
    this.remainingMs = options.remainingMs ?? 300_000;
    this.#rotation = options.rotation ?? adminRotation;
    this.#evidence = options.evidence;
    this.environment = { STREAMKAP_HOST: HOST, STREAMKAP_ADMIN_SECRET_ID: SECRET, ...options.environment };
    this.secrets = new SecretsManagerState({ now, randomId, testVersion: options.testVersion ?? 'copy' });
    this.streamkap = new StreamkapState({
      ...{ now, randomId, admin: FIRST, kafkaUsers: new MemoryKafkaUsers() },
      ...{ bootstrapServers: 'broker.example:9092', apiBaseUrl: HOST },
    });
    this.#transport = inProcessStreamkap({ state: this.streamkap, log: this.log });
    this.driver = new RotationDriver({
      ...{ pendingAfterSuccess: 'left', maxSequences: 1, ...options.driver },
      ...{ state: this.secrets, invoke: (event) => this.invoke(event) },
    });
    this.secrets.call('CreateSecret', {
      ...{ Name: SECRET, ClientRequestToken: idOf('first') },
      SecretString: options.value ?? JSON.stringify(PAIR),
      Tags: [{ Key: 'streamkap:strategy', Value: 'admin' }],
    });
  }

  /** RotateSecret; the steps are run by {@link step} or the driver. */
  begin(name: string, rotateImmediately = true): void {
    const facts = { clientRequestToken: idOf(name), functionArn: FUNCTION_ARN, rotateImmediately };
    this.driver.rotate(SECRET, facts);
  }

  /** A whole rotation as Secrets Manager runs it. */
  async rotate(name: string): Promise<RotationResult | undefined> {
    this.begin(name);
    const [result] = await this.driver.runToEnd();
    return result;
  }

  /** One step, called by hand. @returns the error's code, or undefined when it succeeded */
  async step(step: RotationStep, name: string): Promise<string | undefined> {
    try {
      await this.invoke(this.driver.eventFor({ arn: this.arn, token: idOf(name) }, step));
      return undefined;
    } catch (error) {
      return error instanceof Error && 'code' in error ? String(error.code) : String(error);
    }
  }

  async steps(name: string, ...steps: RotationStep[]): Promise<(string | undefined)[]> {
    const codes: (string | undefined)[] = [];
    for (const step of steps) codes.push(await this.step(step, name));
    return codes;
  }

  async invoke(event: { readonly Step: RotationStep; readonly RotationToken?: string }): Promise<void> {
    if (event.RotationToken) this.secretTexts.add(event.RotationToken);
    await this.send(event);
  }

  /** Calls the function with any event. @returns its answer */
  async send(event: object): Promise<unknown> {
    const step = 'Step' in event ? (event.Step as RotationStep) : 'direct';
    const invocation = new Invocation({ step, number: ++this.#invocations });
    const end = this.now + this.remainingMs;
    const handler = rotationHandler(
      () => this.#container(invocation, end),
      this.#rotation({ nonce: () => `n${this.#ids++}` }),
    );
    const said = this.lines.length;
    const running = handler(event, { awsRequestId: 'req-1', getRemainingTimeInMillis: () => end - this.now });
    running.catch(() => {});
    try {
      return await Promise.race([running, invocation.killed]);
    } catch (error) {
      this.errors.push(error);
      if (!(error instanceof Killed)) expectSoundError(error);
      throw error;
    } finally {
      expectSoundLines(this.lines.slice(said));
    }
  }

  get arn(): string {
    return String(this.secrets.call('DescribeSecret', { SecretId: SECRET }).ARN);
  }

  /** The client id stored under a label, or by the rotation with a name. */
  idUnder(at: { readonly stage: string } | { readonly name: string }): string | undefined {
    return this.stored(at)?.clientId;
  }

  stored(at: { readonly stage: string } | { readonly name: string }): typeof FIRST | undefined {
    const text = this.secrets.valueOf(SECRET, 'stage' in at ? at : { versionId: idOf(at.name) });
    if (text === undefined) return undefined;
    const value = JSON.parse(text.startsWith('{') ? text : Buffer.from(text, 'base64').toString()) as Pair & {
      api?: Pair;
    };
    const { client_id: clientId, client_secret: clientSecret } = value.api ?? value;
    return { clientId, clientSecret };
  }

  /** True when Streamkap accepts what is stored there. */
  works(at: { readonly stage: string } | { readonly name: string }): boolean {
    const stored = this.stored(at);
    return this.streamkap.clientCredentials.some(
      ({ clientId, secret }) => clientId === stored?.clientId && secret === stored.clientSecret,
    );
  }

  /** Client ids of all live credentials that no project key owns. */
  get live(): string[] {
    return this.streamkap.clientCredentials.filter((entry) => !entry.projectKeyId).map(({ clientId }) => clientId);
  }

  /** Labels by the names of rotations: `{ first: ['AWSCURRENT'] }`. What the protocol keeps its own books with is left out. */
  get labels(): Record<string, string[]> {
    const names = new Map(['first', 'second', 'third', 'fourth', 'fifth', 'manual'].map((name) => [idOf(name), name]));
    const labels = Object.entries(this.secrets.labels(SECRET))
      .map(([id, stages]) => [id, stages.filter((stage) => !BOOKKEEPING.test(stage))] as const)
      .filter(([, stages]) => stages.length > 0);
    return Object.fromEntries(labels.map(([id, stages]) => [names.get(id) ?? id, stages]));
  }

  /** What was called, in order, since the last time this was asked. */
  takeCalls(): string[] {
    return this.calls.splice(0).map(({ operation }) => operation);
  }

  count(operation: string): number {
    return this.calls.filter((call) => call.operation === operation).length;
  }

  fault(fault: Fault): void {
    this.log.script(fault);
  }

  /** Somebody changes a credential in Streamkap's console, or puts one there. */
  edit(change: (credentials: Writable<StoredCredential>[]) => void): void {
    const snapshot = JSON.parse(this.streamkap.snapshot()) as { credentials: Writable<StoredCredential>[] };
    change(snapshot.credentials);
    this.streamkap.restore(JSON.stringify(snapshot));
  }

  remove(clientId: string | undefined): void {
    this.edit((credentials) => {
      credentials.splice(
        credentials.findIndex((entry) => entry.clientId === clientId),
        1,
      );
    });
  }

  /** Puts a credential like the first one there. */
  seed(facts: Partial<StoredCredential> & { readonly clientId: string }): void {
    this.edit((credentials) => {
      const [model] = credentials;
      if (model) credentials.push({ ...model, ...facts });
    });
  }

  /** Every external call comes by here, so that a test can look at the world around it, or end the process. */
  async around<T>(
    invocation: Invocation,
    facts: Pick<ExternalCall, 'to' | 'operation'>,
    { effect, spoil }: { readonly effect: () => Promise<T>; readonly spoil: (mishap: Mishap) => T },
  ): Promise<T> {
    if (invocation.isOver) return await new Promise<never>(() => {});
    const { step, number } = invocation;
    const call = { seq: this.calls.length + 1, step, invocation: number, ...facts };
    this.calls.push(call);
    await this.turn?.(call);
    const first = this.observe?.(call, 'before');
    const befall = async (mishap: Mishap): Promise<T> => {
      if (mishap === 'kill') return await invocation.kill();
      return mishap === 'stall' && facts.to !== 'streamkap' ? await new Promise<never>(() => {}) : spoil(mishap);
    };
    if (first) return await befall(first);
    const result = await effect().then(
      (value) => {
        this.heard?.(call, value);
        return () => value;
      },
      (error: unknown) => {
        this.heard?.(call, String(error));
        return () => {
          throw error;
        };
      },
    );
    const second = this.observe?.(call, 'after');
    if (second) return await befall(second);
    return result();
  }

  #container(invocation: Invocation, end: number): Container {
    const write = (level: string) => (message: string, fields: LogFields) => {
      this.lines.push({ level, message, fields });
    };
    return {
      environment: this.environment,
      store: secretStoreOver(this.#aws(invocation, end)),
      transport: (request) => this.#streamkap(invocation, request),
      login: () => Promise.reject(new Error('rotate-admin does not log in to Kafka')),
      generatePassword: () => {
        throw new Error('rotate-admin generates no password');
      },
      random: () => 0.5,
      memory: new RotationMemory(),
      timer: this.#timers.timer,
      evidence: new EvidenceRecorder(
        this.#evidence === 'recorded' ? this.#recordedBy(invocation) : {},
        this.#timers.timer,
      ),
      logger: { info: write('info'), warn: write('warn'), error: write('error') },
      clock: {
        now: () => this.now,
        sleep: async (milliseconds) => {
          this.now += milliseconds;
        },
      },
    };
  }

  #recordedBy(invocation: Invocation): EvidencePorts {
    return recordedEvidence(this.recorded, (facts, effect) =>
      this.around(invocation, facts, { effect, spoil: (mishap) => evidenceFailure(mishap) }),
    );
  }

  #streamkap(invocation: Invocation, request: Parameters<HttpTransport>[0]): ReturnType<HttpTransport> {
    this.urls.push(request.url);
    const path = request.url.slice(HOST.length).replace(/(\/client-credentials)\/.+/, '$1/{client_id}');
    const spoil = (mishap: Mishap) => {
      if (mishap === 'fail') return { status: 503, headers: {}, body: '' };
      if (mishap === 'throttle') return { status: 429, headers: { 'retry-after': '3' }, body: '{"detail":"slow"}' };
      if (mishap === 'hang' || mishap === 'stall') this.now += request.timeoutMs;
      throw new Error('the connection broke');
    };
    const effect = async () => withSecretsNoted(await this.#transport(request), this.secretTexts);
    return this.around(invocation, { to: 'streamkap', operation: `${request.method} ${path}` }, { effect, spoil });
  }

  /** AWS's client as the store sees it; answers carry AWS's clock. */
  #aws(invocation: Invocation, end: number): SecretsManagerCaller {
    type Deserialize = (next: () => Promise<unknown>) => () => Promise<unknown>;
    let seeHeaders: Deserialize = (next) => next;
    const send = (command: { input: Record<string, unknown>; constructor: { name: string } }) => {
      const operation = command.constructor.name.replace(/Command$/, '');
      const spoil = (mishap: Mishap) => {
        if (mishap === 'throttle') throw named('ThrottlingException', 'Rate exceeded');
        if (mishap === 'fail') throw named('InternalServiceError', 'An error occurred on the server side.');
        if (mishap === 'hang') this.now = Math.min(this.now + AWS_CALL_MS, end);
        throw named('TimeoutError', 'the connection broke');
      };
      const effect = async () => {
        const fault = this.log.take('secretsmanager', operation);
        if (fault && fault.kind === 'status') throw named(fault.code ?? 'InternalServiceError', 'scripted');
        const response = this.#model(operation, command.input);
        const date = new Date(this.now).toUTCString();
        await seeHeaders(async () => ({ response: { headers: { date } } }))();
        return response;
      };
      return this.around(invocation, { to: 'aws', operation }, { effect, spoil });
    };
    const add = (middleware: Deserialize) => {
      seeHeaders = middleware;
    };
    return { send, middlewareStack: { add } } as unknown as SecretsManagerCaller;
  }

  #model(operation: string, input: Record<string, unknown>): Record<string, unknown> {
    try {
      return withDates(this.secrets.call(operation, input));
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      throw named(error.code, error.message);
    }
  }
}

interface Pair {
  readonly client_id: string;
  readonly client_secret: string;
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

/** One process of the function. */
class Invocation {
  readonly step: ExternalCall['step'];
  readonly number: number;
  readonly killed: Promise<never>;
  isOver = false;
  #end: (error: Error) => void = () => {};

  constructor({ step, number }: { readonly step: ExternalCall['step']; readonly number: number }) {
    this.step = step;
    this.number = number;
    this.killed = new Promise<never>((_, reject) => {
      this.#end = reject;
    });
    this.killed.catch(() => {});
  }

  /** Over is over: what the process did without waiting for it comes to nothing, too. */
  kill(): Promise<never> {
    this.isOver = true;
    this.#end(new Killed('the process was killed'));
    return new Promise(() => {});
  }
}

/** AWS's client gives dates where the wire has seconds. */
function withDates(answer: Record<string, unknown>): Record<string, unknown> {
  const date = (value: unknown) => (typeof value === 'number' ? { CreatedDate: new Date(value * 1000) } : {});
  const versions = answer.Versions as Record<string, unknown>[] | undefined;
  return {
    ...answer,
    ...date(answer.CreatedDate),
    ...(versions ? { Versions: versions.map((entry) => ({ ...entry, ...date(entry.CreatedDate) })) } : {}),
  };
}

const named = (name: string, message: string): Error => Object.assign(new Error(message), { name });

/** A version id of the right length that a test can name. */
export function idOf(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 36);
}

export const POST = `POST ${CREDENTIALS}`;
export const DELETE = `DELETE ${CREDENTIALS}/{client_id}`;
export const LIST = `GET ${CREDENTIALS}`;
export const TOKEN = 'POST /auth/access-token';
export const WHOAMI = 'GET /auth/whoami';
export const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
