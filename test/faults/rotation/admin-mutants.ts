import { RotationError } from '../../../core/errors.ts';
import type { AdminStrategy } from '../../../core/rotation/admin/strategy.ts';
import type { Strategy } from '../../../core/rotation/strategy.ts';
import { adminRotation } from '../../../functions/rotate-admin/admin-rotation.ts';
import type { RotationInvocation } from '../../../functions/rotation/invocation.ts';
import { type Mutant, overriding } from './mutant.ts';

type Rotation = typeof adminRotation;
type Overrides = Partial<AdminStrategy>;

/** Each breaks one rule that the shipped function keeps, and rotates without a fault when nothing goes wrong. */
export const ADMIN_MUTANTS: Readonly<Record<string, Mutant<Rotation>>> = {
  'makes a credential that its marker does not tell from others': {
    finds: /no marker of this secret/,
    rotation: mutant({
      invocation: (invocation) => {
        const { transport } = invocation.container;
        const unmarked: typeof transport = (request) => {
          const body = request.body?.replace(/\[keyring:[^\]]*\]/, '');
          return transport({ ...request, body });
        };
        return { ...invocation, container: { ...invocation.container, transport: unmarked } };
      },
    }),
  },

  'takes a question without an answer for a refusal, and deletes the pending credential': {
    finds: /only finishSecret|refuses the credential under AWSPENDING/,
    rotation: mutant({
      overrides: (strategy) => ({
        apply: async (change) => {
          try {
            return await strategy.apply(change);
          } catch (error) {
            if (error instanceof RotationError && error.code === 'LOGIN_UNKNOWN')
              await strategy.discard((await change.pending()).value, change.budget);
            throw error;
          }
        },
      }),
    }),
  },

  'deletes the previous credential once the new one is current': {
    finds: /refuses the credential under AWSPREVIOUS/,
    rotation: mutant({
      overrides: (strategy) => ({
        afterMove: async (facts) => {
          const { outgoing, budget } = facts as Parameters<NonNullable<Strategy<never>['afterMove']>>[0];
          const before = await outgoing();
          if (before) await strategy.discard(before, budget);
        },
      }),
    }),
  },

  'cleans up before there is a new one': {
    finds: /only finishSecret/,
    rotation: mutant({
      overrides: (strategy) => ({
        makePending: async (current, options) => {
          await strategy.afterMove({ current: async () => current, budget: options.budget });
          return await strategy.makePending(current, options);
        },
      }),
    }),
  },
};

interface Changes {
  readonly overrides?: (strategy: AdminStrategy) => Overrides;
  readonly invocation?: (invocation: RotationInvocation) => RotationInvocation;
}

/** @returns the shipped rotation with parts of it replaced */
function mutant({ overrides = () => ({}), invocation: change = (same) => same }: Changes): Rotation {
  return (options) => (environment) => {
    const configured = adminRotation(options)(environment);
    return {
      ...configured,
      strategy: (invocation) => {
        const strategy = configured.strategy(change(invocation)) as AdminStrategy;
        return overriding(strategy, overrides(strategy));
      },
    };
  };
}
