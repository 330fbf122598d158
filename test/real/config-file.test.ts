import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { documentedUses, type Step } from '../e2e/action/documented-steps.ts';
import { runAction } from '../runner-harness/run-action.ts';
import { projectFolder } from './judges/cache.ts';
import { installKafka, logTo } from './judges/kafka/install.ts';
import { type RunningKafka, startKafka } from './judges/kafka.ts';
import { run } from './judges/process.ts';
import { pythonWithKafka } from './judges/python.ts';

const HOSTILE = String.raw`Pa"ss\wo'rd$HOME=1#2!3`;
const TOPIC = 'orders';
const RUN = { timeoutMs: 60_000 };

/** Reads the file as Confluent's first example for Python does, and consumes one record. */
const PYTHON = `
import sys
from confluent_kafka import Consumer
settings = {}
for line in open(sys.argv[1]):
    line = line.strip()
    if line and line[0] != '#':
        name, value = line.split('=', 1)
        settings[name] = value.strip()
settings.update({'ssl.ca.location': sys.argv[2], 'group.id': 'python-config', 'auto.offset.reset': 'earliest'})
consumer = Consumer(settings)
consumer.subscribe([sys.argv[3]])
for _ in range(150):
    message = consumer.poll(0.2)
    if message is not None and not message.error():
        print(message.value().decode())
        break
consumer.close()
`;

let kafka: RunningKafka;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyring-config-'));
  kafka = await startKafka();
  await kafka.createTopic(TOPIC);
  await kafka.produce(TOPIC, ['first']);
  kafka.users.set('ada', HOSTILE);
  await kafka.addAcl({ username: 'ada', name: TOPIC });
  for (const name of ['console-consumer-', 'python-'])
    await kafka.addAcl({ username: 'ada', resource: 'GROUP', name, pattern: 'PREFIXED' });
});
afterAll(async () => {
  await kafka?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const credential = () => ({
  type: 'streamkap_project_key',
  project_key_id: 'pk_64f1c0ffee',
  project: { service_id: 'svc', name: 'Production' },
  kafka: { username: 'ada', password: HOSTILE, bootstrap_servers: kafka.bootstrap },
});

/** The shipped Action's file of one format, for a credential that it was passed in and logged in with. */
async function fileOf(format: string): Promise<string> {
  const path = join(folder, format);
  const finished = await runAction({
    bundleDir: join(projectFolder, 'action/dist'),
    actionYml: join(projectFolder, 'action.yml'),
    inputs: {
      ...{ mode: 'lookup', 'project-key': JSON.stringify(credential()), 'verify-login': 'always' },
      ...{ 'config-file': 'key.conf', 'config-format': format },
    },
    env: { NODE_EXTRA_CA_CERTS: kafka.caFile },
    secrets: [JSON.stringify(credential())],
    afterMain: ({ outcome, annotations }, { workspace }) => {
      if (outcome !== 'success') throw new Error(annotations.errors.join(' '));
      return copyFile(join(workspace, 'key.conf'), path);
    },
  });
  expect(finished.outcome).toBe('success');
  return path;
}

test("Kafka's own console consumer logs in with the java-properties file, hostile characters and all, as docs/action.md has it", async () => {
  const path = join(folder, 'client.properties');
  await copyFile(await fileOf('java-properties'), path);
  const trust = `ssl.truststore.type=PEM\nssl.truststore.location=${kafka.caFile}\n`;
  await writeFile(path, trust, { flag: 'a' });
  const java = [
    '-Xmx96m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    ...logTo('WARN'),
    '-cp',
    await installKafka(),
  ];
  // What Kafka's own script comes to; the options behind "$@" are for a broker that is a few seconds old.
  const consumer = 'org.apache.kafka.tools.consumer.ConsoleConsumer "$@" --from-beginning --timeout-ms 20000';
  const script = `kafka-console-consumer.sh() { java ${java.map((word) => `'${word}'`).join(' ')} ${consumer}; }`;
  const documented = documentedUses().find(({ title }) => title === "A file for Kafka's own clients")?.yaml as Step[];
  const env = { ...process.env, RUNNER_TEMP: folder, SERVERS: kafka.bootstrap };
  const { stdout, code } = await run('bash', ['-c', `${script}\n${documented.at(-1)?.run}`], { ...RUN, env });
  expect({ stdout, code }).toEqual({ stdout: 'first\n', code: 0 });
});

test("Python's confluent-kafka logs in with the librdkafka file", async () => {
  const args = ['-c', PYTHON, await fileOf('librdkafka'), kafka.caFile, TOPIC];
  const { stdout, code } = await run(await pythonWithKafka(), args, RUN);
  expect({ stdout, code }).toEqual({ stdout: 'first\n', code: 0 });
});

test('a shell has the very password from the env file', async () => {
  const script = 'set -a; . "$1"; printf %s "$STREAMKAP_KAFKA_PASSWORD"';
  const { stdout } = await run('/bin/sh', ['-c', script, 'sh', await fileOf('env')], RUN);
  expect(stdout).toBe(HOSTILE);
});

test("Python's JSON parser has the very credential from the json file", async () => {
  const path = await fileOf('json');
  const script = 'import json, sys; print(json.load(open(sys.argv[1]))["kafka"]["password"])';
  const { stdout } = await run('python3', ['-c', script, path], RUN);
  expect(stdout).toBe(`${HOSTILE}\n`);
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ ...credential(), written_by: 'streamkap-keyring' });
});
