import { rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { assertNoLeakInLog } from '../runner-harness/assert-no-leak.ts';
import { type ActOptions, type ActResult, runAct } from './judges/act.ts';
import { type RunningKafka, startKafka } from './judges/kafka.ts';
import { consumeScript } from './judges/python.ts';
import { printed } from './workflow/act-log.ts';
import { makeClientsFolder } from './workflow/clients.ts';
import { AS_IT_IS, makeRepository, type UserRepository } from './workflow/repository.ts';
import { type Account, startAccount } from './workflow/world.ts';

/** The files of `examples/` as users copy them, run by act over a real broker. Each test has an account of its own. */

const RECORDS = ['first', 'second'];

let clients: string;
let kafka: RunningKafka;
let account: Account;
let repository: UserRepository | undefined;

beforeAll(async () => {
  clients = await makeClientsFolder();
  kafka = await startKafka();
  await kafka.createTopic('orders');
  await kafka.produce('orders', RECORDS);
});
afterAll(async () => {
  await kafka?.stop();
  if (clients) await rm(clients, { recursive: true, force: true });
});
beforeEach(async () => {
  account = await startAccount(kafka);
});
afterEach(async () => {
  await repository?.remove();
  repository = undefined;
  await account?.stop();
});

type Example = Pick<Parameters<typeof makeRepository>[0], 'workflows' | 'programs'>;

async function copy(example: Example): Promise<UserRepository> {
  const { streamkapHost, environment: aws } = account.sandbox;
  repository = await makeRepository({ ...example, streamkapHost, aws, clients });
  return repository;
}

/** Runs one of the copied workflows. No job has AWS credentials before it has assumed its role. */
async function runExample(name: string, options: Partial<ActOptions> = {}): Promise<ActResult> {
  if (repository === undefined) throw new Error('nothing was copied');
  const { admin, environment } = account.sandbox;
  const { AWS_ENDPOINT_URL_SECRETS_MANAGER = '', NODE_EXTRA_CA_CERTS = '' } = environment;
  const result = await runAct({
    repo: repository.folder,
    workflow: `.github/workflows/${name}`,
    localRepositories: repository.localRepositories,
    env: { AWS_ENDPOINT_URL_SECRETS_MANAGER, NODE_EXTRA_CA_CERTS, KAFKA_CA_FILE: kafka.caFile },
    vars: { STREAMKAP_CLIENT_ID: admin.clientId },
    secrets: { STREAMKAP_SECRET: admin.clientSecret },
    ...options,
  });
  assertNoLeakInLog(result.output, [...account.passwords, admin.clientSecret]);
  return result;
}

const keysMade = () => account.sandbox.log.of('streamkap', 'POST /project-keys').length;

/** A program that reads all records of `orders` in the group that a shell word names, and prints them. */
const consume = (group: string) =>
  `#!/bin/sh\nexec '${clients}/python3' '${consumeScript}' orders ${RECORDS.length} ${group}\n`;

describe('workflow.yml', () => {
  test('reads records with a program that knows only the variables, and finds its key in the second run', async () => {
    await copy({ workflows: { 'workflow.yml': AS_IT_IS }, programs: { 'consume.sh': consume('orders-ci-1') } });
    for (const result of ['created', 'found']) {
      const { code, output } = await runExample('workflow.yml');
      expect(code, output).toBe(0);
      expect(output).toContain(`::set-output:: result=${result}\n`);
      expect(printed(output, 'Read orders')).toEqual(RECORDS);
    }
    expect(keysMade()).toBe(1);
  });
});

describe('matrix.yml', () => {
  const PARTS = [1, 2, 3, 4, 5, 6, 7, 8];
  /** GitHub starts as many jobs at once as there are runners, act four unless it is told. */
  const allAtOnce = (text: string) => text.replace('fail-fast: false', '$&\n      max-parallel: 8');

  test('eight jobs at once make one key, and each reads every record with it', async () => {
    await copy({
      workflows: { 'matrix.yml': allAtOnce },
      programs: { 'test.sh': consume('"$CONSUMER_GROUP"') },
    });
    const { code, output } = await runExample('matrix.yml');
    expect(code, output).toBe(0);
    for (const part of PARTS) expect(printed(output, 'Test this part', `Test orders, part ${part}-`)).toEqual(RECORDS);
    expect(keysMade()).toBe(1);
    expect(account.sandbox.streamkap.projectKeys).toHaveLength(1);
    expect(account.passwords).toHaveLength(1);
    const results = [...output.matchAll(/::set-output:: result=(\w+)$/gm)].map((match) => match[1]).sort();
    expect(results).toEqual(['created', ...PARTS.slice(1).map(() => 'found')]);
  });
});
