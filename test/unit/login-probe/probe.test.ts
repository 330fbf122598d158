import { describe, expect, test } from 'vitest';
import { probeLogin } from '../../../core/login-probe/probe.ts';
import {
  afterHandshake,
  authenticateAnswer,
  frame,
  handshakeAnswer,
  int16,
  int32,
  PASSWORD,
  REQUEST,
  type Script,
  ScriptedBroker,
} from './scripted-broker.ts';

async function probe(script: Script, request = REQUEST) {
  const broker = new ScriptedBroker(script);
  const result = await probeLogin(request, { connect: broker.connect });
  expect(broker.connections.every(({ destroyed }) => destroyed)).toBe(true);
  return { result, broker };
}

const accepting = afterHandshake(({ correlationId }) => ({ pieces: [authenticateAnswer(correlationId, 0)] }));

describe('a PLAIN login', () => {
  test('that Kafka lets in is accepted, after one handshake and one try', async () => {
    const { result, broker } = await probe(accepting);
    expect(result).toMatchObject({ outcome: 'accepted', broker: 'broker.example:9092' });
    expect(broker.requests.map(({ apiKey, apiVersion }) => [apiKey, apiVersion])).toEqual([
      [17, 1],
      [36, 0],
    ]);
    const token = `\0orders-reader\0${PASSWORD}`;
    expect(broker.requests[1]?.body).toEqual(Buffer.concat([int32(token.length), Buffer.from(token)]));
  });

  test('that Kafka refuses with error 58 is rejected, and the words that came with it are dropped', async () => {
    const { result } = await probe(
      afterHandshake(({ correlationId }) => ({
        pieces: [authenticateAnswer(correlationId, 58, '', `no entry with ${PASSWORD}`)],
        ending: 'close',
      })),
    );
    expect(result).toEqual({
      outcome: 'rejected',
      code: 'SASL_AUTHENTICATION_FAILED',
      broker: 'broker.example:9092',
      milliseconds: expect.any(Number),
    });
  });

  test.each([
    [33, 'UNSUPPORTED_SASL_MECHANISM'],
    [34, 'ILLEGAL_SASL_STATE'],
    [29, 'KAFKA_ERROR_29'],
    [-1, 'KAFKA_ERROR_-1'],
  ])('that ends with error %i says nothing about the password', async (errorCode, code) => {
    const { result } = await probe(
      afterHandshake(({ correlationId }) => ({ pieces: [authenticateAnswer(correlationId, errorCode)] })),
    );
    expect(result).toMatchObject({ outcome: 'unknown', code });
  });

  test('is not tried on a broker that does not offer the mechanism', async () => {
    const { result, broker } = await probe(({ correlationId }) => ({
      pieces: [handshakeAnswer(correlationId, 33, ['GSSAPI'])],
      ending: 'close',
    }));
    expect(result).toMatchObject({ outcome: 'unknown', code: 'UNSUPPORTED_SASL_MECHANISM' });
    expect(broker.requests).toHaveLength(1);
  });

  test('is not rejected by an error 58 that answers the handshake', async () => {
    const { result, broker } = await probe(({ correlationId }) => ({ pieces: [handshakeAnswer(correlationId, 58)] }));
    expect(result).toMatchObject({ outcome: 'unknown', code: 'KAFKA_ERROR_58' });
    expect(broker.requests).toHaveLength(1);
  });
});

