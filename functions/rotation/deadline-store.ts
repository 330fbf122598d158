import { SecretStoreError } from '../../core/errors.ts';
import type { TimeBudget } from '../../core/rotation/time-budget.ts';
import type { Invocation } from './invocation.ts';
import type { Timer } from './timer.ts';

/**
 * @returns the same store, none of whose calls is waited for beyond the step's time: what hangs must end as an error of ours,
 * before Lambda ends the process. A write that is given up on may still take effect.
 */
export function withinBudget(store: Invocation['store'], budget: TimeBudget, timer: Timer): Invocation['store'] {
  const limited = <T>(call: Promise<T>, changes: boolean): Promise<T> => {
    let cancel = () => {};
    const expired = new Promise<never>((_, reject) => {
      cancel = timer(budget.left(), () => reject(unanswered(changes)));
    });
    return Promise.race([call, expired]).finally(() => cancel());
  };
  return {
    read: (secretId, version) => limited(store.read(secretId, version), false),
    describe: (secretId) => limited(store.describe(secretId), false),
    versions: (secretId) => limited(store.versions(secretId), false),
    secretsTagged: (key, value) => limited(store.secretsTagged(key, value), false),
    create: (secret) => limited(store.create(secret), true),
    put: (version) => limited(store.put(version), true),
    tag: (secretId, tags) => limited(store.tag(secretId, tags), true),
    move: (move) => limited(store.move(move), true),
  };
}

function unanswered(changes: boolean): SecretStoreError {
  return new SecretStoreError({
    code: 'OUT_OF_TIME',
    message: 'Secrets Manager did not answer before the step ran out of time',
    changed: changes ? 'unknown' : 'no',
    retryable: true,
    remedy: 'Nothing to do: Secrets Manager calls the rotation again.',
  });
}
