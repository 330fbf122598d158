import * as z from 'zod/mini';
import { InputError } from './errors.ts';
import { describeIssues, NOT_JSON, parseJson } from './json.ts';

// Field names and which of them are required: Streamkap's API reference, "Create Project Key", ProjectKeyCredentialFile.
const text = z.string().check(z.minLength(1));
const nullable = <T extends z.core.SomeType>(schema: T) => z.optional(z.nullable(schema));

/** The file's `api` section. */
export const apiCredentials = z.looseObject({
  client_id: text,
  client_secret: text,
  token_endpoint: text,
  api_url: text,
  roles: nullable(z.array(z.string())),
});

/** The file's `kafka` section. */
export const kafkaCredentials = z.looseObject({
  username: text,
  password: text,
  bootstrap_servers: text,
  security_protocol: nullable(z.string()),
  sasl_mechanism: nullable(z.string()),
  schema_registry_url: nullable(z.string()),
});

const credentialFile = z.looseObject({
  type: z.optional(z.literal('streamkap_project_key')),
  project_key_id: text,
  project: z.looseObject({ service_id: z.optional(z.string()), name: nullable(z.string()) }),
  api: nullable(apiCredentials),
  kafka: nullable(kafkaCredentials),
  kafka_acls: nullable(z.array(z.looseObject({}))),
  created_at: nullable(z.string()),
});

/** Streamkap's credential file. Every object may carry more fields than these; they are kept when the file is rewritten. */
export type CredentialFile = z.infer<typeof credentialFile>;
export type KafkaCredentials = z.infer<typeof kafkaCredentials>;
export type ApiCredentials = z.infer<typeof apiCredentials>;

/** A file that is known to have its Kafka part. */
export type KafkaCredentialFile = CredentialFile & { kafka: KafkaCredentials };

/** Why something is no credential file. A class, because a file may have any field, `problem` too. */
export class NotACredentialFile {
  /** A rule and a path, never a value. */
  readonly problem: string;

  constructor(problem: string) {
    this.problem = problem;
  }
}

/**
 * Checks a parsed JSON value against the credential file's shape.
 * @returns the very object that was given (key order and unknown fields as they were), or what is wrong with it
 */
export function checkCredentialFile(value: unknown): CredentialFile | NotACredentialFile {
  const result = credentialFile.safeParse(value);
  if (!result.success) return new NotACredentialFile(describeIssues(result.error.issues));
  if (!result.data.api && !result.data.kafka) return new NotACredentialFile('has neither an api nor a kafka section');
  return value as CredentialFile;
}

export function isCredentialFile(value: CredentialFile | NotACredentialFile): value is CredentialFile {
  return !(value instanceof NotACredentialFile);
}

/**
 * Reads a credential file as people pass it: JSON, or base64 of JSON with or without line breaks and padding.
 * @param input the name to blame in the error
 * @throws InputError when it is neither; the message holds no part of the text
 */
export function readCredentialFile(source: string, input: string): CredentialFile {
  const json = decodeCredential(source);
  if (json === NOT_JSON) {
    const encoding = foreignEncodingOf(source);
    if (encoding) {
      const rule = 'Encode the file as it was downloaded (`base64 < file.json`): UTF-8 without a byte order mark.';
      throw new InputError(input, `is base64 of ${encoding}`, rule);
    }
    throw new InputError(
      input,
      'is neither JSON nor base64 of JSON',
      `Pass the credential file as it was downloaded, or its base64 (\`base64 < file.json\`).`,
    );
  }
  const file = checkCredentialFile(json);
  if (isCredentialFile(file)) return file;
  throw new InputError(
    input,
    `is not a Streamkap credential file: ${file.problem}`,
    'Pass the whole file that Streamkap showed when the project key was created.',
  );
}

/** Editors and shells of Windows write these; what they hold would be JSON but for the encoding. */
function foreignEncodingOf(source: string): string | undefined {
  const bytes = Buffer.from(source.replace(/\s+/g, ''), 'base64');
  const [first, second, third] = bytes;
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'text with a byte order mark';
  const marked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  const unmarked = (first === 0x7b && second === 0) || (first === 0 && second === 0x7b);
  return marked || unmarked ? 'UTF-16 text' : undefined;
}

/** @returns the JSON value in `source`, which is JSON text or its base64, or {@link NOT_JSON} */
export function decodeCredential(source: string): unknown {
  const trimmed = source.trim();
  if (trimmed.startsWith('{')) return parseJson(trimmed);
  const compact = trimmed.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(compact)) return NOT_JSON;
  return parseJson(Buffer.from(compact, 'base64').toString('utf8'));
}

/** The Kafka part with the defaults that the API reference gives for fields a file may lack. */
export function kafkaConnection(kafka: KafkaCredentials) {
  return {
    bootstrapServers: kafka.bootstrap_servers,
    username: kafka.username,
    password: kafka.password,
    securityProtocol: kafka.security_protocol ?? 'SASL_SSL',
    mechanism: kafka.sasl_mechanism ?? 'PLAIN',
  };
}

/** @returns the file with another Kafka password and everything else, unknown fields included, as it was */
export function withKafkaPassword(file: KafkaCredentialFile, password: string): KafkaCredentialFile {
  return { ...file, kafka: { ...file.kafka, password } };
}

export function hasKafka(file: CredentialFile): file is KafkaCredentialFile {
  return file.kafka !== null && file.kafka !== undefined;
}
