import { expect, test } from 'vitest';
import { projectFolder } from './judges/cache.ts';
import { actionlint, zizmor } from './judges/linters.ts';
import { mustRun } from './judges/process.ts';

/** Those that run here, the one that users copy, and the one that the real tier runs. */
const WORKFLOWS = ['.github/workflows/*.yml', 'examples/*.yml', 'test/real/workflow/*.yml'];

async function committed(...patterns: string[]): Promise<string[]> {
  const { stdout } = await mustRun('git', ['ls-files', '--', ...patterns], { cwd: projectFolder, timeoutMs: 10_000 });
  return stdout.split('\n').filter((file) => file !== '');
}

test("this repository's workflows satisfy actionlint, and so does action.yml as they use it", async () => {
  const workflows = await committed(...WORKFLOWS);
  expect(workflows).toEqual(expect.arrayContaining(['examples/workflow.yml', 'test/real/workflow/main-job.yml']));
  expect(await actionlint(projectFolder, workflows)).toEqual({ clean: true, output: '' });
});

test("this repository's workflows and its action.yml satisfy zizmor at its most pedantic", async () => {
  const inputs = await committed(...WORKFLOWS, 'action.yml');
  expect(inputs).toContain('action.yml');
  const { clean, output } = await zizmor(projectFolder, inputs);
  expect(clean, output).toBe(true);
});
