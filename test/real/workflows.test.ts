import { expect, test } from 'vitest';
import { projectFolder } from './judges/cache.ts';
import { actionlint, zizmor } from './judges/linters.ts';
import { mustRun } from './judges/process.ts';

async function committed(...patterns: string[]): Promise<string[]> {
  const { stdout } = await mustRun('git', ['ls-files', '--', ...patterns], { cwd: projectFolder, timeoutMs: 10_000 });
  return stdout.split('\n').filter((file) => file !== '');
}

test("this repository's workflows satisfy actionlint", async () => {
  const workflows = await committed('.github/workflows/*.yml');
  expect(workflows).not.toEqual([]);
  expect(await actionlint(projectFolder, workflows)).toEqual({ clean: true, output: '' });
});

test("this repository's workflows and its action.yml satisfy zizmor at its most pedantic", async () => {
  const inputs = await committed('.github/workflows/*.yml', 'action.yml');
  expect(inputs).not.toEqual([]);
  const { clean, output } = await zizmor(projectFolder, inputs);
  expect(clean, output).toBe(true);
});
