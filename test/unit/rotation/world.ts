import { createHash } from 'node:crypto';
import { type SecretsManagerCaller, secretStoreOver } from '../../../core/aws-secret-store.ts';
import type { Clock } from '../../../core/clock.ts';
import type { HttpTransport } from '../../../core/http.ts';
import type { LoginRequest, LoginResult } from '../../../core/login-probe/probe.ts';
import { RotationMemory } from '../../../core/rotation/rotation-memory.ts';
import { passwordRotation } from '../../../functions/rotate-password/strategies.ts';
import type { Container } from '../../../functions/rotation/container.ts';
import { type EvidencePorts, EvidenceRecorder } from '../../../functions/rotation/evidence-recorder.ts';
import { rotationHandler } from '../../../functions/rotation/handler.ts';
import type { LogFields } from '../../../functions/rotation/step-log.ts';
import { CallLog, type Fault } from '../../sandbox/call-log.ts';
import { MemoryKafkaUsers } from '../../sandbox/kafka-users.ts';
import { AwsError } from '../../sandbox/secrets-manager/aws-error.ts';
import { RotationDriver } from '../../sandbox/secrets-manager/rotation-driver.ts';
import type { DriverOptions, RotationStep } from '../../sandbox/secrets-manager/rotation-events.ts';
import { SecretsManagerState } from '../../sandbox/secrets-manager/state.ts';
import { inProcessStreamkap } from '../../sandbox/streamkap/in-process.ts';
import { StreamkapState } from '../../sandbox/streamkap/state.ts';
import { evidenceFailure, type Recorded, recordedEvidence, withSecretsNoted } from './recorded-evidence.ts';
import { VirtualTimers } from './virtual-time.ts';
import { expectSoundError, expectSoundLines } from './what-is-said.ts';

export const SECRET = 'keyring/orders';
export const ADMIN_SECRET = 'streamkap/admin';
export const ADMIN = { clientId: 'admin-client-id', clientSecret: 'admin-client-secret-0123456789' };
export const FIRST = 'First-Password!0000000000000001';
const FUNCTION_ARN = 'arn:aws:lambda:eu-central-1:123456789012:function:rotate-password';
const HOST = 'https://api.streamkap.test';

/** One external call of the function, in words: `PATCH /project-keys/{id}`, `GetSecretValue`, `login`. */
export interface ExternalCall {
  readonly seq: number;
  /** Which call of the function, counted on. */
  readonly invocation: number;
  readonly step: RotationStep | 'other';
  readonly to: 'aws' | 'streamkap' | 'kafka' | 's3' | 'eventbridge';
  readonly operation: string;
  /** For logins and PATCHes: which password, by the name that {@link World.nameOf} gives it. */
  readonly what?: string | undefined;
}

export type Moment = 'before' | 'after';
/**
 * What goes wrong, before or after the call took effect. `kill` ends the process there: the answer never comes. `lose`: the
 * connection breaks. `hang`: no answer until the caller gives up. `stall`: of AWS, no answer, and its client does not give
 * up either. `fail`: the service's own error. `throttle`: come back later.
 */
export type Mishap = 'kill' | 'lose' | 'hang' | 'stall' | 'fail' | 'throttle';
/** Looks at a call and the world around it. */
export type Observer = (call: ExternalCall, moment: Moment) => Mishap | undefined;

export interface WorldOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly driver?: Partial<DriverOptions>;
  /** Milliseconds that each invocation has. @default 300_000 */
  readonly remainingMs?: number;
  readonly testVersion?: 'copy' | 'empty';
  /** One process for all steps; by default each has its own. */
  readonly warm?: boolean;
  /** Where evidence and events go; `recorded`: into {@link World.recorded}, each write a call like any other. @default nowhere */
  readonly evidence?: EvidencePorts | 'recorded';
  readonly recorder?: (ports: EvidencePorts) => EvidenceRecorder;
  /** The function under test. @default the shipped one */
  readonly rotation?: typeof passwordRotation;
}

/** What AWS's client waits for, all its tries together, in milliseconds. */
const AWS_CALL_MS = 15_000;

