import type { StepEvidence } from '../evidence/step-evidence.ts';
import type { RotationHistory } from './inventory.ts';

/**
 * What fragments of evidence say of one secret, in whatever order they come. A fragment that a replay wrote says the same again.
 * @param fragments of one secret; of the older rotations some may be left out
 */
export function historyOf(fragments: readonly StepEvidence[]): RotationHistory {
  const stored: Record<string, number> = {};
  let completed: RotationHistory['completed'];
  let failed: RotationHistory['failed'];
  for (const fragment of fragments) {
    const { token, step, outcome } = fragment;
    const at = Date.parse(fragment.finishedAt);
    if (step === 'createSecret' && outcome === 'made') stored[token] = Math.min(at, stored[token] ?? at);
    if (fragment.error && at >= (failed?.at ?? 0)) failed = { token, step, code: fragment.error.code, at };
    const movedAt = fragment.movedAt ? Date.parse(fragment.movedAt) : undefined;
    if (movedAt !== undefined && movedAt >= (completed?.movedAt ?? 0)) completed = { token, movedAt };
  }
  if (!completed) return { stored, ...(failed ? { failed } : {}) };
  const provenAt = provenTimeOf(fragments, completed.token);
  return { stored, ...(failed ? { failed } : {}), completed: { ...completed, provenAt } };
}

/** @returns when a login with this rotation's password was last accepted */
function provenTimeOf(fragments: readonly StepEvidence[], token: string): number | undefined {
  const times = fragments
    .filter((fragment) => fragment.token === token && fragment.login?.outcome === 'accepted')
    .map(({ finishedAt }) => Date.parse(finishedAt));
  return times.length > 0 ? Math.max(...times) : undefined;
}
