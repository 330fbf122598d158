import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { KafkaUsers } from '../kafka-users.ts';

/** What one message of a login led to. `username` as far as it is known; a malformed message is refused as Kafka does. */
export type SaslStep =
  | { readonly kind: 'continue'; readonly username: string; readonly token: Buffer }
  | { readonly kind: 'accepted'; readonly username: string; readonly token: Buffer }
  | { readonly kind: 'rejected'; readonly username: string };

/** The server's side of one login. */
export type SaslConversation = (token: Buffer) => SaslStep;

export const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
const ITERATIONS = 4096;
const UNKNOWN_USER = '';

/** @returns undefined for a mechanism that nobody here speaks */
export function startConversation(mechanism: string, users: KafkaUsers): SaslConversation | undefined {
  switch (mechanism) {
    case 'PLAIN':
      return (token) => plainStep(token.toString('utf8'), users);
    case 'SCRAM-SHA-256':
      return scramConversation('sha256', users);
    case 'SCRAM-SHA-512':
      return scramConversation('sha512', users);
    default:
      return undefined;
  }
}

/** RFC 4616: authorisation identity, user and password, separated by NUL. Kafka wants the first empty or equal to the second. */
function plainStep(message: string, users: KafkaUsers): SaslStep {
  const [authorizationId, username, password, ...more] = message.split('\0');
  if (username === undefined || password === undefined || more.length > 0) return refused(UNKNOWN_USER);
  const known = users.passwordOf(username);
  const mayAct = authorizationId === '' || authorizationId === username;
  if (!mayAct || known === undefined || !sameText(known, password)) return refused(username);
  return { kind: 'accepted', username, token: Buffer.alloc(0) };
}

const CLIENT_FIRST = /^n,(?:a=([^,]*))?,(n=((?:[^,=]|=2C|=3D)+),r=([\x21-\x2b\x2d-\x7e]+))$/;
const CLIENT_FINAL = /^(c=([A-Za-z0-9+/=]+),r=([\x21-\x2b\x2d-\x7e]+)),p=([A-Za-z0-9+/]+={0,2})$/;

/** RFC 5802 with the hash of RFC 7677 or SHA-512. The salt is a new one each time: only the password is stored here. */
function scramConversation(hash: 'sha256' | 'sha512', users: KafkaUsers): SaslConversation {
  let verify: SaslConversation | undefined;
  return (token) => {
    if (verify) return verify(token);
    const [, authorizationId, clientFirstBare, saslName, clientNonce] = CLIENT_FIRST.exec(token.toString('utf8')) ?? [];
    if (clientFirstBare === undefined || saslName === undefined) return refused(UNKNOWN_USER);
    const username = saslName.replaceAll('=2C', ',').replaceAll('=3D', '=');
    const password = users.passwordOf(username);
    const mayAct = authorizationId === undefined || authorizationId === username;
    if (!mayAct || password === undefined) return refused(username);
    const salt = randomBytes(16);
    const nonce = clientNonce + randomBytes(16).toString('base64url');
    const serverFirst = `r=${nonce},s=${salt.toString('base64')},i=${ITERATIONS}`;
    const size = hash === 'sha256' ? 32 : 64;
    const salted = pbkdf2Sync(password, salt, ITERATIONS, size, hash);
    verify = finalStep({ hash, username, nonce, salted, begun: `${clientFirstBare},${serverFirst}` });
    return { kind: 'continue', username, token: Buffer.from(serverFirst) };
  };
}

interface Challenge {
  readonly hash: string;
  readonly username: string;
  readonly nonce: string;
  readonly salted: Buffer;
  /** The two messages so far, as they go into the signatures. */
  readonly begun: string;
}

function finalStep({ hash, username, nonce, salted, begun }: Challenge): SaslConversation {
  return (token) => {
    const [, withoutProof, binding, echoed, proof] = CLIENT_FINAL.exec(token.toString('utf8')) ?? [];
    if (withoutProof === undefined || proof === undefined || echoed !== nonce) return refused(username);
    const header = Buffer.from(binding ?? '', 'base64').toString('utf8');
    if (header !== 'n,,' && header !== `n,a=${username},`) return refused(username);
    const hmac = (key: Buffer, text: string) => createHmac(hash, key).update(text).digest();
    const clientKey = hmac(salted, 'Client Key');
    const signature = hmac(createHash(hash).update(clientKey).digest(), `${begun},${withoutProof}`);
    const expected = Buffer.from(clientKey.map((byte, index) => byte ^ signature.readUInt8(index)));
    const given = Buffer.from(proof, 'base64');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return refused(username);
    const serverSignature = hmac(hmac(salted, 'Server Key'), `${begun},${withoutProof}`);
    return { kind: 'accepted', username, token: Buffer.from(`v=${serverSignature.toString('base64')}`) };
  };
}

function refused(username: string): SaslStep {
  return { kind: 'rejected', username };
}

function sameText(left: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
