import type { KafkaCredentialFile } from '../../../core/credential-file.ts';
import { AlternatingStrategy } from '../../../core/rotation/alternating/alternating.ts';
import type { Applied, Change, Succession } from '../../../core/rotation/strategy.ts';
import { passwordRotation } from '../../../functions/rotate-password/strategies.ts';

type Rotation = typeof passwordRotation;
type File = KafkaCredentialFile;
type Kind = new (...parameters: ConstructorParameters<typeof AlternatingStrategy>) => AlternatingStrategy;

/** Each breaks one rule that the shipped function keeps. */
export const PAIR_MUTANTS: Readonly<Record<string, Rotation>> = {
  'sets the new password on the current key': withStrategy(
    class extends AlternatingStrategy {
      override apply(change: Change<File>): Promise<Applied> {
        return setOn(this, change.current.project_key_id, change);
      }
    },
  ),
  'sends a password before it is stored': withStrategy(
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
  'promotes the idle key without its new password': withStrategy(
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
  'forgets the outgoing key once it is not current any more': withStrategy(
    class extends AlternatingStrategy {
      override async afterMove(): Promise<void> {}
    },
  ),
  'keeps the outgoing file only when finishSecret is not replayed': withStrategy(
    class extends AlternatingStrategy {
      override async prepare(...args: Parameters<AlternatingStrategy['prepare']>): Promise<void> {
        await super.prepare({ ...args[0], previous: async () => undefined });
      }
      override async afterMove(facts: Succession<File>): Promise<void> {
        if (!facts.replayed) await super.afterMove(facts);
      }
    },
  ),
};

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
