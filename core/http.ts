import http from 'node:http';
import https from 'node:https';

/** One HTTP call as Streamkap's client makes it. The body is JSON text and may hold secrets. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Milliseconds after which the call must be given up on by throwing. */
  readonly timeoutMs: number;
}

export interface HttpResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Throws when no whole answer came in time; then nobody knows whether the request took effect. Never follows a redirect. */
export type HttpTransport = (request: HttpRequest) => Promise<HttpResponse>;

/** Answers are lists of keys at most; more than this is not Streamkap. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/**
 * Node's own client: the quickest to start (docs/decisions.md has the numbers).
 * @param environment where `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` are looked up, in either case (Node >= 24.5)
 */
export function nodeTransport(environment: NodeJS.ProcessEnv): HttpTransport {
  const options = { keepAlive: true, proxyEnv: environment };
  const agents = { 'http:': new http.Agent(options), 'https:': new https.Agent(options) };
  return async (request) => {
    const url = new URL(request.url);
    const secure = url.protocol === 'https:';
    const body = request.body === undefined ? undefined : Buffer.from(request.body);
    const signal = timeLimit(request);
    return await new Promise<HttpResponse>((resolve, reject) => {
      const sent = (secure ? https : http).request(url, {
        method: request.method,
        headers: { ...request.headers, ...(body ? { 'content-length': String(body.length) } : {}) },
        agent: agents[secure ? 'https:' : 'http:'],
        signal,
      });
      sent.on('error', reject);
      sent.on('response', (response) => {
        collect(response).then(
          (text) => resolve({ status: response.statusCode ?? 0, headers: flatten(response.headers), body: text }),
          reject,
        );
      });
      sent.end(body);
    });
  };
}

/** A timer takes whole milliseconds, and no more of them than this. */
function timeLimit({ timeoutMs }: HttpRequest): AbortSignal {
  return AbortSignal.timeout(Math.max(1, Math.min(Math.ceil(timeoutMs), 2 ** 31 - 1)));
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new Error('answer too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function flatten(headers: http.IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

/** The part of the fetch API that is used: Node's own `fetch` and undici's both fit. */
export type Fetch = (
  url: string,
  init: { method: string; headers: Record<string, string>; body?: string; signal: AbortSignal; redirect: 'manual' },
) => Promise<{ status: number; headers: Iterable<[string, string]>; body: AsyncIterable<Uint8Array> | null }>;

/** The same over `fetch`, for those who want undici's pools, dispatchers or mock agent. */
export function fetchTransport(fetch: Fetch): HttpTransport {
  return async (request) => {
    const response = await fetch(request.url, {
      method: request.method,
      headers: { ...request.headers },
      ...(request.body === undefined ? {} : { body: request.body }),
      signal: timeLimit(request),
      redirect: 'manual',
    });
    const body = response.body === null ? '' : await collect(response.body);
    return { status: response.status, headers: Object.fromEntries(response.headers), body };
  };
}
