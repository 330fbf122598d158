import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { accessKeyIdOf } from '../access.ts';
import { AwsError, invalidRequest, serialization } from './aws-error.ts';
import type { SecretsManagerState } from './state.ts';

const MAX_BODY_BYTES = 1_000_000;
const TARGET_PREFIX = 'secretsmanager.';
const SIGV4 =
  /^AWS4-HMAC-SHA256 Credential=[^/\s]+\/\d{8}\/([a-z0-9-]+)\/secretsmanager\/aws4_request, ?SignedHeaders=[a-z0-9;-]+, ?Signature=[0-9a-f]{64}$/;
/** The SDKs fill the token in; a request without one was made by hand, and AWS refuses it. */
const NEEDS_TOKEN = new Set(['CreateSecret', 'PutSecretValue', 'UpdateSecret', 'RotateSecret']);
/** Errors of the layer in front of the service spell the field in lower case. */
const FRONT_ERRORS = new Set(['ValidationException', 'SerializationException', 'UnknownOperationException']);

/** One request as the service reads it. */
export interface AwsRequest {
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Who signed it. */
  readonly accessKeyId: string;
}

/**
 * Reads a request of AWS JSON 1.1. The signature's form and Region are checked, not its value.
 * @param region undefined: any will do @throws AwsError
 */
export async function readRequest(request: IncomingMessage, region: string | undefined): Promise<AwsRequest> {
  const body = await readBody(request);
  checkAuthorization(request.headers.authorization, region);
  const target = request.headers['x-amz-target'];
  if (request.method !== 'POST' || typeof target !== 'string' || !target.startsWith(TARGET_PREFIX))
    throw new AwsError('UnknownOperationException', 'The request has no X-Amz-Target of Secrets Manager.');
  const input = parseBody(body);
  const accessKeyId = accessKeyIdOf(request.headers.authorization);
  return { operation: target.slice(TARGET_PREFIX.length), input, accessKeyId };
}

/** What AWS demands of a bare request beyond the model's rules. @throws AwsError InvalidRequestException */
export function checkToken({ operation, input }: AwsRequest): void {
  if (NEEDS_TOKEN.has(operation) && typeof input.ClientRequestToken !== 'string')
    throw invalidRequest('You must provide a ClientRequestToken value. We recommend a UUID-type value.');
}

/** What a call is about, for the log: secrets' names where they exist, ids as given elsewhere. Never a value. */
export function targetOf(state: SecretsManagerState, { input }: AwsRequest): string {
  const list = input.SecretIdList;
  const ids = Array.isArray(list) ? list : [input.SecretId ?? input.Name ?? ''];
  return ids.map((id) => (typeof id === 'string' ? (state.nameOf(id) ?? id) : '')).join(',');
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export const errorAnswer = ({ code, message, status }: AwsError): Answer => ({
  status,
  body: { __type: code, [FRONT_ERRORS.has(code) ? 'message' : 'Message']: message },
});

export function send(response: ServerResponse, { status, body, headers }: Answer, now: number): void {
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.1',
    'x-amzn-requestid': randomUUID(),
    date: new Date(now).toUTCString(),
    ...headers,
  });
  response.end(JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new AwsError('RequestEntityTooLargeException', 'The request is too large.', 413);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function checkAuthorization(header: string | undefined, region: string | undefined): void {
  if (header === undefined) throw new AwsError('MissingAuthenticationTokenException', 'Missing Authentication Token');
  const [, signedFor] = SIGV4.exec(header) ?? [];
  if (signedFor === undefined)
    throw new AwsError('IncompleteSignatureException', 'The Authorization header is no AWS Signature Version 4.');
  // As reported of several services, for example https://github.com/joona/aws-es-curl/issues/15.
  if (region !== undefined && signedFor !== region)
    throw new AwsError(
      'InvalidSignatureException',
      `Credential should be scoped to a valid region, not '${signedFor}'. `,
    );
}

/** A parser's message would quote the body, and with it a value. */
function parseBody(body: string): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = body === '' ? {} : JSON.parse(body);
  } catch {
    throw serialization('The request body is no JSON.');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw serialization('Expected an object.');
  return { ...parsed };
}
