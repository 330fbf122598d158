import { dirname, join } from 'node:path';
import { installGoTool } from './go.ts';
import { run } from './process.ts';
import { installPythonPackages } from './python.ts';

export interface LintResult {
  /** Nothing found. */
  readonly clean: boolean;
  readonly output: string;
}

const ACTIONLINT = { name: 'actionlint', package: 'github.com/rhysd/actionlint/cmd/actionlint', version: 'v1.7.12' };
const ZIZMOR = 'zizmor==1.32.0';
const TIMEOUT_MS = 60_000;

/**
 * Lints workflow files. Shell and Python checkers that a host may or may not have are off, so that every host agrees.
 * @param files relative to `folder`; none: all of `folder`'s `.github/workflows`, which must then lie in a git repository
 */
export async function actionlint(folder: string, files: readonly string[] = []): Promise<LintResult> {
  const command = await installGoTool(ACTIONLINT);
  const options = { cwd: folder, timeoutMs: TIMEOUT_MS };
  const { code, stdout, stderr } = await run(command, ['-no-color', '-shellcheck=', '-pyflakes=', ...files], options);
  return { clean: code === 0, output: stdout + stderr };
}

/**
 * Lints workflows and action files for security, offline and pedantic.
 * @param inputs files or folders relative to `folder`
 */
export async function zizmor(folder: string, inputs: readonly string[] = ['.']): Promise<LintResult> {
  const python = await installPythonPackages('zizmor', ZIZMOR);
  const args = ['--offline', '--persona', 'pedantic', '--no-progress', '--color', 'never', ...inputs];
  const { code, stdout, stderr } = await run(join(dirname(python), 'zizmor'), args, {
    cwd: folder,
    timeoutMs: TIMEOUT_MS,
  });
  return { clean: code === 0, output: stdout + stderr };
}
