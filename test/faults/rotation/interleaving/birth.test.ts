import { describe, it } from 'vitest';
import { explorePair, SITUATIONS } from './pair-subject.ts';

const TIMEOUT_MS = 600_000;

describe('two first rotations at once with one token make one second key', () => {
  it.each(SITUATIONS)('%s', { timeout: TIMEOUT_MS }, async (_sentence, troubles) => {
    await explorePair({ chapter: 'birth', callers: ['steps', 'steps'] }, troubles);
  });

  it('with AWSPENDING removed after success, one may die at any call', { timeout: TIMEOUT_MS }, async () => {
    const scene = { chapter: 'birth', callers: ['steps', 'steps'], pendingAfterSuccess: 'removed' } as const;
    await explorePair(scene, { crashes: 1 });
  });
});
