import { systemClock } from '../core/clock.ts';
import { type CredentialFile, hasKafka } from '../core/credential-file.ts';
import type { ProvisioningReport } from '../core/provisioning/ports.ts';
import type { SecretReader } from '../core/secret-store.ts';
import type { StreamkapClient } from '../core/streamkap/client.ts';
import { requireFits } from './check-delivery.ts';
import type { Inputs } from './inputs.ts';
import { type Job, reportOf } from './job.ts';
import { outputsOf } from './outputs.ts';
import type { Runner } from './runner.ts';
import { verifyLogin } from './verify-login.ts';

/** Streamkap without the calls that change something. */
export type StreamkapReader = Pick<StreamkapClient, 'whoami' | 'roles' | 'listProjectKeys' | 'getProjectKey'>;

/** A step as a dry run may see it: nothing in it can change anything but the step's own log. */
export interface Look {
  readonly inputs: Inputs;
  readonly runner: Pick<Runner, 'info' | 'warning'>;
  readonly report: ProvisioningReport;
  readonly openStore: () => Promise<SecretReader>;
  readonly streamkap: StreamkapReader;
}

/** A credential that is there. */
export interface FoundCredential {
  readonly file: CredentialFile;
  readonly status: string;
  readonly secretArn: string;
  readonly secretVersionId: string;
}

export interface Plan {
  /** `+`, `-` or `~`, and what; no secret. Empty: nothing would be changed. */
  readonly lines: readonly string[];
  /** What `update: true` would change, where it is not given. */
  readonly withUpdate?: readonly string[];
  readonly found?: FoundCredential;
  /** Access that the found credential lacks and would get. */
  readonly adds?: boolean;
}

/**
 * Reads and checks everything that the run would, changes nothing, and prints what it would change.
 * @throws whatever the run would, as far as reading tells
 */
export async function dryRun(job: Job): Promise<void> {
  const look = lookOf(job);
  const plan = await planOf(look);
  const { found } = plan;
  if (found && !plan.adds) requireFits(job.inputs, found.file);
  if (found && job.inputs.verifyLogin === 'always' && (hasKafka(found.file) || !plan.adds))
    await verifyLogin(look, { ...found, result: 'found' });
  const lines = linesOf(plan);
  for (const line of lines) job.runner.info(line);
  job.runner.summarize(summaryOf(lines));
  for (const [name, value] of Object.entries(plannedOutputs(found))) job.runner.setOutput(name, value);
}

function linesOf({ lines, withUpdate = [] }: Plan): string[] {
  const title = lines.length > 0 ? 'Dry run, nothing is changed. The plan:' : 'Dry run: nothing would be changed.';
  const more = withUpdate.length > 0 ? ['With update: true it would be:', ...withUpdate] : [];
  return [title, ...lines, ...more];
}

/** By construction: no method that changes anything is handed on. */
function lookOf(job: Job): Look {
  const { inputs, runner, streamkap } = job;
  return {
    inputs,
    runner,
    report: reportOf(job),
    openStore: async () => {
      const store = await job.openStore();
      return { read: (id, version) => store.read(id, version), describe: (id) => store.describe(id) };
    },
    streamkap: {
      whoami: () => streamkap.whoami(),
      roles: () => streamkap.roles(),
      listProjectKeys: () => streamkap.listProjectKeys(),
      getProjectKey: (id) => streamkap.getProjectKey(id),
    },
  };
}

async function planOf(look: Look): Promise<Plan> {
  const { inputs } = look;
  if (inputs.mode === 'rotate') return await (await import('./plan-rotation.ts')).planRotation(look, inputs);
  if (inputs.mode !== 'lookup') return await (await import('./plan.ts')).planMaking(look, inputs);
  const found = await lookUpFor(look, inputs);
  // A look-up needs no admin credential; where there is one, the key is looked at too.
  if (inputs.admin.from === 'nowhere') return { lines: [], found };
  const { askKey } = await import('./plan.ts');
  return { lines: [], found: { ...found, status: (await askKey(look.streamkap, found.file)).status } };
}

async function lookUpFor(look: Look, { source }: Extract<Inputs, { mode: 'lookup' }>): Promise<FoundCredential> {
  const unasked = { status: 'unverified', secretArn: '', secretVersionId: '' };
  if ('file' in source) {
    look.report.secretSeen(source.file);
    return { ...unasked, file: source.file };
  }
  const { lookUp } = await import('../core/provisioning/look-up.ts');
  const ports = { store: await look.openStore(), clock: systemClock, report: look.report };
  const { file, secretArn, versionId } = await lookUp(ports, { secretId: source.secretId, waitMs: 0 });
  return { ...unasked, file, secretArn, secretVersionId: versionId };
}

const NOTHING: FoundCredential = {
  file: { project_key_id: '', project: {} },
  status: '',
  secretArn: '',
  secretVersionId: '',
};

/** What can be read of the key, and no secret: later steps that use one have effects, which a dry run must not have. */
function plannedOutputs(found: FoundCredential = NOTHING): Record<string, string> {
  const outputs = outputsOf({ ...found, result: 'planned' });
  return { ...outputs, credentials: '', 'kafka-password': '', 'api-client-secret': '' };
}

function summaryOf(lines: readonly string[]): string {
  const shown = lines.map((line) => line.replaceAll('`', "'").replace(/[\p{Cc}\u2028\u2029]+/gu, ' '));
  return ['### Streamkap credential: planned', '', '```diff', ...shown, '```', ''].join('\n');
}
