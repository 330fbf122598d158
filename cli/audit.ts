import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { type AuditInput, auditRows } from '../core/audit/audit.ts';
import { readExceptions } from '../core/audit/exceptions.ts';
import type { AuditedSecret, RotationHistory, SecretFacts } from '../core/audit/inventory.ts';
import { listKeys } from '../core/audit/key-source.ts';
import { readPolicy } from '../core/audit/policy.ts';
import { type ReportFormat, type ReportTotals, writeReport } from '../core/audit/report.ts';
import { listSecrets, replicasBehind } from '../core/audit/secret-source.ts';
import { secretStoreOver, secretsManagerClient } from '../core/aws-secret-store.ts';
import { systemClock } from '../core/clock.ts';
import { hasKafka, readCredentialFile } from '../core/credential-file.ts';
import { InputError } from '../core/errors.ts';
import { CURRENT, holderOf } from '../core/rotation/situation.ts';
import { tryLogin } from '../core/rotation-order/stored-credential.ts';
import type { SecretReader } from '../core/secret-store.ts';
import { ClientCredentials } from '../core/streamkap/client-credentials.ts';
import { awsEnvironment, type CommandContext } from './command.ts';
import { streamkapFrom } from './streamkap.ts';
import { EXIT } from './terminal.ts';

export type Format = 'html' | 'csv' | 'json';

export interface AuditOptions {
  readonly region?: string | undefined;
  readonly format: Format;
  readonly out?: string | undefined;
  readonly policy?: string | undefined;
  readonly exceptions?: string | undefined;
  readonly adminSecretId?: string | undefined;
  /** Where the functions leave their evidence. */
  readonly evidenceBucket?: string | undefined;
  /** One login for each secret; without it no value is read but the admin credential's. */
  readonly login?: boolean | undefined;
}

const LOAD: Readonly<Record<Format, () => Promise<ReportFormat>>> = {
  html: async () => {
    const [{ htmlReport }, style, script] = await Promise.all([
      import('../core/audit/report-html.ts'),
      readFile(new URL('../core/audit/html/report.css', import.meta.url), 'utf8'),
      readFile(new URL('../core/audit/html/report.js', import.meta.url), 'utf8'),
    ]);
    return htmlReport({ style, script });
  },
  json: async () => (await import('../core/audit/report-json.ts')).jsonReport,
  csv: async () => (await import('../core/audit/report-csv.ts')).csvReport,
};

/**
 * `keyring audit`: the report to a file or standard output, what it came to on standard error.
 * @returns the exit code: 0 nothing found, 1 findings @throws KeyringError where nobody can tell
 */
export async function runAudit(options: AuditOptions, context: CommandContext): Promise<number> {
  const policy = readPolicy(await jsonFile('--policy', options.policy));
  const exceptions = readExceptions((await jsonFile('--exceptions', options.exceptions)) ?? []);
  const environment = awsEnvironment(options, context);
  const client = secretsManagerClient({ environment });
  const store = secretStoreOver(client);
  const { adminSecretId } = options;
  const { client: streamkap, credentials: admin } = streamkapFrom({
    environment,
    store,
    adminSecretId,
    redactor: context.redactor,
  });
  context.terminal.progress('asking Streamkap for its keys');
  const { service_id: serviceId = '' } = await streamkap.whoami();
  const credentials = new ClientCredentials(streamkap.calls);
  const keys = await listKeys(
    { listProjectKeys: () => streamkap.listProjectKeys(), listClientCredentials: () => credentials.list() },
    serviceId ?? '',
  );
  const evidence = await evidenceOf(options.evidenceBucket);
  const now = systemClock.now();
  const input: AuditInput = {
    ...{ keys, policy, now, exceptions, adminSecretId },
    adminClientId: (await admin.get(false)).clientId,
    secrets: counted(listSecrets(client), context),
    factsOf: async (secret) => ({
      behind: await replicasBehind(client, secret),
      history: await evidence?.(secret.arn),
      login: options.login ? await loginWith(store, secret) : undefined,
    }),
  };
  const format = await LOAD[options.format]();
  const head = { region: environment.AWS_REGION ?? '', serviceId: serviceId ?? '', at: now, policy };
  const totals = await toOutput(options.out, (write) => writeReport(auditRows(input), { head, format, write }));
  context.terminal.endProgress();
  context.terminal.tell(summaryOf(totals));
  return totals.findings > 0 ? EXIT.findings : EXIT.healthy;
}

/** @returns how a secret's history is read; undefined without a bucket */
async function evidenceOf(
  bucket: string | undefined,
): Promise<((arn: string) => Promise<RotationHistory>) | undefined> {
  if (bucket === undefined) return undefined;
  const { S3Client } = await import('@aws-sdk/client-s3');
  const { readHistory } = await import('../core/audit/evidence-source.ts');
  const client = new S3Client();
  return (arn) => readHistory({ client, bucket }, arn);
}

async function jsonFile(option: string, path: string | undefined): Promise<unknown> {
  if (path === undefined) return undefined;
  const text = await readFile(path, 'utf8').catch(() => {
    throw new InputError(option, `${path} cannot be read`, 'Name a file of JSON.');
  });
  try {
    return JSON.parse(text);
  } catch {
    throw new InputError(option, `${path} is not JSON`, 'Name a file of JSON.');
  }
}

async function* counted(
  secrets: AsyncIterable<AuditedSecret>,
  { terminal }: CommandContext,
): AsyncGenerator<AuditedSecret> {
  let count = 0;
  for await (const secret of secrets) {
    if (++count % 100 === 0) terminal.progress(`${count} secrets`);
    yield secret;
  }
}

/** One login with the current value; what is no credential file with a Kafka user is not tried. */
async function loginWith(store: Pick<SecretReader, 'read'>, secret: AuditedSecret): Promise<SecretFacts['login']> {
  if (holderOf(secret.versions, CURRENT) === undefined) return undefined;
  const version = await store.read(secret.arn);
  if (typeof version === 'string') return undefined;
  try {
    const file = readCredentialFile(version.value, secret.name);
    if (!hasKafka(file)) return undefined;
    const { outcome, ...result } = await tryLogin(file);
    return { outcome, code: 'code' in result ? result.code : undefined, at: systemClock.now() };
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** @param path undefined: standard output */
async function toOutput<T>(
  path: string | undefined,
  write: (write: (text: string) => Promise<void>) => Promise<T>,
): Promise<T> {
  const stream: Writable = path === undefined ? process.stdout : createWriteStream(path);
  const result = await write(async (text) => {
    if (!stream.write(text)) await once(stream, 'drain');
  });
  if (path !== undefined) {
    stream.end();
    await finished(stream);
  }
  return result;
}

function summaryOf({ secrets, keys, findings, accepted, bySeverity }: ReportTotals): string {
  const severities = Object.entries(bySeverity).filter(([, count]) => count > 0);
  const detail = severities.map(([word, count]) => `${count} ${word}`).join(', ');
  return `${secrets} secrets, ${keys} keys: ${findings === 0 ? 'nothing found' : `${findings} finding${findings === 1 ? '' : 's'} (${detail})`}${accepted > 0 ? `, ${accepted} accepted` : ''}`;
}
