/** The APIs this listener speaks, with the versions it advertises (kafka.apache.org/protocol). */
export const APIS = {
  saslHandshake: { key: 17, min: 0, max: 1 },
  apiVersions: { key: 18, min: 0, max: 3 },
  saslAuthenticate: { key: 36, min: 0, max: 2 },
} as const;

const MAX_FRAME_BYTES = 64 * 1024;

/** Bytes that a broker would hang up on. */
export class MalformedRequest extends Error {}

interface Header {
  readonly version: number;
  readonly correlationId: number;
}

export type KafkaRequest =
  | (Header & { readonly api: 'apiVersions' })
  | (Header & { readonly api: 'saslHandshake'; readonly mechanism: string })
  | (Header & { readonly api: 'saslAuthenticate'; readonly token: Buffer });

/** Cuts the byte stream into frames, however it arrives. */
export class FrameSplitter {
  #rest: Buffer = Buffer.alloc(0);

  /** @throws MalformedRequest on a negative size or one over 64 kB */
  split(chunk: Buffer): Buffer[] {
    const frames: Buffer[] = [];
    let rest = Buffer.concat([this.#rest, chunk]);
    while (rest.length >= 4) {
      const size = rest.readInt32BE(0);
      if (size < 0 || size > MAX_FRAME_BYTES) throw new MalformedRequest('frame size');
      if (rest.length < 4 + size) break;
      frames.push(rest.subarray(4, 4 + size));
      rest = rest.subarray(4 + size);
    }
    this.#rest = rest;
    return frames;
  }
}

/** @throws MalformedRequest unless every byte of the frame is accounted for, or when the API or its version is not spoken here */
export function parseRequest(frame: Buffer): KafkaRequest {
  const cursor = new Cursor(frame);
  const key = cursor.int16();
  const version = cursor.int16();
  const correlationId = cursor.int32();
  const header = { version, correlationId };
  // A client may ask for any version of this one and must get an answer it can read (KIP-511).
  if (key === APIS.apiVersions.key && version > APIS.apiVersions.max) return { api: 'apiVersions', ...header };
  cursor.nullableString();
  const request = parseBody(cursor, key, header);
  cursor.end();
  return request;
}

function parseBody(cursor: Cursor, key: number, header: Header): KafkaRequest {
  const { version } = header;
  if (key === APIS.apiVersions.key && version >= 0) {
    if (version === 3) {
      cursor.tags();
      for (const _ of ['client_software_name', 'client_software_version']) cursor.take(cursor.uvarint() - 1);
      cursor.tags();
    }
    return { api: 'apiVersions', ...header };
  }
  if (key === APIS.saslHandshake.key && (version === 0 || version === 1)) {
    return { api: 'saslHandshake', ...header, mechanism: cursor.take(cursor.int16()).toString('utf8') };
  }
  if (key === APIS.saslAuthenticate.key && (version === 0 || version === 1)) {
    return { api: 'saslAuthenticate', ...header, token: cursor.take(cursor.int32()) };
  }
  if (key === APIS.saslAuthenticate.key && version === 2) {
    cursor.tags();
    const token = cursor.take(cursor.uvarint() - 1);
    cursor.tags();
    return { api: 'saslAuthenticate', ...header, token };
  }
  throw new MalformedRequest('API or version');
}

class Cursor {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  take(size: number): Buffer {
    if (size < 0 || this.#offset + size > this.#bytes.length) throw new MalformedRequest('length');
    this.#offset += size;
    return this.#bytes.subarray(this.#offset - size, this.#offset);
  }

  int16(): number {
    return this.take(2).readInt16BE(0);
  }

  int32(): number {
    return this.take(4).readInt32BE(0);
  }

  nullableString(): void {
    const size = this.int16();
    if (size !== -1) this.take(size);
  }

  uvarint(): number {
    let value = 0;
    for (let shift = 0; shift <= 28; shift += 7) {
      const byte = this.take(1).readUInt8(0);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new MalformedRequest('varint');
  }

  tags(): void {
    const count = this.uvarint();
    for (let index = 0; index < count; index++) {
      this.uvarint();
      this.take(this.uvarint());
    }
  }

  end(): void {
    if (this.#offset !== this.#bytes.length) throw new MalformedRequest('bytes left over');
  }
}
