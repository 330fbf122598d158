import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maskLeaf, maskSet } from '../../core/mask-set.ts';
import { encodeCredentials, paddedJson } from '../../core/padded-base64.ts';
import { RunnerMasker } from '../runner-harness/runner-masker.ts';

fc.configureGlobal({ seed: 20261001 });

const PASSWORD = 'Wq7!fghIjk2mnop1rstuvwxyzABCDEF9';
const CLIENT_SECRET = 'aaf2c8e1-11d9-4c60-9f4c-3c5d0f1f7f0e';

function credentialFile() {
  return {
    type: 'streamkap_project_key',
    project_key_id: 'pk_64f1c0ffee',
    project: { service_id: 'svc_production_eu', name: 'Production' },
    api: {
      client_id: '0f8fad5b-d9cb-469f-a165-70867728950e',
      client_secret: CLIENT_SECRET,
      token_endpoint: 'https://api.streamkap.com/auth/access-token',
      api_url: 'https://api.streamkap.com',
      roles: ['Data Admin'],
    },
    kafka: {
      username: 'orders-consumer',
      password: PASSWORD,
      bootstrap_servers: 'proxy-1.streamkap.net:32400,proxy-2.streamkap.net:32400',
      security_protocol: 'SASL_SSL',
      sasl_mechanism: 'PLAIN',
      schema_registry_url: null,
    },
    kafka_acls: [{ topic_name: 'orders.v1', operation: 'READ', resource_pattern_type: 'LITERAL' }],
    created_at: '2026-10-01T12:00:00Z',
  };
}

