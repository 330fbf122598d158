import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Deny } from './access.ts';
import { CallLog } from './call-log.ts';
import { makeCertificates } from './certificates.ts';
import { startControl } from './control.ts';
import { HandlerSlot, type RotationSettings, type SandboxBundle } from './handler-slot.ts';
import { type KafkaListener, startKafkaListener } from './kafka/listener.ts';
import { type KafkaUsers, MemoryKafkaUsers } from './kafka-users.ts';
import { startLambdaApi } from './lambda/server.ts';
import type { DriverOptions, Invoke } from './secrets-manager/rotation-events.ts';
import { type SecretsManagerServer, startSecretsManager } from './secrets-manager/server.ts';
import { SecretsManagerState, type StateOptions } from './secrets-manager/state.ts';
import { startStreamkap } from './streamkap/server.ts';
import { type StreamkapOptions, StreamkapState } from './streamkap/state.ts';

/** A Kafka that somebody else runs; then no listener is started. */
export interface OuterKafka {
  readonly users: KafkaUsers;
  /** `host:port`, comma-separated. */
  readonly bootstrap: string;
  readonly caPem: string;
  /** Called when a new password has reached {@link users}. */
  readonly onPasswordChanged?: (username: string) => void;
  /** Awaited before Streamkap answers: what changes of {@link users} have set going at the broker. */
  readonly settled?: () => Promise<unknown>;
}

export interface SandboxOptions {
  /** Epoch milliseconds. @default the system's clock */
  readonly now?: () => number;
  /** @default random UUIDs */
  readonly randomId?: () => string;
  /** How the Streamkap tenant behaves. */
  readonly streamkap?: Partial<Omit<StreamkapOptions, 'now' | 'randomId' | 'kafkaUsers' | 'bootstrapServers'>>;
  /** How the AWS account behaves. */
  readonly secretsManager?: Partial<Omit<StateOptions, 'now' | 'randomId'>>;
  /** Secrets Manager takes requests signed for whatever Region. @default false */
  readonly anyRegion?: boolean;
  /** IAM, for Secrets Manager and Lambda. @default everybody may do everything */
  readonly deny?: Deny;
  /** How rotations run that RotateSecret starts. */
  readonly rotation?: Partial<Omit<DriverOptions, 'state' | 'invoke'>>;
  readonly kafka?: OuterKafka;
  /** SASL mechanisms of the sandbox's own listener. @default all it knows */
  readonly mechanisms?: readonly string[];
}

/** What a client needs to know; the one line of JSON that `npm run sandbox` prints. */
export interface SandboxFacts {
  readonly streamkapHost: string;
  readonly secretsManagerEndpoint: string;
  readonly lambdaEndpoint: string;
  readonly kafkaBootstrap: string;
  /** Path of the PEM file that Kafka's certificate is signed by. */
  readonly caFile: string;
  readonly admin: { readonly clientId: string; readonly clientSecret: string };
  readonly serviceId: string;
  readonly adminSecretId: string;
  readonly controlUrl: string;
}

export interface Sandbox extends SandboxFacts {
  /** Region, AWS credentials and addresses under the names that processes look for them. Holds no Streamkap secret. */
  readonly environment: Readonly<Record<string, string>>;
  readonly log: CallLog;
  readonly streamkap: StreamkapState;
  readonly secretsManager: SecretsManagerState;
  /** For KMS modes, the rotation driver's events, and waiting until rotations have ended. */
  readonly secretsManagerServer: SecretsManagerServer;
  readonly kafkaUsers: KafkaUsers;
  /** The sandbox's own listener; undefined with an outer Kafka. */
  readonly kafka: KafkaListener | undefined;
  /** The function that RotateSecret calls, in process; undefined: none. */
  setHandler(invoke: Invoke | undefined): void;
  /** As `POST /handler`: a bundle, run in a fresh process for every step. */
  setBundle(options: SandboxBundle | undefined): void;
  /** Stops everything, handlers under way included, and removes the temporary directory. */
  close(): Promise<void>;
}

const ADMIN_SECRET_ID = 'streamkap/admin';
const REGION = 'eu-central-1';
/** What requests to Lambda must be signed with. */
const SECRET_KEY = 'sandbox';

/** @returns the facts of a sandbox without its handles, ready to be printed */
export function factsOf(sandbox: SandboxFacts): SandboxFacts {
  const { streamkapHost, secretsManagerEndpoint, lambdaEndpoint, kafkaBootstrap, caFile } = sandbox;
  const { admin, serviceId, adminSecretId, controlUrl } = sandbox;
  return {
    ...{ streamkapHost, secretsManagerEndpoint, lambdaEndpoint, kafkaBootstrap, caFile },
    ...{ admin, serviceId, adminSecretId, controlUrl },
  };
}

