import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runAct } from './judges/act.ts';
import { consumeWithJava } from './judges/console-consumer.ts';
import { type RunningKafka, startKafka } from './judges/kafka.ts';
import { startLambda } from './judges/lambda.ts';
import { actionlint, zizmor } from './judges/linters.ts';
import type { LoginAttempt, LoginVerdict } from './judges/login.ts';
import { loginWithPlatformatic } from './judges/platformatic.ts';
import { run, startChild } from './judges/process.ts';
import {
  consumeScript,
  consumeWithPython,
  kafkaEnvironment,
  loginWithPython,
  pythonWithKafka,
} from './judges/python.ts';

describe('a real Apache Kafka', () => {
  const topic = 'orders';
  const records = ['first', 'second'];
  let kafka: RunningKafka;

  beforeAll(async () => {
    kafka = await startKafka();
    await kafka.createTopic(topic);
    await kafka.produce(topic, records);
    for (const username of ['ada', 'grace']) {
      await kafka.addAcl({ username, name: topic });
      for (const name of ['console-consumer-', 'python-'])
        await kafka.addAcl({ username, resource: 'GROUP', name, pattern: 'PREFIXED' });
    }
  });
  afterAll(() => kafka?.stop());

  const attempt = (username: string, password: string): LoginAttempt => ({
    bootstrap: kafka.bootstrap,
    username,
    password,
    mechanism: 'PLAIN',
    caFile: kafka.caFile,
  });
  const judges: Record<string, (login: LoginAttempt) => Promise<LoginVerdict>> = {
    "Python's confluent-kafka": loginWithPython,
    "Java's console consumer": async (login) => (await consumeWithJava({ login, topic })).verdict,
    '@platformatic/kafka': loginWithPlatformatic,
  };

  test.each(Object.entries(judges))('%s sees a changed password accepted and the old one refused', async (_, login) => {
    kafka.users.set('ada', 'OldPassword1!');
    expect(await login(attempt('ada', 'OldPassword1!'))).toMatchObject({ outcome: 'accepted' });
    expect(await login(attempt('ada', 'WrongPassword1!'))).toMatchObject({ outcome: 'rejected' });

    kafka.users.set('ada', 'NewPassword1!');
    expect(await login(attempt('ada', 'NewPassword1!'))).toMatchObject({ outcome: 'accepted' });
    expect(await login(attempt('ada', 'OldPassword1!'))).toMatchObject({ outcome: 'rejected' });

    kafka.users.delete('ada');
    expect(await login(attempt('ada', 'NewPassword1!'))).toMatchObject({ outcome: 'rejected' });
  });

  test('foreign consumers read the records, but not of a topic without an ACL', async () => {
    kafka.users.set('grace', 'SomePassword1!');
    const login = attempt('grace', 'SomePassword1!');
    expect(await consumeWithPython({ login, topic, count: 2 })).toMatchObject({ code: 0, records });
    expect((await consumeWithJava({ login, topic, count: 2 })).records).toEqual(records);

    await kafka.createTopic('secret-orders');
    await kafka.produce('secret-orders', records);
    expect(await consumeWithPython({ login, topic: 'secret-orders', count: 1 })).toMatchObject({
      code: 3,
      records: [],
    });
    const refused = await consumeWithJava({ login, topic: 'secret-orders' });
    expect(refused).toEqual({ verdict: { outcome: 'accepted', detail: 'TopicAuthorizationException' }, records: [] });
  });

  test('a consumer on the old password lives through its change until its connections are cut', async () => {
    kafka.users.set('grace', 'OldPassword1!');
    const env = { PATH: process.env.PATH ?? '', PYTHONDONTWRITEBYTECODE: '1' };
    const login = kafkaEnvironment(attempt('grace', 'OldPassword1!'));
    const args = [consumeScript, topic, String(records.length + 2)];
    const consumer = await startChild(await pythonWithKafka(), args, { env: { ...env, ...login } });
    try {
      await consumer.waitForOutput(/second/, 30_000);
      kafka.users.set('grace', 'NewPassword1!');
      await kafka.produce(topic, ['third']);
      await consumer.waitForOutput(/third/, 30_000);

      kafka.disconnectAll();
      const { code, stderr } = await consumer.finished;
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('rejected') });
      expect(consumer.output()).not.toContain('OldPassword1!');
    } finally {
      await consumer.stop();
    }
  });

  test('a stopped broker refuses connections, and keeps users and address for its next start', async () => {
    kafka.users.set('grace', 'SomePassword1!');
    await kafka.stopBroker();
    expect(await loginWithPlatformatic(attempt('grace', 'SomePassword1!'))).toMatchObject({ detail: 'ECONNREFUSED' });
    await kafka.startBroker();
    expect(await loginWithPlatformatic(attempt('grace', 'SomePassword1!'))).toMatchObject({ outcome: 'accepted' });
  });
});

