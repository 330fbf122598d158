import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { type Adoption, adoptKey } from '../core/adopt.ts';
import { awsSecretStore } from '../core/aws-secret-store.ts';
import { type CredentialFile, readCredentialFile } from '../core/credential-file.ts';
import { InputError } from '../core/errors.ts';
import { tryLogin } from '../core/rotation-order/stored-credential.ts';
import { awsEnvironment, type CommandContext } from './command.ts';
import { streamkapFrom } from './streamkap.ts';
import { EXIT } from './terminal.ts';

export interface AdoptOptions {
  readonly region?: string | undefined;
  readonly adminSecretId?: string | undefined;
  readonly kmsKeyId?: string | undefined;
  /** Path of a credential file, or `-` for standard input. */
  readonly file?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `keyring adopt`. @returns 0; a login that could not be made is told, and is no reason to refuse the key */
export async function runAdopt(secretId: string, options: AdoptOptions, context: CommandContext): Promise<number> {
  const { adminSecretId, kmsKeyId } = options;
  const environment = awsEnvironment(options, context);
  const file = options.file === undefined ? undefined : await fileAt(options.file, context);
  const store = awsSecretStore({ environment });
  const { client: streamkap } = streamkapFrom({ environment, store, adminSecretId, redactor: context.redactor });
  const adoption = await adoptKey({ store, streamkap, login: tryLogin }, { secretId, file, kmsKeyId });
  if (options.json) process.stdout.write(`${JSON.stringify({ secretId, ...adoption })}\n`);
  else context.terminal.tell(`${secretId}: ${toldOf(adoption)}`);
  return EXIT.healthy;
}

async function fileAt(path: string, { redactor }: CommandContext): Promise<CredentialFile> {
  const content = await (path === '-' ? text(process.stdin) : readFile(path, 'utf8')).catch(() => {
    throw new InputError(
      '--file',
      `${path} cannot be read`,
      'Name the credential file as Streamkap gave it, or - for standard input.',
    );
  });
  const file = readCredentialFile(content, '--file');
  for (const secret of [file.kafka?.password, file.api?.client_secret]) if (secret) redactor.add(secret);
  return file;
}

function toldOf({ outcome, projectKeyId, tags, login }: Adoption): string {
  const done = {
    stored: `the file of ${projectKeyId} was stored, and tagged`,
    tagged: `${projectKeyId} lay there; tagged with ${Object.keys(tags).join(', ')}`,
    complete: `${projectKeyId} lies there with all tags; nothing was changed`,
  }[outcome];
  const proof = !login
    ? 'it has no Kafka access to try'
    : login.outcome === 'accepted'
      ? `Kafka accepts its password (${login.broker}, ${login.milliseconds} ms)`
      : `Kafka could not be asked (${login.code})`;
  return `${done}; ${proof}`;
}
