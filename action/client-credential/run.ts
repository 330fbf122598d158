import { randomUUID } from 'node:crypto';
import type { ClientCredentialFile } from '../../core/client-credential-file.ts';
import { systemClock } from '../../core/clock.ts';
import { InputError } from '../../core/errors.ts';
import { CLIENT_CREDENTIAL_FORMAT } from '../../core/provisioning/client-credentials.ts';
import { lookUpAs } from '../../core/provisioning/look-up.ts';
import type { MakingPorts } from '../../core/provisioning/making.ts';
import type { KeyRequest, ProvisioningResult } from '../../core/provisioning/ports.ts';
import { provisionKind } from '../../core/provisioning/provision.ts';
import { portsOf, reportOf, runName } from '../job.ts';
import { provenanceTags, withProvenance } from '../provenance.ts';
import type { Runner } from '../runner.ts';
import { putTags } from '../secret-tags.ts';
import { handOutUnstored } from '../unstored-key.ts';
import { type CredentialDelivery, deliverCredential } from './delivery.ts';
import type { ClientCredentialInputs, CredentialInputs } from './inputs.ts';
import { type CredentialJob, kindOf, prepareClientCredentialJob } from './job.ts';
import { prepareCredential } from './request.ts';

type Making = Exclude<ClientCredentialInputs, { mode: 'lookup' }>;

/**
 * The Action's main stage for `kind: client-credential`.
 * @throws KeyringError; until then nothing was handed out
 */
export async function runClientCredential(runner: Runner, environment: NodeJS.ProcessEnv): Promise<void> {
  const job = await prepareClientCredentialJob({ runner, environment });
  const { inputs } = job;
  if (inputs.mode === 'create' && inputs.secretId === null) return await createWithoutSecret(job, inputs);
  deliverCredential(job, inputs.mode === 'lookup' ? await found(job, inputs.secretId) : await ensured(job, inputs));
}

async function found(job: CredentialJob, secretId: string): Promise<CredentialDelivery> {
  const ports = { store: await job.openStore(), clock: systemClock, report: reportOf(job) };
  const waitMs = job.inputs.waitTimeoutSeconds * 1000;
  return deliveryOf(await lookUpAs<ClientCredentialFile>(CLIENT_CREDENTIAL_FORMAT, ports, { secretId, waitMs }));
}

/** `create` with a secret is `ensure` that must not find anything. */
async function ensured(job: CredentialJob, inputs: Making): Promise<CredentialDelivery> {
  const secretId = inputs.secretId ?? '';
  const store = await job.openStore();
  let prepared: Promise<KeyRequest> | undefined;
  const made = await provisionKind(
    { ...kindPortsOf(job), store },
    {
      secretId,
      prepare: () => {
        prepared ??= prepare(job, inputs.credential);
        return prepared;
      },
      run: runName(job.environment),
      takeOverAfterMs: inputs.waitTimeoutSeconds * 1000,
      verifyLogin: 'never',
      newSecret: {
        kmsKeyId: inputs.kmsKeyId || undefined,
        tags: { ...inputs.tags, 'managed-by': 'streamkap-keyring' },
      },
    },
  );
  if (made.outcome === 'found') {
    if (inputs.mode === 'create') throw alreadyThere(secretId, made.file);
    warnOfOtherRoles(job, made.file, inputs.credential);
    return deliveryOf(made);
  }
  // Not its id: rotation gives the secret another credential.
  const serviceId = made.file.service_id;
  const tags = {
    'streamkap:kind': 'client-credential',
    ...(serviceId ? { 'streamkap:service-id': serviceId } : {}),
    ...provenanceTags(await job.provenance()),
  };
  await putTags(job, store, { secretArn: made.secretArn, tags });
  return deliveryOf(made);
}

async function createWithoutSecret(job: CredentialJob, inputs: Making): Promise<void> {
  const key = await prepare(job, inputs.credential);
  const order = { ports: kindPortsOf(job), intentId: randomUUID(), key, verifyLogin: 'never' } as const;
  await handOutUnstored(job, order, async (file) =>
    deliverCredential(job, { result: 'created', file, status: 'active', secretArn: '', secretVersionId: '' }),
  );
}

async function prepare({ streamkap, provenance }: CredentialJob, credential: CredentialInputs): Promise<KeyRequest> {
  return withProvenance(await prepareCredential(streamkap, credential), await provenance());
}

function kindPortsOf(job: CredentialJob): MakingPorts<ClientCredentialFile> {
  return { ...portsOf(job), report: reportOf(job), kind: kindOf(job) };
}

function deliveryOf({
  outcome,
  file,
  secretArn,
  versionId,
}: ProvisioningResult<ClientCredentialFile>): CredentialDelivery {
  const status = outcome === 'found' ? 'unverified' : 'active';
  return { result: outcome, file, status, secretArn, secretVersionId: versionId };
}

/** As far as the stored credential itself tells: Streamkap is not asked. */
function warnOfOtherRoles(
  { runner }: CredentialJob,
  { client_id: id, roles }: ClientCredentialFile,
  asked: CredentialInputs,
) {
  if (!roles || roles.length === 0 || asked.roles.length === 0) return;
  const has = (word: string) =>
    roles.some((role) => role.id === word || role.name?.toLowerCase() === word.toLowerCase());
  if (roles.length === asked.roles.length && asked.roles.every(has)) return;
  runner.warning(
    `The client credential ${id} has the roles ${roles.map((role) => role.name ?? role.id).join(', ')}, not those of roles; it is handed out as it is`,
  );
}

function alreadyThere(secretId: string, { client_id: id }: ClientCredentialFile): InputError {
  return new InputError(
    'mode',
    `is "create", but ${secretId} already holds the client credential ${id}`,
    'Use mode "ensure" to have it, or name another secret.',
  );
}