describe('a real workflow runner', () => {
  let repo: string;
  beforeAll(async () => {
    repo = await mkdtemp(join(tmpdir(), 'keyring-repo-'));
    await mkdir(join(repo, '.github/workflows'), { recursive: true });
    expect((await run('git', ['init', '-q', repo], { timeoutMs: 10_000 })).code).toBe(0);
  });
  afterAll(() => rm(repo, { recursive: true, force: true }));

  const workflow = '.github/workflows/trivial.yml';
  const writeWorkflow = (steps: string[]) =>
    writeFile(
      join(repo, workflow),
      ['name: trivial', 'on: push', 'jobs:', '  only:', '    runs-on: ubuntu-latest', '    steps:', ...steps, ''].join(
        '\n',
      ),
    );

  test('runs steps on Node 24 in a bare environment and masks secrets', async () => {
    process.env.KEYRING_TEST_LEAK = 'from-the-host';
    try {
      await writeWorkflow([
        '      - run: node --version',
        '      - run: echo "host=$KEYRING_TEST_LEAK env=$GIVEN secret=$TOKEN length=$' + '{#TOKEN}"',
        '        env:',
        '          TOKEN: $' + '{{ secrets.TOKEN }}',
        '      - run: echo "event=$' + '{{ github.event.marker }}"',
      ]);
      const secrets = { TOKEN: 'pa ss$word#1!' };
      const result = await runAct({ repo, workflow, env: { GIVEN: 'given' }, secrets, eventPayload: { marker: 'm1' } });
      expect(result.output).toMatch(/^.*\| v24\.\d+\.\d+$/m);
      expect(result.output).toContain(`host= env=given secret=*** length=${secrets.TOKEN.length}`);
      expect(result.output).toContain('event=m1');
      expect(result.output).not.toContain(secrets.TOKEN);
      expect(result.output).not.toContain('from-the-host');
      expect(result.code).toBe(0);
      expect((await readdir(tmpdir())).filter((name) => name.startsWith('keyring-act-'))).toEqual([]);
    } finally {
      delete process.env.KEYRING_TEST_LEAK;
    }
  });

  test('runs an action of the repository and one that a local folder stands in for, with its post stage', async () => {
    const action = join(repo, 'greet');
    await mkdir(action, { recursive: true });
    await writeFile(join(action, 'main.js'), "console.log('main ' + process.version)\n");
    await writeFile(join(action, 'post.js'), "console.log('post ' + process.version)\n");
    const runs = 'runs:\n  using: node24\n  main: main.js\n  post: post.js\n';
    await writeFile(join(action, 'action.yml'), `name: greet\ndescription: greets\n${runs}`);
    await writeWorkflow([
      '      - uses: actions/checkout@v6',
      '      - uses: ./greet',
      '      - uses: some-owner/greet@v1',
      '      - run: exit 7',
    ]);
    const result = await runAct({ repo, workflow, localRepositories: { 'some-owner/greet@v1': action } });
    expect(result.output.match(/\| main v24\./g)).toHaveLength(2);
    expect(result.output.match(/\| post v24\./g)).toHaveLength(2);
    expect(result.code).not.toBe(0);
  });

  test('the linters pass a careful workflow and name what is wrong in a careless one', async () => {
    const careful = [
      'name: careful',
      'on: push',
      'permissions: {}',
      'concurrency:',
      '  group: careful',
      '  cancel-in-progress: true',
      'jobs:',
      '  only:',
      '    name: only',
      '    runs-on: ubuntu-latest',
      '    steps:',
      '      - run: node --version',
      '',
    ].join('\n');
    await writeFile(join(repo, workflow), careful);
    expect(await actionlint(repo, [workflow])).toEqual({ clean: true, output: '' });
    expect(await zizmor(repo, [workflow])).toMatchObject({ clean: true });

    const careless = careful
      .replace('ubuntu-latest', 'ubuntu-of-yore')
      .replace('run: node --version', 'uses: actions/checkout@v6');
    await writeFile(join(repo, workflow), careless);
    expect(await actionlint(repo, [workflow])).toMatchObject({
      clean: false,
      output: expect.stringMatching(/ubuntu-of-yore/),
    });
    expect(await zizmor(repo, [workflow])).toMatchObject({
      clean: false,
      output: expect.stringMatching(/unpinned-uses/),
    });
  });
});

describe("Lambda's runtime interface emulator", () => {
  test('runs a handler warm on Node 24, reports its error, and kills one that hangs', async () => {
    const bundleFolder = await mkdtemp(join(tmpdir(), 'keyring-bundle-'));
    await writeFile(
      join(bundleFolder, 'index.mjs'),
      `let calls = 0;
       export const handler = async (event, context) => {
         calls++;
         if (event.fail) throw new TypeError('as asked');
         if (event.hang) await new Promise(() => setInterval(() => {}, 1000));
         return { calls, node: process.version, given: process.env.GIVEN, remaining: context.getRemainingTimeInMillis() };
       };`,
    );
    const lambda = await startLambda({ bundleFolder, env: { GIVEN: 'given' }, timeoutSeconds: 2 });
    try {
      const first = await lambda.invoke({});
      expect(first).toMatchObject({ outcome: 'success', value: { calls: 1, given: 'given' } });
      expect(first.body).toMatch(/"node":"v24\./);
      expect(await lambda.invoke({ fail: true })).toMatchObject({
        outcome: 'error',
        errorType: 'TypeError',
        errorMessage: 'as asked',
      });
      expect(await lambda.invoke({})).toMatchObject({ outcome: 'success', value: { calls: 3 } });
      expect(await lambda.invoke({ hang: true })).toMatchObject({ outcome: 'timeout' });
      expect(await lambda.invoke({})).toMatchObject({ outcome: 'success', value: { calls: 1 } });
    } finally {
      await lambda.stop();
      await rm(bundleFolder, { recursive: true, force: true });
    }
  });
});
