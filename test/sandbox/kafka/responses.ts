import { APIS, type KafkaRequest } from './requests.ts';

/** Kafka's error codes as far as a login meets them (kafka.apache.org/protocol, "Error Codes"). */
export const ERRORS = {
  none: 0,
  unsupportedSaslMechanism: 33,
  illegalSaslState: 34,
  unsupportedVersion: 35,
  saslAuthenticationFailed: 58,
} as const;

/** @returns a frame with its size in front */
export function frame(...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([int32(body.length), body]);
}

/** Answers in the version asked for, or says in version 0 that it cannot. */
export function apiVersionsResponse({ version, correlationId }: KafkaRequest): Buffer {
  if (version > APIS.apiVersions.max) {
    const { key, min, max } = APIS.apiVersions;
    const own = [int32(1), int16(key), int16(min), int16(max)];
    return frame(int32(correlationId), int16(ERRORS.unsupportedVersion), ...own);
  }
  const flexible = version >= 3;
  const apis = Object.values(APIS);
  const ranges = apis.flatMap(({ key, min, max }) => [
    int16(key),
    int16(min),
    int16(max),
    ...(flexible ? [NO_TAGS] : []),
  ]);
  return frame(
    // The header stays without tags even in the flexible version: a client cannot know yet what the broker speaks.
    int32(correlationId),
    int16(ERRORS.none),
    flexible ? uvarint(apis.length + 1) : int32(apis.length),
    ...ranges,
    ...(version >= 1 ? [int32(0)] : []),
    ...(flexible ? [NO_TAGS] : []),
  );
}

export function saslHandshakeResponse(
  { correlationId }: KafkaRequest,
  { error, mechanisms }: { error: number; mechanisms: readonly string[] },
): Buffer {
  const names = mechanisms.map((name) => Buffer.concat([int16(name.length), Buffer.from(name)]));
  return frame(int32(correlationId), int16(error), int32(names.length), ...names);
}

export function saslAuthenticateResponse(
  { version, correlationId }: KafkaRequest,
  { error, message, token }: { error: number; message: string | null; token: Buffer },
): Buffer {
  const text = message === null ? undefined : Buffer.from(message);
  const noLifetime = Buffer.alloc(8);
  if (version < 2) {
    return frame(
      int32(correlationId),
      int16(error),
      text ? Buffer.concat([int16(text.length), text]) : int16(-1),
      int32(token.length),
      token,
      ...(version === 1 ? [noLifetime] : []),
    );
  }
  return frame(
    int32(correlationId),
    NO_TAGS,
    int16(error),
    text ? Buffer.concat([uvarint(text.length + 1), text]) : uvarint(0),
    uvarint(token.length + 1),
    token,
    noLifetime,
    NO_TAGS,
  );
}

const NO_TAGS = Buffer.of(0);

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function uvarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return Buffer.from([...bytes, rest]);
}
