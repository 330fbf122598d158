import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { LoginRequest } from '../../../core/login-probe/login.ts';
import { probeLogin } from '../../../core/login-probe/probe.ts';
import { CallLog, type FaultAction } from '../call-log.ts';
import { type Certificates, makeCertificates } from '../certificates.ts';
import { MemoryKafkaUsers } from '../kafka-users.ts';
import { type KafkaListener, startKafkaListener } from './listener.ts';

const PASSWORD = 'Right3!right3Right3right3Right3r';
const WRONG = 'Wrong3!wrong3Wrong3wrong3Wrong3w';
const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'];

let certificates: Certificates;
let users: MemoryKafkaUsers;
let log: CallLog;
let listener: KafkaListener;

beforeAll(async () => {
  certificates = await makeCertificates();
});

beforeEach(async () => {
  users = new MemoryKafkaUsers();
  users.set('orders', PASSWORD);
  log = new CallLog();
  listener = await startKafkaListener({ users, log, certificates });
});

afterEach(async () => {
  vi.useRealTimers();
  await listener.close();
});

function probe(change: Partial<LoginRequest> = {}, ca = certificates.caPem) {
  const request = {
    bootstrapServers: listener.bootstrap,
    username: 'orders',
    password: PASSWORD,
    mechanism: 'PLAIN',
    securityProtocol: 'SASL_SSL',
    timeoutMs: 20_000,
    ...change,
  };
  return probeLogin(request, { ca });
}

/** Nothing times out until the call log has an entry with this outcome; then everything does. */
function letTimeRunOutAt(outcome: string): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const record = log.record.bind(log);
  log.record = (call) => {
    record(call);
    if (call.outcome === outcome) vi.advanceTimersByTime(60_000);
  };
}

describe.each(MECHANISMS)('with %s', (mechanism) => {
  test('the right password is accepted, in one login', async () => {
    const result = await probe({ mechanism });
    expect(result).toMatchObject({ outcome: 'accepted', broker: listener.bootstrap });
    expect(log.calls).toEqual([
      { seq: 1, service: 'kafka', operation: 'login', target: 'orders', outcome: 'accepted', tookEffect: false },
    ]);
  });

  test('a wrong password and an unknown user are rejected alike', async () => {
    const wrong = await probe({ mechanism, password: WRONG });
    const unknown = await probe({ mechanism, username: 'nobody' });
    const rejected = { outcome: 'rejected', code: 'SASL_AUTHENTICATION_FAILED', broker: listener.bootstrap };
    expect([wrong, unknown]).toMatchObject([rejected, rejected]);
    expect(log.calls.map(({ target, outcome }) => [target, outcome])).toEqual([
      ['orders', 'rejected'],
      ['nobody', 'rejected'],
    ]);
    expect(JSON.stringify([log.calls, wrong, unknown])).not.toMatch(/right3|wrong3|cmlnaHQz|d3Jvbmcz/i);
  });

  test('a mechanism that the broker lacks leaves the outcome unknown, and nothing is tried', async () => {
    const other = MECHANISMS.filter((name) => name !== mechanism);
    const limited = await startKafkaListener({ users, log, certificates, mechanisms: other });
    const result = await probe({ mechanism, bootstrapServers: limited.bootstrap });
    await limited.close();
    expect(result).toMatchObject({ outcome: 'unknown', code: 'UNSUPPORTED_SASL_MECHANISM' });
    expect(log.calls).toEqual([]);
  });

  test('user names and passwords may hold what needs escaping', async () => {
    users.set('a=b,c=2C', 'pä=ss,wörd🔑');
    expect(await probe({ mechanism, username: 'a=b,c=2C', password: 'pä=ss,wörd🔑' })).toMatchObject({
      outcome: 'accepted',
    });
    expect(await probe({ mechanism, username: 'a=b,c=2C', password: 'pä=ss,wörd' })).toMatchObject({
      outcome: 'rejected',
    });
  });

  test.each([
    'before',
    'after',
  ] as const)('an answer spoilt %s the decision leaves the outcome unknown', async (when) => {
    const spoil = (action: FaultAction) => log.script({ service: 'kafka', operation: 'login', action });
    spoil({ kind: 'drop', when });
    spoil({ kind: 'status', when, status: 502 });
    spoil({ kind: 'hang', when });
    expect(await probe({ mechanism })).toMatchObject({ outcome: 'unknown', code: 'ECONNRESET' });
    expect(await probe({ mechanism })).toMatchObject({ outcome: 'unknown', code: 'PROTOCOL' });
    letTimeRunOutAt('hang');
    expect(await probe({ mechanism })).toMatchObject({ outcome: 'unknown', code: 'TIMEOUT' });
    vi.useRealTimers();
    expect(log.calls.map(({ outcome }) => outcome)).toEqual(['drop', 'status', 'hang']);
    expect(await probe({ mechanism })).toMatchObject({ outcome: 'accepted' });
  });
});

