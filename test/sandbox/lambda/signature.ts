import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=[^/\s]+\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;
const MAX_SKEW_MS = 300_000;

const sha256 = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();

export interface SignatureFacts {
  readonly body: Buffer;
  readonly secretKey: string;
  readonly region: string;
  readonly service: string;
  /** Epoch milliseconds. */
  readonly now: number;
}

/**
 * Computes the signature of a request anew (IAM user guide, "Create a signed AWS API request"), for a path without dot segments and
 * a request without a query. @returns what is wrong with it, or undefined
 */
export function complaintAboutSignature(request: IncomingMessage, facts: SignatureFacts): string | undefined {
  const [, day = '', region = '', service = '', signed = '', given = ''] =
    AUTHORIZATION.exec(request.headers.authorization ?? '') ?? [];
  if (given === '') return 'the Authorization header is no AWS Signature Version 4';
  if (region !== facts.region || service !== facts.service) return `the scope is ${region}/${service}`;
  const date = String(request.headers['x-amz-date'] ?? '');
  const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!date.startsWith(day) || !(Math.abs(at - facts.now) <= MAX_SKEW_MS)) return 'the date is not now';
  const names = signed.split(';');
  if (!names.includes('host') || names.join() !== [...names].sort().join()) return 'the signed headers are not right';
  const canonical = [
    request.method,
    (request.url ?? '').split('/').map(encodeURIComponent).join('/'),
    '',
    ...names.map((name) => `${name}:${String(request.headers[name] ?? '').trim()}`),
    '',
    signed,
    sha256(facts.body),
  ].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${facts.secretKey}`);
  const expected = hmac(key, ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n')).toString('hex');
  return timingSafeEqual(Buffer.from(expected), Buffer.from(given)) ? undefined : 'the signature does not match';
}
