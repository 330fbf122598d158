import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { projectFolder } from './judges/cache.ts';
import { actionlint, zizmor } from './judges/linters.ts';
import { mustRun } from './judges/process.ts';

/** Those that run here, and the one that the real tier runs. */
const OWN = ['.github/workflows/*.yml', 'test/real/workflow/*.yml'];
/** Those that users copy. */
const EXAMPLES = 'examples/*.yml';

async function committed(...patterns: string[]): Promise<string[]> {
  const { stdout } = await mustRun('git', ['ls-files', '--', ...patterns], { cwd: projectFolder, timeoutMs: 10_000 });
  return stdout.split('\n').filter((file) => file !== '');
}

test("this repository's workflows satisfy actionlint, and so does action.yml as they use it", async () => {
  const workflows = await committed(...OWN);
  expect(workflows).toContain('test/real/workflow/main-job.yml');
  expect(await actionlint(projectFolder, workflows)).toEqual({ clean: true, output: '' });
});

test('the examples satisfy actionlint where users put them, each that calls another included', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'keyring-lint-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await mustRun('git', ['init', '-q', folder], { timeoutMs: 10_000 });
  const workflows = join(folder, '.github/workflows');
  await mkdir(workflows, { recursive: true });
  const examples = await committed(EXAMPLES);
  expect(examples).toEqual(
    expect.arrayContaining(['examples/workflow.yml', 'examples/reusable-key.yml', 'examples/reusable-key-caller.yml']),
  );
  for (const example of examples) await copyFile(join(projectFolder, example), join(workflows, basename(example)));
  expect(await actionlint(folder)).toEqual({ clean: true, output: '' });
});

test("this repository's workflows, the examples and action.yml satisfy zizmor at its most pedantic", async () => {
  const inputs = await committed(...OWN, EXAMPLES, 'action.yml');
  expect(inputs).toContain('action.yml');
  const { clean, output } = await zizmor(projectFolder, inputs);
  expect(clean, output).toBe(true);
});

/** Ignored findings must say why, in the same comment. */
test('every finding that is ignored says why', async () => {
  const { stdout } = await mustRun('git', ['grep', '-h', '-o', 'zizmor: ignore.*', '--', ...OWN, EXAMPLES], {
    cwd: projectFolder,
    timeoutMs: 10_000,
  });
  const ignored = stdout.trim().split('\n');
  expect(ignored.length).toBeGreaterThan(0);
  for (const comment of ignored) expect(comment).toMatch(/^zizmor: ignore\[[a-z-]+\] \S+ \S+ \S+/);
});