describe('an answer', () => {
  test('may arrive byte by byte', async () => {
    const { result } = await probe(({ apiKey, correlationId }) => {
      const answer = apiKey === 17 ? handshakeAnswer(correlationId) : authenticateAnswer(correlationId, 0);
      return { pieces: [...answer].map((byte) => Buffer.of(byte)) };
    });
    expect(result.outcome).toBe('accepted');
  });

  test('may hold null instead of an empty token', async () => {
    const { result } = await probe(
      afterHandshake(({ correlationId }) => ({ pieces: [frame(correlationId, int16(0), int16(-1), int32(-1))] })),
    );
    expect(result.outcome).toBe('accepted');
  });

  const malformed: [string, (correlationId: number) => Buffer[]][] = [
    ['is HTTP', () => [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')]],
    ['claims more than 64 kB', () => [int32(64 * 1024 + 1)]],
    ['claims a negative size', () => [int32(-5), Buffer.alloc(20)]],
    ['is too short for a correlation id', () => [int32(3), Buffer.alloc(3)]],
    ['has another correlation id', (id) => [authenticateAnswer(id + 1, 0)]],
    ['has another correlation id and refuses', (id) => [authenticateAnswer(id - 1, 58)]],
    ['is cut short inside its frame', (id) => [frame(id, int16(0), int16(-1))]],
    ['refuses but is cut short inside its frame', (id) => [frame(id, int16(58), int16(40))]],
    ['has bytes left over in its frame', (id) => [frame(id, int16(0), int16(-1), int32(0), Buffer.of(0))]],
    ['brings a second one along', (id) => [Buffer.concat([authenticateAnswer(id, 0), authenticateAnswer(id + 1, 0)])]],
    ['has a string of impossible length', (id) => [frame(id, int16(0), int16(-2), int32(0))]],
  ];
  test.each(malformed)('that %s leaves the outcome unknown', async (_, pieces) => {
    const { result } = await probe(afterHandshake(({ correlationId }) => ({ pieces: pieces(correlationId) })));
    expect(result).toMatchObject({ outcome: 'unknown', code: 'PROTOCOL', broker: 'broker.example:9092' });
  });

  test('to a question not asked yet ends the attempt before the password is sent', async () => {
    const { result, broker } = await probe(({ correlationId }) => ({
      pieces: [Buffer.concat([handshakeAnswer(correlationId), authenticateAnswer(correlationId + 1, 0)])],
    }));
    expect(result).toMatchObject({ outcome: 'unknown', code: 'PROTOCOL' });
    expect(broker.requests).toHaveLength(1);
  });

  test('that counts more mechanisms than it lists is refused', async () => {
    const { result } = await probe(({ correlationId }) => ({
      pieces: [frame(correlationId, int16(0), int32(2 ** 31 - 1), int16(5), Buffer.from('PLAIN'))],
    }));
    expect(result).toMatchObject({ outcome: 'unknown', code: 'PROTOCOL' });
  });

  test.each([
    'close',
    'reset',
  ] as const)('that is a %s in the middle of the login leaves the outcome unknown', async (ending) => {
    const { result, broker } = await probe(afterHandshake(() => ({ ending })));
    expect(result).toMatchObject({ outcome: 'unknown', code: 'ECONNRESET' });
    expect(broker.connections).toHaveLength(1);
  });

  test('that comes together with the end of the connection counts', async () => {
    const { result } = await probe(
      afterHandshake(({ correlationId }) => ({ pieces: [authenticateAnswer(correlationId, 58)], ending: 'close' })),
    );
    expect(result.outcome).toBe('rejected');
  });
});

describe('nothing is connected to', () => {
  test.each([
    ['a protocol in the clear', { securityProtocol: 'SASL_PLAINTEXT' }, 'UNSUPPORTED_PROTOCOL'],
    ['a protocol without a login', { securityProtocol: 'SSL' }, 'UNSUPPORTED_PROTOCOL'],
    ['an unknown mechanism', { mechanism: 'OAUTHBEARER' }, 'UNSUPPORTED_MECHANISM'],
    ['a mechanism named like a property of every object', { mechanism: 'toString' }, 'UNSUPPORTED_MECHANISM'],
    ['no server', { bootstrapServers: ' , ' }, 'INVALID_BOOTSTRAP_SERVERS'],
    ['a server without a port', { bootstrapServers: 'a.example:9092,b.example' }, 'INVALID_BOOTSTRAP_SERVERS'],
    ['a port that is none', { bootstrapServers: 'a.example:65536' }, 'INVALID_BOOTSTRAP_SERVERS'],
    ['a URL', { bootstrapServers: 'https://a.example:9092' }, 'INVALID_BOOTSTRAP_SERVERS'],
    ['a NUL in the password', { password: 'one\0two' }, 'INVALID_CREDENTIALS'],
    ['a NUL in the user name', { username: 'one\0two' }, 'INVALID_CREDENTIALS'],
    ['no time', { timeoutMs: 0 }, 'TIMEOUT'],
    ['a time limit that is no number', { timeoutMs: Number.NaN }, 'TIMEOUT'],
  ])('for %s', async (_, change, code) => {
    const { result, broker } = await probe(accepting, { ...REQUEST, ...change });
    expect(result).toEqual({ outcome: 'unknown', code, milliseconds: expect.any(Number) });
    expect(broker.connections).toHaveLength(0);
  });
});
