import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A TCP pass-through in front of the broker whose connections can all be cut at once.
 *
 * Stock Kafka keeps sessions through a password change; Streamkap drops them. Bytes are not read: TLS runs end to end.
 */
export class CuttingProxy {
  readonly #target: () => number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  /** @param target the port on 127.0.0.1 that the broker listens on */
  constructor(target: () => number) {
    this.#target = target;
  }

  get port(): number {
    return this.#port;
  }

  get connections(): number {
    return this.#sockets.size / 2;
  }

  /** Listens on 127.0.0.1; on a later call on the port of the first, so that advertised addresses stay true. */
  async listen(): Promise<void> {
    const server = createServer((client) => this.#forward(client));
    await new Promise<void>((listening, failed) => {
      server.once('error', failed);
      server.listen(this.#port, '127.0.0.1', listening);
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
    this.#port = address.port;
    this.#server = server;
  }

  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  /** Stops listening and cuts: from now on clients get "connection refused". */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    this.cutAll();
    await closed;
  }

  #forward(client: Socket): void {
    const broker = connect(this.#target(), '127.0.0.1');
    for (const [socket, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  }
}
