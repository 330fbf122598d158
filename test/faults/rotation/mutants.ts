import type { KafkaCredentialFile } from '../../../core/credential-file.ts';
import type { SingleStrategy } from '../../../core/rotation/single.ts';
import type { Applied, Change, Strategy } from '../../../core/rotation/strategy.ts';
import { passwordRotation } from '../../../functions/rotate-password/strategies.ts';
import type { RotationInvocation } from '../../../functions/rotation/invocation.ts';
import { type Mutant, overriding } from './mutant.ts';

type Rotation = typeof passwordRotation;
type File = KafkaCredentialFile;
type Overrides = Partial<Strategy<File>>;

/** Each breaks one rule that the shipped function keeps, and rotates without a fault when nothing goes wrong. */
export const MUTANTS: Readonly<Record<string, Mutant<Rotation>>> = {
  'sends the password before it is stored': {
    finds: /stored nowhere/,
    rotation: mutant((strategy, { budget }) => ({
      makePending: async (current) => {
        const text = await strategy.makePending(current);
        const { kafka } = JSON.parse(text) as File;
        await strategy.ports.streamkap(budget.deadline).setKafkaPassword(current.project_key_id, kafka.password);
        return text;
      },
    })),
  },

  'makes another password on a retry, and sends that': {
    finds: /stored nowhere/,
    rotation: mutant((strategy) => ({
      makePending: async (current) => {
        madeLast = await strategy.makePending(current);
        return madeLast;
      },
      apply: (change) => {
        const value = JSON.parse(madeLast) as File;
        return strategy.apply(
          over(change, {
            claim: async () => ({ ...(await change.claim()), value }),
            nextTurn: async () => {
              const take = await change.nextTurn();
              return async () => ({ ...(await take()), value });
            },
          }),
        );
      },
    })),
  },

  'sends the password without asking Kafka first': {
    finds: /set already/,
    rotation: mutant((strategy) => ({
      apply: async (change): Promise<Applied> => {
        const { value } = await change.claim();
        const { budget } = change;
        await strategy.ports.streamkap(budget.deadline).setKafkaPassword(value.project_key_id, value.kafka.password);
        return {
          outcome: 'applied',
          sentAt: budget.clock.now(),
          proof: await strategy.prove(value, { budget, patient: true }),
        };
      },
    })),
  },

  'takes a login without an answer for a refusal, and puts the old password back': {
    finds: /in force a second time/,
    rotation: (environment) => {
      const configured = passwordRotation(environment);
      return {
        ...configured,
        strategy: (invocation) => {
          const login: typeof invocation.container.login = async (request) => {
            const result = await invocation.container.login(request);
            return result.outcome === 'unknown'
              ? { outcome: 'rejected', code: 'SASL_AUTHENTICATION_FAILED', broker: 'b', milliseconds: 1 }
              : result;
          };
          return configured.strategy({ ...invocation, container: { ...invocation.container, login } });
        },
      };
    },
  },

  'claims nothing, and knows an earlier attempt only by what Kafka accepts': {
    finds: /set already/,
    rotation: mutant(claimingAlways),
  },
};

let madeLast = '';

/** @returns the shipped rotation with parts of its strategy replaced */
function mutant(overrides: (strategy: SingleStrategy, invocation: RotationInvocation) => Overrides): Rotation {
  return (environment) => {
    const configured = passwordRotation(environment);
    return {
      ...configured,
      strategy: (invocation) => {
        const strategy = configured.strategy(invocation) as SingleStrategy;
        return overriding<Strategy<File>>(strategy, overrides(strategy, invocation));
      },
    };
  };
}

export function over(change: Change<File>, overrides: Partial<Change<File>>): Change<File> {
  return {
    ...{ current: change.current, budget: change.budget },
    secret: () => change.secret(),
    pending: () => change.pending(),
    claim: () => change.claim(),
    previous: () => change.previous(),
    nextTurn: () => change.nextTurn(),
    recordWayBack: () => change.recordWayBack(),
    signal: (signal) => change.signal(signal),
    ...overrides,
  };
}

/** @returns a strategy that takes every attempt for the first */
export function claimingAlways(strategy: SingleStrategy): Strategy<File> {
  return overriding<Strategy<File>>(strategy, {
    apply: (change) =>
      strategy.apply(over(change, { claim: async () => ({ ...(await change.pending()), first: true }) })),
  });
}
