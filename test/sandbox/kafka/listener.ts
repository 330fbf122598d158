import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import type { CallLog } from '../call-log.ts';
import type { Certificates } from '../certificates.ts';
import type { KafkaUsers } from '../kafka-users.ts';
import { FrameSplitter, MalformedRequest } from './requests.ts';
import { MECHANISMS } from './sasl-server.ts';
import { KafkaSession, type Reaction, type SessionOptions } from './session.ts';

export interface KafkaListenerOptions {
  readonly users: KafkaUsers;
  readonly log: CallLog;
  readonly certificates: Pick<Certificates, 'certPem' | 'keyPem'>;
  /** @default PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 */
  readonly mechanisms?: readonly string[];
  /** @default 0, any free one */
  readonly port?: number;
}

export interface KafkaListener {
  /** `127.0.0.1:port` */
  readonly bootstrap: string;
  /** Cuts the sessions of one user, as Streamkap does when the password changes. */
  disconnect(username: string): void;
  /** Who is logged in at the moment, one entry a session, the oldest first. */
  sessions(): string[];
  close(): Promise<void>;
}

/**
 * Listens on 127.0.0.1 for Kafka logins over TLS: ApiVersions, SaslHandshake, SaslAuthenticate; no topics, no metadata. As strict
 * as a broker: malformed, oversized or unknown requests end the connection. A session lasts until somebody ends it.
 *
 * Every login is in the call log (operation `login`; outcome accepted, rejected, abandoned or a fault's kind). Faults are
 * decided at a login's first message; `before` spoils the answer to that message, `after` the answer that decides. `status`
 * answers bytes that are no Kafka.
 */
export async function startKafkaListener(options: KafkaListenerOptions): Promise<KafkaListener> {
  const { certificates, mechanisms = MECHANISMS, port = 0 } = options;
  const secureContext = createSecureContext({ cert: certificates.certPem, key: certificates.keyPem });
  const connections = new Set<Connection>();
  const server = createServer((socket) => {
    const connection = serve(socket, { secureContext, session: { ...options, mechanisms } });
    connections.add(connection);
    socket.once('close', () => {
      connections.delete(connection);
      connection.session.ended();
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    bootstrap: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    disconnect: (username) => {
      for (const connection of connections) if (connection.session.user === username) connection.socket.destroy();
    },
    sessions: () => [...connections].flatMap(({ socket, session }) => (socket.destroyed ? [] : (session.user ?? []))),
    close: async () => {
      const ends = [...connections].map(({ socket }) => once(socket.destroy(), 'close'));
      server.close();
      await Promise.all([once(server, 'close'), ...ends]);
    },
  };
}

interface Connection {
  readonly socket: Socket;
  readonly session: KafkaSession;
}

function serve(
  socket: Socket,
  options: { readonly secureContext: SecureContext; readonly session: SessionOptions },
): Connection {
  const session = new KafkaSession(options.session);
  const frames = new FrameSplitter();
  // Over a socket of our own, because only a plain one can be reset.
  const tls = new TLSSocket(socket, { isServer: true, secureContext: options.secureContext });
  let open = true;
  socket.on('error', () => socket.destroy());
  tls.on('error', () => socket.destroy());
  tls.on('end', () => socket.destroy());
  tls.on('data', (chunk: Buffer) => {
    try {
      for (const frame of open ? frames.split(chunk) : []) {
        if (open) open = react(session.receive(frame), { socket, tls });
      }
    } catch (error) {
      socket.destroy();
      if (!(error instanceof MalformedRequest)) throw error;
    }
  });
  return { socket, session };
}

/** @returns whether the conversation goes on */
function react(reaction: Reaction, { socket, tls }: { socket: Socket; tls: TLSSocket }): boolean {
  switch (reaction.kind) {
    case 'answer':
      tls.write(reaction.bytes);
      return true;
    case 'answer-and-close':
      tls.end(reaction.bytes);
      return false;
    case 'close':
      socket.destroy();
      return false;
    case 'reset':
      socket.resetAndDestroy();
      return false;
    case 'hang':
      return false;
  }
}
