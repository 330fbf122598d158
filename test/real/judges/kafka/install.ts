import { createHash } from 'node:crypto';
import { cp, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installOnce } from '../cache.ts';
import { mustRun } from '../process.ts';

/** Pinned in pom.xml too, where the jars come from. */
const KAFKA_VERSION = '4.3.1';
const COPY_DEPENDENCIES = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
const INSTALL_TIMEOUT_MS = 600_000;

const pomFile = fileURLToPath(new URL('./pom.xml', import.meta.url));
const handlerSource = fileURLToPath(new URL('./KeyringCallbackHandler.java', import.meta.url));

const logSettings = fileURLToPath(new URL('./log4j2.properties', import.meta.url));

/** Java options that send log lines of `level` and worse to standard error. */
export function logTo(level: 'INFO' | 'WARN'): string[] {
  return [`-Dlog4j2.configurationFile=${logSettings}`, `-Dkeyring.log.level=${level}`];
}

/**
 * Gets Apache Kafka's jars by Maven and compiles the callback handler against them.
 * @returns the Java class path for the broker, its tools and the console clients
 */
export async function installKafka(): Promise<string> {
  const sources = createHash('sha256')
    .update(await readFile(pomFile))
    .update(await readFile(handlerSource));
  const folder = await installOnce({
    name: 'kafka',
    version: `${KAFKA_VERSION}+${sources.digest('hex').slice(0, 12)}`,
    needs: ['java', 'javac', 'mvn', 'openssl'],
    remedy: 'apt-get install -y default-jdk-headless maven openssl, and access to Maven Central',
    install: async (target) => {
      await cp(pomFile, join(target, 'pom.xml'));
      await mkdir(join(target, 'handler'));
      const options = { cwd: target, timeoutMs: INSTALL_TIMEOUT_MS };
      await mustRun('mvn', ['-q', '-B', COPY_DEPENDENCIES, '-DoutputDirectory=lib', '-DincludeScope=runtime'], options);
      const clients = join(target, `lib/kafka-clients-${KAFKA_VERSION}.jar`);
      await mustRun('javac', ['-cp', clients, '-d', join(target, 'handler'), handlerSource], options);
    },
  });
  return `${join(folder, 'handler')}:${join(folder, 'lib')}/*`;
}
