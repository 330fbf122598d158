import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { accessKeyIdOf, type Deny } from '../access.ts';
import { HandlerError } from '../bundle-handler.ts';
import type { CallLog, FaultAction } from '../call-log.ts';
import { complaintAboutSignature } from './signature.ts';

/** Lambda's quota for a synchronous request. */
const MAX_BODY_BYTES = 6 * 1024 * 1024;
const PATH = /^\/2015-03-31\/functions\/([^/?]+)\/invocations$/;
const NAME = /^[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_$-]{1,128})?$/;

export interface LambdaOptions {
  readonly log: CallLog;
  readonly region: string;
  /** Secret access key that requests are signed with. */
  readonly secretKey: string;
  readonly now: () => number;
  /** @default everybody may invoke every function */
  readonly deny?: Deny | undefined;
  /** ARNs of the functions that exist. */
  readonly functions: () => readonly string[];
  /** Runs the code behind them; undefined without any. @returns what the function returned @throws HandlerError */
  readonly call: () => ((event: unknown, functionArn: string) => Promise<unknown>) | undefined;
}

export interface LambdaServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  close(): Promise<void>;
}

/** An answer before the function is called. */
class Refusal extends Error {
  readonly status: number;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = code;
    this.status = status;
  }
}

/** Lambda's Invoke on loopback, for the functions that rotate secrets. Refuses what the service refuses, signatures included. */
export async function startLambdaApi(options: LambdaOptions): Promise<LambdaServer> {
  const server = createServer((request, response) => void handle(options, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function handle(options: LambdaOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const operation = PATH.test(request.url ?? '') ? 'Invoke' : `${request.method} ${request.url}`;
  const target = decodeURIComponent(PATH.exec(request.url ?? '')?.[1] ?? '');
  const fault = options.log.take('lambda', operation);
  const spoils = fault?.kind === 'propagation' ? undefined : fault;
  const record = (outcome: string, tookEffect: boolean) =>
    options.log.record({ service: 'lambda', operation, target, outcome: spoils?.kind ?? outcome, tookEffect });
  try {
    const order = { functionArn: functionOf(options, request, target), event: await eventOf(options, request) };
    requireAccess(options, request, order.functionArn);
    if (spoils?.when === 'before') record(spoils.kind, false);
    const answer = spoils?.when === 'before' ? undefined : await invoke(options, order);
    if (answer) record(answer.headers['x-amz-function-error'] ?? 'ok', true);
    if (spoils) return spoil(response, spoils);
    if (answer) send(response, 200, answer.body, answer.headers);
  } catch (error) {
    const known = error instanceof Refusal ? error : new Refusal(500, 'ServiceException', 'Internal failure.');
    record(known.name, false);
    refuse(response, known);
  }
}

/** @returns the whole ARN of the function that is meant, by its name or ARN @throws Refusal */
function functionOf({ functions, call }: LambdaOptions, request: IncomingMessage, target: string): string {
  if (target === '') throw new Refusal(404, 'UnknownOperationException', '');
  if (request.method !== 'POST') throw new Refusal(405, 'MethodNotAllowedException', '');
  const type = request.headers['x-amz-invocation-type'] ?? 'RequestResponse';
  if (type !== 'RequestResponse')
    throw new Refusal(400, 'InvalidParameterValueException', 'Only RequestResponse here.');
  const isArn = target.startsWith('arn:');
  if (!isArn && !NAME.test(target)) throw new Refusal(400, 'ValidationException', 'The function name is not valid.');
  const found = functions().find((arn) => (isArn ? arn === target : arn.split(':').slice(6).join(':') === target));
  if (found && call()) return found;
  throw new Refusal(404, 'ResourceNotFoundException', `Function not found: ${target}`);
}

/** @throws Refusal */
function requireAccess({ deny }: LambdaOptions, request: IncomingMessage, resource: string): void {
  const accessKeyId = accessKeyIdOf(request.headers.authorization);
  const denied = deny?.({ accessKeyId, action: 'lambda:InvokeFunction', resource, context: {} });
  if (denied !== undefined) throw new Refusal(403, 'AccessDeniedException', denied);
}

async function eventOf(options: LambdaOptions, request: IncomingMessage): Promise<unknown> {
  const { region, secretKey, now } = options;
  const body = await bodyOf(request);
  const complaint = complaintAboutSignature(request, { body, region, secretKey, now: now(), service: 'lambda' });
  if (complaint) throw new Refusal(403, 'InvalidSignatureException', complaint);
  try {
    return body.length === 0 ? {} : JSON.parse(body.toString());
  } catch {
    throw new Refusal(400, 'InvalidRequestContentException', 'Could not parse request body into json.');
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Refusal(413, 'RequestTooLargeException', 'The request is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What a function throws is an answer like any other, with a header that says so. */
async function invoke(
  { call }: LambdaOptions,
  { event, functionArn }: { readonly event: unknown; readonly functionArn: string },
): Promise<{ body: unknown; headers: Record<string, string> }> {
  const headers = { 'x-amz-executed-version': '$LATEST' };
  try {
    return { body: (await call()?.(event, functionArn)) ?? null, headers };
  } catch (error) {
    if (!(error instanceof HandlerError)) throw error;
    const body = { errorType: error.name, errorMessage: error.message, trace: [] };
    return { body, headers: { ...headers, 'x-amz-function-error': 'Unhandled' } };
  }
}

function refuse(response: ServerResponse, { status, name, message }: Refusal): void {
  send(response, status, { Type: status < 500 ? 'User' : 'Service', Message: message }, { 'x-amzn-errortype': name });
}

function spoil(response: ServerResponse, fault: Exclude<FaultAction, { kind: 'propagation' }>): void {
  if (fault.kind === 'status') {
    refuse(response, new Refusal(fault.status, fault.code ?? 'ServiceException', fault.body ?? 'A scripted fault.'));
  } else if (fault.kind === 'drop') response.socket?.resetAndDestroy();
}

function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string>): void {
  response.writeHead(status, { 'content-type': 'application/json', 'x-amzn-requestid': randomUUID(), ...headers });
  response.end(JSON.stringify(body));
}