function runnerWith(masks: readonly string[]): RunnerMasker {
  const runner = new RunnerMasker();
  for (const mask of masks) runner.addMask(mask);
  return runner;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const wrap = (text: string, columns: number) => text.match(new RegExp(`.{1,${columns}}`, 'g')) ?? [];

/** How a later step may print a text whose every character is secret: one line or several, nothing else on them. */
function encodingsOf(text: string): Record<string, string[]> {
  const echoed = base64(`${text}\n`);
  const doubled = [base64(text), `${base64(text)}\n`, echoed, `${echoed}\n`].map(base64);
  return {
    base64: [base64(text)],
    'unpadded base64': [base64(text).replace(/=+$/, '')],
    base64url: [Buffer.from(text).toString('base64url')],
    'padded base64url': [base64(text).replaceAll('+', '-').replaceAll('/', '_')],
    'base64, echoed with a newline': [echoed],
    'unpadded base64, echoed with a newline': [echoed.replace(/=+$/, '')],
    'base64 at 76 columns': wrap(base64(text), 76),
    'base64 at 76 columns, echoed with a newline': wrap(echoed, 76),
    'base64 at 64 columns': wrap(base64(text), 64),
    'base64 twice': doubled,
    'base64 twice, unpadded': doubled.map((form) => form.replace(/=+$/, '')),
    'base64 twice at 76 columns': wrap(doubled[0] ?? '', 76),
  };
}

/** What of the printed lines the log still shows, without the tail of a wrapped form that is too short for a mask. */
function shownOf(runner: RunnerMasker, lines: readonly string[]): string {
  const maskable = lines.length > 1 ? lines.filter((line) => line.length >= 8) : lines;
  return maskable.map((line) => runner.mask(line).replaceAll('***', '')).join('');
}

const generatedPassword = fc
  .string({
    unit: fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!'),
    minLength: 12,
  })
  .map((text) => `A!${text}`);
const anySecret = fc
  .oneof(
    generatedPassword,
    fc.uuid(),
    fc.string({ unit: 'grapheme-ascii', minLength: 8, maxLength: 128 }),
    fc.string({ unit: 'grapheme', minLength: 8, maxLength: 60 }),
  )
  .filter((text) => text.trim().length >= 8 && !/[\r\n]/.test(text));
const identifier = fc.stringMatching(/^[a-z][a-z0-9._-]{2,20}$/);

const anyFile = fc
  .record({ password: anySecret, clientSecret: anySecret, nested: anySecret, id: identifier, topic: identifier })
  .map(({ password, clientSecret, nested, id, topic }) => {
    const file = credentialFile();
    return {
      secrets: [password, clientSecret, nested],
      file: {
        ...file,
        project_key_id: id,
        api: { ...file.api, client_secret: clientSecret, future: { rotation: [{ session_token: nested, note: id }] } },
        kafka: { ...file.kafka, username: id, password, future_flag: true },
        kafka_acls: [{ topic_name: topic, operation: 'READ' }],
      },
    };
  });

describe('a later step cannot print a secret readably', () => {
  test('in any listed encoding of a leaf of any credential file', () => {
    fc.assert(
      fc.property(anyFile, ({ file, secrets }) => {
        const runner = runnerWith(maskSet(file).masks);
        for (const secret of secrets) {
          expect(shownOf(runner, [secret])).toBe('');
          for (const [form, lines] of Object.entries(encodingsOf(secret))) {
            expect(shownOf(runner, lines).replaceAll('=', ''), form).toBe('');
          }
        }
      }),
    );
  });

  test('in any listed encoding of the whole file, compact or pretty, beyond the closing brace', () => {
    fc.assert(
      fc.property(anyFile, ({ file }) => {
        const runner = runnerWith(maskSet(file).masks);
        const blob = encodeCredentials(file);
        for (const text of [paddedJson(file), JSON.stringify(file)]) expect(shownOf(runner, [text])).toBe('');
        for (const lines of [
          [blob],
          wrap(blob, 76),
          [base64(blob)],
          [base64(`${blob}\n`)],
          [blob.replaceAll('+', '-').replaceAll('/', '_')],
        ]) {
          expect(shownOf(runner, lines)).toBe('');
        }
        for (const text of [JSON.stringify(file), `${paddedJson(file)}\n`, JSON.stringify(file, null, 2)]) {
          for (const lines of [[base64(text)], [base64(`${text}\n`)], [Buffer.from(text).toString('base64url')]]) {
            expect(shownOf(runner, lines).length).toBeLessThanOrEqual(4);
          }
        }
      }),
    );
  });

  test('in the lines of a wrapped file that a secret lies on, whatever else they hold', () => {
    fc.assert(
      fc.property(anyFile, ({ file, secrets }) => {
        const runner = runnerWith(maskSet(file).masks);
        const compact = JSON.stringify(file);
        const elsewhere = JSON.stringify(credentialFile(), null, 2);
        for (const text of [compact, `${compact}\n`, `${paddedJson(file)}\n`, `${JSON.stringify(file, null, 2)}\n`]) {
          for (const columns of [76, 64]) {
            const lines = wrap(base64(text), columns).map((line) => (line.length < 8 ? '***' : runner.mask(line)));
            const shown = lines.map((line) => (line === '***' ? ' ' : Buffer.from(line, 'base64').toString('latin1')));
            for (const secret of secrets) {
              const bytes = Buffer.from(JSON.stringify(secret).slice(1, -1)).toString('latin1');
              // What the file says elsewhere (field names, indentation) betrays no secret that happens to hold it.
              const parts = windows(bytes, 5).filter((part) => !elsewhere.includes(part));
              expect(parts.filter((part) => shown.join('').includes(part))).toEqual([]);
            }
          }
        }
      }),
    );
  });

  test('as user:password of basic authentication, docker login or OAuth, echoed or encoded again', () => {
    fc.assert(
      fc.property(anyFile, ({ file }) => {
        const runner = runnerWith(maskSet(file).masks);
        const uri = encodeURIComponent;
        for (const [user, secret] of [
          [file.kafka.username, file.kafka.password],
          [file.api.client_id, file.api.client_secret],
        ] as const) {
          for (const text of [`${user}:${secret}`, `${uri(user)}:${uri(secret)}`, `\0${user}\0${secret}`]) {
            for (const [form, lines] of Object.entries(encodingsOf(text))) {
              expect(shownOf(runner, lines).replaceAll('=', ''), form).toBe('');
            }
          }
        }
      }),
    );
  });

  test('in URLs, JSON, XML, a JAAS line, Java properties and quoted by a shell', () => {
    fc.assert(
      fc.property(anySecret, (secret) => {
        const runner = runnerWith(maskLeaf(secret).masks);
        const wellFormed = secret.toWellFormed();
        const uri = encodeURIComponent(wellFormed);
        const strict = uri.replace(/[!'()*]/g, (it) => `%${it.charCodeAt(0).toString(16).toUpperCase()}`);
        const json = JSON.stringify(wellFormed).slice(1, -1);
        for (const printed of [
          uri,
          strict,
          strict.replace(/%../g, (octet) => octet.toLowerCase()),
          new URLSearchParams({ k: wellFormed }).toString().slice(2),
          json,
          json.replace(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`),
          secret.replaceAll("'", "'\\''"),
          secret.replace(/[\\=:#!]/g, '\\$&'),
        ]) {
          expect(runner.mask(printed)).toBe('***');
        }
      }),
    );
  });

  test('inside any longer text that is encoded, but for two bytes at each end and each layer', () => {
    fc.assert(
      fc.property(anySecret, fc.string(), fc.string(), (secret, before, after) => {
        const runner = runnerWith(maskLeaf(secret).masks);
        const once = runner.mask(base64(before + secret + after)).replaceAll('***', '');
        const around = base64(before).length + base64(after).length;
        expect(once.length).toBeLessThanOrEqual(around + 8);
        const twice = runner.mask(base64(`{"auth":"${base64(before + secret + after)}"}`)).replaceAll('***', '');
        expect(twice.length).toBeLessThanOrEqual(base64(`{"auth":""}${'x'.repeat(around + 8)}`).length + 16);
      }),
    );
  });
});

describe('what is no secret stays readable', () => {
  test('every line of the pretty-printed file but those that hold a secret', () => {
    fc.assert(
      fc.property(anyFile, ({ file, secrets }) => {
        const lines = JSON.stringify(file, null, 2).split('\n');
        const readable = lines.filter((line) => !/"(password|client_secret|session_token)"/.test(line));
        // A secret that happens to be a piece of an id hides that piece; a warning says so.
        fc.pre(!secrets.some((secret) => windows(secret, 6).some((window) => readable.join('').includes(window))));
        const runner = runnerWith(maskSet(file).masks);
        for (const line of readable) expect(runner.mask(line)).toBe(line);
        for (const word of ['{', '}', 'true', 'null', '', 'READ', 'echo eyJ0eXBlIjoi']) {
          expect(runner.mask(word)).toBe(word);
        }
      }),
    );
  });

  test('because no mask is short or has more than one line', () => {
    fc.assert(
      fc.property(anyFile, ({ file }) => {
        const { masks } = maskSet(file);
        expect(new Set(masks).size).toBe(masks.length);
        expect(masks.filter((mask) => mask.trim().length < 8 || /[\r\n]/.test(mask))).toEqual([]);
      }),
    );
  });

  test('identifiers, unless they are asked to be hidden', () => {
    const file = credentialFile();
    const identifiers = [
      file.project_key_id,
      file.project.service_id,
      file.api.client_id,
      file.api.api_url,
      file.api.token_endpoint,
      file.kafka.username,
    ];
    const shown = runnerWith(maskSet(file).masks);
    const hidden = runnerWith(maskSet(file, { maskIdentifiers: true }).masks);
    for (const identifier of identifiers) {
      expect(shown.mask(identifier)).toBe(identifier);
      expect(hidden.mask(identifier)).not.toBe(identifier);
    }
  });

  test('a file without any secret has no masks at all', () => {
    expect(maskSet({ ...credentialFile(), api: null, kafka: null })).toEqual({ masks: [], warnings: [] });
  });
});

describe('which leaves count as secret', () => {
  const extended = (kafka: object) => ({ ...credentialFile(), kafka: { ...credentialFile().kafka, ...kafka } });

  test.each([
    ['refresh_token', { refresh_token: 'tok-123456789' }],
    ['a key in camel case', { signingKey: 'tok-123456789' }],
    ['a nested one', { tls: { client: { keyPassword: 'tok-123456789' } } }],
    ['a list', { backup_passwords: ['tok-123456789'] }],
    ['whatever lies below such a name', { secrets: { first: 'tok-123456789' } }],
  ])('an unknown field named like a secret in kafka: %s', (_, fields) => {
    expect(maskSet(extended(fields)).masks).toContain('tok-123456789');
  });

  test.each([
    [
      'describes a secret',
      { token_url: 'https://login.example.com/token', key_id: 'key-0123456789', token_type: 'bearer-x' },
    ],
    ['is named otherwise', { note: 'a longer explanation' }],
    ['names roles', { roles: [{ key: 'data-admin-role' }] }],
  ])('not a field that %s', (_, fields) => {
    const { masks, warnings } = maskSet(extended(fields));
    expect(masks).toContain(PASSWORD);
    for (const value of strings(fields)) expect(masks).not.toContain(value);
    expect(warnings).toEqual([]);
  });

  test('a number, true or a short value is warned of by its path, not masked', () => {
    const { masks, warnings } = maskSet(extended({ pin_token: 1234567890, has_key: true, key: 'short' }));
    expect(warnings).toEqual([
      'kafka.pin_token is named like a secret but is no text, so it is not masked',
      'kafka.has_key is named like a secret but is no text, so it is not masked',
      'kafka.key is shorter than 8 characters, so it is not masked by itself',
    ]);
    for (const mask of ['1234567890', 'true', 'short']) expect(masks).not.toContain(mask);
  });

  test('an unknown field that repeats an id is left readable, with a warning', () => {
    const { masks, warnings } = maskSet(extended({ project_key: 'pk_64f1c0ffee' }));
    expect(masks).not.toContain('pk_64f1c0ffee');
    expect(warnings).toEqual(['kafka.project_key equals a field that is no secret, so it is not masked']);
  });

  test('a password that is part of a username is masked all the same, with a warning', () => {
    const { masks, warnings } = maskSet(extended({ password: 'consumer' }));
    expect(masks).toContain('consumer');
    expect(warnings).toEqual(['kafka.password occurs inside a field that is no secret; logs will show *** there']);
  });

  test('a short password still hides the file that holds it, and its pair', () => {
    const file = extended({ password: 'abc' });
    const { masks } = maskSet(file);
    expect(masks).toContain(encodeCredentials(file));
    expect(masks).toContain(base64('orders-consumer:abc'));
    expect(masks).not.toContain('abc');
  });

  test('the secret of a client credential, as stored or as Streamkap answers it', () => {
    for (const credential of [
      { client_id: 'client-0001', client_secret: CLIENT_SECRET, note: 'for the nightly job' },
      { client_id: 'client-0001', secret: CLIENT_SECRET, roles: ['Data Admin'] },
    ]) {
      const { masks } = maskSet(credential);
      expect(masks[0]).toBe(CLIENT_SECRET);
      expect(masks).toContain(encodeCredentials(credential));
      expect(masks).toContain(base64(`client-0001:${CLIENT_SECRET}`));
      expect(masks).not.toContain('client-0001');
    }
  });
});

test('the secrets themselves come first, then their escapes, then the blob', () => {
  const file = credentialFile();
  const { masks } = maskSet(file);
  expect(masks.slice(0, 2)).toEqual([CLIENT_SECRET, PASSWORD]);
  expect(masks.indexOf(base64(PASSWORD))).toBeLessThan(masks.indexOf(encodeCredentials(file)));
  expect(masks.indexOf(encodeCredentials(file))).toBeLessThan(masks.indexOf(base64(encodeCredentials(file))));
});

test('each 76-column line of the blob is a mask of its own', () => {
  const { masks } = maskSet(credentialFile());
  for (const line of wrap(encodeCredentials(credentialFile()), 76)) expect(masks).toContain(line);
});

test('a PEM key is hidden line by line, its frame stays readable', () => {
  const pem = `-----BEGIN PRIVATE KEY-----\n${'QUJD'.repeat(16)}\n${'REVG'.repeat(9)}\n-----END PRIVATE KEY-----\n`;
  const { masks } = maskLeaf(pem);
  expect(masks).toContain('QUJD'.repeat(16));
  expect(masks).toContain(JSON.stringify(pem).slice(1, -1));
  expect(masks).toContain(base64(pem));
  expect(masks).not.toContain('-----BEGIN PRIVATE KEY-----');
});

test('a short leaf is warned of without its value', () => {
  expect(maskLeaf('hunter2')).toEqual({
    masks: [],
    warnings: ['a secret is shorter than 8 characters, so it is not masked'],
  });
});

test('the blob has no padding and decodes to the file', () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      const value: unknown = JSON.parse(json);
      const blob = encodeCredentials(value);
      expect(blob).not.toContain('=');
      expect(Buffer.from(blob, 'base64').length % 3).toBe(0);
      expect(JSON.parse(Buffer.from(blob, 'base64').toString())).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
  expect(() => encodeCredentials(undefined)).toThrow('credentials: have no JSON form');
});

function windows(text: string, size: number): string[] {
  return Array.from({ length: Math.max(text.length - size + 1, 0) }, (_, at) => text.slice(at, at + size));
}

function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(strings) : [];
}
