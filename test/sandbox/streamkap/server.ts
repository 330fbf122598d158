import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CallLog } from '../call-log.ts';
import type { ApiRequest } from './answer.ts';
import { decide } from './faults.ts';
import type { StreamkapState } from './state.ts';

/** More than any documented request; what is longer is cut off unread. */
const BODY_LIMIT_BYTES = 1_048_576;

/** Node fires a longer timer at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface RunningStreamkap {
  /** `http://127.0.0.1:<port>`, no slash at the end. */
  readonly url: string;
  /** Stops at once; connections that hang are cut. */
  close(): Promise<void>;
}

/**
 * Serves the tenant over HTTP on loopback. One timer at a time brings effects that are due without a request, so that a login
 * sees a propagated password by itself; it never keeps the process alive.
 * @param port default any free one
 * @param settled awaited between a call's effect and its answer
 */
export async function startStreamkap({
  state,
  log,
  port = 0,
  settled,
}: {
  state: StreamkapState;
  log: CallLog;
  port?: number;
  settled?: () => Promise<unknown>;
}): Promise<RunningStreamkap> {
  let timer: NodeJS.Timeout | undefined;
  const awaitNextDue = (): void => {
    clearTimeout(timer);
    const due = state.nextDue();
    if (due === undefined) return;
    timer = setTimeout(
      () => {
        state.settle();
        awaitNextDue();
      },
      Math.min(Math.max(1, due - state.settings.now()), LONGEST_TIMER_MS),
    ).unref();
  };
  const server = createServer((incoming, response) => {
    readRequest(incoming)
      .then(async (request) => {
        const decision = decide({ state, log }, request);
        awaitNextDue();
        if (settled !== undefined) await settled();
        answer(response, decision);
      })
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      clearTimeout(timer);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function readRequest(incoming: IncomingMessage): Promise<ApiRequest> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT_BYTES) throw new Error('request too large');
    chunks.push(chunk);
  }
  const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
  return {
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    headers,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

function answer(response: ServerResponse, decision: ReturnType<typeof decide>): void {
  if (decision.kind === 'answer') {
    const { status, headers, body } = decision.answer;
    response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
  } else if (decision.kind === 'drop') {
    response.socket?.resetAndDestroy();
  }
}
