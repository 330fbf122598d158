import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect } from 'node:tls';
import { BrokerConnection, codeOf } from './connection.ts';
import { type LoginCode, LoginFailure, type LoginRequest, type LoginResult } from './login.ts';
import { SCRAM_HASHES, scramClientFirst, scramProof } from './scram.ts';
import { type BrokerAddress, parseBootstrapServers } from './servers.ts';
import { encodeBytes, encodeString, type FrameReader, SASL_AUTHENTICATE, SASL_HANDSHAKE } from './wire.ts';

export type { LoginRequest, LoginResult } from './login.ts';

/** What the probe takes from outside; each part has its default. */
export interface ProbePorts {
  /** Opens a TLS stream that emits `secureConnect` once the certificate is checked. @default node:tls */
  readonly connect?: (options: ConnectionOptions) => Duplex;
  /** Milliseconds on any clock that does not jump. @default performance.now */
  readonly now?: () => number;
  /** @default node:crypto */
  readonly randomBytes?: (size: number) => Buffer;
  /** PEM of the authorities to trust. @default Node's own, which NODE_EXTRA_CA_CERTS adds to */
  readonly ca?: string;
}

// Kafka protocol guide, "Error Codes".
const SASL_AUTHENTICATION_FAILED = 58;
const NAMED_ERRORS: Readonly<Record<number, 'UNSUPPORTED_SASL_MECHANISM' | 'ILLEGAL_SASL_STATE'>> = {
  33: 'UNSUPPORTED_SASL_MECHANISM',
  34: 'ILLEGAL_SASL_STATE',
};
const NONCE_BYTES = 24;

/**
 * Tries one login. Brokers are tried in turn until one is ready for the credentials; these are sent once at most, because a
 * second try with a wrong password could lock the user out.
 *
 * Does not say why a password is wrong, does not wait for a change to spread (poll.ts does), keeps no session.
 * @returns accepted, rejected or unknown; never throws
 */
export async function probeLogin(request: LoginRequest, ports: ProbePorts = {}): Promise<LoginResult> {
  const now = ports.now ?? (() => performance.now());
  const startedAt = now();
  const elapsed = () => Math.max(0, Math.round(now() - startedAt));
  const refusal = refusalOf(request);
  if (refusal) return { outcome: 'unknown', code: refusal, milliseconds: elapsed() };
  const servers = parseBootstrapServers(request.bootstrapServers);
  if (!servers) return { outcome: 'unknown', code: 'INVALID_BOOTSTRAP_SERVERS', milliseconds: elapsed() };

  const timeLeft = () => startedAt + request.timeoutMs - now();
  let failure: { code: string; broker?: string } = { code: 'TIMEOUT' };
  for (const [index, server] of servers.entries()) {
    if (!(timeLeft() > 0)) break;
    const share = timeLeft() / (servers.length - index);
    const readyWithinMs = Math.min(request.perBrokerTimeoutMs ?? share, timeLeft());
    const attempt = await attemptLogin({ server, request, ports, readyWithinMs, timeLeft });
    const broker = server.name;
    if (attempt.code === undefined) return { outcome: 'accepted', broker, milliseconds: elapsed() };
    if (attempt.code === 'SASL_AUTHENTICATION_FAILED') {
      return { outcome: 'rejected', code: attempt.code, broker, milliseconds: elapsed() };
    }
    failure = { code: attempt.code, broker };
    if (attempt.credentialsSent) break;
  }
  return { outcome: 'unknown', ...failure, milliseconds: elapsed() };
}

/** @returns why nothing may be connected to, if so */
function refusalOf({ securityProtocol, mechanism, username, password }: LoginRequest): LoginCode | undefined {
  if (securityProtocol !== 'SASL_SSL') return 'UNSUPPORTED_PROTOCOL';
  if (mechanism !== 'PLAIN' && !Object.hasOwn(SCRAM_HASHES, mechanism)) return 'UNSUPPORTED_MECHANISM';
  // NUL separates PLAIN's fields: a password with one in it would be sent as something else.
  if (`${username}${password}`.includes('\0')) return 'INVALID_CREDENTIALS';
  return undefined;
}

interface Attempt {
  readonly server: BrokerAddress;
  readonly request: LoginRequest;
  readonly ports: ProbePorts;
  readonly readyWithinMs: number;
  /** What is left of the probe's whole time. */
  readonly timeLeft: () => number;
}

/** @returns no code when the login was accepted */
async function attemptLogin({ server, request, ports, readyWithinMs, timeLeft }: Attempt) {
  let connection: BrokerConnection | undefined;
  let credentialsSent = false;
  try {
    connection = new BrokerConnection((ports.connect ?? connect)(tlsOptions(server, ports.ca)), readyWithinMs);
    await connection.secured();
    await chooseMechanism(connection, request.mechanism);
    credentialsSent = true;
    // No other broker will be asked any more, so that this one may have all the time there is.
    connection.expireAfter(timeLeft());
    await sendCredentials(connection, request, ports.randomBytes ?? randomBytes);
    return { credentialsSent };
  } catch (error) {
    return { code: codeOf(error), credentialsSent };
  } finally {
    connection?.close();
  }
}

function tlsOptions({ host, port }: BrokerAddress, ca: string | undefined): ConnectionOptions {
  return {
    host,
    port,
    // Said outright, because NODE_TLS_REJECT_UNAUTHORIZED=0 would otherwise send the password to anybody.
    rejectUnauthorized: true,
    // RFC 6066: an IP address is no server name.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
  };
}

async function chooseMechanism(connection: BrokerConnection, mechanism: string): Promise<void> {
  const answer = await connection.ask(SASL_HANDSHAKE, encodeString(mechanism));
  requireNoError(answer.int16());
  const offered = answer.int32();
  for (let index = 0; index < offered; index++) answer.skipNullableString();
  answer.end();
}

async function sendCredentials(
  connection: BrokerConnection,
  { mechanism, username, password }: LoginRequest,
  random: (size: number) => Buffer,
): Promise<void> {
  const hash = SCRAM_HASHES[mechanism];
  if (!hash) {
    await authenticate(connection, Buffer.from(`\0${username}\0${password}`, 'utf8'));
    return;
  }
  const credentials = { hash, username, password, nonce: random(NONCE_BYTES).toString('base64') };
  const serverFirst = await authenticate(connection, scramClientFirst(credentials));
  const proof = await connection.orFailure(scramProof(credentials, serverFirst));
  proof.verify(await authenticate(connection, proof.clientFinal));
}

/** The only place where an answer can mean `rejected`. @returns what the server's mechanism has to say */
async function authenticate(connection: BrokerConnection, token: Buffer): Promise<Buffer> {
  const answer = await connection.ask(SASL_AUTHENTICATE, encodeBytes(token));
  const errorCode = answer.int16();
  const serverToken = readRest(answer);
  if (errorCode === SASL_AUTHENTICATION_FAILED) throw new LoginFailure('SASL_AUTHENTICATION_FAILED');
  requireNoError(errorCode);
  return serverToken;
}

function readRest(answer: FrameReader): Buffer {
  answer.skipNullableString();
  const token = answer.bytes();
  answer.end();
  return token;
}

function requireNoError(errorCode: number): void {
  if (errorCode !== 0) throw new LoginFailure(NAMED_ERRORS[errorCode] ?? `KAFKA_ERROR_${errorCode}`);
}
