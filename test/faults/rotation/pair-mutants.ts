import type { KafkaCredentialFile } from '../../../core/credential-file.ts';
import { RotationError } from '../../../core/errors.ts';
import { AlternatingStrategy } from '../../../core/rotation/alternating/alternating.ts';
import type { Applied, Change, Succession } from '../../../core/rotation/strategy.ts';
import { passwordRotation } from '../../../functions/rotate-password/strategies.ts';
import type { Mutant } from './mutant.ts';
import { over } from './mutants.ts';

type Rotation = typeof passwordRotation;
type File = KafkaCredentialFile;
type Kind = new (...parameters: ConstructorParameters<typeof AlternatingStrategy>) => AlternatingStrategy;

/** Each breaks one rule that the shipped function keeps. */
export const PAIR_MUTANTS: Readonly<Record<string, Mutant<Rotation>>> = {
  'sets the new password on the current key': {
    finds: /refuses the current credential/,
    rotation: withStrategy(
      class extends AlternatingStrategy {
        override apply(change: Change<File>): Promise<Applied> {
          return setOn(this, change.current.project_key_id, change);
        }
      },
    ),
  },
  'sends a password before it is stored': {
    finds: /stored nowhere/,
    rotation: withStrategy(
      class extends AlternatingStrategy {
        override async makePending(...args: Parameters<AlternatingStrategy['makePending']>): Promise<string> {
          const text = await super.makePending(...args);
          const { project_key_id: id, kafka } = JSON.parse(text) as File;
          const told = this.ports.streamkap(args[1].budget.deadline);
          await told.setKafkaPassword(id, kafka.password);
          return text;
        }
      },
    ),
  },
  'makes another password on a retry, and sends that': {
    finds: /stored nowhere/,
    rotation: withStrategy(
      class extends AlternatingStrategy {
        override async makePending(...args: Parameters<AlternatingStrategy['makePending']>): Promise<string> {
          madeLast = await super.makePending(...args);
          return madeLast;
        }
        override apply(change: Change<File>): Promise<Applied> {
          return super.apply(sending(change, JSON.parse(madeLast) as File));
        }
      },
    ),
  },
  'sends the password without asking Kafka first': {
    finds: /set already/,
    rotation: withStrategy(
      class extends AlternatingStrategy {
        override async apply(change: Change<File>): Promise<Applied> {
          const { value } = await change.claim();
          const sentAt = change.budget.clock.now();
          await this.ports
            .streamkap(change.budget.deadline)
            .setKafkaPassword(value.project_key_id, value.kafka.password);
          return {
            outcome: 'applied',
            sentAt,
            proof: await this.prove(value, { budget: change.budget, patient: true }),
          };
        }
      },
    ),
  },
  'takes a login without an answer for a refusal, and gives the idle key another password': {
    finds: /stored nowhere/,
    rotation: withStrategy(
      class extends AlternatingStrategy {
        override async apply(change: Change<File>): Promise<Applied> {
          try {
            return await super.apply(change);
          } catch (error) {
            const { value } = await change.pending();
            const told = this.ports.streamkap(change.budget.deadline);
            if (error instanceof RotationError && error.code === 'LOGIN_UNKNOWN')
              await told.setKafkaPassword(value.project_key_id, this.ports.generatePassword());
            throw error;
          }
        }
      },
    ),
  },
  'claims nothing, and knows an earlier attempt only by what Kafka accepts': {
    finds: /set already/,
    rotation: withStrategy(
      class extends AlternatingStrategy {
        override apply(change: Change<File>): Promise<Applied> {
          return super.apply(over(change, { claim: async () => ({ ...(await change.pending()), first: true }) }));
        }
      },
    ),
  },
  'promotes the idle key without its new password': {
    finds: /refuses the current credential/,
    rotation: withStrategy(
      class extends AlternatingStrategy {
        override async apply(change: Change<File>): Promise<Applied> {
          await change.claim();
          return { outcome: 'applied', proof: ACCEPTED };
        }
        override async prove() {
          return ACCEPTED;
        }
      },
    ),
  },
  'forgets the outgoing key once it is not current any more': {
    finds: /to deeply equal \[ 'orders', 'orders-b' \]/,
    rotation: withStrategy(
      class extends AlternatingStrategy {
        override async afterMove(): Promise<void> {}
      },
    ),
  },
  'keeps the outgoing file only when finishSecret is not replayed': {
    finds: /to deeply equal \[ 'orders', 'orders-b' \]/,
    rotation: withStrategy(
      class extends AlternatingStrategy {
        override async makePending(
          ...[current, facts]: Parameters<AlternatingStrategy['makePending']>
        ): Promise<string> {
          return await super.makePending(current, { ...facts, previous: async () => undefined });
        }
        override async afterMove(facts: Succession<File>): Promise<void> {
          if (!facts.replayed) await super.afterMove(facts);
        }
      },
    ),
  },
};

let madeLast = '';

/** @returns the change, with another value in place of the stored one */
function sending(change: Change<File>, value: File): Change<File> {
  return over(change, {
    pending: async () => ({ ...(await change.pending()), value }),
    claim: async () => ({ ...(await change.claim()), value }),
    nextTurn: async () => {
      const take = await change.nextTurn();
      return async () => ({ ...(await take()), value });
    },
  });
}

const ACCEPTED = { outcome: 'accepted', milliseconds: 0 } as const;
async function setOn(strategy: AlternatingStrategy, id: string, change: Change<File>): Promise<Applied> {
  const { value } = await change.claim();
  await strategy.ports.streamkap(change.budget.deadline).setKafkaPassword(id, value.kafka.password);
  return { outcome: 'applied', proof: ACCEPTED };
}

/** The shipped configuration with another kind of strategy in it. */
function withStrategy(kind: Kind): Rotation {
  return (environment) => {
    const configured = passwordRotation(environment);
    return {
      ...configured,
      strategy: (invocation) => {
        const shipped = configured.strategy(invocation);
        if (!(shipped instanceof AlternatingStrategy)) throw new Error('not a rotation by alternating');
        return new kind(shipped.ports, shipped.settings);
      },
    };
  };
}
