import { onTestFinished, type TestContext, TestRunner } from 'vitest';
import { assertNoLeak } from '../../runner-harness/assert-no-leak.ts';
import { type ActionRun, type RunActionOptions, runAction } from '../../runner-harness/run-action.ts';
import { ScenarioRecorder } from '../../runner-harness/transcript/scenario.ts';
import type { Call, Fault } from '../../sandbox/call-log.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../sandbox/sandbox.ts';
import { undocumented } from '../documented-errors.ts';
import { type Grantee, GrantWatch } from '../granted.ts';
import { overhear } from './overhear.ts';
import { record } from './transcripts.ts';

const ROOT = new URL('../../../', import.meta.url).pathname;

export const SECRET_ID = 'ci/orders';
/** What rotates the secrets of tests that rotate any. */
export const ROTATION_FUNCTION_ARN = 'arn:aws:lambda:eu-central-1:123456789012:function:rotate-password';
const ACLS = '- {topic_name: orders, operation: READ}';
const ASKED = { name: 'Orders CI', 'secret-id': SECRET_ID };

/** What `ensure` is asked for, by the kind of key that comes of it. The Kafka username is derived: orders-ci. */
export const KINDS = {
  'Kafka-only': { ...ASKED, 'kafka-acls': ACLS },
  'API-only': { ...ASKED, roles: 'Read Only' },
  'API + Kafka': { ...ASKED, 'kafka-acls': ACLS, roles: 'Read Only' },
} as const;
export type Kind = keyof typeof KINDS;
export const KIND_NAMES = Object.keys(KINDS) as Kind[];

/** A cancelled job's process gets all three signals at once: no test waits for a grace period. */
const KILLED_AT_ONCE = { sigintMs: 0, sigtermMs: 0 };

export type Inputs = Readonly<Record<string, string>>;

export interface RunOptions
  extends Pick<
    RunActionOptions,
    'cancelAfter' | 'grace' | 'omitFiles' | 'onLine' | 'afterMain' | 'afterPost' | 'workspace' | 'runnerTemp'
  > {
  /** Added to the usual environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Secrets that no call will tell the stand-ins: repository secrets that the inputs hold, or what a test made itself. */
  readonly secrets?: readonly string[];
  /** Repository secrets that are secret in parts only, such as a whole credential file: masked, but no part of them looked for. */
  readonly masked?: readonly string[];
}

