import { type SecretsManagerCaller, secretStoreOver } from '../../../../core/aws-secret-store.ts';
import type { Clock } from '../../../../core/clock.ts';
import type { KafkaCredentialFile } from '../../../../core/credential-file.ts';
import { KeyringError } from '../../../../core/errors.ts';
import { RotationProtocol, type Step, type StepReport } from '../../../../core/rotation/protocol.ts';
import { RotationMemory } from '../../../../core/rotation/rotation-memory.ts';
import { SingleStrategy } from '../../../../core/rotation/single.ts';
import type { Strategy } from '../../../../core/rotation/strategy.ts';
import { TimeBudget } from '../../../../core/rotation/time-budget.ts';
import { StreamkapClient } from '../../../../core/streamkap/client.ts';
import type { RotationEvent } from '../../../sandbox/secrets-manager/rotation-events.ts';
import { type Call, HOST, type Result } from './model.ts';

/** One call of the function, in a process of its own. */
export interface Run {
  readonly event: RotationEvent;
  /** Makes its passwords differ from those of other processes. */
  readonly name: string;
  /** Milliseconds. */
  readonly startedAt: number;
  /** Breaks the code under test: the tests of the test. */
  readonly distort?: ((strategy: SingleStrategy) => Strategy<KafkaCredentialFile>) | undefined;
}

/** A result, and the time when it came, milliseconds. */
export interface Answer {
  readonly result: Result;
  readonly at: number;
}

/** Where a process stands after a history of answers: at its next call, or at its end. */
export type Standing =
  | { readonly at: 'call'; readonly call: Call }
  | { readonly at: 'end'; readonly outcome: StepReport['outcome'] }
  | { readonly at: 'error'; readonly code: string };

/** Short, so that waiting for a change is a few logins: the model decides how long that is compared to a call. */
const PROPAGATION_MS = 1_000;
const STEP_MS = 20_000;

/**
 * The shipped protocol, strategy, store and client as a function of what they were answered: a process's local state is its
 * history, so it is run again from the start with the recorded answers until it asks for one that is not there.
 */
export async function standingAfter(run: Run, history: readonly Answer[]): Promise<Standing> {
  let answered = 0;
  let now = run.startedAt;
  let standing: Standing | undefined;
  const ask = (call: Call): Promise<Result> => {
    const answer = history[answered++];
    if (answer) {
      now = answer.at;
      return Promise.resolve(answer.result);
    }
    standing = { at: 'call', call };
    return new Promise(() => {});
  };
  runStep(run, { ask, now: () => now }).then(
    ({ outcome }) => {
      standing = { at: 'end', outcome };
    },
    (error: unknown) => {
      if (!(error instanceof KeyringError)) throw error;
      standing = { at: 'error', code: error.code };
    },
  );
  // Nothing in a run waits for anything but `ask`, so it has come to rest when the microtasks are done.
  while (!standing) await new Promise((resolve) => setImmediate(resolve));
  return standing;
}

/** One step from its beginning to its end, with nobody else about. @returns where it ended @throws after 100 calls */
export async function runAlone(run: Run, apply: (call: Call) => Promise<Result>): Promise<Standing> {
  let now = run.startedAt;
  let calls = 0;
  const ask = (call: Call): Promise<Result> => {
    if (++calls > 100) throw new Error('a step alone makes more than 100 calls');
    if (call.to === 'clock') now += call.milliseconds;
    return apply(call);
  };
  try {
    return { at: 'end', outcome: (await runStep(run, { ask, now: () => now })).outcome };
  } catch (error) {
    if (!(error instanceof KeyringError)) throw error;
    return { at: 'error', code: error.code };
  }
}

interface Outside {
  readonly ask: (call: Call) => Promise<Result>;
  readonly now: () => number;
}

async function runStep({ event, name, startedAt, distort }: Run, { ask, now }: Outside): Promise<StepReport> {
  const clock: Clock = {
    now,
    sleep: async (milliseconds) => {
      await ask({ to: 'clock', milliseconds });
    },
  };
  const strategy = new SingleStrategy(
    {
      login: async ({ username, password }) => {
        const result = await ask({ to: 'kafka', username, password });
        if (result.kind !== 'login') return { outcome: 'unknown', code: 'TIMEOUT', milliseconds: 0 };
        return result.outcome === 'accepted'
          ? { outcome: 'accepted', broker: 'b', milliseconds: 0 }
          : { outcome: 'rejected', code: 'SASL_AUTHENTICATION_FAILED', broker: 'b', milliseconds: 0 };
      },
      streamkap: (deadline) => clientOver(ask, clock, deadline),
      generatePassword: () => `Generated!Password000${name}`,
      secretSeen: () => {},
    },
    { onDrift: 'abandon', loginCheck: 'required', propagationMs: PROPAGATION_MS },
  );
  const protocol = new RotationProtocol(
    distort?.(strategy) ?? strategy,
    { store: secretStoreOver(callerOver(ask)), clock, memory: new RotationMemory(), signal: () => {} },
    { budget: new TimeBudget(clock, startedAt + STEP_MS), unprovenAllowed: false },
  );
  const { Step: step, SecretId: secretId, ClientRequestToken: token, RotationToken: rotationToken } = event;
  return await protocol.run({ step: step as Step, secretId, token, rotationToken });
}

function clientOver(ask: Outside['ask'], clock: Clock, deadline: number): StreamkapClient {
  return new StreamkapClient({
    ...{ host: HOST, clock, deadline, random: () => 0.5, redact: (text: string) => text },
    credentials: { get: async () => ({ clientId: 'admin', clientSecret: 'held by the model' }) },
    transport: async ({ method, url, body }) => {
      const path = url.slice(HOST.length);
      // The token call changes nothing that matters here; it is no point at which another process may cut in.
      if (path === '/auth/access-token')
        return {
          status: 200,
          headers: {},
          body: JSON.stringify({ accessToken: 'held by the model', expiresIn: 3600 }),
        };
      const result = await ask({ to: 'streamkap', method, path, body });
      if (result.kind !== 'http') throw new Error('connection lost');
      return { status: result.status, headers: {}, body: result.body };
    },
  });
}

type Deserialize = (next: () => Promise<unknown>) => () => Promise<unknown>;

/** AWS's client as the store sees it: a command in, a response or an error with a name out. */
function callerOver(ask: Outside['ask']): SecretsManagerCaller {
  let seeHeaders: Deserialize = (next) => next;
  const response = { headers: { date: new Date(0).toUTCString() } };
  const send = async (command: { input: Record<string, unknown>; constructor: { name: string } }) => {
    const operation = command.constructor.name.replace(/Command$/, '');
    const result = await ask({ to: 'aws', operation, input: command.input });
    if (result.kind === 'aws') {
      await seeHeaders(async () => ({ response }))();
      const { CreatedDate: _, ...rest } = result.response;
      return rest;
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
