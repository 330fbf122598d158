import { chmod, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { installKafka, logTo } from '../judges/kafka/install.ts';
import { installPythonPackages, pythonWithKafka } from '../judges/python.ts';

/** GitHub's images carry version 2, which PyPI lacks; the commands used here are the same in both. */
const AWS_CLI = 'awscli==1.46.2';

/** A file beside it for `AWS_CONFIG_FILE`: with it version 1 writes dates as version 2 does by itself. */
export const AWS_CONFIG = 'aws-config';

/**
 * Makes a folder for a workflow's PATH with what a runner image would have: `aws`, `python3` with confluent-kafka, and Kafka's
 * `kafka-console-consumer`. The caller removes it.
 */
export async function makeClientsFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'keyring-clients-'));
  const aws = join(dirname(await installPythonPackages('aws-cli', AWS_CLI)), 'aws');
  await symlink(aws, join(folder, 'aws'));
  await writeFile(join(folder, AWS_CONFIG), '[default]\ncli_timestamp_format = iso8601\n');
  const java = ['java', '-Xmx96m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...logTo('WARN')];
  const consumer = 'org.apache.kafka.tools.consumer.ConsoleConsumer';
  await writeScript(join(folder, 'python3'), ['env', 'PYTHONDONTWRITEBYTECODE=1', await pythonWithKafka()]);
  await writeScript(join(folder, 'kafka-console-consumer'), [...java, '-cp', await installKafka(), consumer]);
  return folder;
}

/** A script that becomes the given command; a link would make Python forget its virtual environment. */
async function writeScript(path: string, command: readonly string[]): Promise<void> {
  const words = command.map((word) => `'${word}'`).join(' ');
  await writeFile(path, `#!/bin/sh\nexec ${words} "$@"\n`);
  await chmod(path, 0o755);
}
