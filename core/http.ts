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

/** Throws when no whole answer came in time; then nobody knows whether the request took effect. */
export type HttpTransport = (request: HttpRequest) => Promise<HttpResponse>;

/** The part of the fetch API that is used: Node's own `fetch` and undici's both fit. */
export type Fetch = (
  url: string,
  init: {
    method: string;
    headers: Record<string, string>;
    body?: string;
    signal: AbortSignal;
    redirect: 'error';
  },
) => Promise<{ status: number; headers: Iterable<[string, string]>; text(): Promise<string> }>;

/** @returns a transport over `fetch`. Redirects are refused: a secret goes only to the host that was checked. */
export function fetchTransport(fetch: Fetch): HttpTransport {
  return async (request) => {
    const response = await fetch(request.url, {
      method: request.method,
      headers: { ...request.headers },
      ...(request.body === undefined ? {} : { body: request.body }),
      signal: AbortSignal.timeout(request.timeoutMs),
      redirect: 'error',
    });
    return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
  };
}
