import { expect, test } from 'vitest';
import type { StageRun } from '../../runner-harness/run-action.ts';
import { errorOf, KINDS, worldOfTest } from './fixture.ts';

/** As the runner sets them for a job that somebody runs again "with debug logging". */
const DEBUG = { RUNNER_DEBUG: '1', ACTIONS_STEP_DEBUG: 'true', ACTIONS_RUNNER_DEBUG: 'true' };

/** What a step prints beside its masks, without how long something took. */
function linesOf({ rawLines }: StageRun): string[] {
  return rawLines.filter(({ isMask }) => !isMask).map(({ text }) => text.replace(/\b\d+ ms\b/g, 'n ms'));
}

test('a run with debug logging prints no line more, and no secret, while it makes a key', async () => {
  const quiet = await worldOfTest();
  const without = await quiet.run(KINDS['Kafka-only'], { env: { RUNNER_DEBUG: undefined } });
  const world = await worldOfTest();
  const run = await world.run(KINDS['Kafka-only'], { env: DEBUG });
  const names = (lines: string[], host: string) => lines.map((line) => line.replaceAll(host, 'kafka'));
  expect(run.outputs.result).toBe('created');
  expect(names(linesOf(run), world.sandbox.kafkaBootstrap)).toEqual(
    names(linesOf(without), quiet.sandbox.kafkaBootstrap),
  );
});

test('a run with debug logging shows of a refusal what any run shows, and nothing that was sent', async () => {
  const world = await worldOfTest();
  const { log } = world.sandbox;
  const detail = [
    { loc: ['body', 'kafka_config', 'password'], msg: 'too weak', type: 'value_error', input: 'echoed-input' },
  ];
  const action = { kind: 'status', when: 'before', status: 422, body: JSON.stringify({ detail }) } as const;
  log.script({ service: 'streamkap', operation: 'POST /project-keys', action });
  const run = await world.run(KINDS['Kafka-only'], { env: DEBUG });
  expect(errorOf(run)).toMatch(/kafka_config\.password.*\[STREAMKAP_INVALID\]$/);
  expect(run.rawTranscript).not.toContain('echoed-input');
  expect(run.outputs).toEqual({});
});
