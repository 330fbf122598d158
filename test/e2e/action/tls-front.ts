import { createServer as createHttpServer, request } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, type Server } from 'node:net';
import { onTestFinished } from 'vitest';

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** A stand-in of plain HTTP, over TLS. @returns its port on loopback */
export async function serveOverTls(
  certificates: { certPem: string; keyPem: string },
  target: () => string,
): Promise<number> {
  const front = createHttpsServer({ cert: certificates.certPem, key: certificates.keyPem }, (incoming, response) => {
    const { host: _host, ...headers } = incoming.headers;
    const onward = request(new URL(incoming.url ?? '/', target()), { method: incoming.method ?? 'GET', headers });
    onward.on('response', (answer) => answer.pipe(response.writeHead(answer.statusCode ?? 502, answer.headers)));
    onward.on('error', () => response.destroy());
    incoming.pipe(onward);
  });
  onTestFinished(() => front.closeAllConnections());
  return await listen(front);
}

/**
 * A proxy that knows CONNECT and nothing else.
 * @param portOf where on loopback `host:port` leads. @default its own port
 * @returns what it was asked for
 */
export async function startProxy(
  portOf: (address: string) => number = (address) => Number(address.split(':').at(-1)),
): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const proxy = createHttpServer((incoming, response) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    response.writeHead(405).end();
  });
  proxy.on('connect', (incoming, socket) => {
    asked.push(`CONNECT ${incoming.url}`);
    const onward = connect(portOf(incoming.url ?? ''), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
    onTestFinished(() => void onward.destroy());
  });
  const port = await listen(proxy);
  return { url: `http://127.0.0.1:${port}`, asked };
}
