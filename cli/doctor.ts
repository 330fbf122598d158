import { diagnosisFacts, diagnosisText } from '../core/doctor/report.ts';
import { STATES, type State } from '../core/doctor/states.ts';
import type { CommandContext } from './command.ts';
import { EXIT } from './terminal.ts';
import { type SecretOptions, workbenchFor } from './workbench.ts';

/** @returns the exit code that a state means */
export function exitCodeOf(state: State): number {
  return { healthy: EXIT.healthy, finding: EXIT.findings, unknown: EXIT.unknown }[STATES[state].verdict];
}

/**
 * `keyring doctor`: what state a secret and its key are in, and what to do about it. Changes nothing.
 * @returns the exit code @throws KeyringError where nobody can tell
 */
export async function runDoctor(secretId: string, options: SecretOptions, context: CommandContext): Promise<number> {
  const diagnosis = await workbenchFor(secretId, options, context).look();
  const text = options.json ? `${JSON.stringify(diagnosisFacts(diagnosis), undefined, 2)}\n` : diagnosisText(diagnosis);
  process.stdout.write(context.redactor.redact(text));
  return exitCodeOf(diagnosis.state);
}
