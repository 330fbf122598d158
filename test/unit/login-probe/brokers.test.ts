import { Duplex } from 'node:stream';
import type { ConnectionOptions } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { probeLogin } from '../../../core/login-probe/probe.ts';
import { parseBootstrapServers } from '../../../core/login-probe/servers.ts';
import { afterHandshake, authenticateAnswer, handshakeAnswer, REQUEST, ScriptedBroker } from './scripted-broker.ts';

const THREE = { ...REQUEST, bootstrapServers: 'one.example:1,two.example:2,three.example:3' };

const accepting = afterHandshake(({ correlationId }) => ({ pieces: [authenticateAnswer(correlationId, 0)] }));
const refusing = afterHandshake(({ correlationId }) => ({ pieces: [authenticateAnswer(correlationId, 58)] }));
const silent = () => new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });

function failing(code: string): () => Duplex {
  return () => {
    const stream = silent();
    stream.destroy(Object.assign(new Error(`with ${REQUEST.password}`), { code }));
    return stream;
  };
}

/** Sends the connection to each host to its own stand-in and remembers the order. */
function network(hosts: Record<string, () => Duplex>) {
  const tried: string[] = [];
  const connect = ({ host = '' }: ConnectionOptions): Duplex => {
    tried.push(host);
    const open = hosts[host];
    if (!open) throw new Error(`nobody expects ${host}`);
    return open();
  };
  return { connect, tried };
}

describe('several brokers', () => {
  test('are tried in turn until one answers', async () => {
    const { connect, tried } = network({
      'one.example': failing('ENOTFOUND'),
      'two.example': failing('ECONNREFUSED'),
      'three.example': new ScriptedBroker(accepting).connect,
    });
    expect(await probeLogin(THREE, { connect })).toMatchObject({ outcome: 'accepted', broker: 'three.example:3' });
    expect(tried).toEqual(['one.example', 'two.example', 'three.example']);
  });

  test("that all fail yield the last one's code", async () => {
    const { connect } = network({
      'one.example': failing('EHOSTUNREACH'),
      'two.example': failing('CERT_HAS_EXPIRED'),
      'three.example': failing('ECONNREFUSED'),
    });
    expect(await probeLogin(THREE, { connect })).toMatchObject({
      outcome: 'unknown',
      code: 'ECONNREFUSED',
      broker: 'three.example:3',
    });
  });

  test('after the first are left alone once it has refused', async () => {
    const { connect, tried } = network({ 'one.example': new ScriptedBroker(refusing).connect });
    expect(await probeLogin(THREE, { connect })).toMatchObject({ outcome: 'rejected', broker: 'one.example:1' });
    expect(tried).toEqual(['one.example']);
  });

  test('after the first are left alone once it has been sent the password, even when it hangs up', async () => {
    const first = new ScriptedBroker(afterHandshake(() => ({ ending: 'reset' })));
    const { connect, tried } = network({ 'one.example': first.connect });
    expect(await probeLogin(THREE, { connect })).toMatchObject({ outcome: 'unknown', code: 'ECONNRESET' });
    expect(tried).toEqual(['one.example']);
  });

  test('of which one lacks the mechanism: the next is asked, as no password was sent', async () => {
    const first = new ScriptedBroker(({ correlationId }) => ({ pieces: [handshakeAnswer(correlationId, 33)] }));
    const { connect } = network({
      'one.example': first.connect,
      'two.example': new ScriptedBroker(accepting).connect,
    });
    expect(await probeLogin(THREE, { connect })).toMatchObject({ outcome: 'accepted', broker: 'two.example:2' });
    expect(first.requests).toHaveLength(1);
  });

  test('of which one hangs: it gets its share of the time, not all of it', async () => {
    const { connect } = network({
      'one.example': silent,
      'two.example': new ScriptedBroker(accepting).connect,
    });
    const result = await probeLogin({ ...THREE, timeoutMs: 60_000, perBrokerTimeoutMs: 20 }, { connect });
    expect(result).toMatchObject({ outcome: 'accepted', broker: 'two.example:2' });
  });

  test('that all hang end when the time is up', async () => {
    const { connect, tried } = network({ 'one.example': silent, 'two.example': silent, 'three.example': silent });
    const result = await probeLogin({ ...THREE, timeoutMs: 60 }, { connect });
    expect(result).toMatchObject({ outcome: 'unknown', code: 'TIMEOUT' });
    expect(tried.slice(0, 2)).toEqual(['one.example', 'two.example']);
    expect(result.milliseconds).toBeLessThan(10_000);
  });

  test('are not tried after the clock has run out', async () => {
    let time = 0;
    const { connect, tried } = network({
      'one.example': () => {
        time += 5000;
        return failing('ECONNREFUSED')();
      },
    });
    const result = await probeLogin({ ...THREE, timeoutMs: 5000 }, { connect, now: () => time });
    expect(result).toEqual({ outcome: 'unknown', code: 'ECONNREFUSED', broker: 'one.example:1', milliseconds: 5000 });
    expect(tried).toEqual(['one.example']);
  });
});

