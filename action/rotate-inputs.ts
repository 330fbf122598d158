import { InputError } from '../core/errors.ts';
import { optionalChoice, type ReadInput } from './input-values.ts';
import { parseSecretId } from './secret-id.ts';

/** An order to rotate. */
export interface RotateInputs {
  readonly mode: 'rotate';
  readonly secretId: string;
  /** The old credential is in wrong hands: it must not work any more. */
  readonly compromised: boolean;
}

/** @throws InputError */
export function parseRotate(read: ReadInput, environment: NodeJS.ProcessEnv): RotateInputs {
  const secretId = parseSecretId(read, 'secret-id', environment);
  if (!secretId) {
    throw new InputError('secret-id', 'is empty, and mode "rotate" needs it', 'Name the secret that is to be rotated.');
  }
  if (read('project-key') !== '') {
    throw new InputError('project-key', 'is given, but mode "rotate" rotates secrets only', 'Leave it out.');
  }
  return { mode: 'rotate', secretId, compromised: optionalChoice(read, 'reason', ['compromise']) === 'compromise' };
}

/** @throws InputError for a reason that nothing is done for */
export function requireNoReason(read: ReadInput, mode: string): void {
  if (read('reason') === '') return;
  throw new InputError('reason', `is given, but mode "${mode}" does not rotate`, 'Use mode "rotate".');
}
