import { HandlerError } from '../../sandbox/bundle-handler.ts';
import type { Invoke } from '../../sandbox/secrets-manager/rotation-events.ts';
import type { RunningLambda } from '../judges/lambda.ts';

/** @returns the function under the emulator, as RotateSecret calls it */
export function asRotationFunction(lambda: RunningLambda): Invoke {
  return async (event) => {
    const answer = await lambda.invoke(event);
    if (answer.outcome === 'success') return;
    throw new HandlerError(answer.errorType ?? answer.outcome, answer.errorMessage ?? answer.body);
  };
}
