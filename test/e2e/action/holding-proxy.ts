import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Where a call is kept: before Streamkap hears of it, or after it answered. */
export type HeldAt = 'request' | 'answer';

export interface HoldingProxy {
  readonly url: string;
  /** Resolves when the call is being kept. */
  readonly held: Promise<void>;
  /** Lets it go on. */
  release(): void;
  close(): Promise<void>;
}

/**
 * Stands before Streamkap and makes one call slow, for exactly as long as the test wants.
 * @param call what the first call that is kept begins with. @default a key's creation
 */
export async function startHoldingProxy(
  target: () => string,
  heldAt: HeldAt,
  call = 'POST /project-keys',
): Promise<HoldingProxy> {
  const arrival = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  let taken = false;
  const hold = async (mine: boolean, place: HeldAt) => {
    if (!mine || place !== heldAt) return;
    arrival.resolve();
    await gate.promise;
  };
  const serve = async (incoming: IncomingMessage, response: ServerResponse) => {
    const mine = !taken && `${incoming.method} ${incoming.url}`.startsWith(call);
    taken ||= mine;
    // The whole request is here before it is kept: it goes on also when its sender has died meanwhile.
    const body = await bytesOf(incoming);
    await hold(mine, 'request');
    const answer = await forward(incoming, body, target());
    await hold(mine, 'answer');
    response.writeHead(answer.status, answer.headers).end(answer.body);
  };
  const server = createServer((incoming, response) => {
    serve(incoming, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    held: arrival.promise,
    release: gate.resolve,
    close: async () => {
      gate.resolve();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

async function forward(incoming: IncomingMessage, body: Buffer, target: string): Promise<Answer> {
  const { host: _host, connection: _connection, ...headers } = incoming.headers;
  return await new Promise((resolve, reject) => {
    const sent = request(new URL(incoming.url ?? '/', target), { method: incoming.method ?? 'GET', headers });
    sent.on('error', reject);
    sent.on('response', (answer) => {
      bytesOf(answer).then(
        (bytes) => resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: bytes }),
        reject,
      );
    });
    sent.end(body);
  });
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
