import type { ConfigFormat } from './config-format.ts';
import { type CredentialFile, type KafkaCredentials, kafkaConnection } from './credential-file.ts';
import { jsonForms } from './encoded-forms.ts';
import { InputError } from './errors.ts';
import { findLeaves, type MaskInput } from './secret-leaves.ts';

/** A configuration file that holds a credential. */
export interface ClientConfig {
  readonly text: string;
  /** The secrets as they stand in the text, and as they do where one of two layers of escaping is undone. */
  readonly secrets: readonly string[];
}

export interface ClientConfigRequest {
  readonly format: ConfigFormat;
  /** What `env` sets, by whole names. */
  readonly variables: Readonly<Record<string, string>>;
}

/** By this, a file that is there already is known to be one of ours. */
const AUTHOR = 'streamkap-keyring';
const FIRST_LINE = `# Written by ${AUTHOR}`;

/** @returns whether a file's text was made by {@link clientConfig} */
export function isClientConfig(text: string): boolean {
  if (text.startsWith(`${FIRST_LINE}\n`)) return true;
  return text.startsWith('{') && text.trimEnd().endsWith(`"written_by": "${AUTHOR}"\n}`);
}

/**
 * Writes a credential as one of the files that Kafka clients and shells read. `json` is the credential itself.
 * @throws InputError naming config-format, where the format has no way to say what the credential holds; no value is quoted
 */
export function clientConfig(
  credential: CredentialFile | MaskInput,
  { format, variables }: ClientConfigRequest,
): ClientConfig {
  const leaves = findLeaves(credential).secrets;
  switch (format) {
    case 'java-properties':
      return javaProperties(kafkaOf(credential, format));
    case 'librdkafka':
      return librdkafka(kafkaOf(credential, format));
    case 'json': {
      const text = `${JSON.stringify({ ...credential, written_by: AUTHOR }, null, 2)}\n`;
      return { text, secrets: leaves.flatMap(jsonForms) };
    }
    case 'env':
      return shellVariables(variables, leaves);
  }
}

function kafkaOf(credential: CredentialFile | MaskInput, format: ConfigFormat): KafkaCredentials {
  if (credential.kafka) return credential.kafka as KafkaCredentials;
  throw new InputError(
    'config-format',
    `"${format}" is for Kafka clients, and the credential has no Kafka access`,
    'Use json or env.',
  );
}

const LOGIN_MODULES = {
  PLAIN: 'org.apache.kafka.common.security.plain.PlainLoginModule',
  SCRAM: 'org.apache.kafka.common.security.scram.ScramLoginModule',
};

/** Two layers: the value of a property, which is a JAAS line with quoted strings in it. */
function javaProperties(kafka: KafkaCredentials): ClientConfig {
  const { bootstrapServers, username, password, securityProtocol, mechanism } = kafkaConnection(kafka);
  const module = mechanism.startsWith('SCRAM-') ? LOGIN_MODULES.SCRAM : LOGIN_MODULES.PLAIN;
  if (!/^(PLAIN|SCRAM-SHA-(256|512))$/.test(mechanism)) {
    throw new InputError(
      'config-format',
      '"java-properties" has no login module for the mechanism',
      'Use json or env.',
    );
  }
  const jaas = `${module} required username="${jaasString(username)}" password="${jaasString(password)}";`;
  const text = propertyLines(
    {
      'bootstrap.servers': bootstrapServers,
      'security.protocol': securityProtocol,
      'sasl.mechanism': mechanism,
      'sasl.jaas.config': jaas,
    },
    (value) => propertyValue(value),
  );
  return { text, secrets: distinct(propertyValue(jaasString(password), true), jaasString(password), password) };
}

/** Kafka reads a JAAS line with Java's StreamTokenizer: backslash escapes, and no line break within a string. */
function jaasString(text: string): string {
  return text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
}

const CONTROL_ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\f': '\\f',
};

/** java.util.Properties, "load": the file is Latin-1, and white space before a value does not count. @param inside not at its start */
function propertyValue(text: string, inside = false): string {
  const escaped = text.replace(/[^\x20-\x7e]|\\/g, (unit) => CONTROL_ESCAPES[unit] ?? unicodeEscape(unit));
  return inside ? escaped : escaped.replace(/^ /, '\\ ');
}

const unicodeEscape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Lines of `name=value` without any escaping, spaces around a value dropped: what kcat and Confluent's examples read. */
function librdkafka(kafka: KafkaCredentials): ClientConfig {
  const { bootstrapServers, username, password, securityProtocol, mechanism } = kafkaConnection(kafka);
  const text = propertyLines(
    {
      'bootstrap.servers': bootstrapServers,
      'security.protocol': securityProtocol,
      'sasl.mechanism': mechanism,
      'sasl.username': username,
      'sasl.password': password,
    },
    (value, name) => {
      if (value === value.trim() && !/[\p{Cc}\u2028\u2029]/u.test(value)) return value;
      throw new InputError(
        'config-format',
        `"librdkafka" has no way to write this ${name}`,
        'Use java-properties, json or env.',
      );
    },
  );
  return { text, secrets: [password] };
}

function propertyLines(properties: Readonly<Record<string, string>>, write: (value: string, name: string) => string) {
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${write(value, name)}`);
  return `${[FIRST_LINE, ...lines].join('\n')}\n`;
}

/** POSIX single quotes: nothing in them means anything but the quote itself. */
function shellVariables(variables: Readonly<Record<string, string>>, leaves: readonly string[]): ClientConfig {
  const lines = Object.entries(variables).map(([name, value]) => {
    if (!value.includes('\0')) return `${name}='${shellString(value)}'`;
    throw new InputError('config-format', `"env" has no way to write ${name}`, 'Use json.');
  });
  const whole = Object.values(variables).filter((value) => leaves.some((leaf) => holds(value, leaf)));
  return { text: `${[FIRST_LINE, ...lines].join('\n')}\n`, secrets: whole.map(shellString) };
}

function shellString(text: string): string {
  return text.replaceAll("'", "'\\''");
}

/** The secret itself, or base64 of the whole credential. */
function holds(value: string, leaf: string): boolean {
  return value === leaf || Buffer.from(value, 'base64').toString().includes(JSON.stringify(leaf).slice(1, -1));
}

function distinct(...texts: string[]): string[] {
  return [...new Set(texts)];
}