/** Starts the stand-ins and the control server on loopback, each on a free port, with the admin secret in place. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const closers: Closer[] = [];
  const close: Closer = async () => {
    for (const one of closers.splice(0).reverse()) await one();
  };
  try {
    return { ...(await compose(options, (closer) => closers.push(closer))), close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Closer = () => Promise<void>;
type OnClose = (closer: Closer) => void;

async function compose(options: SandboxOptions, onClose: OnClose): Promise<Omit<Sandbox, 'close'>> {
  const log = new CallLog();
  const kafka = await provideKafka(options, log, onClose);
  const caFile = await provideCaFile(kafka.caPem, onClose);
  const { streamkap, streamkapHost, admin } = await provideStreamkap(options, { log, kafka, onClose });
  const { secretsManager, secretsManagerServer, settings } = await provideAws(options, { log, admin, onClose });
  const region = options.secretsManager?.region ?? REGION;
  const lambda = await startLambdaApi({
    ...{ log, region, secretKey: SECRET_KEY, now: options.now ?? Date.now, deny: options.deny },
    functions: () => secretsManager.rotationFunctions(),
    call: () => slot.directCall,
  });
  onClose(() => lambda.close());
  const environment = {
    STREAMKAP_HOST: streamkapHost,
    STREAMKAP_ADMIN_SECRET_ID: ADMIN_SECRET_ID,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: 'AKIASANDBOXSANDBOX00',
    AWS_SECRET_ACCESS_KEY: SECRET_KEY,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManagerServer.url,
    AWS_ENDPOINT_URL_LAMBDA: lambda.url,
    NODE_EXTRA_CA_CERTS: caFile,
  };
  const slot = new HandlerSlot({ server: secretsManagerServer, settings, environment });
  onClose(() => slot.close());
  const setBundle = (bundle: SandboxBundle | undefined): void => slot.setBundle(bundle);
  const control = await startControl({ log, streamkap, secretsManagerServer, setBundle, bundle: () => slot.bundle });
  onClose(() => control.close());
  return {
    ...{ streamkapHost, caFile, admin, environment, log, streamkap, secretsManager, secretsManagerServer, setBundle },
    secretsManagerEndpoint: secretsManagerServer.url,
    lambdaEndpoint: lambda.url,
    kafkaBootstrap: kafka.bootstrap,
    serviceId: streamkap.settings.serviceId,
    adminSecretId: ADMIN_SECRET_ID,
    controlUrl: control.url,
    kafkaUsers: kafka.users,
    kafka: kafka.listener,
    setHandler: (invoke) => slot.setHandler(invoke),
  };
}

type ProvidedKafka = OuterKafka &
  Required<Pick<OuterKafka, 'onPasswordChanged'>> & { readonly listener: KafkaListener | undefined };

async function provideKafka(options: SandboxOptions, log: CallLog, onClose: OnClose): Promise<ProvidedKafka> {
  if (options.kafka !== undefined) return { onPasswordChanged: () => {}, ...options.kafka, listener: undefined };
  const users = new MemoryKafkaUsers();
  const certificates = await makeCertificates();
  const mechanisms = options.mechanisms === undefined ? {} : { mechanisms: options.mechanisms };
  const listener = await startKafkaListener({ users, log, certificates, ...mechanisms });
  onClose(() => listener.close());
  return {
    ...{ users, listener, caPem: certificates.caPem, bootstrap: listener.bootstrap },
    onPasswordChanged: (username) => listener.disconnect(username),
  };
}

async function provideCaFile(caPem: string, onClose: OnClose): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'streamkap-keyring-sandbox-'));
  onClose(() => rm(directory, { recursive: true, force: true }));
  const caFile = join(directory, 'ca.pem');
  await writeFile(caFile, caPem);
  return caFile;
}

interface World {
  readonly log: CallLog;
  readonly onClose: OnClose;
}

async function provideStreamkap(options: SandboxOptions, world: World & { readonly kafka: ProvidedKafka }) {
  const { now = Date.now, randomId = randomUUID } = options;
  const { log, onClose, kafka } = world;
  const admin = options.streamkap?.admin ?? { clientId: randomId(), clientSecret: randomId() };
  let streamkapHost = '';
  const streamkap = new StreamkapState({
    apiBaseUrl: () => streamkapHost,
    onPasswordChanged: kafka.onPasswordChanged,
    ...options.streamkap,
    ...{ now, randomId, admin, kafkaUsers: kafka.users, bootstrapServers: kafka.bootstrap },
  });
  const server = await startStreamkap({ state: streamkap, log, ...(kafka.settled && { settled: kafka.settled }) });
  onClose(() => server.close());
  streamkapHost = server.url;
  return { streamkap, streamkapHost, admin };
}

async function provideAws(options: SandboxOptions, world: World & { readonly admin: SandboxFacts['admin'] }) {
  const { now = Date.now, randomId = randomUUID } = options;
  const { log, onClose, admin } = world;
  const settings: RotationSettings = { pendingAfterSuccess: 'left', ...options.rotation };
  const secretsManager = new SecretsManagerState({ region: REGION, ...options.secretsManager, now, randomId });
  const secretsManagerServer = await startSecretsManager({
    ...{ state: secretsManager, log, rotation: settings, deny: options.deny },
    anyRegion: options.anyRegion ?? false,
  });
  onClose(() => secretsManagerServer.close());
  secretsManager.call('CreateSecret', {
    Name: ADMIN_SECRET_ID,
    ClientRequestToken: randomUUID(),
    SecretString: JSON.stringify({ client_id: admin.clientId, client_secret: admin.clientSecret }),
  });
  return { secretsManager, secretsManagerServer, settings };
}
