import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CallLog } from '../call-log.ts';
import { type Certificates, makeCertificates } from '../certificates.ts';
import { MemoryKafkaUsers } from '../kafka-users.ts';
import { type KafkaListener, startKafkaListener } from './listener.ts';

const PASSWORD = 'Right3!right3Right3right3Right3r';

let certificates: Certificates;
let users: MemoryKafkaUsers;
let log: CallLog;
let listener: KafkaListener;
const clients: TLSSocket[] = [];

beforeAll(async () => {
  certificates = await makeCertificates();
});

beforeEach(async () => {
  users = new MemoryKafkaUsers();
  users.set('orders', PASSWORD);
  users.set('billing', PASSWORD);
  log = new CallLog();
  listener = await startKafkaListener({ users, log, certificates });
});

afterEach(async () => {
  await listener.close();
});

afterAll(() => {
  for (const client of clients) client.destroy();
});

/** A client that sends hexadecimal and reads frames or the end of the connection, whichever comes. */
async function dial() {
  const [host, port] = listener.bootstrap.split(':');
  const socket = connect({ host, port: Number(port), ca: certificates.caPem });
  clients.push(socket);
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  const waiting: ((frame: string) => void)[] = [];
  const arrived: string[] = [];
  const deliver = (frame: string) => {
    const next = waiting.shift();
    if (next) next(frame);
    else arrived.push(frame);
  };
  let received = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
      const end = 4 + received.readInt32BE(0);
      deliver(received.subarray(4, end).toString('hex'));
      received = received.subarray(end);
    }
  });
  socket.on('close', () => deliver('closed'));
  const next = () => {
    const frame = arrived.shift();
    return frame === undefined ? new Promise<string>((resolve) => waiting.push(resolve)) : Promise.resolve(frame);
  };
  return { socket, next, send: (...hex: string[]) => socket.write(Buffer.from(hex.join(''), 'hex')) };
}

function hex16(value: number): string {
  return value.toString(16).padStart(4, '0');
}

function hexText(text: string): string {
  return Buffer.from(text).toString('hex');
}

/** A request with header v1, client id `t` and correlation id 7. */
function request(apiKey: number, version: number, body = ''): string {
  const payload = `${hex16(apiKey)}${hex16(version)}00000007000174${body}`;
  return (payload.length / 2).toString(16).padStart(8, '0') + payload;
}

function handshake(mechanism: string, version = 1): string {
  return request(17, version, hex16(mechanism.length) + hexText(mechanism));
}

function authenticate(token: string, version = 0): string {
  const size = Buffer.byteLength(token);
  const body = version < 2 ? size.toString(16).padStart(8, '0') : `00${(size + 1).toString(16).padStart(2, '0')}`;
  return request(36, version, body + hexText(token) + (version < 2 ? '' : '00'));
}

const PLAIN = `\0orders\0${PASSWORD}`;
const RANGES = ['001100000001', '001200000003', '002400000002'];
const REFUSED = hexText('Authentication failed: Invalid username or password');

describe('the versions of the APIs', () => {
  test.each([
    [0, '', `000000070000 00000003 ${RANGES.join('')}`],
    [1, '', `000000070000 00000003 ${RANGES.join('')} 00000000`],
    [2, '', `000000070000 00000003 ${RANGES.join('')} 00000000`],
    [3, '00 0261 0262 00', `000000070000 04 ${RANGES.join('00')}00 00000000 00`],
  ])('are listed in version %i of the answer', async (version, body, answer) => {
    const client = await dial();
    client.send(request(18, version, body.replaceAll(' ', '')));
    expect(await client.next()).toBe(answer.replaceAll(' ', ''));
  });

  test('are listed in version 0 for a client that is ahead, and it may ask again', async () => {
    const client = await dial();
    client.send(request(18, 4, 'ffff'));
    expect(await client.next()).toBe('00000007002300000001001200000003');
    client.send(request(18, 0));
    expect(await client.next()).toContain(RANGES.join(''));
  });
});