/** A sandbox and the shipped bundle run against it. */
export interface World {
  readonly sandbox: Sandbox;
  /**
   * Runs both stages of the shipped bundle as a step of a workflow, then looks for a leak of every secret this world has known:
   * the admin's, all passwords and client secrets ever sent or answered, and all access tokens.
   */
  run(inputs: Inputs, options?: RunOptions): Promise<ActionRun>;
  /** Every secret the stand-ins were sent or answered with so far. */
  secrets(): string[];
  /** The same and those that runs were given, each with a name for people. */
  secretNames(): ReadonlyMap<string, string>;
  /** Calls since the last {@link forget}, as `streamkap POST /project-keys 201`. */
  calls(): string[];
  forget(): void;
  /** Resolves when the call number `seq` (1-based, since the last forget) has been decided. */
  called(seq: number): Promise<void>;
  /** Resolves when the next call of this operation has been decided. */
  reached(service: Fault['service'], operation: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * A world that ends with the test, and whose runs stand in the test's transcript.
 * @param test the test's context, which concurrent tests must give
 */
export async function worldOfTest(
  options: SandboxOptions = {},
  test?: Pick<TestContext, 'onTestFinished' | 'task'>,
): Promise<World> {
  const recorder = new ScenarioRecorder();
  const world = await openWorld(options, recorder);
  (test?.onTestFinished ?? onTestFinished)(() => world.close());
  const { streamkapHost, secretsManagerEndpoint, kafkaBootstrap, caFile } = world.sandbox;
  const names = new Map([
    [streamkapHost, '<streamkap>'],
    [secretsManagerEndpoint, '<secrets-manager>'],
    [kafkaBootstrap, '<kafka>'],
    [caFile, '<ca-file>'],
  ]);
  record(test?.task ?? TestRunner.getCurrentTest(), { recorder, names, secretNames: world.secretNames });
  return world;
}

/** A world for tests that go through many: its runs stand in no transcript unless it gets a recorder. */
export async function openWorld(options: SandboxOptions = {}, recorder?: ScenarioRecorder): Promise<World> {
  const watch = new GrantWatch(ROTATION_FUNCTION_ARN);
  const sandbox = await startSandbox({ deny: watch.deny, ...options });
  const known = overhear(sandbox);
  const givenSecrets = new Map<string, string>();
  const until = watchCalls(sandbox, recorder);
  const run = async (inputs: Inputs, { env = {}, secrets = [], masked = [], afterMain, ...rest }: RunOptions = {}) => {
    for (const secret of secrets) givenSecrets.set(secret, 'a secret of the repository');
    let finished: ActionRun | undefined;
    recorder?.runBegins();
    try {
      finished = await runAction({
        bundleDir: `${ROOT}action/dist`,
        actionYml: `${ROOT}action.yml`,
        inputs: { 'streamkap-host': sandbox.streamkapHost, ...inputs },
        env: environmentOf(sandbox, env),
        secrets: [sandbox.admin.clientSecret, ...secrets, ...masked],
        grace: KILLED_AT_ONCE,
        afterMain: async (main, directories) => {
          recorder?.mainEnds();
          await afterMain?.(main, directories);
        },
        ...rest,
      });
    } finally {
      const killed = finished?.outcome === 'cancelled' && (rest.grace ?? KILLED_AT_ONCE).sigintMs === 0;
      recorder?.runEnds(finished && { given: Object.keys(inputs), killed, finished });
    }
    assertNoLeak(finished, [...known.keys(), ...secrets]);
    watch.assertGranted();
    return finished;
  };
  return {
    sandbox,
    run,
    secrets: () => [...known.keys()],
    secretNames: () => new Map([...givenSecrets, ...known]),
    calls: () => sandbox.log.calls.map(({ service, operation, outcome }) => `${service} ${operation} ${outcome}`),
    forget: () => void sandbox.log.calls.splice(0),
    called: (seq) => until(() => sandbox.log.calls.length >= seq),
    reached: (service, operation) => until((call) => call.service === service && call.operation === operation),
    close: () => sandbox.close(),
  };
}

function environmentOf(sandbox: Sandbox, changes: NonNullable<RunOptions['env']>): Record<string, string> {
  const { STREAMKAP_HOST: _host, STREAMKAP_ADMIN_SECRET_ID: _admin, ...aws } = sandbox.environment;
  const all = {
    ...aws,
    AWS_ACCESS_KEY_ID: 'GitHubAccess' satisfies Grantee,
    AWS_EC2_METADATA_DISABLED: 'true',
    STREAMKAP_CLIENT_ID: sandbox.admin.clientId,
    STREAMKAP_SECRET: sandbox.admin.clientSecret,
    ...changes,
  };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** @returns what resolves at the first call from now on for which it is true */
function watchCalls(
  { log }: Sandbox,
  recorder?: ScenarioRecorder,
): (isDue: (call: Omit<Call, 'seq'>) => boolean) => Promise<void> {
  let waiting: { readonly isDue: (call: Omit<Call, 'seq'>) => boolean; readonly resolve: () => void }[] = [];
  const pass = log.record.bind(log);
  log.record = (call) => {
    pass(call);
    recorder?.called(call);
    const due = waiting.filter(({ isDue }) => isDue(call));
    waiting = waiting.filter((entry) => !due.includes(entry));
    for (const { resolve } of due) resolve();
  };
  return (isDue) => new Promise((resolve) => waiting.push({ isDue, resolve }));
}

/** The credential file in an output, checked for what everybody may rely on: padded, so that it has no `=`, and compact. */
export function fileIn(run: ActionRun): Record<string, unknown> & {
  project_key_id: string;
  kafka: { username: string; password: string; bootstrap_servers: string } | null;
  api: { client_id: string; client_secret: string; token_endpoint: string } | null;
} {
  const { credentials = '' } = run.outputs;
  if (credentials === '' || credentials.length % 4 !== 0 || credentials.includes('='))
    throw new Error(`credentials is not padded: ${credentials.length} characters; ${errorOf(run)}`);
  const text = Buffer.from(credentials, 'base64').toString();
  const file = JSON.parse(text);
  if (text.trimEnd() !== JSON.stringify(file)) throw new Error('credentials is not compact');
  return file;
}

/** The value under AWSCURRENT, parsed. */
export function storedIn({ sandbox }: World, secretId: string = SECRET_ID): Record<string, unknown> {
  return JSON.parse(sandbox.secretsManager.valueOf(secretId) ?? 'null');
}

/** The one error of a failed run; throws unless there is exactly one, of one line, that docs/action.md explains. */
export function errorOf(run: ActionRun): string {
  const { errors } = run.annotations;
  const [error = ''] = errors;
  if (errors.length !== 1 || /[\r\n]/.test(error)) throw new Error(`${errors.length} errors: ${errors.join(' | ')}`);
  const complaint = undocumented(error);
  if (complaint) throw new Error(complaint);
  return error;
}

/** Scripts that the call with this number, counted as in the log of a clean run, meets a fault. */
export function faultAt(calls: readonly { service: Fault['service']; operation: string }[], index: number) {
  const call = calls[index];
  if (!call) throw new Error(`no call ${index}`);
  const same = calls
    .slice(0, index)
    .filter((each) => each.service === call.service && each.operation === call.operation);
  return { service: call.service, operation: call.operation, skip: same.length };
}

/** Whether the credential works: a token for its API part, the password Kafka accepts for its Kafka part. */
export async function assertWorks({ sandbox }: World, file: ReturnType<typeof fileIn>): Promise<void> {
  if (file.kafka && sandbox.kafkaUsers.passwordOf(file.kafka.username) !== file.kafka.password)
    throw new Error('Kafka does not accept the password of the credential');
  if (!file.api) return;
  const answer = await fetch(file.api.token_endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_id: file.api.client_id, secret: file.api.client_secret }),
  });
  if (!answer.ok) throw new Error(`Streamkap answers ${answer.status} to the API part of the credential`);
}

/** Runs the jobs a few at a time: the machine has few cores, and each job starts processes. */
export async function inTurns<T>(jobs: readonly (() => Promise<T>)[], width: number): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < jobs.length; index = next++) {
      const job = jobs[index];
      if (job) results[index] = await job();
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}
