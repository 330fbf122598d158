import { type SecretsManagerCaller, secretStoreOver } from '../../../core/aws-secret-store.ts';
import { KeyringError } from '../../../core/errors.ts';
import type { LoginRequest, LoginResult } from '../../../core/login-probe/probe.ts';
import { clientCredentials } from '../../../core/provisioning/client-credentials.ts';
import type { RequestedKey } from '../../../core/provisioning/intent.ts';
import type { Credential } from '../../../core/provisioning/kind.ts';
import type { KeyRequest, ProvisioningResult } from '../../../core/provisioning/ports.ts';
import { provision, provisionKind } from '../../../core/provisioning/provision.ts';
import { StreamkapClient } from '../../../core/streamkap/client.ts';
import { ClientCredentials } from '../../../core/streamkap/client-credentials.ts';
import { ROLES } from '../../sandbox/streamkap/roles.ts';
import { ADMIN, type Call, NOW_SECONDS, type Result, SECRET, TAKE_OVER_AFTER_MS } from './world.ts';

export type Kind = 'kafka' | 'api' | 'both' | 'client-credential';

/** Where a process stands after a history of results: at its next call, or at its end. */
export type Standing =
  | { readonly at: 'call'; readonly call: Call }
  | { readonly at: 'end'; readonly result: ProvisioningResult<Credential> }
  | { readonly at: 'error'; readonly code: string };

/** One run. */
export interface Run {
  readonly kind: Kind;
  /** Makes its random numbers differ from those of other runs. */
  readonly name: string;
  /** It asks for something that Streamkap refuses. */
  readonly badRequest?: boolean;
  /** Breaks the code under test by answering it wrongly: the tests of the test. */
  readonly distort?: (call: Call, result: Result) => Result;
}

/**
 * The shipped code of one run, real client and real store included, as a function of what it has been answered: its local state is
 * its history, so it is run again from the start with the recorded answers until it asks for one that is not there.
 */
export async function standingAfter(
  { kind, name, badRequest = false, distort = (_call, result) => result }: Run,
  history: readonly Result[],
): Promise<Standing> {
  let answered = 0;
  let standing: Standing | undefined;
  let broken: unknown;
  const ask = (call: Call): Promise<Result> => {
    const result = history[answered++];
    if (result) return Promise.resolve(distort(call, result));
    standing = { at: 'call', call };
    return new Promise(() => {});
  };
  runProcess({ kind, name, badRequest }, ask).then(
    (result) => {
      standing = { at: 'end', result };
    },
    (error: unknown) => {
      if (error instanceof KeyringError) standing = { at: 'error', code: error.code };
      else broken = error ?? new Error('nothing was thrown');
    },
  );
  // Nothing in a run waits for anything but `ask`, so it has come to rest when the microtasks are done.
  for (let turns = 0; !standing; turns++) {
    if (broken !== undefined) throw broken;
    if (turns > 1_000) throw new Error('the run waits for something that nobody was asked for');
    await new Promise((resolve) => setImmediate(resolve));
  }
  return standing;
}

function runProcess(
  { kind, name, badRequest }: Run,
  ask: (call: Call) => Promise<Result>,
): Promise<ProvisioningResult<Credential>> {
  let ids = 0;
  let slept = 0;
  const clock = {
    now: () => slept,
    sleep: async (milliseconds: number) => {
      if (milliseconds === 0) return;
      slept += milliseconds;
      await ask({ to: 'clock' });
    },
  };
  const streamkap = clientOver(ask, clock);
  const ports = {
    store: secretStoreOver(callerOver(ask)),
    streamkap,
    clock,
    probe: async ({ username, password }: LoginRequest): Promise<LoginResult> => {
      const result = await ask({ to: 'kafka', username, password });
      if (result.kind !== 'login') return { outcome: 'unknown', code: 'TIMEOUT', milliseconds: 0 };
      return result.outcome === 'accepted'
        ? { outcome: 'accepted', broker: 'b', milliseconds: 0 }
        : { outcome: 'rejected', code: 'SASL_AUTHENTICATION_FAILED', broker: 'b', milliseconds: 0 };
    },
    randomId: () => `${name}${String(ids++).padStart(8, '0')}`,
    generatePassword: () => `Generated!${name}${String(ids++).padStart(12, '0')}`,
    report: { secretSeen: () => {}, progress: () => {}, warning: () => {} },
  };
  const request = {
    secretId: SECRET,
    prepare: async (): Promise<KeyRequest> => ({
      name: 'orders',
      username: hasKafka(kind) ? 'orders' : null,
      requested: requestedOf(kind, badRequest),
    }),
    run: name,
    takeOverAfterMs: TAKE_OVER_AFTER_MS,
    verifyLogin: 'auto',
    newSecret: { tags: {} },
  } as const;
  if (kind !== 'client-credential') return provision(ports, request);
  return provisionKind({ ...ports, kind: clientCredentials(new ClientCredentials(streamkap.calls)) }, request);
}

function hasKafka(kind: Kind): boolean {
  return kind === 'kafka' || kind === 'both';
}

const NO_SUCH_ACL = { topic_name: 't', operation: 'NO_SUCH', resource_pattern_type: 'LITERAL', resource: 'TOPIC' };

function requestedOf(kind: Kind, bad = false): RequestedKey {
  const [role] = ROLES;
  return {
    description: '',
    ...(kind === 'kafka' || !role ? {} : { role_ids: [bad ? 'no-such-role' : role.id] }),
    ...(hasKafka(kind) ? { kafka: { kafka_acls: bad ? [NO_SUCH_ACL] : [], is_create_schema_registry: false } } : {}),
  };
}

/** Streamkap's shipped client, each call asked of the world. */
export function clientOver(
  ask: (call: Call) => Promise<Result>,
  clock: { now(): number; sleep(ms: number): Promise<void> },
): StreamkapClient {
  return new StreamkapClient({
    host: 'https://api.streamkap.test',
    credentials: { get: async () => ADMIN },
    clock,
    random: () => 0.5,
    redact: (text) => text,
    transport: async ({ method, url, body }) => {
      const path = url.slice('https://api.streamkap.test'.length);
      // The token call changes nothing that matters here; it is no point at which another process may cut in.
      if (path === '/auth/access-token') {
        return {
          status: 200,
          headers: {},
          body: JSON.stringify({ accessToken: 'held by the world', expiresIn: 3600 }),
        };
      }
      const result = await ask({ to: 'streamkap', method, path, body });
      if (result.kind !== 'http') throw new Error('connection lost');
      return { status: result.status, headers: {}, body: result.body };
    },
  });
}

type Deserialize = (next: () => Promise<unknown>) => () => Promise<unknown>;

/** AWS's client as the store sees it: a command in, a response or an error with a name out, AWS's clock in the headers. */
export function callerOver(ask: (call: Call) => Promise<Result>): SecretsManagerCaller {
  let seeHeaders: Deserialize = (next) => next;
  const response = { headers: { date: new Date(NOW_SECONDS * 1000).toUTCString() } };
  const send = async (command: { input: Record<string, unknown>; constructor: { name: string } }) => {
    const operation = command.constructor.name.replace(/Command$/, '');
    const result = await ask({ to: 'aws', operation, input: command.input });
    if (result.kind === 'aws') {
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
  const { CreatedDate: created } = response;
  return typeof created === 'number' ? { ...response, CreatedDate: new Date(created * 1000) } : response;
}