describe('a login', () => {
  test.each([
    [0, '000000070000ffff00000000'],
    [1, '000000070000ffff000000000000000000000000'],
    [2, '000000070000000001000000000000000000'],
  ])('is answered in version %i', async (version, answer) => {
    const client = await dial();
    client.send(handshake('PLAIN'));
    expect(await client.next()).toBe(
      `00000007000000000003${['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'].map((name) => hex16(name.length) + hexText(name)).join('')}`,
    );
    client.send(authenticate(PLAIN, version));
    expect(await client.next()).toBe(answer);
    expect(listener.sessions()).toEqual(['orders']);
  });

  test('with a wrong password or an unknown user is refused in the same words, and the connection ends', async () => {
    for (const token of ['\0orders\0wrong', '\0nobody\0wrong']) {
      const client = await dial();
      client.send(handshake('PLAIN'));
      await client.next();
      client.send(authenticate(token));
      expect(await client.next()).toBe(`00000007003a${hex16(REFUSED.length / 2)}${REFUSED}00000000`);
      expect(await client.next()).toBe('closed');
    }
    expect(listener.sessions()).toEqual([]);
    expect(log.calls.map(({ outcome }) => outcome)).toEqual(['rejected', 'rejected']);
  });

  test('on behalf of somebody else is refused', async () => {
    const client = await dial();
    client.send(handshake('PLAIN'));
    await client.next();
    client.send(authenticate(`billing${PLAIN}`));
    expect(await client.next()).toMatch(/^00000007003a/);
    expect(listener.sessions()).toEqual([]);
  });

  test('works when its requests come in one piece, and when they come byte by byte', async () => {
    const together = await dial();
    together.send(handshake('PLAIN'), authenticate(PLAIN));
    await together.next();
    expect(await together.next()).toMatch(/^000000070000/);
    const apart = await dial();
    for (const byte of Buffer.from(handshake('PLAIN') + authenticate(PLAIN), 'hex'))
      apart.socket.write(Buffer.of(byte));
    await apart.next();
    expect(await apart.next()).toMatch(/^000000070000/);
    expect(listener.sessions()).toEqual(['orders', 'orders']);
  });

  test('the old way, with bare tokens after SaslHandshake 0, works too', async () => {
    const client = await dial();
    client.send(handshake('PLAIN', 0));
    await client.next();
    client.send(PLAIN.length.toString(16).padStart(8, '0'), hexText(PLAIN));
    expect(await client.next()).toBe('');
    expect(listener.sessions()).toEqual(['orders']);
    client.send(request(18, 0));
    expect(await client.next()).toContain(RANGES.join(''));
  });

  test('with a mechanism that is not offered gets error 33 and the list', async () => {
    const client = await dial();
    client.send(handshake('GSSAPI'));
    expect(await client.next()).toMatch(/^00000007002100000003/);
    expect(await client.next()).toBe('closed');
  });

  test('that is begun and left is in the log as abandoned', async () => {
    const client = await dial();
    client.send(handshake('SCRAM-SHA-256'));
    await client.next();
    client.send(authenticate('n,,n=orders,r=nonce'));
    expect(await client.next()).toMatch(/^000000070000/);
    await listener.close();
    expect(log.calls.map(({ target, outcome }) => [target, outcome])).toEqual([['orders', 'abandoned']]);
    listener = await startKafkaListener({ users, log, certificates });
  });
});

describe('out of turn', () => {
  test('SaslAuthenticate before SaslHandshake gets error 34 and the connection ends', async () => {
    const client = await dial();
    client.send(authenticate(PLAIN));
    expect(await client.next()).toMatch(/^000000070022/);
    expect(await client.next()).toBe('closed');
    expect(log.calls).toEqual([]);
  });

  test.each([
    ['a second handshake', handshake('PLAIN')],
    ['a handshake after the login', authenticate(PLAIN) + handshake('PLAIN')],
    ['a second login', authenticate(PLAIN) + authenticate(PLAIN)],
  ])('%s gets error 34', async (_, requests) => {
    const client = await dial();
    client.send(handshake('PLAIN'), requests);
    const answers: string[] = [];
    do answers.push(await client.next());
    while (answers.at(-1) !== 'closed');
    expect(answers.at(-2)).toMatch(/^000000070022/);
  });

  test('asking for versions between handshake and login ends the connection', async () => {
    const client = await dial();
    client.send(handshake('PLAIN'), request(18, 0));
    await client.next();
    expect(await client.next()).toBe('closed');
  });
});

describe('the connection ends at once for', () => {
  test.each([
    ['a frame over 64 kB', '00010001'],
    ['a negative size', 'ffffffff'],
    ['a frame too short for a header', '000000020011'],
    ['an API that is not spoken here', request(3, 1, '00000000')],
    ['a version that is not spoken here', handshake('PLAIN', 2)],
    ['a negative version', request(18, 0xffff)],
    ['bytes left over', request(18, 0, '00')],
    ['a string longer than its frame', request(17, 1, '00ff41')],
    ['a flexible request without its tags', request(18, 3)],
    ['an endless varint', request(36, 2, '00ffffffffffff')],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n').toString('hex')],
  ])('%s', async (_, bytes) => {
    const client = await dial();
    client.send(bytes);
    expect(await client.next()).toBe('closed');
    expect(log.calls).toEqual([]);
  });
});

describe('a session', () => {
  async function login(username: string) {
    const client = await dial();
    client.send(handshake('PLAIN'), authenticate(`\0${username}\0${PASSWORD}`));
    await client.next();
    await client.next();
    return client;
  }

  test('lasts until its user is disconnected; other users keep theirs', async () => {
    const orders = await login('orders');
    const billing = await login('billing');
    const again = await login('orders');
    expect(listener.sessions()).toEqual(['orders', 'billing', 'orders']);
    listener.disconnect('orders');
    expect(listener.sessions()).toEqual(['billing']);
    expect([await orders.next(), await again.next()]).toEqual(['closed', 'closed']);
    billing.send(request(18, 0));
    expect(await billing.next()).toContain(RANGES.join(''));
  });

  test('survives a change of the password that nobody tells the listener about', async () => {
    const client = await login('orders');
    users.set('orders', 'Another3!password');
    client.send(request(18, 0));
    expect(await client.next()).toContain(RANGES.join(''));
    expect(listener.sessions()).toEqual(['orders']);
  });

  test('ends when the listener closes', async () => {
    const client = await login('orders');
    await listener.close();
    expect(await client.next()).toBe('closed');
    listener = await startKafkaListener({ users, log, certificates });
  });
});
