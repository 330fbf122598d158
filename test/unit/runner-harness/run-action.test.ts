import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type ActionRun, type RunActionOptions, runAction } from '../../runner-harness/run-action.ts';

const FIXTURE = new URL('../../runner-harness/fixtures/scripted/', import.meta.url).pathname;

type Operation = Record<string, string | number | boolean>;

interface Script extends Partial<RunActionOptions> {
  readonly main?: readonly Operation[];
  readonly post?: readonly Operation[];
}

function run({ main = [], post = [], env = {}, ...options }: Script): Promise<ActionRun> {
  return runAction({
    bundleDir: FIXTURE,
    actionYml: `${FIXTURE}action.yml`,
    ...options,
    env: { ...env, SCRIPT_MAIN: JSON.stringify(main), SCRIPT_POST: JSON.stringify(post) },
  });
}

const lines = (transcript: string) => transcript.replace(/\n$/, '').split('\n');

describe('inputs and environment', () => {
  test('every declared input is present: given, default or empty, in both stages', async () => {
    const names = ['INPUT_FIRST-NAME', 'INPUT_LAST_NAME', 'INPUT_COUNT'];
    const print = names.map((printEnv) => ({ printEnv }));
    const result = await run({ main: print, post: print, inputs: { 'Last Name': 'Lovelace' } });
    expect(lines(result.rawTranscript)).toEqual(['"Ada"', '"Lovelace"', '"3"']);
    expect(result.post?.rawTranscript).toBe(result.rawTranscript);
    const unset = await run({ main: print });
    expect(lines(unset.rawTranscript)).toEqual(['"Ada"', '""', '"3"']);
  });

  test('an undeclared input is passed on with a warning', async () => {
    const result = await run({ main: [{ printEnv: 'INPUT_TYPO' }], inputs: { typo: 'x' } });
    expect(result.annotations.warnings).toEqual([
      "Unexpected input(s) 'typo', valid inputs are ['first-name', 'last name', 'count']",
    ]);
    expect(result.rawTranscript).toBe('"x"\n');
  });

  test('nothing of the test process reaches the action', async () => {
    process.env.KEYRING_HARNESS_TEST = 'visible';
    const result = await run({ main: [{ printEnv: 'KEYRING_HARNESS_TEST' }, { printEnv: 'GITHUB_ACTIONS' }] });
    delete process.env.KEYRING_HARNESS_TEST;
    expect(lines(result.rawTranscript)).toEqual(['undefined', '"true"']);
  });

  test('inputs are shown at the top of the log, masked where they are repository secrets', async () => {
    const given = { inputs: { 'last name': 'p4ssw0rd-of-repo' } };
    expect((await run({ ...given })).maskedTranscript).toContain('last name: p4ssw0rd-of-repo');
    expect((await run({ ...given, secrets: ['p4ssw0rd-of-repo'] })).maskedTranscript).toContain('last name: ***');
  });
});

