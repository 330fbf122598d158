import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readTranscripts } from '../../runner-harness/transcript/document.ts';

const FOLDER = new URL('.', import.meta.url).pathname;
const TRANSCRIPTS = `${FOLDER}transcripts/`;
const SCENARIOS_AT_LEAST = 60;
/** A client secret is a UUID, a generated password has 32 characters, base64 of either has more. */
const LOOKS_LIKE_A_SECRET =
  /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-|(?=[\w!+/]*[a-z])(?=[\w!+/]*[A-Z])(?=[\w!+/]*\d)[\w!+/]{24,}/g;

const documents = readdirSync(TRANSCRIPTS)
  .filter((name) => name !== 'README.md')
  .map((name) => ({ name, text: readFileSync(TRANSCRIPTS + name, 'utf8') }));
const scenarios = documents.flatMap(({ text }) => [...readTranscripts(text)]);

test('each transcript is of a test file that there is', () => {
  const orphans = documents.filter(({ name }) => !existsSync(`${FOLDER}${name.replace(/\.md$/, '.test.ts')}`));
  expect(orphans.map(({ name }) => name)).toEqual([]);
});

test('there are more than enough scenarios, each with what it did in full and how it ended', () => {
  expect(scenarios.length).toBeGreaterThan(SCENARIOS_AT_LEAST);
  const untold = scenarios.filter(([, runs]) => runs.length === 0 || !runs.every((run) => /^exit {6}/m.test(run)));
  expect(untold.map(([title]) => title)).toEqual([]);
});

test('nothing in them looks like a secret', () => {
  expect(
    documents.flatMap(({ name, text }) => (text.match(LOOKS_LIKE_A_SECRET) ?? []).map((found) => [name, found])),
  ).toEqual([]);
});
