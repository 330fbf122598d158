import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BundleHandler } from '../../sandbox/bundle-handler.ts';
import { type EventBus, startEventBus } from '../../sandbox/event-bus.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import type { Invoke, RotationStep } from '../../sandbox/secrets-manager/rotation-events.ts';
import { projectFolder } from '../judges/cache.ts';
import { UsersWithAcls } from '../judges/kafka/users-with-acls.ts';
import { type RunningKafka, startKafka } from '../judges/kafka.ts';
import { startLambda } from '../judges/lambda.ts';
import type { LoginAttempt } from '../judges/login.ts';
import { asRotationFunction } from '../lambda/rotation-function.ts';

export const SECRET = 'keyring/orders';
export const STANDBY = `${SECRET}/standby`;
export const TOPIC = 'orders';
export const USER = 'orders';
/** What every test's groups are called first; the key may read as these alone. */
export const GROUPS = 'orders-';
export const FIRST_PASSWORD = 'First-Password!0000000000000001';

const FUNCTION_ARN = 'arn:aws:lambda:eu-central-1:123456789012:function:rotate-password';
const BUNDLE_FOLDER = join(projectFolder, 'functions/dist/rotate-password');

export interface RotationWorldOptions {
  readonly strategy: 'single' | 'alternating';
  /** Called at a PATCH that changed a password, when it is in force, sessions are cut, and Streamkap has not answered yet. */
  readonly onPasswordChanged?: (kafka: RunningKafka) => void;
}

export interface Rotated {
  readonly token: string;
  /** As Secrets Manager tells it: `RotationSucceeded`, `RotationFailed`. */
  readonly outcome: string | undefined;
}

/** A line of the function's, as far as tests read it. */
export interface LogLine {
  readonly step: RotationStep;
  readonly error_code?: string;
  readonly error?: string;
  readonly changed?: string;
  readonly retryable?: boolean;
  readonly signal?: string;
  readonly consumer_gap_ms?: number;
}

/** A project key in a secret, a real broker behind Streamkap's stand-in, the shipped function behind Secrets Manager's. */
export interface RotationWorld {
  readonly kafka: RunningKafka;
  readonly sandbox: Sandbox;
  readonly bus: EventBus;
  /** Where clients find Secrets Manager; no secret of Streamkap's. */
  readonly environment: Readonly<Record<string, string>>;
  /** Awaited before a step's function is called. @default nothing */
  beforeStep: (step: RotationStep) => Promise<void>;
  /** The function in a fresh process for every step, with these variables beside the usual ones. */
  deployCold(environment?: Readonly<Record<string, string>>): void;
  /** The function under Lambda's runtime interface emulator, warm between the steps. */
  deployWarm(): Promise<void>;
  /** RotateSecret, to the end of one sequence. @param token the one of a rotation to go on with; default a new one */
  rotate(token?: string): Promise<Rotated>;
  /** All that the function in place has printed. */
  log(): string;
  /** Its own lines of {@link log}. */
  lines(): LogLine[];
  /** The stored Kafka login. @param stage default AWSCURRENT */
  stored(stage?: string): LoginAttempt;
  stop(): Promise<void>;
}

export async function startRotationWorld(options: RotationWorldOptions): Promise<RotationWorld> {
  const started: { stop(): Promise<void> }[] = [];
  const stop = async () => {
    for (const one of started.splice(0).reverse()) await one.stop();
  };
  try {
    // The same object: what a test sets on it is what the parts look at.
    return Object.assign(await compose(options, started), { stop });
  } catch (error) {
    await stop();
    throw error;
  }
}

