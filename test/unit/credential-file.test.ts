import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CredentialFile,
  checkCredentialFile,
  decodeCredential,
  hasKafka,
  isCredentialFile,
  kafkaConnection,
  readCredentialFile,
  withKafkaPassword,
} from '../../core/credential-file.ts';
import { InputError } from '../../core/errors.ts';
import { encodeCredentials } from '../../core/padded-base64.ts';

fc.configureGlobal({ seed: 20261001, numRuns: 200 });

const FILE = {
  type: 'streamkap_project_key',
  project_key_id: 'pk-1',
  project: { service_id: '65e94bbe0c4d2f7a91b83c55', name: 'Data' },
  api: {
    client_id: 'client-1',
    client_secret: 'Api!Secret0123456789',
    token_endpoint: 'https://api.streamkap.com/auth/access-token',
    api_url: 'https://api.streamkap.com',
    roles: ['Admin'],
  },
  kafka: {
    username: 'orders',
    password: 'Kafka!Password0123456789abcdefgh',
    bootstrap_servers: 'orders.streamkap.net:32400',
    security_protocol: 'SASL_SSL',
    sasl_mechanism: 'PLAIN',
    schema_registry_url: null,
  },
  kafka_acls: [{ topic_name: 'orders', operation: 'READ', resource_pattern_type: 'LITERAL', resource: 'TOPIC' }],
  created_at: '2026-03-26T15:00:00Z',
};
const JSON_TEXT = JSON.stringify(FILE);

function problemOf(value: unknown): string {
  const file = checkCredentialFile(value);
  return isCredentialFile(file) ? 'none' : file.problem;
}