class Killed extends Error {}

/** What is asked of the outside by a process that was killed while it did not wait. */
const never = () => new Promise<never>(() => {});

/** The shipped handler between strict models of Secrets Manager, Streamkap and Kafka, on a clock that only sleeping moves. */
export class World {
  now = Date.parse('2026-01-01T00:00:00Z');
  remainingMs: number;
  /** What a login shows instead of the truth. */
  login: ((request: LoginRequest) => LoginResult | undefined) | undefined;
  observe: Observer | undefined;
  readonly calls: ExternalCall[] = [];
  readonly lines: { level: string; message: string; fields: LogFields }[] = [];
  readonly errors: unknown[] = [];
  readonly urls: string[] = [];
  readonly recorded: Recorded = { fragments: new Map(), events: [] };
  /** Everything that must never be said. */
  readonly secretTexts = new Set([FIRST, ADMIN.clientSecret]);
  readonly log = new CallLog();
  readonly users = new MemoryKafkaUsers();
  readonly secrets: SecretsManagerState;
  readonly streamkap: StreamkapState;
  readonly driver: RotationDriver;
  readonly environment: Record<string, string>;
  readonly #transport: HttpTransport;
  readonly #warm: Container | undefined;
  readonly #rotation: typeof passwordRotation;
  readonly #recorder: (isOver: () => boolean) => EvidenceRecorder;
  readonly #timers = new VirtualTimers(this);
  #step: RotationStep | 'other' = 'other';
  #invocation = 0;
  #ids = 0;
  #passwords = 0;

