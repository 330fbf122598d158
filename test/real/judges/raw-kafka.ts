import { connect, type TLSSocket } from 'node:tls';

/** Kafka's protocol guide, "API Keys" and "Request Header": one request as bytes, its size in front. */
export interface RawRequest {
  readonly key: number;
  readonly version: number;
  /** Header version 2 ends with tagged fields. @default false */
  readonly flexible?: boolean;
  readonly body: Buffer;
}

export const SASL_HANDSHAKE = 17;
export const API_VERSIONS = 18;
export const SASL_AUTHENTICATE = 36;

const CORRELATION_ID = 7;
const ANSWER_TIMEOUT_MS = 10_000;

export function rawRequest({ key, version, flexible = false, body }: RawRequest): Buffer {
  const header = Buffer.alloc(8);
  header.writeInt16BE(key, 0);
  header.writeInt16BE(version, 2);
  header.writeInt32BE(CORRELATION_ID, 4);
  return sized(Buffer.concat([header, string('raw'), ...(flexible ? [Buffer.of(0)] : []), body]));
}

export function sized(bytes: Buffer): Buffer {
  return Buffer.concat([int32(bytes.length), bytes]);
}

export function string(text: string): Buffer {
  const size = Buffer.alloc(2);
  size.writeInt16BE(Buffer.byteLength(text));
  return Buffer.concat([size, Buffer.from(text)]);
}

/** Bytes whose length is a varint of one byte, as flexible versions write short ones. */
export function compactBytes(bytes: Buffer): Buffer {
  if (bytes.length > 126) throw new Error('one byte of length is enough for this judge');
  return Buffer.concat([Buffer.of(bytes.length + 1), bytes]);
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/**
 * Sends messages over one TLS connection, each after the answer to the one before, exactly as given.
 * @returns per message the answer without its size, `closed` when the peer hung up instead, `silent` when nothing came
 */
export async function converse(
  { bootstrap, ca }: { readonly bootstrap: string; readonly ca: string },
  messages: readonly Buffer[],
): Promise<(Buffer | 'closed' | 'silent')[]> {
  const [host, port] = bootstrap.split(':');
  const socket = connect({ host: host ?? '', port: Number(port), ca });
  socket.on('error', () => socket.destroy());
  try {
    await new Promise<void>((secured, failed) => {
      socket.once('secureConnect', secured);
      socket.once('close', () => failed(new Error('closed before TLS was up')));
    });
    const answers: (Buffer | 'closed' | 'silent')[] = [];
    for (const message of messages) {
      socket.write(message);
      const answer = await nextAnswer(socket);
      answers.push(answer);
      if (typeof answer === 'string') break;
    }
    return answers;
  } finally {
    socket.destroy();
  }
}

function nextAnswer(socket: TLSSocket): Promise<Buffer | 'closed' | 'silent'> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0);
    const done = (answer: Buffer | 'closed' | 'silent') => {
      clearTimeout(timer);
      socket.off('data', onData).off('close', onClose).off('end', onClose);
      resolve(answer);
    };
    const onClose = () => done('closed');
    const onData = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) done(received.subarray(4));
    };
    const timer = setTimeout(() => done('silent'), ANSWER_TIMEOUT_MS);
    socket.on('data', onData).on('close', onClose).on('end', onClose);
    if (socket.destroyed || socket.readableEnded) onClose();
  });
}
