import type { ExternalCall } from '../../unit/rotation/world.ts';

type Call = Pick<ExternalCall, 'to' | 'operation' | 'what'> & { readonly step: string };

export const MOVE = 'UpdateSecretVersionStage';

/** Whether a rotation depends on it: evidence and events are written beside the work. */
export const isWork = ({ to }: Pick<Call, 'to'>): boolean => to !== 's3' && to !== 'eventbridge';

/** The work, call by call. */
export const inWords = (calls: readonly Pick<Call, 'to' | 'step' | 'operation'>[]): string[] =>
  calls.filter(isWork).map(({ step, operation }) => `${step} ${operation}`);

/** What is waited for, one after the other, between the answer to the change and the answer to the move of AWSCURRENT. */
export function untilMoved(calls: readonly Call[]): string[] {
  const work = calls.filter(isWork);
  const sent = work.findIndex(({ operation }) => operation.startsWith('PATCH'));
  const moved = work.findIndex(({ operation, what }) => operation === MOVE && what === 'AWSCURRENT');
  return work.slice(sent + 1, moved + 1).map(({ operation }) => operation);
}