function refusalOf(source: string): InputError {
  try {
    readCredentialFile(source, 'project-key');
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error('the source was accepted');
}

/** A file with fields nobody has heard of in every object, in any order. */
function strangeFiles(): fc.Arbitrary<{ kafka: Record<string, unknown> } & Record<string, unknown>> {
  const extra = fc.dictionary(
    fc.string({ maxLength: 12 }).map((name) => `x ${name}`),
    fc.jsonValue(),
    { maxKeys: 4 },
  );
  const shuffled = (fields: Record<string, unknown>) =>
    extra.chain((more) => {
      const entries = Object.entries({ ...more, ...fields });
      return fc.shuffledSubarray(entries, { minLength: entries.length }).map((pairs) => Object.fromEntries(pairs));
    });
  return fc
    .tuple(shuffled(FILE.project), shuffled(FILE.api), shuffled(FILE.kafka), shuffled(FILE.kafka_acls[0] ?? {}))
    .chain(([project, api, kafka, acl]) =>
      shuffled({ ...FILE, project, api, kafka, kafka_acls: [acl] }),
    ) as fc.Arbitrary<{ kafka: Record<string, unknown> } & Record<string, unknown>>;
}

describe('what is read', () => {
  test('keeps unknown fields and the order of keys in every object, whichever way it is passed', () => {
    fc.assert(
      fc.property(strangeFiles(), fc.constantFrom(JSON.stringify, encodeCredentials), (file, write) => {
        const written = JSON.stringify(JSON.parse(JSON.stringify(file)));
        expect(JSON.stringify(readCredentialFile(write(file) as string, 'project-key'))).toBe(written);
      }),
    );
  });

  test('keeps a field named like a prototype’s or like our own words', () => {
    const text = JSON_TEXT.replace('{', '{"__proto__":{"a":1},"problem":"none","constructor":7,');
    const file = readCredentialFile(text, 'project-key');
    expect(JSON.stringify(file)).toBe(text);
    expect(isCredentialFile(file)).toBe(true);
  });

  const base64 = Buffer.from(`${JSON_TEXT}\n`).toString('base64');
  test.each([
    ['JSON', JSON_TEXT],
    [
      'JSON over several lines, with a byte order mark and blanks around it',
      `\uFEFF\n${JSON.stringify(FILE, null, 2)}\r\n`,
    ],
    ['base64', base64],
    ['base64 wrapped at 76 columns, as GNU base64 does', base64.replace(/(.{76})/g, '$1\n')],
    ['base64 with Windows line ends', `${base64.replace(/(.{64})/g, '$1\r\n')}\r\n`],
    ['base64 without padding', base64.replace(/=+$/, '')],
    ['base64 in the alphabet for URLs', Buffer.from(JSON_TEXT).toString('base64url')],
    ['base64 of JSON over several lines', Buffer.from(JSON.stringify(FILE, null, 2)).toString('base64')],
    ['what the Action hands out', encodeCredentials(FILE)],
  ])('may be %s', (_form, source) => {
    expect(readCredentialFile(source, 'project-key')).toEqual(FILE);
  });

  test('has characters outside ASCII as they were', () => {
    const file = { ...FILE, note: 'Schlüssel für Übung ✓ 鍵' };
    expect(readCredentialFile(Buffer.from(JSON.stringify(file)).toString('base64'), 'x')).toEqual(file);
  });

  test('is the very object that was checked', () => {
    const value = JSON.parse(JSON_TEXT) as unknown;
    expect(checkCredentialFile(value)).toBe(value);
  });
});

describe('what is not a credential file', () => {
  test.each([
    ['nothing', ''],
    ['blanks', ' \n'],
    ['half of it', JSON_TEXT.slice(0, -20)],
    ['base64 of half of it', Buffer.from(JSON_TEXT.slice(0, -20)).toString('base64')],
    ['base64 with a character of another alphabet', `${Buffer.from(JSON_TEXT).toString('base64')}%`],
    ['an environment file', `KEY=${FILE.kafka.password}`],
    ['its base64 twice over', Buffer.from(Buffer.from(JSON_TEXT).toString('base64')).toString('base64')],
    ['a JSON list', `[${JSON_TEXT}]`],
    ['a JSON text', JSON.stringify(JSON_TEXT)],
  ])('%s is neither JSON nor its base64', (_what, source) => {
    const error = refusalOf(source);
    expect(error.message).toBe('project-key: is neither JSON nor base64 of JSON');
    expect(error).toMatchObject({ code: 'INVALID_INPUT', changed: 'no', retryable: false });
    expect(error.remedy).not.toBe('');
  });

  test.each([
    ['UTF-16 with a byte order mark', Buffer.from(`\ufeff${JSON_TEXT}`, 'utf16le'), 'UTF-16 text'],
    ['UTF-16 without one', Buffer.from(JSON_TEXT, 'utf16le'), 'UTF-16 text'],
    ['UTF-16 of the other order', Buffer.from(`\ufeff${JSON_TEXT}`, 'utf16le').swap16(), 'UTF-16 text'],
    ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${JSON_TEXT}`), 'text with a byte order mark'],
  ])('base64 of %s is told from what is no credential at all', (_what, bytes, encoding) => {
    const error = refusalOf(bytes.toString('base64'));
    expect(error.message).toBe(`project-key: is base64 of ${encoding}`);
    expect(error.remedy).toContain('UTF-8 without a byte order mark');
  });

  test.each<[string, unknown, string]>([
    ['an empty object', {}, 'project_key_id: expected string'],
    ['a list', [FILE], 'the value: expected object'],
    ['null', null, 'the value: expected object'],
    ['a file of another product', { ...FILE, type: 'service_account' }, 'type: is not as it should be'],
    ['a file whose parts are missing', { ...FILE, api: null, kafka: null }, 'has neither an api nor a kafka section'],
    ['a file without parts', { project_key_id: 'k', project: {} }, 'has neither an api nor a kafka section'],
    ['a file without a project', { ...FILE, project: undefined }, 'project: expected object'],
    [
      'an empty password',
      { ...FILE, kafka: { ...FILE.kafka, password: '' } },
      'kafka.password: is not as it should be',
    ],
    [
      'a password of another kind',
      { ...FILE, kafka: { ...FILE.kafka, password: 7 } },
      'kafka.password: expected string',
    ],
    ['a text in place of a part', { ...FILE, kafka: 'Kafka!Password' }, 'kafka: expected object'],
    ['an API part without its secret', { ...FILE, api: { client_id: 'x' } }, 'api.client_secret: expected string'],
    ['ACLs of another kind', { ...FILE, kafka_acls: ['orders'] }, 'kafka_acls.0: expected object'],
  ])('%s is told apart by path and rule', (_what, value, problem) => {
    expect(problemOf(value)).toBe(problem);
  });

  test('is refused without a word of it, and without a part of a word', () => {
    const secret = 'Zq7!vLm2XcW9pTs4KdRy8HbNf3GjUa6E';
    const broken = fc.constantFrom(
      `{"kafka":{"password":"${secret}"`,
      JSON.stringify({ ...FILE, kafka: { ...FILE.kafka, password: [secret] } }),
      JSON.stringify({ ...FILE, type: secret }),
      JSON.stringify({ ...FILE, api: secret }),
      JSON.stringify({ project_key_id: secret, project: secret, [secret]: secret }),
      JSON.stringify({ ...FILE, project_key_id: 7, problem: secret }),
      JSON.stringify({ ...FILE, kafka_acls: [{ topic_name: secret }, secret] }),
      secret,
      `"${secret}"`,
      `{${secret}}`,
    );
    const encode = (text: string) => Buffer.from(text).toString('base64');
    fc.assert(
      fc.property(broken, fc.boolean(), (text, encoded) => {
        const { message, remedy, stack = '', cause } = refusalOf(encoded ? encode(text) : text);
        expect(cause).toBeUndefined();
        const secrets = [secret, FILE.kafka.password, FILE.api.client_secret, encode(text)];
        for (const part of secrets.flatMap(windows)) expect(`${message} ${remedy} ${stack}`).not.toContain(part);
      }),
      { numRuns: 60 },
    );
  });

  test('is nothing that anybody can make throw anything else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.base64String()), (source) => {
        expect(refusalOf(source)).toBeInstanceOf(InputError);
      }),
    );
  });
});

describe('the Kafka part', () => {
  test('has the documented defaults where fields are missing or null', () => {
    const { security_protocol, sasl_mechanism, ...bare } = FILE.kafka;
    const expected = {
      bootstrapServers: 'orders.streamkap.net:32400',
      username: 'orders',
      password: FILE.kafka.password,
      securityProtocol: 'SASL_SSL',
      mechanism: 'PLAIN',
    };
    expect(kafkaConnection(bare)).toEqual(expected);
    expect(kafkaConnection({ ...bare, security_protocol: null, sasl_mechanism: null })).toEqual(expected);
    expect(kafkaConnection({ ...bare, sasl_mechanism: 'SCRAM-SHA-512' }).mechanism).toBe('SCRAM-SHA-512');
  });

  test('is there or not', () => {
    const { kafka: _kafka, ...without } = FILE;
    expect(hasKafka(FILE as CredentialFile)).toBe(true);
    expect(hasKafka({ ...FILE, kafka: null } as CredentialFile)).toBe(false);
    expect(hasKafka(without as CredentialFile)).toBe(false);
  });

  test('gets another password while every other byte of the file stays', () => {
    fc.assert(
      fc.property(strangeFiles(), (strange) => {
        const file = JSON.parse(JSON.stringify(strange)) as CredentialFile;
        if (!hasKafka(file)) throw new Error('no kafka part');
        const before = JSON.stringify(file);
        const changed = withKafkaPassword(file, 'Next!Password9876543210zyxwvuts');
        expect(JSON.stringify(changed)).toBe(before.replaceAll(FILE.kafka.password, changed.kafka.password));
        expect(JSON.stringify(file)).toBe(before);
      }),
    );
  });
});

test('any JSON object comes back from its base64', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const text = JSON.stringify(value);
      expect(JSON.stringify(decodeCredential(encodeCredentials(value)))).toBe(JSON.stringify(JSON.parse(text)));
    }),
  );
});

/** Every run of twelve characters: what is long enough to be a piece of a secret. */
function windows(text: string): string[] {
  return Array.from({ length: Math.max(0, text.length - 11) }, (_, at) => text.slice(at, at + 12));
}
