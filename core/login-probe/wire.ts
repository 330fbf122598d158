import { LoginFailure } from './login.ts';

// Layouts: the Kafka protocol guide, kafka.apache.org/protocol ("The Messages", request header v1, response header v0).
export const SASL_HANDSHAKE = { apiKey: 17, apiVersion: 1 } as const;
/** Version 0 is enough and is what every broker since 1.0 speaks; later ones only add the session's lifetime. */
export const SASL_AUTHENTICATE = { apiKey: 36, apiVersion: 0 } as const;

const CLIENT_ID = 'streamkap-keyring';
/** A SASL answer is some hundred bytes; anything near this is no Kafka broker. */
export const MAX_FRAME_BYTES = 64 * 1024;

/** @returns a whole request, size prefix included */
export function encodeRequest(
  api: { readonly apiKey: number; readonly apiVersion: number },
  { correlationId, body }: { correlationId: number; body: Buffer },
): Buffer {
  const header = Buffer.alloc(12);
  header.writeInt16BE(api.apiKey, 4);
  header.writeInt16BE(api.apiVersion, 6);
  header.writeInt32BE(correlationId, 8);
  const request = Buffer.concat([header, encodeString(CLIENT_ID), body]);
  request.writeInt32BE(request.length - 4, 0);
  return request;
}

export function encodeString(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  const size = Buffer.alloc(2);
  size.writeInt16BE(bytes.length);
  return Buffer.concat([size, bytes]);
}

export function encodeBytes(bytes: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeInt32BE(bytes.length);
  return Buffer.concat([size, bytes]);
}

/** Puts a response together from the pieces in which it arrives. Never holds more than one frame of {@link MAX_FRAME_BYTES}. */
export class FrameAssembler {
  #received: Buffer = Buffer.alloc(0);

  /**
   * @returns the frame without its size once it is whole, else undefined
   * @throws LoginFailure PROTOCOL on an impossible size, or on bytes after the frame: nothing that was asked for explains them
   */
  push(chunk: Buffer): Buffer | undefined {
    this.#received = Buffer.concat([this.#received, chunk]);
    if (this.#received.length < 4) return undefined;
    const size = this.#received.readInt32BE(0);
    if (size < 4 || size > MAX_FRAME_BYTES || this.#received.length > 4 + size) throw new LoginFailure('PROTOCOL');
    if (this.#received.length < 4 + size) return undefined;
    const frame = this.#received.subarray(4);
    this.#received = Buffer.alloc(0);
    return frame;
  }
}

/** Reads a response from left to right; every method throws LoginFailure PROTOCOL when the bytes do not fit. */
export class FrameReader {
  readonly #frame: Buffer;
  #offset = 0;

  constructor(frame: Buffer) {
    this.#frame = frame;
  }

  int16(): number {
    return this.#take(2).readInt16BE(0);
  }

  int32(): number {
    return this.#take(4).readInt32BE(0);
  }

  /** Passes over a string without looking at it: what a server wrote may quote anything. */
  skipNullableString(): void {
    const size = this.int16();
    if (size !== -1) this.#take(size);
  }

  /** The null that some brokers send for "nothing" reads as empty. */
  bytes(): Buffer {
    const size = this.int32();
    return size === -1 ? Buffer.alloc(0) : this.#take(size);
  }

  end(): void {
    if (this.#offset !== this.#frame.length) throw new LoginFailure('PROTOCOL');
  }

  #take(size: number): Buffer {
    const end = this.#offset + size;
    if (size < 0 || end > this.#frame.length) throw new LoginFailure('PROTOCOL');
    const part = this.#frame.subarray(this.#offset, end);
    this.#offset = end;
    return part;
  }
}
