import { expect, test } from 'vitest';
import { consumeScript } from '../judges/python.ts';
import { linesOf, printed } from '../workflow/act-log.ts';
import { AS_IT_IS } from '../workflow/repository.ts';
import { Examples, RECORDS } from './fixture.ts';

const examples = Examples.forThisFile();

/** A program that reads all records of `orders` in the group that a shell word names, and prints them. */
const consume = (group: string) =>
  `#!/bin/sh\nexec '${examples.clients}/python3' '${consumeScript}' orders ${RECORDS.length} ${group}\n`;

const storedKey = () => {
  const { SecretString } = examples.sandbox.secretsManager.call('GetSecretValue', { SecretId: 'ci/orders' });
  return JSON.parse(String(SecretString));
};

/** What the Action said it did, in the steps of the jobs whose name begins so. */
const results = (output: string, job?: string) =>
  linesOf(output, job).flatMap((line) => /::set-output:: result=(\w+)$/.exec(line)?.[1] ?? []);

test('workflow.yml reads records with a program that knows only the variables, and finds its key in the second run', async () => {
  await examples.copy({ workflows: { 'workflow.yml': AS_IT_IS }, programs: { 'consume.sh': consume('orders-ci-1') } });
  for (const result of ['created', 'found']) {
    const { code, output } = await examples.run('workflow.yml');
    expect(code, output).toBe(0);
    expect(results(output)).toEqual([result]);
    expect(printed(output, 'Read orders')).toEqual(RECORDS);
  }
  expect(examples.creations).toBe(1);
});

test('matrix.yml starts eight jobs at once that make one key, and each reads every record with it', async () => {
  const parts = [1, 2, 3, 4, 5, 6, 7, 8];
  // GitHub starts as many jobs at once as there are runners, act four unless it is told.
  const allAtOnce = (text: string) => text.replace('fail-fast: false', '$&\n      max-parallel: 8');
  const programs = { 'test.sh': consume('"$CONSUMER_GROUP"') };
  await examples.copy({ workflows: { 'matrix.yml': allAtOnce }, programs });
  const { code, output } = await examples.run('matrix.yml');
  expect(code, output).toBe(0);
  for (const part of parts) expect(printed(output, 'Test this part', `Test orders, part ${part}-`)).toEqual(RECORDS);
  expect(results(output).sort()).toEqual(['created', ...parts.slice(1).map(() => 'found')]);
  expect(examples.creations).toBe(1);
  expect(examples.sandbox.streamkap.projectKeys.map(({ id }) => id)).toEqual([storedKey().project_key_id]);
  expect(examples.account.passwords).toEqual([storedKey().kafka.password]);
});

test('lookup-in-second-job.yml reads the records in a job that has read the secret once and asked Streamkap nothing', async () => {
  const programs = { 'consume.sh': consume('orders-ci-1') };
  await examples.copy({ workflows: { 'lookup-in-second-job.yml': AS_IT_IS }, programs });
  const { code, output } = await examples.run('lookup-in-second-job.yml');
  expect(code, output).toBe(0);
  expect(printed(output, 'Read orders', 'Read orders')).toEqual(RECORDS);
  expect([results(output, 'Make the key'), results(output, 'Read orders')]).toEqual([['created'], ['found']]);
  const services = examples.sandbox.log.calls.filter(({ service }) => service !== 'kafka');
  const [last, before] = services.reverse().map(({ operation }) => operation);
  expect(last).toBe('GetSecretValue');
  expect(before).toBe('TagResource'); // the first job's last
  expect(examples.creations).toBe(1);
});

test('lookup-in-second-job.yml hands nothing out when the secret holds another key meanwhile', async () => {
  const programs = { 'consume.sh': consume('orders-ci-1') };
  const withAnother = (text: string) => text.replace('needs.make-key.outputs.project-key-id', "'pk_of_another_job'");
  await examples.copy({ workflows: { 'lookup-in-second-job.yml': withAnother }, programs });
  const { code, output } = await examples.run('lookup-in-second-job.yml');
  expect(code).toBe(1);
  expect(linesOf(output, 'Read orders').join('\n')).toMatch(
    /project-key-id: the credential is for another project key/,
  );
  expect(() => printed(output, 'Read orders', 'Read orders')).toThrow('did not run');
  expect(results(output, 'Read orders')).toEqual([]);
});

test('reusable-key.yml makes the key under the names it chose, and its caller looks that very key up', async () => {
  const workflows = { 'reusable-key.yml': AS_IT_IS, 'reusable-key-caller.yml': AS_IT_IS };
  await examples.copy({ workflows, programs: { 'consume.sh': consume('orders-ci-1') } });
  const { code, output } = await examples.run('reusable-key-caller.yml');
  expect(code, output).toBe(0);
  expect(printed(output, 'Read orders', 'Read orders')).toEqual(RECORDS);
  expect(results(output).sort()).toEqual(['created', 'found']);
  expect(examples.sandbox.streamkap.projectKeys).toMatchObject([
    { id: storedKey().project_key_id, name: 'orders CI', kafka: { username: 'orders-ci' } },
  ]);
});
