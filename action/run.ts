import { systemClock } from '../core/clock.ts';
import { lookUp } from '../core/provisioning/look-up.ts';
import { provision } from '../core/provisioning/provision.ts';
import { checkDelivery } from './check-delivery.ts';
import { existingKey } from './existing-key.ts';
import type { Inputs, MakingModeInputs } from './inputs.ts';
import { type Job, portsOf, prepareJob, reportOf, runName } from './job.ts';
import { alreadyThere, requireMakeable, warnOfPowerlessKey } from './new-key.ts';
import { type Delivery, deliver, deliveryOf } from './outputs.ts';
import { provenanceTags, withProvenance } from './provenance.ts';
import { harmlessLines, type Runner, requireCommandFiles } from './runner.ts';
import { tagSecret } from './secret-tags.ts';
import { prepareKey } from './streamkap.ts';
import { summaryOf } from './summary.ts';

/**
 * The Action's main stage: get a credential by the mode that was asked for, hand it to later steps.
 * @throws KeyringError; until then nothing was handed out
 */
export async function run(outerRunner: Runner, environment: NodeJS.ProcessEnv): Promise<void> {
  const runner = harmlessLines(outerRunner);
  requireCommandFiles(environment, ['GITHUB_OUTPUT', 'GITHUB_ENV', 'GITHUB_STATE']);
  if (runner.getInput('kind') === 'client-credential') {
    const { runClientCredential } = await import('./client-credential/run.ts');
    return await runClientCredential(runner, environment);
  }
  const job = await prepareJob(runner, environment);
  await requireConfigFilePlace(job);
  if (job.inputs.change.dryRun) return await (await import('./dry-run.ts')).dryRun(job);
  if (job.inputs.mode === 'create' && job.inputs.secretId === null) {
    requireMakeable(job.inputs);
    warnOfPowerlessKey(job, job.inputs.key);
    const { createWithoutSecret } = await import('./unstored-key.ts');
    return await createWithoutSecret(job, job.inputs, handOut);
  }
  if (job.inputs.mode === 'rotate') {
    const { rotateSecret } = await import('./rotate.ts');
    const delivery = await rotateSecret(job, job.inputs);
    return await handOut(job, delivery, delivery.endOld);
  }
  await handOut(job, await obtain(job, job.inputs));
}

/** @param last what only a proven credential allows, and what may fail only before it is handed out */
async function handOut(job: Job, delivery: Delivery, last?: () => Promise<void>): Promise<void> {
  const login = await checkDelivery(job, delivery);
  await last?.();
  const handedOut = await deliver(job, delivery);
  job.runner.summarize(summaryOf(delivery, login, handedOut));
}

/** A file that could not be written is said before a key is made, not after. */
async function requireConfigFilePlace({ inputs, environment }: Job): Promise<void> {
  if (!inputs.configFile) return;
  const { placeOf } = await import('./config-file.ts');
  placeOf(inputs.configFile, environment);
}

async function obtain(job: Job, inputs: Exclude<Inputs, { mode: 'rotate' }>): Promise<Delivery> {
  if (inputs.mode !== 'lookup') return await ensure(job, inputs);
  if ('file' in inputs.source) {
    job.masking.add(inputs.source.file);
    return { result: 'found', file: inputs.source.file, status: 'unverified', secretArn: '', secretVersionId: '' };
  }
  const found = await lookUp(
    { store: await job.openStore(), clock: systemClock, report: reportOf(job) },
    {
      secretId: inputs.source.secretId,
      waitMs: inputs.waitTimeoutSeconds * 1000,
    },
  );
  return deliveryOf(found, 'unverified');
}

/** `create` with a secret is `ensure` that must not find anything. */
async function ensure(job: Job, inputs: MakingModeInputs): Promise<Delivery> {
  const secretId = inputs.secretId ?? '';
  const store = await job.openStore();
  let prepared: ReturnType<typeof prepareKey> | undefined;
  const prepare = async () => {
    requireMakeable(inputs);
    if (!prepared) warnOfPowerlessKey(job, inputs.key);
    prepared ??= prepareKey(job.streamkap, inputs.key);
    return withProvenance(await prepared, await job.provenance());
  };
  const made = await provision(
    { ...portsOf(job), store },
    {
      secretId,
      prepare,
      run: runName(job.environment),
      takeOverAfterMs: inputs.waitTimeoutSeconds * 1000,
      verifyLogin: inputs.verifyLogin,
      newSecret: {
        kmsKeyId: inputs.kmsKeyId || undefined,
        tags: { ...inputs.tags, 'managed-by': 'streamkap-keyring' },
      },
    },
  );
  if (made.outcome === 'found') {
    if (inputs.mode === 'create') throw alreadyThere(secretId, made.file);
    return await existingKey(job, inputs, { found: made, store });
  }
  await tagSecret(job, { ...made, origin: provenanceTags(await job.provenance()) }, store);
  return deliveryOf(made, 'active');
}
