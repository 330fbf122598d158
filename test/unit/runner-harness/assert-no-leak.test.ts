import { expect, test } from 'vitest';
import { assertNoLeak } from '../../runner-harness/assert-no-leak.ts';
import { type ActionRun, runAction } from '../../runner-harness/run-action.ts';

const FIXTURE = new URL('../../runner-harness/fixtures/scripted/', import.meta.url).pathname;
const SECRET = 'Wq7!fghIjk2mnop?rstuv~yzABCDEF9';

type Operation = Record<string, string | number>;

function run(main: readonly Operation[], post: readonly Operation[] = []): Promise<ActionRun> {
  return runAction({
    bundleDir: FIXTURE,
    actionYml: `${FIXTURE}action.yml`,
    env: { SCRIPT_MAIN: JSON.stringify(main), SCRIPT_POST: JSON.stringify(post) },
  });
}

function findingsOf(result: ActionRun, secrets = [SECRET]): string {
  try {
    assertNoLeak(result, secrets);
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

test.each([
  ['the value', SECRET],
  ['a 12-character window', SECRET.slice(5, 17)],
  ['base64', base64(SECRET)],
  ['base64 with a newline', base64(`${SECRET}\n`)],
  ['unpadded base64', base64(SECRET).replace(/=+$/, '')],
  ['base64url', Buffer.from(SECRET).toString('base64url')],
  ['base64 within a longer base64', base64(`user:${SECRET}, and more`)],
  ['doubled base64', base64(base64(SECRET))],
  ['doubled base64', base64(`xy${base64(`${SECRET}\n`)}\n`)],
  ['hex', Buffer.from(SECRET).toString('hex')],
  ['hex', Buffer.from(SECRET).toString('hex').toUpperCase()],
  ['URI encoding', encodeURIComponent(SECRET)],
  ['JSON escape', JSON.stringify(SECRET)],
])('finds %s on stdout and on stderr', async (form, text) => {
  const result = await run([{ print: `x${text}x\n` }, { print: `x${text}x\n`, to: 'stderr' }]);
  const findings = findingsOf(result);
  const found = findings.split('\n').filter((line) => line.includes(`secret 1 (31 characters): ${form} in main's raw`));
  // The two streams reach the runner in either order.
  expect(found.map((line) => line.replace(/.*line [12] /, '')).sort()).toEqual(['(stderr)', '(stdout)']);
  expect(findings).toContain(`${form} in main's masked transcript`);
  for (let at = 0; at + 8 <= SECRET.length; at++) expect(findings).not.toContain(SECRET.slice(at, at + 8));
});

test('finds a value that is printed before its mask, in both transcripts', async () => {
  const findings = findingsOf(await run([{ print: `${SECRET}\n::add-mask::${SECRET}\n` }]));
  expect(findings).toContain("the value in main's masked transcript");
  expect(findings).toContain("the value in main's raw transcript, line 1 (stdout)");
});

test('finds a value that is printed after its mask: the net is no excuse', async () => {
  const findings = findingsOf(await run([{ print: `::add-mask::${SECRET}\n${SECRET}\n` }]));
  expect(findings).toContain("the value in main's raw transcript, line 2 (stdout)");
  expect(findings).not.toContain('masked transcript');
});

test.each([
  ['GITHUB_STATE', `key=${SECRET}\n`, "main's state, key"],
  ['GITHUB_STEP_SUMMARY', `# Made\n${SECRET}\n`, "main's summary, line 2"],
  ['GITHUB_PATH', `/opt/${SECRET}\n`, "main's GITHUB_PATH, line 1"],
])('finds a masked value in %s', async (file, append, place) => {
  const result = await run([{ print: `::add-mask::${SECRET}\n` }, { append, file }]);
  expect(findingsOf(result)).toContain(place);
});

test('finds a masked value in an annotation', async () => {
  const result = await run([{ print: `::add-mask::${SECRET}\n::error::bad ${SECRET}\n` }]);
  expect(findingsOf(result)).toContain("main's annotations, line 1");
});

test.each([
  ['GITHUB_OUTPUT', 'job outputs'],
  ['GITHUB_ENV', "main's masked transcript"],
])('finds an unmasked value in %s by what becomes of it', async (file, place) => {
  expect(findingsOf(await run([{ append: `name=${SECRET}\n`, file }]))).toContain(place);
});

test('finds what post prints, and says so', async () => {
  const findings = findingsOf(await run([], [{ print: `${SECRET}\n` }]));
  expect(findings).toContain("the value in post's raw transcript, line 1 (stdout)");
  expect(findings).not.toContain('main');
});

test('says which of several secrets it was', async () => {
  const result = await run([{ print: `${SECRET}\n` }]);
  const findings = findingsOf(result, ['another-secret-value', SECRET]);
  expect(findings).toContain('secret 2 (31 characters)');
  expect(findings).not.toContain('secret 1');
});

test('passes a run that masks first and hands the value out by files only', async () => {
  const result = await run([
    { print: `::add-mask::${SECRET}\nkey made\n` },
    { append: `password=${SECRET}\nid=17\n`, file: 'GITHUB_OUTPUT' },
    { append: `PASSWORD=${SECRET}\n`, file: 'GITHUB_ENV' },
    { append: 'id=17\n', file: 'GITHUB_STATE' },
  ]);
  expect(result.outputs.password).toBe(SECRET);
  expect(findingsOf(result)).toBe('');
});

test('refuses to look for nothing, or for too little', async () => {
  const result = await run([]);
  expect(findingsOf(result, [])).toBe('assertNoLeak: no secret to look for');
  expect(findingsOf(result, ['', SECRET])).toContain('secret 1 is too short');
});
