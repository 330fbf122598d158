import { describe, expect, test } from 'vitest';
import { checkDelivery } from '../../action/check-delivery.ts';
import { parseInputs } from '../../action/inputs.ts';
import type { Delivery } from '../../action/outputs.ts';
import type { Runner } from '../../action/runner.ts';
import type { CredentialFile } from '../../core/credential-file.ts';
import { ProvisioningError } from '../../core/errors.ts';
import type { LoginResult } from '../../core/login-probe/login.ts';

const PASSWORD = 'Kafka!Password0123456789abcdefgh';
const BROKER = 'b.example:9092';
const FILE: CredentialFile = {
  type: 'streamkap_project_key',
  project_key_id: 'key-1',
  project: { service_id: 's-1' },
  kafka: { username: 'orders', password: PASSWORD, bootstrap_servers: BROKER },
};
const ACCEPTED: LoginResult = { outcome: 'accepted', broker: BROKER, milliseconds: 7 };
const REJECTED: LoginResult = {
  ...{ outcome: 'rejected', code: 'SASL_AUTHENTICATION_FAILED', broker: BROKER, milliseconds: 320 },
};
const UNKNOWN: LoginResult = { outcome: 'unknown', code: 'ECONNREFUSED', milliseconds: 1 };

const MODES: Readonly<Record<string, Record<string, string>>> = {
  found: { mode: 'lookup', 'secret-id': 'ci/orders' },
  created: { mode: 'create', name: 'Orders', kafka: 'true' },
  adopted: { mode: 'ensure', name: 'Orders', 'secret-id': 'ci/orders', kafka: 'true' },
  rotated: { mode: 'rotate', 'secret-id': 'ci/orders' },
};

/** A delivery of that result checked in a world where logins end as given, the last again and again, and time passes in sleep alone. */
async function check(result: Delivery['result'], verify: string, logins: readonly LoginResult[]) {
  const given: Record<string, string> = { ...MODES[result], 'verify-login': verify };
  const inputs = await parseInputs((name) => given[name] ?? '', {});
  const said: string[] = [];
  const warnings: string[] = [];
  const note = (line: string) => void said.push(line);
  const runner = { info: note, warning: (line: string) => void warnings.push(line) } as unknown as Runner;
  let time = 0;
  let probes = 0;
  const ports = {
    clock: {
      now: () => time,
      sleep: async (milliseconds: number) => {
        time += milliseconds;
      },
    },
    probe: async (): Promise<LoginResult> => logins[Math.min(probes++, logins.length - 1)] ?? UNKNOWN,
  };
  const delivery = { result, file: FILE, status: 'active', secretArn: '', secretVersionId: '' };
  const ended = await checkDelivery({ inputs, runner }, delivery, ports).catch((error: unknown) => error);
  const failure = ended instanceof ProvisioningError ? ended : undefined;
  if (ended instanceof Error && !failure) throw ended;
  expect(JSON.stringify([said, warnings, failure?.message, failure?.remedy])).not.toContain(PASSWORD);
  return { proof: failure ? undefined : ended, failure, said, warnings, probes, seconds: time / 1000 };
}

describe.each(['created', 'adopted', 'rotated'] as const)('verify-login: auto, for a key that was %s', (result) => {
  test('hands out what Kafka accepts, after one login', async () => {
    const { proof, warnings, probes } = await check(result, 'auto', [ACCEPTED]);
    expect(proof).toEqual({ outcome: 'accepted', broker: BROKER, milliseconds: 7 });
    expect([warnings, probes]).toEqual([[], 1]);
  });

  test('gives the new password time to arrive', async () => {
    const { proof, said, warnings, probes } = await check(result, 'auto', [UNKNOWN, REJECTED, ACCEPTED]);
    expect(proof).toMatchObject({ outcome: 'accepted' });
    expect(said).toEqual([
      'Kafka login of orders: ECONNREFUSED, trying again',
      'Kafka login of orders: SASL_AUTHENTICATION_FAILED, trying again',
      `Kafka login of orders accepted by ${BROKER} in 7 ms`,
    ]);
    expect([warnings, probes]).toEqual([[], 3]);
  });

  test('fails on a password that Kafka still refuses after two minutes: it was changed behind AWS', async () => {
    const { failure, warnings, seconds } = await check(result, 'auto', [REJECTED]);
    expect(failure).toMatchObject({ code: 'LOGIN_REJECTED', changed: 'yes', retryable: true });
    expect(failure?.remedy).toContain('was it changed elsewhere?');
    expect(warnings).toEqual([]);
    expect(seconds).toBeGreaterThan(110);
    expect(seconds).toBeLessThanOrEqual(120);
  });

  test('warns when no broker can be reached for twenty seconds, and hands the credential out untried', async () => {
    const { proof, warnings, seconds } = await check(result, 'auto', [UNKNOWN]);
    expect(proof).toEqual({ outcome: 'unknown', code: 'ECONNREFUSED' });
    expect(warnings).toEqual([
      `The Kafka login of orders is unknown (ECONNREFUSED); the credential is handed out untried. Can this runner reach ${BROKER}?`,
    ]);
    expect(seconds).toBeLessThanOrEqual(20);
  });

  test('with always fails where auto would warn', async () => {
    const { failure, warnings } = await check(result, 'always', [UNKNOWN]);
    expect(failure).toMatchObject({ code: 'LOGIN_UNKNOWN', changed: 'yes', retryable: true });
    expect(warnings).toEqual([]);
  });

  test('with never makes no login', async () => {
    const { proof, warnings, probes } = await check(result, 'never', [REJECTED]);
    expect(proof).toEqual({ outcome: 'not tried' });
    expect([warnings, probes]).toEqual([[], 0]);
  });
});

describe('verify-login, for a key that was found', () => {
  test('auto makes no login: what Kafka would say is not known', async () => {
    const { proof, probes } = await check('found', 'auto', [REJECTED]);
    expect([proof, probes]).toEqual([{ outcome: 'not tried' }, 0]);
  });

  test.each([
    ['refused', REJECTED, 'LOGIN_REJECTED'],
    ['unreachable', UNKNOWN, 'LOGIN_UNKNOWN'],
  ])('always tries once and fails when the login is %s, and nothing was changed', async (_what, login, code) => {
    const { failure, probes, seconds } = await check('found', 'always', [login, ACCEPTED]);
    expect(failure).toMatchObject({ code, changed: 'no', retryable: true });
    expect([probes, seconds]).toEqual([1, 0]);
  });
});
