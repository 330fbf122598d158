import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { Consumer, ProtocolError, type SASLMechanismValue, stringDeserializers } from '@platformatic/kafka';
import { ignoreLateErrors } from '../judges/platformatic.ts';

/** As consumer.py, by @platformatic/kafka. Usage: consumer-platformatic.ts TOPIC GROUP SECRET_ID REFRESH */
const [topic = '', groupId = '', secretId = '', refresh = ''] = process.argv.slice(2);

interface Kafka {
  readonly bootstrap_servers: string;
  readonly sasl_mechanism: SASLMechanismValue;
  readonly username: string;
  readonly password: string;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;
/** Kafka's protocol error SASL_AUTHENTICATION_FAILED. */
const REFUSED = 58;

const secrets = new SecretsManagerClient({});
let kafka = await readCredential();

function say(facts: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify({ ...facts, at: Date.now() })}\n`);
}

async function readCredential(): Promise<Kafka> {
  const command = new GetSecretValueCommand({ SecretId: secretId });
  const { SecretString: text = '', VersionId: read } = await secrets.send(command);
  say({ read });
  return (JSON.parse(text) as { kafka: Kafka }).kafka;
}

async function refreshCredential(): Promise<void> {
  kafka = await readCredential();
}

if (refresh === 'event') createInterface({ input: process.stdin }).on('line', refreshCredential);

function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof ProtocolError && error.apiCode === REFUSED) return true;
  return [error.cause, ...(error instanceof AggregateError ? error.errors : [])].some(isRefusal);
}

/** Reads the secret when a login was refused. @returns how long to wait before the next try, in milliseconds, with jitter */
function pauseAfter(error: unknown, attempt: number): number {
  if (isRefusal(error)) {
    say({ refused: 'SASL_AUTHENTICATION_FAILED' });
    if (refresh === 'refusal') void refreshCredential();
  } else say({ error: error instanceof Error ? error.name : typeof error });
  return Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS) * (0.5 + Math.random() / 2);
}

/** Until the client gives up. @throws why */
async function readRecords(onRecord: () => void): Promise<never> {
  const consumer = new Consumer({
    ...{ groupId, clientId: groupId, bootstrapBrokers: kafka.bootstrap_servers.split(',') },
    tls: { ca: readFileSync(process.env.KAFKA_CA_FILE ?? '', 'utf8') },
    // Asked at every login, in one turn, so that user and password are of one file.
    sasl: { mechanism: kafka.sasl_mechanism, username: () => kafka.username, password: () => kafka.password },
    deserializers: stringDeserializers,
    retryDelay: (_client, _operation, attempt, _retries, error) => pauseAfter(error, attempt),
  });
  ignoreLateErrors(consumer);
  try {
    const stream = await consumer.consume({
      ...{ topics: [topic], mode: 'committed', fallbackMode: 'earliest', autocommit: false },
    });
    for await (const message of stream) {
      onRecord();
      say({ record: Number(message.value) });
      await message.commit();
    }
    throw new Error('the stream ended');
  } finally {
    await consumer.close(true).catch(() => {});
  }
}

for (let failures = 1; ; failures++)
  await readRecords(() => {
    failures = 0;
  }).catch((error: unknown) => pause(pauseAfter(error, failures)));