describe('files', () => {
  test('outputs, environment, state, path and summary are read after exit, and echoed as debug lines', async () => {
    const result = await run({
      main: [
        { append: 'plain=a=b<<c\n\nlong<<END\nfirst\nsecond\nEND\nempty<<END\nEND\n', file: 'GITHUB_OUTPUT' },
        { append: 'NAME=value\n', file: 'GITHUB_ENV' },
        { append: 'id=17', file: 'GITHUB_STATE' },
        { append: '/opt/one\n/opt/two\n', file: 'GITHUB_PATH' },
        { append: '# Done\n', file: 'GITHUB_STEP_SUMMARY' },
      ],
      post: ['NAME', 'STATE_id', 'PATH'].map((printEnv) => ({ printEnv })),
    });
    expect(result.outcome).toBe('success');
    expect(result.outputs).toEqual({ plain: 'a=b<<c', long: 'first\nsecond', empty: '' });
    expect(result.env).toEqual({ NAME: 'value' });
    expect(result.state).toEqual({ id: '17' });
    expect(result.path).toEqual(['/opt/one', '/opt/two']);
    expect(result.summary).toBe('# Done\n');
    expect(lines(result.maskedTranscript).slice(-6)).toEqual([
      "##[debug]NAME='value'",
      '##[debug]Save intra-action state id = 17',
      '##[debug]Set output plain = a=b<<c',
      '##[debug]Set output long = first',
      '##[debug]second',
      '##[debug]Set output empty = ',
    ]);
    expect(lines(result.post?.rawTranscript ?? '')).toEqual(['"value"', '"17"', '"/opt/two:/opt/one:/usr/bin:/bin"']);
    expect(result.post?.outputs).toEqual({});
  });

  test.each([
    ['a missing delimiter', 'good=1\nbad<<END\nvalue\nEN\n', "Invalid value. Matching delimiter not found for 'bad'"],
    ['an empty delimiter', 'good=1\nbad<<\n', 'Invalid format in line 2. Name and delimiter must not be empty'],
    ['an empty name', 'good=1\n=value\n', 'Invalid format in line 2. Name must not be empty'],
    ['a line of no form', 'good=1\nvalue\n', 'Invalid format in line 2'],
  ])('%s fails the step; what stood before it counts', async (_, append, message) => {
    const result = await run({ main: [{ append, file: 'GITHUB_OUTPUT' }] });
    expect(result.outcome).toBe('failure');
    expect(result.exitCode).toBe(0);
    expect(result.outputs).toEqual({ good: '1' });
    expect(result.annotations.errors).toEqual(["Unable to process file command 'output' successfully.", message]);
  });

  test('NODE_OPTIONS is refused, other variables are taken', async () => {
    const result = await run({ main: [{ append: 'NODE_OPTIONS=--inspect\nOTHER=1\n', file: 'GITHUB_ENV' }] });
    expect(result.env).toEqual({ OTHER: '1' });
    expect(result.annotations.errors).toEqual([
      "Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command.",
    ]);
  });

  test('a summary over 1 MiB is dropped with an error', async () => {
    const kibibyte = { append: 'x'.repeat(1024), file: 'GITHUB_STEP_SUMMARY' };
    expect((await run({ main: [{ ...kibibyte, times: 1024 }] })).summary.length).toBe(1024 * 1024);
    const result = await run({ main: [{ ...kibibyte, times: 1025 }] });
    expect(result.summary).toBe('');
    expect(result.annotations.errors).toHaveLength(1);
  });

  test('a runner without an output file leaves the variable unset', async () => {
    const main = [{ printEnv: 'GITHUB_OUTPUT' }];
    expect((await run({ main, omitFiles: ['GITHUB_OUTPUT'] })).rawTranscript).toBe('undefined\n');
    expect((await run({ main })).rawTranscript).not.toBe('undefined\n');
  });
});

describe('commands', () => {
  test('annotations are read from stdout and stderr, unescaped, and shown with their tags', async () => {
    const result = await run({
      main: [
        { print: '::error file=a%2Cb,line=1::50%25 lost%0Asecond line\n' },
        { print: '  ::warning::careful\n', to: 'stderr' },
        { print: '::notice title=x::fyi\r\n::nonsense::text\nplain ::error::no' },
      ],
    });
    expect(result.annotations).toEqual({
      errors: ['50% lost\nsecond line'],
      warnings: ['careful'],
      notices: ['fyi'],
    });
    for (const line of [
      '##[error]50% lost',
      '##[error]second line',
      '##[warning]careful',
      '##[notice]fyi',
      '::nonsense::text',
    ]) {
      expect(lines(result.maskedTranscript)).toContain(line);
    }
    expect(lines(result.maskedTranscript).at(-1)).toBe('plain ::error::no');
  });

  test('between stop-commands and its token nothing is obeyed', async () => {
    const main = [
      { print: '::stop-commands::t0ken\n::error::a\n::add-mask::abcdefgh\n::t0ken::\n::error::abcdefgh\n' },
    ];
    const result = await run({ main });
    expect(result.annotations.errors).toEqual(['abcdefgh']);
    expect(result.masks).toEqual([]);
    expect(result.rawLines.some((line) => line.isMask)).toBe(false);
  });

  test('printed outputs count with a warning, printed environment is refused', async () => {
    const result = await run({ main: [{ print: '::set-output name=a::1\n::set-env name=B::2\n' }] });
    expect(result.outputs).toEqual({ a: '1' });
    expect(result.env).toEqual({});
    expect(result.annotations.warnings).toEqual(['The `set-output` command is deprecated.']);
    expect(result.annotations.errors).toEqual(['The `set-env` command is disabled.']);
  });
});

