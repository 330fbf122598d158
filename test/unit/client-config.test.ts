import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type ClientConfig, clientConfig, isClientConfig } from '../../core/client-config.ts';
import { maskText } from '../../core/mask-set.ts';
import { RunnerMasker } from '../runner-harness/runner-masker.ts';

const HOSTILE = String.raw` a"b\c'd$e=f#g!h:i;j%k&l`;

function file(password: string, kafka: object = {}) {
  return {
    type: 'streamkap_project_key' as const,
    project_key_id: 'pk_64f1c0ffee',
    project: { service_id: 'svc', name: 'Production' },
    kafka: { username: 'orders-ci', password, bootstrap_servers: 'one:9092,two:9092', ...kafka },
  };
}

const linesOf = ({ text }: ClientConfig) => text.trimEnd().split('\n');

describe('java-properties', () => {
  const write = (password: string, kafka: object = {}) =>
    clientConfig(file(password, kafka), { format: 'java-properties', variables: {} });

  test('names servers, protocol and mechanism, and logs in by a JAAS line', () => {
    expect(linesOf(write('Password!1'))).toEqual([
      '# Written by streamkap-keyring',
      'bootstrap.servers=one:9092,two:9092',
      'security.protocol=SASL_SSL',
      'sasl.mechanism=PLAIN',
      'sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="orders-ci" password="Password!1";',
    ]);
  });

  test('logs in by SCRAM where the credential says so, and knows no other mechanism', () => {
    const config = write('Password!1', { sasl_mechanism: 'SCRAM-SHA-512' });
    expect(config.text).toContain(
      'sasl.mechanism=SCRAM-SHA-512\nsasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule',
    );
    expect(() => write('Password!1', { sasl_mechanism: 'OAUTHBEARER' })).toThrow('config-format: ');
    expect(() => write('Password!1', { sasl_mechanism: 'SCRAM-SHA-5120' })).toThrow('config-format: ');
  });

  test.each([
    ['a"b', String.raw`a\\"b`],
    ['a\\b', String.raw`a\\\\b`],
    ['a\nb\rc', String.raw`a\\nb\\rc`],
    ['a\tb', String.raw`a\tb`],
    ['aäb', String.raw`a\u00e4b`],
    ['a🚀b', String.raw`a\ud83d\ude80b`],
    [' #!=:', ' #!=:'],
  ])('escapes %j once for JAAS and once for the file', (password, written) => {
    expect(write(`x${password}x`).text).toContain(`password="x${written}x";\n`);
  });

  test('a value that begins with a space keeps it', () => {
    expect(write('Password!1', { bootstrap_servers: ' one:9092' }).text).toContain('\nbootstrap.servers=\\ one:9092\n');
  });
});

describe('librdkafka', () => {
  const write = (password: string) => clientConfig(file(password), { format: 'librdkafka', variables: {} });

  test('writes values as they are', () => {
    expect(linesOf(write(`a"b\\c'd=e#f`))).toEqual([
      '# Written by streamkap-keyring',
      'bootstrap.servers=one:9092,two:9092',
      'security.protocol=SASL_SSL',
      'sasl.mechanism=PLAIN',
      'sasl.username=orders-ci',
      `sasl.password=a"b\\c'd=e#f`,
    ]);
  });

  test.each([
    ' leading',
    'trailing ',
    'two\nlines',
    'a\0b',
    'a\u2028b',
  ])('refuses %j, which no reader would get back', (password) => {
    expect(() => write(password)).toThrow('"librdkafka" has no way to write this sasl.password');
    expect(() => write(password)).not.toThrow(password);
  });
});

