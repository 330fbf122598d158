import { listSecrets } from '../core/audit/secret-source.ts';
import { secretStoreOver, secretsManagerClient } from '../core/aws-secret-store.ts';
import { systemClock } from '../core/clock.ts';
import { deleteKey, unheldKey } from '../core/decommission.ts';
import { InputError } from '../core/errors.ts';
import { ClientCredentials } from '../core/streamkap/client-credentials.ts';
import { awsEnvironment, type CommandContext } from './command.ts';
import { confirm } from './confirm.ts';
import { streamkapFrom } from './streamkap.ts';
import { EXIT } from './terminal.ts';

export interface DecommissionOptions {
  readonly region?: string | undefined;
  readonly adminSecretId?: string | undefined;
  readonly projectKeyId?: string | undefined;
  readonly clientId?: string | undefined;
  readonly yes?: boolean | undefined;
}

/** `keyring decommission`: deletes a key at Streamkap that no secret holds. @returns 0 when it is gone */
export async function runDecommission(options: DecommissionOptions, context: CommandContext): Promise<number> {
  const { adminSecretId, projectKeyId, clientId, yes = false } = options;
  if ((projectKeyId === undefined) === (clientId === undefined))
    throw new InputError(
      '--project-key-id',
      'or --client-id has to be given, and not both',
      'Name one thing to delete.',
    );
  const environment = awsEnvironment(options, context);
  const client = secretsManagerClient({ environment });
  const store = secretStoreOver(client);
  const { client: streamkap, credentials } = streamkapFrom({
    environment,
    store,
    adminSecretId,
    redactor: context.redactor,
  });
  const { terminal } = context;
  if (clientId !== undefined) {
    if ((await credentials.get(false)).clientId === clientId)
      throw new InputError('--client-id', 'is the credential that this command uses itself', 'Name another one.');
    await confirm(`Delete the client credential ${clientId} at Streamkap?`, yes);
    await new ClientCredentials(streamkap.calls).delete(clientId);
    terminal.tell(`client credential ${clientId}: gone`);
    return EXIT.healthy;
  }
  const id = projectKeyId ?? '';
  const ports = { secrets: () => listSecrets(client), streamkap, clock: systemClock };
  terminal.progress('looking for secrets that hold the key');
  const key = await unheldKey(ports, id);
  terminal.endProgress();
  if (key) {
    await confirm(
      `Delete the project key ${id} ("${key.name}", Kafka user ${key.kafka_username ?? 'none'}) at Streamkap?`,
      yes,
    );
    terminal.progress('waiting until it is gone');
    await deleteKey(ports, id);
    terminal.endProgress();
  }
  terminal.tell(`project key ${id}: ${key ? 'gone' : 'was not there'}`);
  return EXIT.healthy;
}