async function compose(
  { strategy, onPasswordChanged }: RotationWorldOptions,
  started: { stop(): Promise<void> }[],
): Promise<Omit<RotationWorld, 'stop'>> {
  const kafka = await startKafka();
  started.push(kafka);
  await kafka.createTopic(TOPIC);
  const users = new UsersWithAcls(kafka, () => sandbox.streamkap);
  const bus = await startEventBus();
  started.push(bus);
  const sandbox = await startSandbox({
    rotation: { maxSequences: 1 },
    kafka: {
      ...{ users, bootstrap: kafka.bootstrap, caPem: await readFile(kafka.caFile, 'utf8') },
      settled: () => users.settled,
      onPasswordChanged: () => {
        kafka.disconnectAll();
        onPasswordChanged?.(kafka);
      },
    },
  });
  started.push({ stop: () => sandbox.close() });
  storeKey(sandbox, strategy);
  await users.settled;

  const functionEnvironment = { ...sandbox.environment, ...bus.environment, ROTATION_STRATEGY: strategy };
  const world = {
    ...{ kafka, sandbox, bus, beforeStep: async () => {} },
    environment: { ...sandbox.environment, AWS_DEFAULT_REGION: sandbox.environment.AWS_REGION ?? '' },
    log: () => '',
    lines: () => logLines(world.log()),
    stored: (stage = 'AWSCURRENT') => storedLogin(world, stage),
    deployCold(environment: Readonly<Record<string, string>> = {}) {
      const bundle = join(BUNDLE_FOLDER, 'index.mjs');
      const handler = new BundleHandler({ bundle, environment: { ...functionEnvironment, ...environment } });
      started.push(handler);
      world.log = () => handler.runs.map(({ output }) => output).join('');
      sandbox.setHandler(afterWaiting(world, handler.invoke));
    },
    async deployWarm() {
      const lambda = await startLambda({ bundleFolder: BUNDLE_FOLDER, env: functionEnvironment });
      started.push(lambda);
      world.log = lambda.log;
      sandbox.setHandler(afterWaiting(world, asRotationFunction(lambda)));
    },
    rotate: (token: string = randomUUID()) => rotate(sandbox, token),
  };
  return world;
}

const afterWaiting =
  (world: Pick<RotationWorld, 'beforeStep'>, invoke: Invoke): Invoke =>
  async (event, target) => {
    await world.beforeStep(event.Step);
    await invoke(event, target);
  };

async function rotate({ secretsManager, secretsManagerServer }: Sandbox, token: string): Promise<Rotated> {
  secretsManager.call('RotateSecret', {
    ...{ SecretId: SECRET, ClientRequestToken: token, RotationLambdaARN: FUNCTION_ARN },
    RotationRules: { AutomaticallyAfterDays: 30 },
  });
  await secretsManagerServer.idle();
  return { token, outcome: secretsManagerServer.driver()?.events.at(-1)?.eventName };
}

function logLines(log: string): LogLine[] {
  return log
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as LogLine);
}

function storedLogin({ sandbox, kafka }: Pick<RotationWorld, 'sandbox' | 'kafka'>, stage: string): LoginAttempt {
  const { SecretString: text } = sandbox.secretsManager.call('GetSecretValue', {
    ...{ SecretId: SECRET, VersionStage: stage },
  });
  const { username, password, sasl_mechanism: mechanism } = JSON.parse(String(text)).kafka;
  return { bootstrap: kafka.bootstrap, caFile: kafka.caFile, username, password, mechanism };
}

function storeKey({ streamkap, secretsManager }: Sandbox, strategy: string): void {
  const read = { operation: 'READ', resource_pattern_type: 'LITERAL' } as const;
  const file = streamkap.seedProjectKey({
    name: USER,
    kafka_config: {
      ...{ username: USER, password: FIRST_PASSWORD, is_create_schema_registry: false },
      kafka_acls: [
        { ...read, topic_name: TOPIC, resource: 'TOPIC' },
        { ...read, topic_name: GROUPS, resource: 'GROUP', resource_pattern_type: 'PREFIXED' },
      ],
    },
  });
  secretsManager.call('CreateSecret', {
    ...{ Name: SECRET, ClientRequestToken: randomUUID(), SecretString: JSON.stringify(file) },
    Tags: [{ Key: 'streamkap:strategy', Value: strategy }],
  });
  if (strategy === 'alternating') secretsManager.call('CreateSecret', { Name: STANDBY });
}