describe('env', () => {
  const write = (variables: Record<string, string>) => clientConfig(file(HOSTILE), { format: 'env', variables });

  test('a shell reads back what was written, whatever the characters', () => {
    const folder = mkdtempSync(join(tmpdir(), 'keyring-env-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const values = { A_PASSWORD: HOSTILE, A_LINES: "one\ntwo'\n", A_CALL: '$(touch x)`touch y`' };
    writeFileSync(join(folder, 'key.env'), write(values).text);
    const script = 'set -a; . ./key.env; exec env -0';
    const seen = execFileSync('/bin/sh', ['-c', script], { cwd: folder, env: {} }).toString().split('\0');
    for (const [name, value] of Object.entries(values)) expect(seen).toContain(`${name}=${value}`);
  });

  test('refuses what no variable can hold', () => {
    expect(() => write({ A: 'a\0b' })).toThrow('"env" has no way to write A');
  });
});

describe('json', () => {
  test('is the credential itself, every field of it, and who wrote the file', () => {
    const credential = { ...file(HOSTILE), unknown_field: [1] };
    const { text } = clientConfig(credential, { format: 'json', variables: {} });
    expect(JSON.parse(text)).toEqual({ ...credential, written_by: 'streamkap-keyring' });
  });
});

test.each([
  'java-properties',
  'librdkafka',
] as const)('%s has nothing to say of a credential without Kafka', (format) => {
  const { kafka: _, ...rest } = file('x');
  expect(() => clientConfig(rest, { format, variables: {} })).toThrow(
    `config-format: "${format}" is for Kafka clients, and the credential has no Kafka access`,
  );
});

test('a file is known as ours by what clientConfig puts into it, and by nothing else', () => {
  for (const format of ['java-properties', 'librdkafka', 'json', 'env'] as const) {
    const { text } = clientConfig(file('Password!1'), { format, variables: { A: 'a' } });
    expect([isClientConfig(text), isClientConfig(`\n${text}`)]).toEqual([true, false]);
  }
  expect(isClientConfig(JSON.stringify(file('Password!1')))).toBe(false);
  expect(isClientConfig('')).toBe(false);
});

describe('what a later step prints of the file', () => {
  const password = String.raw`Wq7"fgh\jk2mnop1rst'vwxyzABCDEF9`;
  const variables = { STREAMKAP_KAFKA_PASSWORD: password, STREAMKAP_HOST: 'https://api.streamkap.com' };
  const wrapped = (text: string, columns: number) => text.match(new RegExp(`.{1,${columns}}`, 'g')) ?? [];

  test.each([
    'java-properties',
    'librdkafka',
    'json',
    'env',
  ] as const)('as %s shows no stretch of the secret in any form', (format) => {
    const { text, secrets } = clientConfig(file(password), { format, variables });
    const masker = new RunnerMasker();
    for (const mask of maskText(text, secrets).masks) masker.addMask(mask);
    const base64 = Buffer.from(text).toString('base64');
    const line = text.split('\n').find((each) => secrets.some((secret) => each.includes(secret))) ?? '';
    const printed = [
      ...text.split('\n'),
      base64,
      base64.replace(/=+$/, ''),
      ...wrapped(base64, 76),
      ...wrapped(base64, 64),
      Buffer.from(base64).toString('base64'),
      Buffer.from(line).toString('base64'),
      ...wrapped(Buffer.from(`${line}\n`).toString('base64'), 76),
    ];
    const shown = printed.map((each) => masker.mask(each)).join('\n');
    const decoded = shown
      .split('\n')
      .map((each) => Buffer.from(each, 'base64').toString('latin1'))
      .join('\n');
    for (let at = 0; at + 6 <= password.length; at++) {
      const window = password.slice(at, at + 6);
      expect(shown).not.toContain(window);
      expect(decoded).not.toContain(window);
    }
    if (format !== 'json')
      expect(masker.mask('security.protocol=SASL_SSL required username="orders-ci"')).not.toContain('***');
    for (const word of ['orders-ci', 'SASL_SSL', 'org.apache.kafka', 'STREAMKAP_HOST', 'https://api.streamkap.com'])
      expect(masker.mask(word)).toBe(word);
  });
});
