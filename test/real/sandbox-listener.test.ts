import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { probeLogin } from '../../core/login-probe/probe.ts';
import { CallLog } from '../sandbox/call-log.ts';
import { makeCertificates } from '../sandbox/certificates.ts';
import { type KafkaListener, startKafkaListener } from '../sandbox/kafka/listener.ts';
import { MemoryKafkaUsers } from '../sandbox/kafka-users.ts';
import { type RunningKafka, startKafka } from './judges/kafka.ts';
import type { LoginAttempt } from './judges/login.ts';
import { loginWithPlatformatic } from './judges/platformatic.ts';
import { loginWithPython } from './judges/python.ts';
import { conversations, MECHANISMS, meaning, PASSWORD, USER } from './judges/raw-conversations.ts';
import { converse } from './judges/raw-kafka.ts';

let kafka: RunningKafka;
let listener: KafkaListener;
let folder: string;
const log = new CallLog();
let broker: { bootstrap: string; ca: string };
let sandbox: { bootstrap: string; ca: string };

beforeAll(async () => {
  kafka = await startKafka({ mechanisms: MECHANISMS });
  kafka.users.set(USER, PASSWORD);
  const users = new MemoryKafkaUsers();
  users.set(USER, PASSWORD);
  const certificates = await makeCertificates();
  listener = await startKafkaListener({ users, log, certificates, mechanisms: MECHANISMS });
  folder = await mkdtemp(join(tmpdir(), 'keyring-listener-'));
  writeFileSync(join(folder, 'ca.pem'), certificates.caPem);
  broker = { bootstrap: kafka.bootstrap, ca: readFileSync(kafka.caFile, 'utf8') };
  sandbox = { bootstrap: listener.bootstrap, ca: certificates.caPem };
});

afterAll(async () => {
  await Promise.all([kafka?.stop(), listener?.close()]);
  if (folder !== undefined) rmSync(folder, { recursive: true });
});

/**
 * Where the sandbox is known to answer otherwise, to requests no sane client makes. A difference that is gone fails its test:
 * then its line here goes too.
 */
const KNOWN_DIFFERENCES: Readonly<Record<string, string>> = {
  'two handshakes': 'a broker names no mechanisms beside its error 34',
  'authenticate without a handshake': 'a broker hangs up, the sandbox answers error 34',
  'versions asked for twice': 'a broker hangs up at the second time',
  'versions asked for after the handshake': 'a broker answers error 34, the sandbox hangs up',
  'versions asked for in version 3 by a client with an impossible name': 'a broker answers error 42',
  'bytes left over after a handshake': 'a broker overlooks them, the sandbox is stricter on purpose',
};

describe('the sandbox answers as a real broker does, message by message', () => {
  test.each(Object.entries(conversations))('%s', async (name, turns) => {
    const messages = turns.map(([, message]) => message);
    const [theirs, ours] = await Promise.all([converse(broker, messages), converse(sandbox, messages)]);
    const read = (answers: typeof theirs) =>
      answers.map((answer, index) => meaning(turns[index]?.[0] ?? 'bare', answer));
    if (name in KNOWN_DIFFERENCES) expect(read(ours)).not.toEqual(read(theirs));
    else expect(read(ours)).toEqual(read(theirs));
  });
});

test.each([
  ['right password', { outcome: 'accepted' }, {}],
  ['wrong password', { outcome: 'rejected' }, { password: 'WrongPassword1!' }],
  ['unknown user', { outcome: 'rejected' }, { username: 'nobody' }],
  ['SCRAM-SHA-512, right password', { outcome: 'accepted' }, { mechanism: 'SCRAM-SHA-512' }],
  ['SCRAM-SHA-512, wrong password', { outcome: 'rejected' }, { mechanism: 'SCRAM-SHA-512', password: 'Wrong1!' }],
  ['SCRAM-SHA-512, unknown user', { outcome: 'rejected' }, { mechanism: 'SCRAM-SHA-512', username: 'nobody' }],
  ['a mechanism not offered', { code: 'UNSUPPORTED_SASL_MECHANISM' }, { mechanism: 'SCRAM-SHA-256' }],
] as const)('our probe sees the same at the sandbox and at a real broker: %s', async (_, expected, changes) => {
  const request = { username: USER, password: PASSWORD, mechanism: 'PLAIN', securityProtocol: 'SASL_SSL', ...changes };
  for (const { bootstrap, ca } of [broker, sandbox])
    expect(await probeLogin({ ...request, bootstrapServers: bootstrap, timeoutMs: 10_000 }, { ca })).toMatchObject(
      expected,
    );
});

test.each(
  Object.entries({
    'confluent-kafka': (attempt: LoginAttempt) => loginWithPython(attempt, 3),
    '@platformatic/kafka': loginWithPlatformatic,
  }),
)('%s logs in to the sandbox, and is refused with a wrong password', async (_, login) => {
  for (const mechanism of MECHANISMS) {
    const attempt = { bootstrap: sandbox.bootstrap, username: USER, mechanism, caFile: join(folder, 'ca.pem') };
    // After a login the client asks for metadata, which the sandbox does not have: the log tells how far it came.
    log.calls.length = 0;
    await login({ ...attempt, password: PASSWORD });
    expect(log.of('kafka', 'login')[0]).toMatchObject({ target: USER, outcome: 'accepted' });
    expect(await login({ ...attempt, password: 'WrongPassword1!' })).toMatchObject({ outcome: 'rejected' });
  }
});
