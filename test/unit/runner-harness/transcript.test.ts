import { describe, expect, test } from 'vitest';
import type { ActionRun, StageRun } from '../../runner-harness/run-action.ts';
import { readTranscripts, writeTranscripts } from '../../runner-harness/transcript/document.ts';
import { narrate, withoutRepetition } from '../../runner-harness/transcript/narrate.ts';
import { type RecordedCall, ScenarioRecorder } from '../../runner-harness/transcript/scenario.ts';
import { withStableNames } from '../../runner-harness/transcript/stable-names.ts';

const STAGE: StageRun = {
  ...{ outcome: 'success', exitCode: 0, outputs: {}, env: {}, path: [], state: {}, summary: '', masks: [] },
  ...{ rawTranscript: '', rawLines: [], maskedTranscript: '', annotations: { errors: [], warnings: [], notices: [] } },
};
const call = (operation: string, tookEffect = false): RecordedCall => ({
  ...{ service: 'streamkap', operation, target: '', outcome: '200', tookEffect },
});

function finished(changes: Partial<ActionRun> = {}): ActionRun {
  return { ...STAGE, jobOutputs: {}, post: STAGE, ...changes };
}

describe('what differs each time', () => {
  test('gets a name: ids one number each, the rest none', () => {
    const [a, b] = ['0f6e3a9c-2f0d-4c57-9f5e-2b7c0b1d4e01', '1c9e5b37-6f84-4d21-b0c9-77a2e8d15a03'];
    const text = `${a} ${b} ${a} at http://127.0.0.1:40123/x and 127.0.0.1:1 until 2026-01-02T03:04:05.678Z in 17 ms`;
    expect(withStableNames(text, new Map([['http://127.0.0.1:40123', '<streamkap>']]))).toBe(
      '<id 1> <id 2> <id 1> at <streamkap>/x and 127.0.0.1:<port> until <time> in <n> ms',
    );
  });

  test('and what is the same each time stays as it is', () => {
    const text = 'secret ci/orders-2 of orders-ci, version v1, 3 ACLs, Node 24.5, wait-timeout-seconds: 120';
    expect(withStableNames(text, new Map())).toBe(text);
  });
});

describe('a run is told', () => {
  test('by input, call, mask, log, output, summary and exit; the post stage after it', () => {
    const recorder = new ScenarioRecorder();
    recorder.runBegins();
    recorder.called(call('GET /auth/whoami'));
    recorder.called(call('POST /project-keys', true));
    recorder.mainEnds();
    recorder.called(call('DELETE /project-keys/{id}', true));
    const log = [
      ...['##[group]Run Keyring', 'with:', '  name: Orders', '  tags: a: 1', 'b: 2', '  mode: ensure', '##[endgroup]'],
      ...['creating it', '##[warning]careful', "##[debug]KEY='***'", '##[debug]Save intra-action state id = 7'],
      ...['##[debug]Set output credentials = ***', '##[debug]Set output api-url = ', ''],
    ].join('\n');
    const post = { ...STAGE, rawTranscript: 'gone\n', maskedTranscript: 'Post job cleanup.\ngone\n' };
    const summary = '### Made\n\n|  |  |\n| --- | --- |\n| Key | 7 |\n\n';
    const run = finished({ maskedTranscript: log, masks: ['s3cret-s3cret', 'czNjcmV0'], summary, post });
    recorder.runEnds({ given: ['Name', 'tags'], killed: false, finished: run });
    const [episode] = recorder.episodes;
    if (!episode) throw new Error('nothing was recorded');
    expect(narrate(episode, new Map([['s3cret-s3cret', 'Kafka password 1']])).join('\n')).toBe(
      `
input     name: Orders
input     tags: a: 1
          b: 2
call        streamkap GET /auth/whoami: 200
call      * streamkap POST /project-keys: 200
mask      Kafka password 1, other forms of these
log       creating it
log       ##[warning]careful
env       KEY = '***'
state     id = 7
output    credentials = ***
output    empty: api-url
summary   ### Made
          | Key | 7 |
exit      0, success
post      * streamkap DELETE /project-keys/{id}: 200
post      log gone
post      exit 0, success`.slice(1),
    );
  });

  test('among others at the same time by what they changed and how they ended, in no order of theirs', () => {
    const recorder = new ScenarioRecorder();
    for (let job = 0; job < 3; job++) recorder.runBegins();
    recorder.called(call('GET /auth/whoami'));
    recorder.called(call('POST /project-keys', true));
    for (const result of ['found', 'created', 'found'])
      recorder.runEnds({ given: [], killed: false, finished: finished({ outputs: { result } }) });
    recorder.called(call('POST /lands/late', true));
    expect(recorder.episodes.map((episode) => narrate(episode, new Map()))).toEqual([
      [
        'runs      3 at the same time',
        'call      1 x * streamkap POST /project-keys: 200',
        'exit      1 x success created',
        'exit      2 x success found',
      ],
    ]);
  });
});

test('looking again and again is told once, a change every time it happens', () => {
  const [look, next, change] = ['call        GET a: 200', 'call        GET b: 404', 'call      * POST a: 201'];
  expect(withoutRepetition([look, look, look, change, change])).toEqual([look, change, change]);
  expect(withoutRepetition([look, next, look, next, look, next, change])).toEqual([look, next, change]);
  expect(withoutRepetition([look, change, look, change])).toEqual([look, change, look, change]);
});

test('a document is read as it was written, also a run that is told by where it stands already', () => {
  const transcripts = [
    { title: 'a: first', runs: ['input     x\n\ncall      y', 'input     z'] },
    { title: 'b', runs: [] },
    { title: 'c "quoted"', runs: ['input     z', 'input     new', 'input     new'] },
  ];
  const document = writeTranscripts('some.test.ts', transcripts);
  expect(document.match(/As in/g)).toHaveLength(2);
  expect([...readTranscripts(document)]).toEqual(
    transcripts.filter(({ runs }) => runs.length > 0).map(({ title, runs }) => [title, runs]),
  );
});
