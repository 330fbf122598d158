import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KafkaUsers } from '../../sandbox/kafka-users.ts';
import { announced } from './cache.ts';
import { Administration, type UserAcl } from './kafka/administration.ts';
import { makeCertificates } from './kafka/certificates.ts';
import { CuttingProxy } from './kafka/cutting-proxy.ts';
import { installKafka, logTo } from './kafka/install.ts';
import { serverProperties } from './kafka/server-properties.ts';
import { FileKafkaUsers } from './kafka/users-file.ts';
import { freePorts, mustRun, type RunningChild, startChild } from './process.ts';

export type { UserAcl } from './kafka/administration.ts';

export interface KafkaOptions {
  /** What the client listener offers. @default ['PLAIN', 'SCRAM-SHA-512'], so that SCRAM-SHA-256 is a wrong mechanism */
  readonly mechanisms?: readonly string[];
}

/** A real Apache Kafka broker behind a cutting proxy. */
export interface RunningKafka {
  /** `127.0.0.1:port` of the proxy; what the broker advertises too. */
  readonly bootstrap: string;
  /** PEM of the CA that signed the broker's certificate. */
  readonly caFile: string;
  /** Changes take effect at the next login; sessions live on until {@link disconnectAll}. */
  readonly users: KafkaUsers;
  /** Cuts every client connection, as Streamkap does when a password changes. */
  disconnectAll(): void;
  /** Which certificate clients meet from the next connection on; open ones are cut, as by a broker that restarts with another. */
  presentCertificate(which: 'trusted' | 'untrusted'): void;
  createTopic(name: string): Promise<void>;
  addAcl(acl: UserAcl): Promise<void>;
  deleteAcls(username: string): Promise<void>;
  topics(): Promise<string[]>;
  produce(topic: string, lines: readonly string[]): Promise<void>;
  /** From its return on clients get "connection refused"; data, users and addresses are kept. */
  stopBroker(): Promise<void>;
  startBroker(): Promise<void>;
  /** Stops everything and removes its files. Safe to call twice. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 120_000;
const MEMORY = ['-Xms32m', '-Xmx192m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** Installs Kafka when the cache lacks it and starts one broker: about 4 s from a warm cache. */
export async function startKafka(options: KafkaOptions = {}): Promise<RunningKafka> {
  const classPath = await installKafka();
  const folder = await mkdtemp(join(tmpdir(), 'keyring-kafka-'));
  const proxy = new CuttingProxy(() => broker.ports[broker.certificate]);
  const broker = new Broker(classPath, folder, proxy);
  try {
    await proxy.listen();
    await announced('starting Apache Kafka', () => broker.prepare(options.mechanisms ?? ['PLAIN', 'SCRAM-SHA-512']));
  } catch (error) {
    await broker.remove();
    throw error;
  }
  return {
    bootstrap: `127.0.0.1:${proxy.port}`,
    caFile: join(folder, 'ca.pem'),
    users: broker.users,
    disconnectAll: () => proxy.cutAll(),
    presentCertificate: (which) => {
      broker.certificate = which;
      proxy.cutAll();
    },
    createTopic: (name) => broker.administration.createTopic(name),
    addAcl: (acl) => broker.administration.addAcl(acl),
    deleteAcls: (username) => broker.administration.deleteAcls(username),
    topics: () => broker.administration.topics(),
    produce: (topic, lines) => broker.administration.produce(topic, lines),
    stopBroker: () => broker.stop(),
    startBroker: () => broker.start(),
    stop: () => broker.remove(),
  };
}

class Broker {
  /** Of the two listeners for clients. */
  readonly ports = { trusted: 0, untrusted: 0 };
  certificate: keyof Broker['ports'] = 'trusted';
  readonly users: FileKafkaUsers;
  readonly #classPath: string;
  readonly #folder: string;
  readonly #proxy: CuttingProxy;
  #process: RunningChild | undefined;
  #administration: Administration | undefined;

  constructor(classPath: string, folder: string, proxy: CuttingProxy) {
    this.#classPath = classPath;
    this.#folder = folder;
    this.#proxy = proxy;
    this.users = new FileKafkaUsers(join(folder, 'users'));
  }

  get administration(): Administration {
    if (this.#administration === undefined) throw new Error('the broker is not prepared');
    return this.#administration;
  }

  /** Writes certificates and settings, formats the log folder, starts. */
  async prepare(mechanisms: readonly string[]): Promise<void> {
    const [clients = 0, untrusted = 0, admin = 0, controller = 0] = await freePorts(4);
    Object.assign(this.ports, { trusted: clients, untrusted });
    const [dataFolder, strangersFolder] = [join(this.#folder, 'data'), join(this.#folder, 'untrusted')];
    for (const folder of [dataFolder, strangersFolder]) await mkdir(folder);
    const { keyStoreFile } = await makeCertificates(this.#folder);
    const { keyStoreFile: untrustedKeyStoreFile } = await makeCertificates(strangersFolder);
    const ports = { advertised: this.#proxy.port, clients, untrusted, admin, controller };
    const usersFile = join(this.#folder, 'users');
    const files = { dataFolder, usersFile, keyStoreFile, untrustedKeyStoreFile };
    const settings = serverProperties({ ...files, mechanisms, ports });
    await writeFile(this.#settingsFile, settings);
    const clusterId = randomBytes(16).toString('base64url').replace(/^-/, 'A');
    const format = ['-cp', this.#classPath, ...MEMORY, 'kafka.tools.StorageTool', 'format', '-t', clusterId];
    await mustRun('java', [...format, '-c', this.#settingsFile], { timeoutMs: START_TIMEOUT_MS });
    this.#administration = new Administration(`127.0.0.1:${admin}`);
    await this.#startProcess();
  }

  async start(): Promise<void> {
    await this.#startProcess();
    await this.#proxy.listen();
  }

  async stop(): Promise<void> {
    await this.#proxy.close();
    await this.#process?.stop();
    this.#process = undefined;
  }

  async remove(): Promise<void> {
    await this.#administration?.close().catch(() => {});
    this.#administration = undefined;
    await this.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #startProcess(): Promise<void> {
    const args = ['-cp', this.#classPath, ...MEMORY, ...logTo('INFO'), 'kafka.Kafka', this.#settingsFile];
    this.#process = await startChild('java', args, { cwd: this.#folder });
    // An INFO line, the last of start-up.
    await this.#process.waitForOutput(/Kafka Server started/, START_TIMEOUT_MS);
  }

  get #settingsFile(): string {
    return join(this.#folder, 'server.properties');
  }
}
