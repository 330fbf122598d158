import { expect, test } from 'vitest';
import { loginWithPython, roundTripScript } from '../judges/python.ts';
import { outcomes, printed } from '../workflow/act-log.ts';
import { AS_IT_IS } from '../workflow/repository.ts';
import { Examples } from './fixture.ts';

const examples = Examples.forThisFile();

/** act's number of a run, and of its attempt, is 1. */
const RUN = 'orders-it-1-1';

/** A test that has written records, read them again, and then ends as given. */
const integrationTest = (end: string) =>
  `#!/bin/sh\n'${examples.clients}/python3' '${roundTripScript}' "$1" 3 || exit 2\n${end}\n`;

/** @param repository where the pull request comes from */
const pullRequestFrom = (repository: string) => ({
  event: 'pull_request',
  eventPayload: {
    number: 7,
    pull_request: { number: 7, head: { ref: 'change', repo: { full_name: repository } }, base: { ref: 'main' } },
    repository: { full_name: 'acme/orders', default_branch: 'main' },
  },
});

test.each([
  ['passes', 'exit 0', 'Success'],
  ['fails', 'exit 1', 'Failure'],
])('ephemeral.yml deletes its key after a test that %s, which wrote and read records with it', async (_how, end, outcome) => {
  const programs = { 'integration-test.sh': integrationTest(end) };
  await examples.copy({ workflows: { 'ephemeral.yml': AS_IT_IS }, programs });
  const { code, output } = await examples.run('ephemeral.yml', pullRequestFrom('acme/orders'));
  expect(code, output).toBe(outcome === 'Success' ? 0 : 1);
  expect(printed(output, 'Run the integration test')).toEqual(
    expect.arrayContaining([1, 2, 3].map((number) => `record ${number} of ${RUN}`)),
  );
  expect(outcomes(output)).toEqual([
    'Main actions/checkout: Success',
    'Main Make a project key for this job: Success',
    `Main Run the integration test: ${outcome}`,
    'Post Make a project key for this job: Success',
  ]);

  const { log, streamkap } = examples.sandbox;
  expect(examples.creations).toBe(1);
  const [created] = log.of('streamkap', 'POST /project-keys');
  const deletions = log.of('streamkap', 'DELETE /project-keys/{id}');
  expect(deletions.map(({ target, tookEffect }) => [target, tookEffect])).toEqual([[created?.target, true]]);
  expect(streamkap.projectKeys).toEqual([]);
  expect(log.calls.filter(({ service }) => service === 'secretsmanager')).toEqual([]);
  expect(await examples.kafka.topics()).toEqual(['orders']);
});

test('the key of ephemeral.yml opens nothing any more when its job has ended', async () => {
  await examples.copy({
    workflows: { 'ephemeral.yml': AS_IT_IS },
    programs: { 'integration-test.sh': integrationTest('') },
  });
  const { output } = await examples.run('ephemeral.yml', pullRequestFrom('acme/orders'));
  const username = /::set-output:: kafka-username=(orders-integrat-[0-9a-f]{8})$/m.exec(output)?.[1] ?? '';
  const [password = ''] = examples.account.passwords;
  const { bootstrap, caFile } = examples.kafka;
  const { outcome } = await loginWithPython({ bootstrap, caFile, username, password, mechanism: 'PLAIN' });
  expect(outcome).toBe('rejected');
});

test('ephemeral.yml makes no key for a pull request from a fork, which gets no secrets', async () => {
  await examples.copy({
    workflows: { 'ephemeral.yml': AS_IT_IS },
    programs: { 'integration-test.sh': integrationTest('') },
  });
  const { code, output } = await examples.run('ephemeral.yml', pullRequestFrom('somebody/orders'));
  expect(code, output).toBe(0);
  expect(outcomes(output)).toEqual([]);
  expect(examples.sandbox.log.calls).toEqual([]);
});
