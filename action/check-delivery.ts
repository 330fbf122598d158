import { type CredentialFile, hasKafka } from '../core/credential-file.ts';
import { InputError } from '../core/errors.ts';
import { requireTrustedApi } from '../core/streamkap-host.ts';
import type { Inputs } from './inputs.ts';
import type { Job } from './job.ts';
import type { Delivery } from './outputs.ts';
import { type LoginPorts, type LoginProof, verifyLogin } from './verify-login.ts';

/** What must hold before a credential is handed out: it is the one asked for, its URLs can be trusted, its login works. */
export async function checkDelivery(
  job: Pick<Job, 'inputs' | 'runner'>,
  delivery: Delivery,
  ports?: LoginPorts,
): Promise<LoginProof> {
  const { inputs } = job;
  requireFits(inputs, delivery.file);
  const isNew = delivery.result === 'updated' ? delivery.kafkaAdded === true : delivery.result !== 'found';
  const verify = inputs.verifyLogin === 'always' || (inputs.verifyLogin === 'auto' && isNew);
  return verify ? await verifyLogin(job, delivery, ports) : { outcome: 'not tried' };
}

/** @throws InputError where the credential is another key's, speaks of another host, or lacks access that is asked for */
export function requireFits(inputs: Inputs, file: CredentialFile): void {
  const source = sourceOf(inputs);
  if (file.api) requireTrustedApi(file.api, { host: inputs.streamkapHost, input: source });
  // Of two keys that take turns the other one is right after a rotation: there it was looked at before.
  if (inputs.mode !== 'rotate') requireRightKey(inputs, file);
  if (inputs.kafka && !hasKafka(file)) throw lacks('kafka', file, inputs);
  if ('key' in inputs && !file.api && (inputs.key.roles.length > 0 || inputs.key.permissions.length > 0)) {
    throw lacks(inputs.key.roles.length > 0 ? 'roles' : 'permissions', file, inputs);
  }
}

/** @throws InputError when project-key-id names another key */
export function requireRightKey(inputs: Inputs, file: CredentialFile): void {
  if (inputs.projectKeyId === '' || inputs.projectKeyId === file.project_key_id) return;
  throw new InputError(
    'project-key-id',
    `the credential is for another project key (${file.project_key_id})`,
    `Correct project-key-id or ${sourceOf(inputs)}.`,
  );
}

function sourceOf(inputs: Inputs): 'project-key' | 'secret-id' {
  return inputs.mode === 'lookup' && 'file' in inputs.source ? 'project-key' : 'secret-id';
}

function lacks(input: string, file: CredentialFile, inputs: Inputs): InputError {
  const access = input === 'kafka' ? 'Kafka' : 'API';
  return new InputError(
    input,
    `the credential in ${sourceOf(inputs)} (project key ${file.project_key_id}) has no ${access} access`,
    inputs.mode === 'ensure'
      ? `Set update to true to have ${access} access added to the key, or name another secret.`
      : `Add ${access} access to the key (mode "ensure" with update: true does), or name another secret.`,
  );
}