  constructor(options: WorldOptions = {}) {
    const now = () => this.now;
    const randomId = () =>
      createHash('sha256')
        .update(`id ${this.#ids++}`)
        .digest('hex')
        .slice(0, 36);
    const testVersion = options.testVersion ?? 'copy';
    this.remainingMs = options.remainingMs ?? 300_000;
    this.environment = { STREAMKAP_HOST: HOST, STREAMKAP_ADMIN_SECRET_ID: ADMIN_SECRET, ...options.environment };
    this.secrets = new SecretsManagerState({ now, randomId, testVersion });
    this.streamkap = new StreamkapState({
      ...{ now, randomId, admin: ADMIN, kafkaUsers: this.users },
      bootstrapServers: 'broker.example:9092',
      apiBaseUrl: HOST,
    });
    this.#transport = inProcessStreamkap({ state: this.streamkap, log: this.log });
    const { evidence = {}, recorder = (ports) => new EvidenceRecorder(ports, this.#timers.timer) } = options;
    this.#recorder = (isOver) => recorder(evidence === 'recorded' ? this.#recordedEvidence(isOver) : evidence);
    this.#rotation = options.rotation ?? passwordRotation;
    this.#warm = options.warm ? this.#container() : undefined;
    this.driver = new RotationDriver({
      pendingAfterSuccess: 'left',
      maxSequences: 1,
      ...options.driver,
      state: this.secrets,
      invoke: async (event) => {
        await this.invoke(event);
      },
    });
    this.secrets.call('CreateSecret', {
      Name: ADMIN_SECRET,
      ClientRequestToken: randomId(),
      SecretString: JSON.stringify({ client_id: ADMIN.clientId, client_secret: ADMIN.clientSecret }),
    });
  }

  /** A key at Streamkap, its file under AWSCURRENT, with fields that nobody here knows. */
  provision(): void {
    const kafka = { username: 'orders', password: FIRST, kafka_acls: [], is_create_schema_registry: false };
    const file = this.streamkap.seedProjectKey({ name: 'orders', kafka_config: kafka } as never);
    const value = { ...file, vendor_note: { kept: true }, kafka: { ...(file.kafka as object), quota: 7 } };
    this.secrets.call('CreateSecret', {
      ...{ Name: SECRET, ClientRequestToken: versionId('first'), SecretString: JSON.stringify(value) },
      Tags: [{ Key: 'streamkap:strategy', Value: 'single' }],
    });
  }

  /** RotateSecret; the steps are run by {@link RotationDriver.runToEnd} or {@link step}. */
  begin(name = 'second', rotateImmediately = true): { readonly arn: string; readonly token: string } {
    return this.driver.rotate(SECRET, {
      clientRequestToken: versionId(name),
      functionArn: FUNCTION_ARN,
      rotateImmediately,
    });
  }

  /** One step, called by hand. @returns the error's code, or undefined when it succeeded */
  async step(step: RotationStep, name = 'second'): Promise<string | undefined> {
    const event = this.driver.eventFor({ arn: this.arn, token: versionId(name) }, step);
    try {
      await this.invoke(event);
      return undefined;
    } catch (error) {
      return error instanceof Error && 'code' in error ? String(error.code) : String(error);
    }
  }

  async steps(...steps: RotationStep[]): Promise<(string | undefined)[]> {
    const codes: (string | undefined)[] = [];
    for (const step of steps) codes.push(await this.step(step));
    return codes;
  }

  /** @returns what a direct call is answered; undefined for a step */
  async invoke(event: unknown): Promise<LogFields | undefined> {
    const { Step = 'other', RotationToken } = (event ?? {}) as { Step?: RotationStep; RotationToken?: string };
    if (RotationToken) this.secretTexts.add(RotationToken);
    this.#step = Step;
    this.#invocation++;
    this.#life = { isOver: false };
    const life = this.#life;
    const end = this.now + this.remainingMs;
    const killed = new Promise<never>((_, reject) => {
      this.#kill = () => {
        life.isOver = true;
        reject(new Killed('the process was killed'));
      };
    });
    const handler = rotationHandler(() => this.#warm ?? this.#container(), this.#rotation);
    const said = this.lines.length;
    const running = handler(event, { awsRequestId: 'req-1', getRemainingTimeInMillis: () => end - this.now });
    running.catch(() => {});
    try {
      return await Promise.race([running, killed]);
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

  get id(): string {
    return this.streamkap.projectKeys[0]?.id ?? '';
  }

  /** The password in a version, by label or by the name of its token. */
  passwordUnder(at: { readonly stage: string } | { readonly token: string }): string | undefined {
    const selector = 'stage' in at ? { stage: at.stage } : { versionId: versionId(at.token) };
    const value = this.secrets.valueOf(SECRET, selector);
    return value === undefined ? undefined : (JSON.parse(value) as { kafka?: { password?: string } }).kafka?.password;
  }

  /** What Kafka accepts now. */
  get accepted(): string | undefined {
    this.streamkap.settle();
    return this.users.passwordOf('orders');
  }

  /** Labels by the names of tokens: `{ first: ['AWSCURRENT'] }`. KEYRING_MADE, on whatever createSecret stored last, is left out. */
  get labels(): Record<string, string[]> {
    const names = new Map(['first', 'second', 'third', 'manual'].map((name) => [versionId(name), name]));
    const labels = Object.entries(this.secrets.labels(SECRET))
      .map(([id, stages]) => [id, stages.filter((label) => label !== 'KEYRING_MADE')] as const)
      .filter(([, stages]) => stages.length > 0);
    return Object.fromEntries(labels.map(([id, stages]) => [names.get(id) ?? id, stages]));
  }

  count(operation: string): number {
    return this.calls.filter((call) => call.operation === operation).length;
  }

  get patches(): string[] {
    return this.calls.filter((call) => call.operation.startsWith('PATCH')).map((call) => call.what ?? '');
  }

  get logins(): string[] {
    return this.calls.filter((call) => call.operation === 'login').map((call) => call.what ?? '');
  }

  fault(fault: Fault): void {
    this.log.script(fault);
  }

  /** Somebody puts a value of their own, in the console. */
  putByHand(password: string): void {
    const value = JSON.parse(this.secrets.valueOf(SECRET) ?? '{}') as { kafka: object };
    const text = JSON.stringify({ ...value, kafka: { ...value.kafka, password } });
    this.secrets.call('PutSecretValue', {
      SecretId: SECRET,
      ClientRequestToken: versionId('manual'),
      SecretString: text,
    });
  }

  /** Somebody changes the password at Streamkap, behind everybody's back. */
  changeBehindOurBack(password: string): void {
    const snapshot = JSON.parse(this.streamkap.snapshot()) as {
      keys: { kafka: { password: string } }[];
      logins: Record<string, string>;
    };
    for (const key of snapshot.keys) key.kafka.password = password;
    snapshot.logins.orders = password;
    this.streamkap.restore(JSON.stringify(snapshot));
  }

  nameOf(password: string): string {
    if (password === FIRST) return 'first';
    for (const name of ['second', 'third', 'manual']) {
      if (this.secrets.labels(SECRET)[versionId(name)] && this.passwordUnder({ token: name }) === password) return name;
    }
    return 'unstored';
  }

  #kill = (): void => {};
  #life = { isOver: false };

  #container(): Container {
    const life = this.#life;
    const isOver = () => (this.#warm ? this.#life : life).isOver;
    const clock: Clock = {
      now: () => this.now,
      sleep: async (milliseconds) => {
        this.now += milliseconds;
      },
    };
    const write = (level: string) => (message: string, fields: LogFields) => {
      this.lines.push({ level, message, fields });
    };
    return {
      environment: this.environment,
      store: secretStoreOver(this.#aws(isOver)),
      transport: (request) => (isOver() ? never() : this.#streamkap(request)),
      login: (request) => (isOver() ? never() : this.#login(request)),
      generatePassword: () => {
        const password = `Generated!Password00000000000${String(100 + this.#passwords++)}`;
        this.secretTexts.add(password);
        return password;
      },
      random: () => 0.5,
      timer: this.#timers.timer,
      memory: new RotationMemory(),
      evidence: this.#recorder(isOver),
      logger: { info: write('info'), warn: write('warn'), error: write('error') },
      clock,
    };
  }

  /** Every external call comes by here, so that a test can look at the world around it, or end the process. */
  async #around<T>(
    facts: Omit<ExternalCall, 'seq' | 'step' | 'invocation'>,
    { effect, spoilt }: { readonly effect: () => Promise<T>; readonly spoilt: (mishap: Mishap) => T },
  ): Promise<T> {
    const call = { seq: this.calls.length + 1, step: this.#step, invocation: this.#invocation, ...facts };
    // Evidence may outlive the call of the function that wrote it: what ends with it is its own process, not the next.
    const kill = this.#kill;
    const befall = (mishap: Mishap): T | Promise<T> => {
      if (mishap === 'kill') kill();
      const isLimited = facts.to === 'streamkap' || facts.to === 'kafka';
      return mishap === 'kill' || (mishap === 'stall' && !isLimited) ? never() : spoilt(mishap);
    };
    this.calls.push(call);
    const first = this.observe?.(call, 'before');
    if (first) return await befall(first);
    const result = await effect().then(
      (value) => () => value,
      (error: unknown) => () => {
        throw error;
      },
    );
    const second = this.observe?.(call, 'after');
    if (second) return await befall(second);
    return result();
  }

  #recordedEvidence(isOver: () => boolean): EvidencePorts {
    return recordedEvidence(this.recorded, (facts, effect) =>
      isOver() ? never() : this.#around(facts, { effect, spoilt: (mishap) => evidenceFailure(mishap) }),
    );
  }

  #streamkap(request: Parameters<HttpTransport>[0]): ReturnType<HttpTransport> {
    this.urls.push(request.url);
    const path = request.url.slice(HOST.length).replace(/\/project-keys\/.+/, '/project-keys/{id}');
    const body = JSON.parse(request.body ?? '{}') as { kafka_password?: string };
    const what = body.kafka_password === undefined ? undefined : this.nameOf(body.kafka_password);
    const operation = `${request.method} ${path}`;
    return this.#around(
      { to: 'streamkap', operation, what },
      {
        effect: async () => withSecretsNoted(await this.#transport(request), this.secretTexts),
        spoilt: (mishap) => {
          if (mishap === 'fail') return { status: 503, headers: {}, body: '{"detail":"no upstream"}' };
          if (mishap === 'throttle') return { status: 429, headers: { 'retry-after': '3' }, body: '{"detail":"slow"}' };
          if (mishap === 'hang' || mishap === 'stall') this.now += request.timeoutMs;
          throw new Error('the connection broke');
        },
      },
    );
  }

  #login(request: LoginRequest): Promise<LoginResult> {
    const effect = async (): Promise<LoginResult> => {
      const scripted = this.login?.(request);
      if (scripted) return scripted;
      this.streamkap.settle();
      const broker = 'broker.example:9092';
      return this.users.passwordOf(request.username) === request.password
        ? { outcome: 'accepted', broker, milliseconds: 1 }
        : { outcome: 'rejected', code: 'SASL_AUTHENTICATION_FAILED', broker, milliseconds: 1 };
    };
    const what = this.nameOf(request.password);
    const spoilt = (mishap: Mishap): LoginResult => {
      if (mishap === 'hang' || mishap === 'stall') this.now += request.timeoutMs;
      return UNKNOWN;
    };
    return this.#around({ to: 'kafka', operation: 'login', what }, { effect, spoilt });
  }

  /** AWS's client as the store sees it; answers carry AWS's clock. */
  #aws(isOver: () => boolean): SecretsManagerCaller {
    type Deserialize = (next: () => Promise<unknown>) => () => Promise<unknown>;
    let seeHeaders: Deserialize = (next) => next;
    const send = (command: { input: Record<string, unknown>; constructor: { name: string } }) => {
      if (isOver()) return never();
      const operation = command.constructor.name.replace(/Command$/, '');
      const { VersionStage, SecretId } = command.input;
      const what = VersionStage === undefined ? String(SecretId) : String(VersionStage);
      const spoilt = (mishap: Mishap) => {
        if (mishap === 'fail') throw named('InternalServiceError', 'no upstream');
        if (mishap === 'throttle') throw named('ThrottlingException', 'Rate exceeded');
        if (mishap === 'hang') this.now += AWS_CALL_MS;
        throw named('TimeoutError', 'the connection broke');
      };
      const effect = async () => {
        const fault = this.log.take('secretsmanager', operation);
        if (fault && fault.kind !== 'propagation' && fault.when === 'before') throw awsFault(fault);
        const response = this.#model(operation, command.input);
        if (fault && fault.kind !== 'propagation') throw awsFault(fault);
        const date = new Date(this.now).toUTCString();
        await seeHeaders(async () => ({ response: { headers: { date } } }))();
        return response;
      };
      return this.#around({ to: 'aws', operation, what }, { effect, spoilt });
    };
    const add = (middleware: Deserialize) => {
      seeHeaders = middleware;
    };
    return { send, middlewareStack: { add } } as unknown as SecretsManagerCaller;
  }

  #model(operation: string, input: Record<string, unknown>): Record<string, unknown> {
    try {
      const isTime = (name: string, value: unknown) => /^(Created|NextRotation)Date$/.test(name) && Number(value) > 0;
      const answer = Object.entries(this.secrets.call(operation, input));
      return Object.fromEntries(
        answer.map(([name, value]) => [name, isTime(name, value) ? new Date(Number(value) * 1000) : value]),
      );
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      throw named(error.code, error.message);
    }
  }
}

const awsFault = (fault: { readonly kind: string; readonly code?: string }): Error =>
  named(
    fault.code ?? (fault.kind === 'status' ? 'InternalServiceError' : 'TimeoutError'),
    "can't find the specified secret value for VersionId: x",
  );

const named = (name: string, message: string): Error => Object.assign(new Error(message), { name });

export const UNKNOWN: LoginResult = { outcome: 'unknown', code: 'ECONNREFUSED', milliseconds: 1 };

/** A version id of the right length that a test can name. */
export function versionId(name: string): string {
  const known = versionIds.get(name);
  if (known !== undefined) return known;
  const id = createHash('sha256').update(name).digest('hex').slice(0, 36);
  versionIds.set(name, id);
  return id;
}

const versionIds = new Map<string, string>();

/** A provisioned world with a rotation registered. */
export function rotating(options: WorldOptions = {}): World {
  const world = new World(options);
  world.provision();
  world.begin();
  return world;
}
