import { type Duplex, duplexPair } from 'node:stream';
import type { LoginRequest } from '../../../core/login-probe/login.ts';

export interface SeenRequest {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  /** What follows the header. */
  readonly body: Buffer;
}

/** What the broker does about a request: write these pieces, one after the other, then stay, close or reset. */
export interface Reply {
  readonly pieces?: readonly Buffer[];
  readonly ending?: 'close' | 'reset';
}

export type Script = (request: SeenRequest) => Reply;

/** A broker without a network, for bytes that no real one would send. */
export class ScriptedBroker {
  readonly requests: SeenRequest[] = [];
  readonly connections: Duplex[] = [];
  readonly #script: Script;

  constructor(script: Script) {
    this.#script = script;
  }

  /** Fits the probe's `connect` port. */
  readonly connect = (): Duplex => {
    const [client, server] = duplexPair();
    this.connections.push(client);
    process.nextTick(() => client.emit('secureConnect'));
    server.on('error', () => {});
    server.on('data', (chunk: Buffer) => {
      const request = parse(chunk);
      this.requests.push(request);
      const { pieces = [], ending } = this.#script(request);
      for (const piece of pieces) server.write(piece);
      if (ending === 'close') server.end();
      if (ending === 'reset') client.destroy(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    });
    return client;
  };
}

/** The probe writes each request in one piece. */
function parse(chunk: Buffer): SeenRequest {
  const clientId = chunk.readInt16BE(12);
  return {
    apiKey: chunk.readInt16BE(4),
    apiVersion: chunk.readInt16BE(6),
    correlationId: chunk.readInt32BE(8),
    body: chunk.subarray(14 + clientId),
  };
}

export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export function frame(correlationId: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat([int32(correlationId), ...parts]);
  return Buffer.concat([int32(body.length), body]);
}

export function handshakeAnswer(correlationId: number, errorCode = 0, mechanisms = ['PLAIN']): Buffer {
  const names = mechanisms.map((name) => Buffer.concat([int16(name.length), Buffer.from(name)]));
  return frame(correlationId, int16(errorCode), int32(names.length), ...names);
}

export function authenticateAnswer(correlationId: number, errorCode: number, token = '', message?: string): Buffer {
  const text = message === undefined ? int16(-1) : Buffer.concat([int16(message.length), Buffer.from(message)]);
  return frame(correlationId, int16(errorCode), text, int32(token.length), Buffer.from(token));
}

/** Answers SaslHandshake as it should be and hands the rest to `authenticate`. */
export function afterHandshake(authenticate: Script): Script {
  return (request) =>
    request.apiKey === 17 ? { pieces: [handshakeAnswer(request.correlationId)] } : authenticate(request);
}

export const PASSWORD = 'Ordinary7words!Sesame';
export const REQUEST: LoginRequest = {
  bootstrapServers: 'broker.example:9092',
  username: 'orders-reader',
  password: PASSWORD,
  mechanism: 'PLAIN',
  securityProtocol: 'SASL_SSL',
  timeoutMs: 10_000,
};
