import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installKafka, logTo } from './kafka/install.ts';
import type { LoginAttempt, LoginVerdict } from './login.ts';
import { type Finished, run } from './process.ts';

export interface JavaConsumption {
  readonly login: LoginAttempt;
  /** A topic the user may read; a topic that ACLs refuse still proves the login. */
  readonly topic: string;
  /** @default 1 */
  readonly count?: number;
  /** @default `console-consumer-<number>`, which Kafka chooses */
  readonly group?: string;
  /** How long it waits for the next record. @default 10000 */
  readonly timeoutMs?: number;
}

export interface JavaResult {
  readonly verdict: LoginVerdict;
  readonly records: string[];
}

const CONSUMER = 'org.apache.kafka.tools.consumer.ConsoleConsumer';
const LOGIN_MODULES = {
  PLAIN: 'org.apache.kafka.common.security.plain.PlainLoginModule',
  SCRAM: 'org.apache.kafka.common.security.scram.ScramLoginModule',
};
const PROCESS_TIMEOUT_MS = 60_000;

/** Runs Apache Kafka's own console consumer from the beginning of a topic; the credentials lie in a 0600 file meanwhile. */
export async function consumeWithJava(consumption: JavaConsumption): Promise<JavaResult> {
  const classPath = await installKafka();
  const folder = await mkdtemp(join(tmpdir(), 'keyring-consumer-'));
  try {
    const properties = join(folder, 'consumer.properties');
    await writeFile(properties, consumerProperties(consumption.login), { mode: 0o600 });
    const args = ['--bootstrap-server', consumption.login.bootstrap, '--topic', consumption.topic];
    args.push('--command-config', properties, '--from-beginning');
    args.push(
      '--max-messages',
      String(consumption.count ?? 1),
      '--timeout-ms',
      String(consumption.timeoutMs ?? 10_000),
    );
    if (consumption.group !== undefined) args.push('--group', consumption.group);
    const java = ['-Xmx96m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...logTo('WARN'), '-cp', classPath];
    const result = await run('java', [...java, CONSUMER, ...args], { timeoutMs: PROCESS_TIMEOUT_MS });
    const records = result.stdout.split('\n').filter((line) => line !== '');
    return { verdict: verdictOf(result, records.length), records };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Java's exception classes are the client's documented contract; their messages are not read. */
function verdictOf(result: Finished, recordCount: number): LoginVerdict {
  const exception = /\bcommon\.errors\.(\w+Exception)/.exec(result.stderr)?.[1];
  if (recordCount > 0) return { outcome: 'accepted', detail: `${recordCount} records` };
  if (exception === 'TopicAuthorizationException' || exception === 'GroupAuthorizationException')
    return { outcome: 'accepted', detail: exception };
  if (exception === 'SaslAuthenticationException') return { outcome: 'rejected', detail: exception };
  return { outcome: 'unknown', detail: exception ?? `exit code ${result.code}, no record` };
}

function consumerProperties({ username, password, mechanism, caFile }: LoginAttempt): string {
  const module = mechanism === 'PLAIN' ? LOGIN_MODULES.PLAIN : LOGIN_MODULES.SCRAM;
  const lines = [
    'security.protocol=SASL_SSL',
    `sasl.mechanism=${mechanism}`,
    `sasl.jaas.config=${module} required username="${quoted(username)}" password="${quoted(password)}";`,
  ];
  if (caFile !== undefined) lines.push('ssl.truststore.type=PEM', `ssl.truststore.location=${caFile}`);
  return `${lines.join('\n')}\n`;
}

/** JAAS strings escape quote and backslash by a backslash, and a properties file doubles every backslash. */
function quoted(value: string): string {
  return value.replace(/[\\"]/g, '\\$&').replaceAll('\\', '\\\\');
}
