import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { afterAll, expect, type RunnerTask, type RunnerTestCase } from 'vitest';
import { assertNoLeakInLog } from '../../runner-harness/assert-no-leak.ts';
import { readTranscripts, writeTranscripts } from '../../runner-harness/transcript/document.ts';
import { narrate, withoutRepetition } from '../../runner-harness/transcript/narrate.ts';
import type { ScenarioRecorder } from '../../runner-harness/transcript/scenario.ts';
import { type Names, withStableNames } from '../../runner-harness/transcript/stable-names.ts';

/** Where the transcripts lie, one file for each test file. */
export const TRANSCRIPTS = new URL('transcripts/', import.meta.url).pathname;
/** Set to have the files written instead of compared: `npm run transcripts`. */
const WRITE = process.env.KEYRING_TRANSCRIPTS === 'write';

/** A world of a test, with what is needed to tell what happened in it. */
export interface RecordedWorld {
  readonly recorder: ScenarioRecorder;
  /** By the name that stands for it. */
  readonly secretNames: () => ReadonlyMap<string, string>;
  readonly names: Names;
}

const worlds = new Map<RunnerTestCase, RecordedWorld[]>();

/** From here on what happens in the world is part of the test's transcript. */
export function record(test: RunnerTestCase, world: RecordedWorld): void {
  worlds.set(test, [...(worlds.get(test) ?? []), world]);
}

// Importing the fixture is all that a test file has to do.
afterAll(() => {
  const [file] = [...worlds.keys()].map((test) => test.file);
  // Other tests have the Action prepare their worlds; what it did there is not what they are about.
  if (!file || dirname(file.filepath) !== import.meta.dirname) return;
  const name = basename(file.filepath);
  const path = `${TRANSCRIPTS}${name.replace(/\.test\.ts$/, '.md')}`;
  const committed = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const before = readTranscripts(committed);
  const now = testsOf(file).map((test) => ({
    title: titleOf(test),
    runs: runsOf(test) ?? before.get(titleOf(test)) ?? [],
  }));
  if (now.every(({ runs }) => runs.length === 0)) return;
  const document = writeTranscripts(name, now);
  if (WRITE) writeFileSync(path, document);
  else expect(document, `${path} is not what the runs did; see CONTRIBUTING.md`).toBe(committed);
});

/** @returns every test of the file in its order */
function testsOf(task: RunnerTask): RunnerTestCase[] {
  return 'tasks' in task ? task.tasks.flatMap(testsOf) : [task as RunnerTestCase];
}

/** @returns undefined for a test that did not run, or failed: what was known of it before stays */
function runsOf(test: RunnerTestCase): string[] | undefined {
  return test.result?.state === 'pass' ? (worlds.get(test) ?? []).flatMap(tell) : undefined;
}

/** What ids are called is the same through all runs of a world. */
function tell({ recorder, secretNames, names }: RecordedWorld): string[] {
  const told = recorder.episodes.map((episode) => narrate(episode, secretNames()).join('\n'));
  const stable = withStableNames(told.join(BETWEEN_RUNS), names);
  if (told.length > 0) assertNoLeakInLog(stable, [...secretNames().keys()]);
  return stable
    .split(BETWEEN_RUNS)
    .flatMap((run) => (run === '' ? [] : [withoutRepetition(run.split('\n')).join('\n')]));
}

const BETWEEN_RUNS = '\u0000';

function titleOf(test: RunnerTestCase): string {
  const names: string[] = [];
  for (let task: RunnerTask | undefined = test; task && task !== task.file; task = task.suite) names.unshift(task.name);
  return names.join(': ').replace(/\s+/g, ' ');
}
