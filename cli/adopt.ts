import { readFile } from 'node:fs/promises';
import { type Adoption, adoptKey } from '../core/adopt.ts';
import { awsSecretStore } from '../core/aws-secret-store.ts';
import { type CredentialFile, kafkaConnection, readCredentialFile } from '../core/credential-file.ts';
import { InputError } from '../core/errors.ts';
import { probeLogin } from '../core/login-probe/probe.ts';
import type { CommandContext } from './command.ts';
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

const LOGIN_MS = 10_000;

/** `keyring adopt`. @returns 0; a login that could not be made is told, and is no reason to refuse the key */
export async function runAdopt(secretId: string, options: AdoptOptions, context: CommandContext): Promise<number> {
  const { region, adminSecretId, kmsKeyId } = options;
  const environment = { ...context.environment, ...(region ? { AWS_REGION: region } : {}) };
  if (region) process.env.AWS_REGION = region; // AWS's client looks there, and nowhere else.
  const file = options.file === undefined ? undefined : await fileAt(options.file, context);
  const store = awsSecretStore({ environment });
  const { client: streamkap } = streamkapFrom({ environment, store, adminSecretId, redactor: context.redactor });
  const adoption = await adoptKey(
    { store, streamkap, login: ({ kafka }) => probeLogin({ ...kafkaConnection(kafka), timeoutMs: LOGIN_MS }) },
    { secretId, file, kmsKeyId },
  );
  if (options.json) process.stdout.write(`${JSON.stringify({ secretId, ...adoption })}\n`);
  else context.terminal.tell(`${secretId}: ${toldOf(adoption)}`);
  return EXIT.healthy;
}

async function fileAt(path: string, { redactor }: CommandContext): Promise<CredentialFile> {
  const text = await (path === '-' ? standardInput() : readFile(path, 'utf8')).catch(() => {
    throw new InputError(
      '--file',
      `${path} cannot be read`,
      'Name the credential file as Streamkap gave it, or - for standard input.',
    );
  });
  const file = readCredentialFile(text, '--file');
  for (const secret of [file.kafka?.password, file.api?.client_secret]) if (secret) redactor.add(secret);
  return file;
}

async function standardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
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
