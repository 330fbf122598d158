import { diagnosisFacts, diagnosisText } from '../core/doctor/report.ts';
import { STATES } from '../core/doctor/states.ts';
import { RotationError } from '../core/errors.ts';
import { planFor, type Step, stepText } from '../core/reconcile/plan.ts';
import { makeStep } from '../core/reconcile/reconcile.ts';
import type { CommandContext } from './command.ts';
import { confirm } from './confirm.ts';
import { exitCodeOf } from './doctor.ts';
import { type SecretOptions, type Workbench, workbenchFor } from './workbench.ts';

export interface ReconcileOptions extends SecretOptions {
  /** Nobody is asked. */
  readonly yes?: boolean | undefined;
}

type Found = Awaited<ReturnType<Workbench['look']>>;

/**
 * `keyring reconcile`: brings labels and Streamkap in step with what is stored: tells what it would do, asks, does it, and looks
 * again. Where a login could not be made nothing is changed.
 * @returns the exit code of the state afterwards @throws KeyringError; nothing more is done then
 */
export async function runReconcile(
  secretId: string,
  options: ReconcileOptions,
  context: CommandContext,
): Promise<number> {
  const { terminal } = context;
  const bench = workbenchFor(secretId, options, context);
  const found = await bench.look();
  const steps = stepsFor(found);
  if (steps.length === 0) return write(found, { steps, options, context });
  terminal.tell(`${secretId}: ${found.state}\n  ${STATES[found.state].meaning}`);
  for (const step of steps) terminal.tell(`  - ${stepText(step)}`);
  if (!options.yes) await ask(bench, steps);
  for (const step of steps) {
    terminal.progress(stepText(step));
    await makeStep({ ...bench.ports, progress: (line) => terminal.progress(line) }, secretId, step);
  }
  terminal.endProgress();
  return write(await bench.look(), { steps, options, context });
}

const stepsFor = ({ state, picture }: Found) => (typeof picture === 'string' ? [] : planFor(state, picture));

/** While somebody thinks the world goes on. @throws InputError; RotationError when what was told is not what is there any more */
async function ask(bench: Workbench, steps: readonly Step[]): Promise<void> {
  await confirm('Do it?', false);
  const now = stepsFor(await bench.look());
  if (JSON.stringify(now) === JSON.stringify(steps)) return;
  throw new RotationError({
    code: 'CHANGED_MEANWHILE',
    message: 'The secret or its key is not as it was when the question was asked',
    changed: 'no',
    retryable: true,
    remedy: 'Look at what is there now.',
  });
}

interface Outcome {
  readonly steps: readonly Step[];
  readonly options: ReconcileOptions;
  readonly context: CommandContext;
}

function write(found: Found, { steps, options, context }: Outcome): number {
  const text = options.json
    ? `${JSON.stringify({ done: steps, ...diagnosisFacts(found) }, undefined, 2)}\n`
    : diagnosisText(found);
  process.stdout.write(context.redactor.redact(text));
  return exitCodeOf(found.state);
}
