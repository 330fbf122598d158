import { randomUUID } from 'node:crypto';
import { systemClock } from '../core/clock.ts';
import { probeLogin } from '../core/login-probe/probe.ts';
import { generateKafkaPassword } from '../core/password.ts';
import type { Credential } from '../core/provisioning/kind.ts';
import type { ProvisioningPorts, ProvisioningReport } from '../core/provisioning/ports.ts';
import type { SecretStore, SecretTagger } from '../core/secret-store.ts';
import type { StreamkapClient } from '../core/streamkap/client.ts';
import type { ReadInput } from './input-values.ts';
import { type BaseInputs, type Inputs, parseInputs } from './inputs.ts';
import { Masking } from './masking.ts';
import { type Provenance, readProvenance } from './provenance.ts';
import { requireUsableProxies } from './proxy.ts';
import type { Runner } from './runner.ts';
import { streamkapClient } from './streamkap.ts';

/** One stage of one step: its inputs, and the world as it may touch it. */
export interface Job<I extends BaseInputs = Inputs> {
  readonly inputs: I;
  readonly runner: Runner;
  readonly environment: NodeJS.ProcessEnv;
  readonly masking: Masking;
  /** AWS's client is loaded and made on first use: a look-up of a passed-in key never needs it. */
  readonly openStore: () => Promise<SecretStore & SecretTagger>;
  readonly streamkap: StreamkapClient;
  /** Who has a key made, read when one is. */
  readonly provenance: () => Promise<Provenance>;
}

/** Milliseconds for one request to AWS where there is a deadline: two more may follow it. */
const HURRIED_AWS_MS = 2_000;

/** Where a stage runs. */
export interface Surroundings {
  readonly runner: Runner;
  readonly environment: NodeJS.ProcessEnv;
  /** Milliseconds since the epoch after which Streamkap is not called or waited for; left out: none. */
  readonly deadline?: number | undefined;
}

/** @throws InputError; nothing was called until then */
export function prepareJob(runner: Runner, environment: NodeJS.ProcessEnv, deadline?: number): Promise<Job> {
  return prepareJobOf(parseInputs, { runner, environment, deadline });
}

/** The same for any kind of credential, whose inputs `parse` reads. */
export async function prepareJobOf<I extends BaseInputs>(
  parse: (read: ReadInput, environment: NodeJS.ProcessEnv) => Promise<I>,
  { runner, environment, deadline }: Surroundings,
): Promise<Job<I>> {
  requireUsableProxies(environment);
  const inputs = await parse((name) => runner.getInput(name), environment);
  const masking = new Masking(runner, inputs);
  if (inputs.admin.from === 'pair') masking.add(inputs.admin.credential.clientSecret);
  let store: Promise<SecretStore & SecretTagger> | undefined;
  const openStore = () => {
    const hurry = deadline === undefined ? {} : { requestTimeoutMs: HURRIED_AWS_MS };
    store ??= import('../core/aws-secret-store.ts').then(({ awsSecretStore }) =>
      awsSecretStore({ environment, ...hurry }),
    );
    return store;
  };
  let provenance: Promise<Provenance> | undefined;
  return {
    inputs,
    runner,
    environment,
    masking,
    openStore,
    provenance: () => {
      provenance ??= readProvenance(runner);
      return provenance;
    },
    streamkap: streamkapClient(inputs, { masking, environment, openStore, deadline }),
  };
}

/** The world as provisioning sees it. */
export function portsOf(job: Job<BaseInputs>): Omit<ProvisioningPorts, 'store'> {
  return {
    streamkap: job.streamkap,
    probe: probeLogin,
    clock: systemClock,
    randomId: randomUUID,
    generatePassword: () => generateKafkaPassword(),
    report: reportOf(job),
  };
}

export function reportOf({ runner, masking }: Job<BaseInputs>): ProvisioningReport<Credential> {
  return {
    secretSeen: (secret) => masking.add(secret),
    progress: (line) => runner.info(line),
    warning: (line) => runner.warning(line),
  };
}

/** @returns which run this is, for people who read an intent */
export function runName(environment: NodeJS.ProcessEnv): string {
  const { GITHUB_REPOSITORY = 'local', GITHUB_RUN_ID = '0', GITHUB_RUN_ATTEMPT = '1', GITHUB_JOB = '' } = environment;
  return `${GITHUB_REPOSITORY} run ${GITHUB_RUN_ID}.${GITHUB_RUN_ATTEMPT} ${GITHUB_JOB}`.trim().slice(0, 200);
}
