import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { probeLogin } from '../../core/login-probe/probe.ts';
import { consumeWithJava } from './judges/console-consumer.ts';
import { type RunningKafka, startKafka } from './judges/kafka.ts';
import type { LoginAttempt, LoginVerdict } from './judges/login.ts';
import { loginWithPlatformatic } from './judges/platformatic.ts';
import { freePorts } from './judges/process.ts';
import { loginWithPython } from './judges/python.ts';

const TOPIC = 'orders';
const USER = 'ada';
/** Whoever logs in rightly may read, so that Java's consumer can show that it was let in. */
const PASSWORD = 'RightPassword1!';

/** `patienceMs`: how long a client that gives no verdict of its own is waited for. */
const clients: Record<string, (attempt: LoginAttempt, patienceMs: number) => Promise<LoginVerdict>> = {
  'our probe': probe,
  'confluent-kafka': (login) => loginWithPython(login),
  'console consumer': async (login, timeoutMs) => (await consumeWithJava({ login, topic: TOPIC, timeoutMs })).verdict,
  '@platformatic/kafka': loginWithPlatformatic,
};

async function probe({ bootstrap, caFile, ...rest }: LoginAttempt): Promise<LoginVerdict> {
  const ca = caFile === undefined ? {} : { ca: readFileSync(caFile, 'utf8') };
  const request = { ...rest, bootstrapServers: bootstrap, securityProtocol: 'SASL_SSL', timeoutMs: 10_000 };
  const result = await probeLogin(request, ca);
  return { outcome: result.outcome, detail: result.outcome === 'accepted' ? result.broker : result.code };
}

let kafka: RunningKafka;
/** Offers SCRAM-SHA-256 alone. */
let scram256: RunningKafka;
const rows: string[][] = [];

beforeAll(async () => {
  kafka = await startKafka();
  scram256 = await startKafka({ mechanisms: ['SCRAM-SHA-256'] });
  for (const broker of [kafka, scram256]) {
    broker.users.set(USER, PASSWORD);
    await broker.createTopic(TOPIC);
    await broker.produce(TOPIC, ['a record']);
    await broker.addAcl({ username: USER, name: TOPIC });
    await broker.addAcl({ username: USER, resource: 'GROUP', name: 'console-consumer-', pattern: 'PREFIXED' });
  }
});

afterAll(async () => {
  process.stderr.write(table([['case', ...Object.keys(clients)], ...rows]));
  await Promise.all([kafka?.stop(), scram256?.stop()]);
});

function table(lines: string[][]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines.map((line) => `${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}\n`).join('');
}

/** Asks every client in turn; all must come to the expected outcome. */
async function compare(name: string, expected: LoginVerdict['outcome'], changes: Partial<LoginAttempt> = {}) {
  const base = { bootstrap: kafka.bootstrap, username: USER, password: PASSWORD, mechanism: 'PLAIN' };
  const attempt: LoginAttempt = { ...base, caFile: kafka.caFile, ...changes };
  const patienceMs = expected === 'unknown' ? 3_000 : 20_000;
  const verdicts: Record<string, LoginVerdict> = {};
  for (const [client, login] of Object.entries(clients)) verdicts[client] = await login(attempt, patienceMs);
  rows.push([name, ...Object.values(verdicts).map(({ outcome, detail }) => `${outcome} ${firstWord(detail)}`)]);
  const outcomes = Object.fromEntries(Object.entries(verdicts).map(([client, { outcome }]) => [client, outcome]));
  expect(outcomes).toEqual(Object.fromEntries(Object.keys(clients).map((client) => [client, expected])));
}

function firstWord(detail: string): string {
  const word = /^(?:_?[A-Z0-9_]{4,}|\w+Exception)/.exec(detail)?.[0];
  return word === undefined ? '' : `(${word})`;
}

test.each([
  ['right password', 'accepted', {}],
  ['wrong password', 'rejected', { password: 'WrongPassword1!' }],
  ['right password with a space after it', 'rejected', { password: `${PASSWORD} ` }],
  ['unknown user', 'rejected', { username: 'nobody' }],
  ['SCRAM-SHA-512, right password', 'accepted', { mechanism: 'SCRAM-SHA-512' }],
  ['SCRAM-SHA-512, wrong password', 'rejected', { mechanism: 'SCRAM-SHA-512', password: 'WrongPassword1!' }],
  ['SCRAM-SHA-512, unknown user', 'rejected', { mechanism: 'SCRAM-SHA-512', username: 'nobody' }],
  ['a mechanism the broker lacks', 'unknown', { mechanism: 'SCRAM-SHA-256' }],
  ['a mechanism the broker lacks, wrong password', 'unknown', { mechanism: 'SCRAM-SHA-256', password: 'Wrong1!' }],
  ['TLS not trusted', 'unknown', { caFile: undefined }],
  ['TLS not trusted, wrong password', 'unknown', { caFile: undefined, password: 'WrongPassword1!' }],
] as const)('every client agrees: %s is %s', async (name, expected, changes) => {
  await compare(name, expected, changes);
});

test('every client agrees about a broker that offers SCRAM-SHA-256 alone', async () => {
  const there = { bootstrap: scram256.bootstrap, caFile: scram256.caFile };
  const mechanism = 'SCRAM-SHA-256';
  await compare('SCRAM-SHA-256, right password', 'accepted', { ...there, mechanism });
  await compare('SCRAM-SHA-256, wrong password', 'rejected', { ...there, mechanism, password: 'WrongPassword1!' });
  await compare('PLAIN where only SCRAM-SHA-256 is offered', 'unknown', there);
});

test("every client agrees that another broker's CA is not trusted", async () => {
  await compare("another broker's CA", 'unknown', { caFile: scram256.caFile });
});

test('every client agrees before and after a password change, by PLAIN and by SCRAM', async () => {
  const changed = 'Changed,=Pass"word\\2!';
  kafka.users.set(USER, changed);
  try {
    for (const mechanism of ['PLAIN', 'SCRAM-SHA-512']) {
      await compare(`${mechanism}, changed: the new one`, 'accepted', { mechanism, password: changed });
      await compare(`${mechanism}, changed: the old one`, 'rejected', { mechanism });
    }
  } finally {
    kafka.users.set(USER, PASSWORD);
  }
});

test('every client agrees that the second of two brokers lets it in when the first is down', async () => {
  const [closedPort] = await freePorts(1);
  await compare('the first of two brokers is down', 'accepted', {
    bootstrap: `127.0.0.1:${closedPort},${kafka.bootstrap}`,
  });
});

test('every client agrees that a port which drops every connection says nothing about the password', async () => {
  const dropping = createServer((socket) => socket.destroy());
  await new Promise<void>((listening) => dropping.listen(0, '127.0.0.1', listening));
  const address = dropping.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  try {
    await compare('connections dropped, as by a safe list', 'unknown', { bootstrap: `127.0.0.1:${address.port}` });
  } finally {
    await new Promise((done) => dropping.close(done));
  }
});

test('every client agrees that a broker which is down says nothing about the password', async () => {
  await kafka.stopBroker();
  try {
    await compare('broker down', 'unknown');
    await compare('broker down, wrong password', 'unknown', { password: 'WrongPassword1!' });
  } finally {
    await kafka.startBroker();
  }
  await compare('broker up again', 'accepted');
});
