import { createHash } from 'node:crypto';
import { secretStoreOver } from '../../../../core/aws-secret-store.ts';
import { RotationError } from '../../../../core/errors.ts';
import { AlternatingStrategy } from '../../../../core/rotation/alternating/alternating.ts';
import { RotationMemory } from '../../../../core/rotation/rotation-memory.ts';
import { passwordRotation } from '../../../../functions/rotate-password/strategies.ts';
import type { Container } from '../../../../functions/rotation/container.ts';
import { EvidenceRecorder } from '../../../../functions/rotation/evidence-recorder.ts';
import { rotationHandler } from '../../../../functions/rotation/handler.ts';
import type { LogFields } from '../../../../functions/rotation/step-log.ts';
import type { RotationStep } from '../../../sandbox/secrets-manager/rotation-events.ts';
import { ADMIN, ADMIN_SECRET, SECRET } from '../../../unit/rotation/world.ts';
import type { Call, Result } from '../../exploration/call.ts';
import { type Ask, HOST, loginOver, secretsManagerOver, transportOver } from '../../exploration/outside.ts';
import type { Outside, Program } from '../../exploration/replay.ts';

/** One call of the function, in a process of its own; or, first of all, Secrets Manager's registration of a rotation. */
export interface Run {
  /** Makes its passwords differ from those of other processes. */
  readonly name: string;
  readonly deed: RotationStep | 'register' | 'retire';
  readonly token: string;
}

/** The function as it is deployed, and where all that it says is heard. */
export interface Deployed {
  readonly arn: string;
  readonly strategy: 'single' | 'alternating';
  /** The function under test. @default the shipped one */
  readonly rotation?: typeof passwordRotation;
  /** Lines, errors, events and fragments. */
  readonly said: Set<string>;
  /** Everything that must never be said. */
  readonly secretTexts: Set<string>;
}

export const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
/** Short, so that waiting for a change is a few logins: the model decides how long that is compared to a call. */
const PROPAGATION_SECONDS = 1;
/** Milliseconds, one of them kept back by the handler for its last words. */
const REMAINING_MS = 21_000;

/** The shipped function, from the event to the last line. */
export function programOf(run: Run, deployed: Deployed): Program<void> {
  return async (outside) => {
    if (run.deed === 'register') return await register(run, outside.ask);
    const startedAt = outside.now();
    const handler = rotationHandler(() => containerOf(run, deployed, outside), rotationOf(run, deployed));
    const context = {
      awsRequestId: run.name,
      getRemainingTimeInMillis: () => startedAt + REMAINING_MS - outside.now(),
    };
    try {
      await handler(eventOf(run, deployed), context);
    } catch (error) {
      deployed.said.add(JSON.stringify([String(error), { ...(error as object) }]));
      throw error;
    }
  };
}

function eventOf({ deed, token }: Run, { arn, secretTexts }: Deployed): object {
  if (deed === 'retire') return { action: 'retire', secretId: SECRET };
  const RotationToken = uuid(`rotation token of ${token}`);
  secretTexts.add(RotationToken);
  return { Step: deed, SecretId: arn, ClientRequestToken: token, RotationToken };
}

async function register({ token }: Run, ask: Ask): Promise<void> {
  const RotationLambdaARN = 'arn:aws:lambda:eu-central-1:123456789012:function:rotate-password';
  const input = { SecretId: SECRET, ClientRequestToken: token, RotationLambdaARN };
  const { kind } = await ask({ to: 'aws', operation: 'RotateSecret', input });
  if (kind === 'aws') return;
  const facts = { changed: 'no', retryable: true, remedy: 'wait' } as const;
  throw new RotationError({ ...facts, code: 'NOT_REGISTERED', message: 'a rotation is under way' });
}

/** The ids of births are drawn, and a process that is run again has to draw the same. */
function rotationOf({ name }: Run, { rotation = passwordRotation }: Deployed): typeof passwordRotation {
  return (environment) => {
    const configured = rotation(environment);
    return {
      ...configured,
      strategy: (invocation) => {
        const strategy = configured.strategy(invocation);
        if (!(strategy instanceof AlternatingStrategy)) return strategy;
        let ids = 0;
        const Kind = strategy.constructor as typeof AlternatingStrategy;
        return new Kind({ ...strategy.ports, randomId: () => uuid(`${name} ${ids++}`) }, strategy.settings);
      },
    };
  };
}

function uuid(seed: string): string {
  const hex = createHash('sha256').update(seed).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

function containerOf({ name }: Run, { strategy, said, secretTexts }: Deployed, { ask, now }: Outside): Container {
  const asked = sparingly(ask);
  const hear = (message: string, fields: LogFields) => void said.add(JSON.stringify([message, fields]));
  let passwords = 0;
  return {
    environment: {
      ...{ STREAMKAP_HOST: HOST, STREAMKAP_ADMIN_SECRET_ID: ADMIN_SECRET, ROTATION_STRATEGY: strategy },
      PROPAGATION_TIMEOUT_SECONDS: String(PROPAGATION_SECONDS),
    },
    store: secretStoreOver(secretsManagerOver(asked)),
    transport: transportOver(asked),
    login: loginOver(asked),
    generatePassword: () => {
      const password = `Generated!${uuid(`${name} password ${passwords++}`)}`;
      secretTexts.add(password);
      return password;
    },
    random: () => 0.5,
    clock: {
      now,
      sleep: async (milliseconds) => {
        await ask({ to: 'clock', milliseconds });
      },
    },
    // Answers are lost, not late: nobody waits for one beyond the budget.
    timer: () => () => {},
    memory: new RotationMemory(),
    evidence: new EvidenceRecorder({
      store: { put: async (key, json) => void said.add(`${key} ${json}`) },
      bus: { send: async (event) => void said.add(JSON.stringify(event)) },
    }),
    logger: { info: hear, warn: hear, error: hear },
  };
}

/** Nobody changes the admin secret, so reading it is no point at which another process may cut in. */
function sparingly(ask: Ask): Ask {
  return async (call: Call): Promise<Result> => {
    if (call.to !== 'aws' || call.input.SecretId !== ADMIN_SECRET) return await ask(call);
    const SecretString = JSON.stringify({ client_id: ADMIN.clientId, client_secret: ADMIN.clientSecret });
    const facts = { ARN: ADMIN_SECRET, Name: ADMIN_SECRET, VersionId: 'a'.repeat(32), VersionStages: ['AWSCURRENT'] };
    return { kind: 'aws', response: { ...facts, SecretString, CreatedDate: 1 }, date: 1000 };
  };
}
