import { readFile } from 'node:fs/promises';
import { Base, type ConnectionPoolEventPayload, ProtocolError, type SASLMechanismValue } from '@platformatic/kafka';
import type { LoginAttempt, LoginVerdict } from './login.ts';

/** Kafka's protocol error SASL_AUTHENTICATION_FAILED. */
const SASL_AUTHENTICATION_FAILED = 58;
const TIMEOUT_MS = 10_000;

/** One login by @platformatic/kafka, proven by an answer to a metadata request. */
export async function loginWithPlatformatic(attempt: LoginAttempt): Promise<LoginVerdict> {
  const client = new Base({
    clientId: 'keyring-judge',
    bootstrapBrokers: attempt.bootstrap.split(','),
    tls: attempt.caFile === undefined ? {} : { ca: await readFile(attempt.caFile, 'utf8') },
    sasl: { mechanism: mechanismOf(attempt), username: attempt.username, password: attempt.password },
    retries: false,
    connectTimeout: TIMEOUT_MS,
    timeout: TIMEOUT_MS,
  });
  ignoreLateErrors(client);
  try {
    await client.metadata({ topics: [] });
    return { outcome: 'accepted', detail: 'metadata received' };
  } catch (error) {
    return verdictOf(error);
  } finally {
    await client.close();
  }
}

/**
 * A connection that was given up still emits `error` when the broker resets its socket, and nobody in the client listens by then:
 * without a listener of ours that ends the process.
 */
export function ignoreLateErrors(client: Base): void {
  const ignore = ({ connection }: ConnectionPoolEventPayload) => void connection.on('error', () => {});
  client.on('client:broker:failed', ignore);
  client.on('client:broker:connect', ignore);
}

function mechanismOf({ mechanism }: LoginAttempt): SASLMechanismValue {
  if (mechanism === 'PLAIN' || mechanism === 'SCRAM-SHA-256' || mechanism === 'SCRAM-SHA-512') return mechanism;
  throw new Error(`${mechanism} is not a mechanism this judge speaks`);
}

/** The code that decides lies somewhere under `.cause` and `.errors`. */
function verdictOf(error: unknown): LoginVerdict {
  const chain = errorsIn(error);
  const protocol = chain.find((one) => one instanceof ProtocolError);
  if (protocol) {
    const rejected = protocol.apiCode === SASL_AUTHENTICATION_FAILED;
    return { outcome: rejected ? 'rejected' : 'unknown', detail: String(protocol.apiId) };
  }
  const last = chain.at(-1);
  return { outcome: 'unknown', detail: last === undefined ? String(error) : codeOf(last) };
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.message;
}

function errorsIn(error: unknown): Error[] {
  if (!(error instanceof Error)) return [];
  const inner = error instanceof AggregateError ? error.errors : [];
  return [error, ...[error.cause, ...inner].flatMap(errorsIn)];
}