describe('a time limit ends the probe', () => {
  test('while the connection is being made', async () => {
    const result = await probeLogin({ ...REQUEST, timeoutMs: 20 }, { connect: silent });
    expect(result).toMatchObject({ outcome: 'unknown', code: 'TIMEOUT', broker: 'broker.example:9092' });
  });

  test('while the handshake goes unanswered', async () => {
    const broker = new ScriptedBroker(() => ({}));
    const result = await probeLogin({ ...REQUEST, timeoutMs: 20 }, { connect: broker.connect });
    expect(result).toMatchObject({ outcome: 'unknown', code: 'TIMEOUT' });
    expect(broker.requests.map(({ apiKey }) => apiKey)).toEqual([17]);
  });

  test('while the password goes unanswered', async () => {
    const broker = new ScriptedBroker(afterHandshake(() => ({})));
    const result = await probeLogin({ ...REQUEST, timeoutMs: 20 }, { connect: broker.connect });
    expect(result).toMatchObject({ outcome: 'unknown', code: 'TIMEOUT' });
    expect(broker.requests.map(({ apiKey }) => apiKey)).toEqual([17, 36]);
    expect(broker.connections[0]?.destroyed).toBe(true);
  });

  test('in the middle of a frame', async () => {
    const broker = new ScriptedBroker(
      afterHandshake(({ correlationId }) => ({ pieces: [authenticateAnswer(correlationId, 58).subarray(0, 11)] })),
    );
    const result = await probeLogin({ ...REQUEST, timeoutMs: 20 }, { connect: broker.connect });
    expect(result).toMatchObject({ outcome: 'unknown', code: 'TIMEOUT' });
  });
});

describe('a failure below Kafka', () => {
  test.each([
    ['EAI_AGAIN', 'EAI_AGAIN'],
    ['ETIMEDOUT', 'TIMEOUT'],
    ['EPIPE', 'ECONNRESET'],
    ['EPROTO', 'TLS_FAILED'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'TLS_FAILED'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'TLS_FAILED'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'TLS_HOSTNAME'],
    ['CERT_HAS_EXPIRED', 'TLS_EXPIRED'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'TLS_UNTRUSTED'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'TLS_UNTRUSTED'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'TLS_UNTRUSTED'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'TLS_UNTRUSTED'],
    ['SASL_AUTHENTICATION_FAILED', 'CONNECTION_FAILED'],
    [REQUEST.password, 'CONNECTION_FAILED'],
  ])('with code %s is reported as %s', async (thrown, code) => {
    const result = await probeLogin(REQUEST, { connect: failing(thrown) });
    expect(result).toEqual({
      outcome: 'unknown',
      code,
      broker: 'broker.example:9092',
      milliseconds: expect.any(Number),
    });
  });

  test('that is thrown on the spot does not get out of the probe', async () => {
    const connect = (): Duplex => {
      throw new RangeError('not even an address');
    };
    expect(await probeLogin(REQUEST, { connect })).toMatchObject({ outcome: 'unknown', code: 'CONNECTION_FAILED' });
  });
});

describe('what TLS is asked for', () => {
  async function optionsFor(bootstrapServers: string, ca?: string): Promise<ConnectionOptions | undefined> {
    let seen: ConnectionOptions | undefined;
    const connect = (options: ConnectionOptions): Duplex => {
      seen = options;
      return failing('ECONNREFUSED')();
    };
    await probeLogin({ ...REQUEST, bootstrapServers }, ca === undefined ? { connect } : { connect, ca });
    return seen;
  }

  test('a name is sent as server name, and the certificate is always checked', async () => {
    expect(await optionsFor('broker.example:9092')).toEqual({
      host: 'broker.example',
      port: 9092,
      servername: 'broker.example',
      rejectUnauthorized: true,
    });
  });

  test.each([
    ['127.0.0.1:9092', '127.0.0.1'],
    ['[::1]:9092', '::1'],
  ])('%s is an address and no server name', async (server, host) => {
    expect(await optionsFor(server, 'PEM')).toEqual({ host, port: 9092, rejectUnauthorized: true, ca: 'PEM' });
  });
});

test('a list of brokers may have spaces, empty entries and addresses in brackets', () => {
  expect(parseBootstrapServers(' a-b.example:1 ,, [2001:db8::1]:65535,10.0.0.1:9092')).toEqual([
    { host: 'a-b.example', port: 1, name: 'a-b.example:1' },
    { host: '2001:db8::1', port: 65535, name: '[2001:db8::1]:65535' },
    { host: '10.0.0.1', port: 9092, name: '10.0.0.1:9092' },
  ]);
});

test.each([
  '',
  'a',
  'a:',
  'a:0',
  'a:1:2',
  '2001:db8::1:9092',
  '[::1]',
  '[::1:9092',
  'a b:1',
  'user@a:1',
  'a:1/x',
  'a:1e3',
])('a list of brokers like "%s" is none', (list) => {
  expect(parseBootstrapServers(list)).toBeUndefined();
});
