import { describe, expect, test } from 'vitest';
import type { LoginRequest, LoginResult } from '../../../core/login-probe/login.ts';
import { pollUntil } from '../../../core/login-probe/poll.ts';
import { REQUEST } from './scripted-broker.ts';

const REJECTED: LoginResult = {
  outcome: 'rejected',
  code: 'SASL_AUTHENTICATION_FAILED',
  broker: 'b:1',
  milliseconds: 1,
};
const ACCEPTED: LoginResult = { outcome: 'accepted', broker: 'b:1', milliseconds: 1 };

/** A world in which each probe takes `probeMs` and Kafka knows the password from `knownFrom` on. */
function world({ deadline, knownFrom, probeMs }: { deadline: number; knownFrom: number; probeMs: number }) {
  let time = 0;
  const probes: { at: number; timeoutMs: number }[] = [];
  const pauses: number[] = [];
  const options = {
    deadline,
    now: () => time,
    sleep: async (milliseconds: number) => {
      pauses.push(milliseconds);
      time += milliseconds;
    },
    probe: async ({ timeoutMs }: LoginRequest): Promise<LoginResult> => {
      probes.push({ at: time, timeoutMs });
      time += Math.min(probeMs, timeoutMs);
      return time >= knownFrom ? ACCEPTED : REJECTED;
    },
  };
  return { options, probes, pauses, time: () => time };
}

describe('polling for a login', () => {
  test('that succeeds at once makes one', async () => {
    const { options, probes, pauses } = world({ deadline: 120_000, knownFrom: 0, probeMs: 10 });
    expect(await pollUntil(REQUEST, { until: 'accepted', ...options })).toEqual(ACCEPTED);
    expect(probes).toEqual([{ at: 0, timeoutMs: 10_000 }]);
    expect(pauses).toEqual([]);
  });

  test('pauses longer each time, up to five seconds', async () => {
    const { options, pauses } = world({ deadline: 120_000, knownFrom: 20_000, probeMs: 0 });
    expect(await pollUntil(REQUEST, { until: 'accepted', ...options })).toEqual(ACCEPTED);
    expect(pauses).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000, 5000]);
  });

  test('ends with the last result when the time is up, and no probe may outlast it', async () => {
    const { options, probes, time } = world({
      deadline: 10_000,
      knownFrom: Number.POSITIVE_INFINITY,
      probeMs: 100_000,
    });
    expect(await pollUntil({ ...REQUEST, timeoutMs: 3000 }, { until: 'accepted', ...options })).toEqual(REJECTED);
    expect(probes.every(({ at, timeoutMs }) => at + timeoutMs <= 10_000)).toBe(true);
    expect(time()).toBeLessThanOrEqual(10_000);
  });

  test('takes a last look shortly before the deadline', async () => {
    const { options, probes } = world({ deadline: 6000, knownFrom: 5400, probeMs: 0 });
    expect(await pollUntil(REQUEST, { until: 'accepted', ...options })).toEqual(ACCEPTED);
    expect(probes.at(-1)).toEqual({ at: 5500, timeoutMs: 500 });
  });

  test('keeps what Kafka said when the deadline cuts the last look short', async () => {
    for (const probeMs of [400, 700, 2000]) {
      const { options } = world({ deadline: 10_000, knownFrom: Number.POSITIVE_INFINITY, probeMs });
      const cutShort: LoginResult = { outcome: 'unknown', code: 'TIMEOUT', milliseconds: 0 };
      const probe = async (request: LoginRequest) =>
        request.timeoutMs < probeMs ? { ...(await options.probe(request)), ...cutShort } : options.probe(request);
      expect(await pollUntil(REQUEST, { until: 'accepted', ...options, probe })).toEqual(REJECTED);
    }
  });

  test('says that it was refused where Kafka cannot be asked any more', async () => {
    const { options, probes } = world({ deadline: 10_000, knownFrom: Number.POSITIVE_INFINITY, probeMs: 5 });
    const gone: LoginResult = { outcome: 'unknown', code: 'ECONNREFUSED', milliseconds: 1 };
    const probe = async (request: LoginRequest) => {
      const result = await options.probe(request);
      return probes.length > 2 ? gone : result;
    };
    expect(await pollUntil(REQUEST, { until: 'accepted', ...options, probe })).toEqual({ ...gone, wasRejected: true });
    expect(
      await pollUntil(REQUEST, { until: 'accepted', ...options, probe: async () => gone, deadline: 20_000 }),
    ).toEqual(gone);
  });

  test('does not begin after the deadline', async () => {
    const { options, probes } = world({ deadline: 0, knownFrom: 0, probeMs: 0 });
    expect(await pollUntil(REQUEST, { until: 'accepted', ...options })).toEqual({
      outcome: 'unknown',
      code: 'TIMEOUT',
      milliseconds: 0,
    });
    expect(probes).toEqual([]);
  });

  test('can wait for a refusal, too', async () => {
    const { options, probes } = world({ deadline: 10_000, knownFrom: Number.POSITIVE_INFINITY, probeMs: 5 });
    expect(await pollUntil(REQUEST, { until: 'rejected', ...options })).toEqual(REJECTED);
    expect(probes).toHaveLength(1);
  });
});
