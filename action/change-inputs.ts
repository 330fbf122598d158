import { InputError } from '../core/errors.ts';
import { flag, type ReadInput } from './input-values.ts';

/** Whether a step may change what is there. */
export interface ChangeInputs {
  /** Apply what differs to a key that exists; else it is reported. */
  readonly update: boolean;
  /** Read and check everything, change nothing. */
  readonly dryRun: boolean;
  /** An empty list of ACLs means "none" only where somebody wrote it. */
  readonly aclsGiven: boolean;
}

/** @throws InputError where `update` is asked of a mode that looks at no existing key's settings */
export function parseChange(read: ReadInput, mode: string): ChangeInputs {
  const update = flag(read, 'update', false);
  if (update && mode !== 'ensure') {
    throw new InputError('update', `is true, but mode "${mode}" does not change a key`, 'Use mode "ensure".');
  }
  return { update, dryRun: flag(read, 'dry-run', false), aclsGiven: read('kafka-acls') !== '' };
}
