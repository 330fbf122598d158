import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { LoginFailure } from './login.ts';

/** The hash a SCRAM mechanism is built on, by its OpenSSL name, and its output in bytes. */
export interface ScramHash {
  readonly name: string;
  readonly bytes: number;
}

export const SCRAM_HASHES: Readonly<Record<string, ScramHash>> = {
  'SCRAM-SHA-256': { name: 'sha256', bytes: 32 },
  'SCRAM-SHA-512': { name: 'sha512', bytes: 64 },
};

/** RFC 7677 section 4 and Kafka's own minimum: fewer would hand an impostor a cheap way to guess the password. */
const MIN_ITERATIONS = 4096;
/** About half a second of one core; more is a broker that wants to keep us busy. */
const MAX_ITERATIONS = 1_000_000;

/** `n,,`: no channel binding, no authorisation identity. */
const GS2_HEADER = 'n,,';

const SERVER_FIRST = /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/]+={0,2}),i=([1-9]\d{0,9})(?:,.*)?$/s;
const SERVER_FINAL = /^v=([A-Za-z0-9+/]+={0,2})(?:,.*)?$/s;

export interface ScramCredentials {
  readonly hash: ScramHash;
  readonly username: string;
  readonly password: string;
  /** Printable ASCII without a comma, never used twice. */
  readonly nonce: string;
}

/** The client's last message and the check of the server's answer to it. */
export interface ScramProof {
  readonly clientFinal: Buffer;
  /** @throws LoginFailure PROTOCOL when the message is none, SERVER_SIGNATURE when the server does not know the password */
  verify(serverFinal: Buffer): void;
}

/** @returns the first message of a SCRAM login (RFC 5802 section 5) */
export function scramClientFirst(credentials: ScramCredentials): Buffer {
  return Buffer.from(GS2_HEADER + clientFirstBare(credentials));
}

/**
 * Answers the server's challenge. The password goes in as its UTF-8 bytes, without SASLprep, because Kafka does the same
 * (ScramFormatter.normalize).
 * @throws LoginFailure PROTOCOL on a malformed challenge, another nonce, or an iteration count outside 4096 to 1,000,000
 */
export async function scramProof(credentials: ScramCredentials, serverFirst: Buffer): Promise<ScramProof> {
  const challenge = parseServerFirst(serverFirst.toString('utf8'), credentials.nonce);
  const { hash, password } = credentials;
  const salted = await saltedPassword(password, hash, challenge);
  const clientKey = hmac(hash, salted, 'Client Key');
  const storedKey = createHash(hash.name).update(clientKey).digest();
  const withoutProof = `c=${Buffer.from(GS2_HEADER).toString('base64')},r=${challenge.nonce}`;
  const conversation = `${clientFirstBare(credentials)},${serverFirst.toString('utf8')},${withoutProof}`;
  const proof = xor(clientKey, hmac(hash, storedKey, conversation));
  const expected = hmac(hash, hmac(hash, salted, 'Server Key'), conversation);
  return {
    clientFinal: Buffer.from(`${withoutProof},p=${proof.toString('base64')}`),
    verify: (serverFinal) => verifySignature(serverFinal.toString('utf8'), expected),
  };
}

function clientFirstBare({ username, nonce }: ScramCredentials): string {
  return `n=${username.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`;
}

/** By hand: importing `promisify` would load worker threads with the rest of node:util, into every start of Action and functions. */
function saltedPassword(
  password: string,
  hash: ScramHash,
  { salt, iterations }: { readonly salt: Buffer; readonly iterations: number },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    pbkdf2(password, salt, iterations, hash.bytes, hash.name, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

function parseServerFirst(message: string, clientNonce: string) {
  const [, nonce, salt, count] = SERVER_FIRST.exec(message) ?? [];
  const iterations = Number(count);
  if (nonce === undefined || salt === undefined || !(iterations >= MIN_ITERATIONS && iterations <= MAX_ITERATIONS)) {
    throw new LoginFailure('PROTOCOL');
  }
  // A server that adds nothing of its own could be replaying an old conversation.
  if (!nonce.startsWith(clientNonce) || nonce.length === clientNonce.length) throw new LoginFailure('PROTOCOL');
  return { nonce, salt: Buffer.from(salt, 'base64'), iterations };
}

function verifySignature(message: string, expected: Buffer): void {
  const [, signature] = SERVER_FINAL.exec(message) ?? [];
  if (signature === undefined) throw new LoginFailure('PROTOCOL');
  const given = Buffer.from(signature, 'base64');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new LoginFailure('SERVER_SIGNATURE');
}

function hmac(hash: ScramHash, key: Buffer, text: string): Buffer {
  return createHmac(hash.name, key).update(text).digest();
}

function xor(left: Buffer, right: Buffer): Buffer {
  return Buffer.from(left.map((byte, index) => byte ^ (right[index] ?? 0)));
}
