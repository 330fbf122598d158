import { Connection } from '@platformatic/kafka';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CallLog } from '../call-log.ts';
import { type Certificates, makeCertificates } from '../certificates.ts';
import { MemoryKafkaUsers } from '../kafka-users.ts';
import { type KafkaListener, startKafkaListener } from './listener.ts';

const PASSWORD = 'Right3!right3Right3right3Right3r';

let certificates: Certificates;
let listener: KafkaListener;
const log = new CallLog();
const users = new MemoryKafkaUsers();

beforeAll(async () => {
  users.set('orders', PASSWORD);
  certificates = await makeCertificates();
  listener = await startKafkaListener({ users, log, certificates });
});

afterAll(async () => {
  await listener.close();
});

type Mechanism = 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';

/** Logs in with a client that shares no code with this project. */
async function login(mechanism: Mechanism, { username = 'orders', password = PASSWORD } = {}) {
  const [host = '', port] = listener.bootstrap.split(':');
  const connection = new Connection('judge', {
    tls: { ca: certificates.caPem },
    sasl: { mechanism, username, password },
  });
  try {
    await connection.connect(host, Number(port));
    return 'logged in';
  } catch (error) {
    return apiCodes(error);
  } finally {
    await connection.close();
  }
}

/** Kafka error codes anywhere in an error's causes. */
function apiCodes(error: unknown): number[] {
  if (!(error instanceof Error)) return [];
  const own = 'apiCode' in error && typeof error.apiCode === 'number' ? [error.apiCode] : [];
  const inner = error instanceof AggregateError ? error.errors.flatMap(apiCodes) : [];
  return [...own, ...apiCodes(error.cause), ...inner];
}

describe.each<Mechanism>(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])('an ordinary client with %s', (mechanism) => {
  test('logs in with the right password', async () => {
    expect(await login(mechanism)).toBe('logged in');
  });

  test('is told error 58 for a wrong password and for an unknown user', async () => {
    expect(await login(mechanism, { password: 'wrong' })).toEqual([58]);
    expect(await login(mechanism, { username: 'nobody' })).toEqual([58]);
  });
});
