import { createInterface } from 'node:readline/promises';
import { InputError } from '../core/errors.ts';

/**
 * Asks the person at the terminal before something is changed.
 * @param question what would be done, as a question
 * @param yes `--yes`: nobody is asked
 * @throws InputError where nobody can be asked, or the answer is not `yes`
 */
export async function confirm(question: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY)
    throw new InputError('--yes', 'is missing, and there is nobody to ask', 'Add --yes to do it.');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${question} Type "yes" to do it: `);
  terminal.close();
  if (answer.trim() !== 'yes') throw new InputError('the answer', 'was not "yes"', 'Nothing was done.');
}
