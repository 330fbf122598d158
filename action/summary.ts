import { kafkaConnection } from '../core/credential-file.ts';
import type { Delivery } from './outputs.ts';
import type { LoginProof } from './verify-login.ts';

/** More ACLs than this are counted, not listed: a summary is for people, and the runner drops one over 1 MiB. */
const MAX_ACL_ROWS = 50;

/**
 * The step's section of the job summary, in Markdown: what was created, looked up or changed, and where it went. Holds no secret.
 * @param handedOut what later steps got it as, such as `outputs`
 */
export function summaryOf(delivery: Delivery, login: LoginProof, handedOut: readonly string[]): string {
  const { file, result, status, secretArn, secretVersionId } = delivery;
  const kafka = file.kafka ? kafkaConnection(file.kafka) : undefined;
  const rows: [string, string][] = [
    ['Project key', file.project_key_id],
    ['Status', status],
    ['Secret', secretArn],
    ['Version of the secret', secretVersionId],
    ['Deleted when the job ends, at the latest after', delivery.expiresAt ?? ''],
    ['Kafka username', kafka?.username ?? ''],
    ['Kafka brokers', kafka?.bootstrapServers ?? ''],
    ['Schema registry', file.kafka?.schema_registry_url ?? ''],
    ['API client', file.api?.client_id ?? ''],
    ['API', file.api?.api_url ?? ''],
    ['Kafka login', kafka ? sentenceOf(login) : ''],
    ['Handed out as', handedOut.join(', ')],
  ];
  return summarySection(result, rows, kafka ? [aclTable(file.kafka_acls ?? [])] : []);
}

/** @param rows name and value; those without a value are left out @param more Markdown blocks */
export function summarySection(
  result: string,
  rows: readonly (readonly [string, string])[],
  more: readonly string[] = [],
): string {
  const said = rows.filter(([, value]) => value !== '');
  return [`### Streamkap credential: ${result}`, table(['', ''], said), ...more, ''].join('\n\n');
}

function sentenceOf(login: LoginProof): string {
  switch (login.outcome) {
    case 'accepted':
      return `accepted by ${login.broker} in ${login.milliseconds} ms`;
    case 'unknown':
      return `could not be tried (${login.code})`;
    case 'not tried':
      return 'not tried';
  }
}

function aclTable(acls: readonly Record<string, unknown>[]): string {
  if (acls.length === 0) return 'The credential file lists no Kafka ACLs.';
  const rows = acls
    .slice(0, MAX_ACL_ROWS)
    .map((acl) => [
      textOf(acl.resource ?? 'TOPIC'),
      textOf(acl.topic_name ?? acl.name),
      textOf(acl.resource_pattern_type),
      textOf(acl.operation),
    ]);
  const more = acls.length > MAX_ACL_ROWS ? `\n\nand ${acls.length - MAX_ACL_ROWS} more ACLs` : '';
  return `${table(['Resource', 'Name', 'Pattern', 'Operation'], rows)}${more}`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map((cells) => line(cells.map(harmless)))].join('\n');
}

/** Names come from elsewhere: as character references they are text to Markdown, never HTML, an image or a mention. */
function harmless(text: string): string {
  return text.replace(/[^\p{L}\p{N} .:,/()-]/gu, (character) => `&#${character.codePointAt(0)};`);
}
