import type { SecretsManagerCaller } from '../../../core/aws-secret-store.ts';
import type { Clock } from '../../../core/clock.ts';
import type { HttpTransport } from '../../../core/http.ts';
import type { LoginRequest, LoginResult } from '../../../core/login-probe/probe.ts';
import { StreamkapClient } from '../../../core/streamkap/client.ts';
import type { Call, Result } from './call.ts';

/** Carries out one call, or answers it from the records, or never. */
export type Ask = (call: Call) => Promise<Result>;

export const HOST = 'https://api.streamkap.test';
/** As secret as any: what Streamkap's stand-in gives out is the model's own affair. */
export const ACCESS_TOKEN = 'Held!By!The!Model!0123456789abcdef';

type Deserialize = (next: () => Promise<unknown>) => () => Promise<unknown>;

/** AWS's client as the store sees it: a command in, a response or an error with a name out, AWS's clock in the headers. */
export function secretsManagerOver(ask: Ask): SecretsManagerCaller {
  let seeHeaders: Deserialize = (next) => next;
  const send = async (command: { input: Record<string, unknown>; constructor: { name: string } }) => {
    const operation = command.constructor.name.replace(/Command$/, '');
    const result = await ask({ to: 'aws', operation, input: command.input });
    if (result.kind === 'aws') {
      const response = { headers: { date: new Date(result.date).toUTCString() } };
      await seeHeaders(async () => ({ response }))();
      return withDates(result.response);
    }
    const error = new Error(result.kind === 'aws-error' ? result.message : 'socket hang up');
    error.name = result.kind === 'aws-error' ? result.name : 'TimeoutError';
    throw error;
  };
  const add = (middleware: Deserialize) => {
    seeHeaders = middleware;
  };
  return { send, middlewareStack: { add } } as unknown as SecretsManagerCaller;
}

function withDates(response: Record<string, unknown>): Record<string, unknown> {
  const isDate = (name: string, value: unknown) =>
    /^(Created|NextRotation)Date$/.test(name) && typeof value === 'number';
  return Object.fromEntries(
    Object.entries(response).map(([name, value]) => [
      name,
      isDate(name, value) ? new Date(Number(value) * 1000) : value,
    ]),
  );
}

/** The way to Streamkap. Getting an access token changes nothing that matters, so it is no point at which another may cut in. */
export function transportOver(ask: Ask): HttpTransport {
  return async ({ method, url, body }) => {
    const path = url.slice(HOST.length);
    if (path === '/auth/access-token') {
      const token = JSON.stringify({ accessToken: ACCESS_TOKEN, expiresIn: 3600 });
      return { status: 200, headers: {}, body: token };
    }
    const result = await ask({ to: 'streamkap', method: method as 'GET', path, body });
    if (result.kind !== 'http') throw new Error('connection lost');
    return { status: result.status, headers: {}, body: result.body };
  };
}

/** @returns one login, which never throws */
export function loginOver(ask: Ask): (request: Pick<LoginRequest, 'username' | 'password'>) => Promise<LoginResult> {
  return async ({ username, password }) => {
    const result = await ask({ to: 'kafka', username, password });
    if (result.kind !== 'login') return { outcome: 'unknown', code: 'TIMEOUT', milliseconds: 0 };
    return result.outcome === 'accepted'
      ? { outcome: 'accepted', broker: 'b', milliseconds: 0 }
      : { outcome: 'rejected', code: 'SASL_AUTHENTICATION_FAILED', broker: 'b', milliseconds: 0 };
  };
}

/** A clock that only its owner's own sleeping moves. */
export function clockOver(ask: Ask): Clock {
  let slept = 0;
  return {
    now: () => slept,
    sleep: async (milliseconds) => {
      if (milliseconds === 0) return;
      slept += milliseconds;
      await ask({ to: 'clock', milliseconds });
    },
  };
}

/** Streamkap's shipped client, each call asked of the world. */
export function streamkapOver(ask: Ask, clock: Clock): StreamkapClient {
  return new StreamkapClient({
    ...{ host: HOST, clock, random: () => 0.5, redact: (text: string) => text, transport: transportOver(ask) },
    credentials: { get: async () => ({ clientId: 'admin', clientSecret: 'held by the model' }) },
  });
}