describe('a broker that cannot be reached as it should be', () => {
  test('is unknown when its authority is not trusted, and no login is tried', async () => {
    const stranger = await makeCertificates();
    expect(await probe({}, stranger.caPem)).toMatchObject({ outcome: 'unknown', code: 'TLS_UNTRUSTED' });
    expect(log.calls).toEqual([]);
  });

  test('is unknown with the trust store of the system', async () => {
    const { bootstrap } = listener;
    const result = await probeLogin({
      bootstrapServers: bootstrap,
      username: 'orders',
      password: PASSWORD,
      mechanism: 'PLAIN',
      securityProtocol: 'SASL_SSL',
      timeoutMs: 20_000,
    });
    expect(result).toMatchObject({ outcome: 'unknown', code: 'TLS_UNTRUSTED' });
  });

  test('is accepted by its name as well as by its address', async () => {
    const [, port] = listener.bootstrap.split(':');
    expect(await probe({ bootstrapServers: `localhost:${port}` })).toMatchObject({ outcome: 'accepted' });
  });

  test.each([
    ['another name', { hosts: ['elsewhere.example'] }, 'TLS_HOSTNAME'],
    ['another address', { hosts: ['127.0.0.2'] }, 'TLS_HOSTNAME'],
    ['a time gone by', { madeAt: Date.UTC(2020, 0) }, 'TLS_EXPIRED'],
  ])('is unknown when its certificate is for %s', async (_, options, code) => {
    const other = await makeCertificates(options);
    const wrong = await startKafkaListener({ users, log, certificates: other });
    const result = await probe({ bootstrapServers: wrong.bootstrap }, other.caPem);
    await wrong.close();
    expect(result).toMatchObject({ outcome: 'unknown', code });
    expect(log.calls).toEqual([]);
  });

  test('is unknown when nothing listens there, and the next broker is asked', async () => {
    const gone = await startKafkaListener({ users, log, certificates });
    await gone.close();
    expect(await probe({ bootstrapServers: gone.bootstrap })).toMatchObject({
      outcome: 'unknown',
      code: 'ECONNREFUSED',
    });
    expect(await probe({ bootstrapServers: `${gone.bootstrap},${listener.bootstrap}` })).toMatchObject({
      outcome: 'accepted',
      broker: listener.bootstrap,
    });
    expect(log.calls).toHaveLength(1);
  });
});

describe('a port that speaks no TLS', () => {
  let server: Server;
  async function listen(onConnection: Parameters<typeof createServer>[1]): Promise<string> {
    server = createServer(onConnection).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  afterEach(() => {
    server.close();
  });

  test('but answers in the clear is unknown', async () => {
    const bootstrapServers = await listen((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    });
    expect(await probe({ bootstrapServers })).toMatchObject({ outcome: 'unknown', code: 'TLS_FAILED' });
  });

  test('but hangs up is unknown', async () => {
    const bootstrapServers = await listen((socket) => socket.resetAndDestroy());
    expect(await probe({ bootstrapServers })).toMatchObject({ outcome: 'unknown', code: 'ECONNRESET' });
  });

  test('and keeps silent is unknown', async () => {
    const bootstrapServers = await listen((socket) => socket.on('error', () => {}).resume());
    expect(await probe({ bootstrapServers, timeoutMs: 50 })).toMatchObject({ outcome: 'unknown', code: 'TIMEOUT' });
  });
});