describe('masking', () => {
  test('hides a value from the moment it is registered, in post too, and not before', async () => {
    const result = await run({
      main: [{ print: 'early s3cret-value\n::add-mask::s3cret-value\nlate s3cret-value\n' }],
      post: [{ print: 'post s3cret-value\n' }],
    });
    expect(lines(result.maskedTranscript).slice(-2)).toEqual(['early s3cret-value', 'late ***']);
    expect(result.post?.maskedTranscript).toContain('post ***');
    expect(result.masks).toEqual(['s3cret-value']);
    expect(result.post?.masks).toEqual([]);
  });

  test('hides values in debug lines and drops job outputs that contain one, while the step keeps its outputs', async () => {
    const result = await run({
      main: [
        { print: '::add-mask::s3cret-value\n' },
        { append: 'url=https://x:s3cret-value@host\nid=17\n', file: 'GITHUB_OUTPUT' },
      ],
    });
    expect(result.maskedTranscript).toContain('Set output url = https://x:***@host');
    expect(result.outputs).toEqual({ url: 'https://x:s3cret-value@host', id: '17' });
    expect(result.jobOutputs).toEqual({ id: '17' });
  });

  test('an empty mask is a warning', async () => {
    const result = await run({ main: [{ print: '::add-mask::\n' }] });
    expect(result.annotations.warnings).toHaveLength(1);
    expect(result.masks).toEqual([]);
  });
});

describe('stages', () => {
  test('post runs although main failed, and the directories outlive it', async () => {
    const seen: string[] = [];
    const result = await run({
      main: [{ append: 'key=9\n', file: 'GITHUB_STATE' }, { exit: 1 }],
      post: [{ printEnv: 'STATE_key' }, { exit: 3 }],
      afterMain: (main, directories) => void seen.push(main.outcome, directories.runnerTemp),
      afterPost: ({ runnerTemp }) => void seen.push(String(existsSync(runnerTemp))),
    });
    expect([result.outcome, result.exitCode]).toEqual(['failure', 1]);
    expect([result.post?.outcome, result.post?.exitCode, result.post?.rawTranscript]).toEqual(['failure', 3, '"9"\n']);
    expect([seen[0], seen[2]]).toEqual(['failure', 'true']);
    expect(existsSync(seen[1] ?? '')).toBe(false);
  });

  test('a cancelled main gets SIGINT and its files still count', async () => {
    const result = await run({
      main: [{ append: 'key=9\n', file: 'GITHUB_STATE' }, { stay: true }, { print: 'ready\n' }],
      post: [{ printEnv: 'STATE_key' }],
      cancelAfter: (line) => line === 'ready',
    });
    expect(result).toMatchObject({ outcome: 'cancelled', exitCode: null, post: { rawTranscript: '"9"\n' } });
  });

  test('a process that ignores SIGINT and SIGTERM is killed, each only after its grace', async () => {
    const waits: number[] = [];
    const ignored = { SIGINT: Promise.withResolvers<void>(), SIGTERM: Promise.withResolvers<void>() };
    const result = await run({
      main: [{ ignore: 'SIGINT' }, { ignore: 'SIGTERM' }, { stay: true }, { print: 'ready\n' }],
      cancelAfter: (line) => line === 'ready',
      onLine: (line) => {
        if (line === 'ignored SIGINT') ignored.SIGINT.resolve();
        if (line === 'ignored SIGTERM') ignored.SIGTERM.resolve();
      },
      wait: (ms) => {
        waits.push(ms);
        return ms === 7500 ? ignored.SIGINT.promise : ignored.SIGTERM.promise;
      },
    });
    expect(result.outcome).toBe('cancelled');
    expect(waits).toEqual([7500, 2500]);
    expect(lines(result.rawTranscript)).toEqual(['ready', 'ignored SIGINT', 'ignored SIGTERM']);
    expect(result.post?.outcome).toBe('success');
  });

  test('a promise can cancel as well; once the process has ended it cancels nothing', async () => {
    const ready = Promise.withResolvers<void>();
    const cancelled = await run({
      main: [{ stay: true }, { print: 'ready\n' }],
      cancelAfter: ready.promise,
      onLine: () => ready.resolve(),
    });
    expect(cancelled.outcome).toBe('cancelled');
    const ended = Promise.withResolvers<void>();
    const late = await run({ cancelAfter: ended.promise, afterMain: () => ended.resolve() });
    expect([late.outcome, late.post?.outcome]).toEqual(['success', 'success']);
  });
});
