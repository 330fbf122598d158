import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { encodeCredentials } from '../../../core/padded-base64.ts';
import { generateKafkaPassword } from '../../../core/password.ts';
import { readableShare } from '../../runner-harness/readable-share.ts';
import { RunnerMasker } from '../../runner-harness/runner-masker.ts';
import { openWorld } from './fixture.ts';

type File = ReturnType<typeof credentialFile>;
interface Credential {
  readonly file: File;
  readonly masker: RunnerMasker;
}
/** What a later step prints, and which of the two secrets is in it. */
type Form = (file: File) => string;

const base64 = (text: string) => Buffer.from(text).toString('base64');
const unpadded = (text: string) => text.replace(/=+$/, '');
const wrapped = (text: string, columns: number) => text.replace(new RegExp(`(.{${columns}})(?=.)`, 'g'), '$1\n');
const url = (text: string) => unpadded(text).replaceAll('+', '-').replaceAll('/', '_');
const blob = (file: File) => encodeCredentials(file);
const compact = (file: File) => JSON.stringify(file);
const password = (file: File) => file.kafka.password;
const pair = (file: File) => `${file.kafka.username}:${file.kafka.password}`;
const clientPair = (file: File) => `${file.api.client_id}:${file.api.client_secret}`;
const docker = (auth: string) => JSON.stringify({ auths: { 'registry.example.com': { auth: base64(auth) } } });

/** Every form of the table in docs/security.md that the masks must cover, as it says there. */
const COVERED: Readonly<Record<string, Form>> = {
  'the secret itself': (file) => `${password(file)} ${file.api.client_secret}`,
  '`credentials`, as it is handed out': blob,
  '`credentials`, decoded': (file) => Buffer.from(blob(file), 'base64').toString(),
  '`credentials`, decoded, through `jq .`': (file) => JSON.stringify(file, null, 2),
  'base64 of the secret': (file) => `${base64(password(file))} ${base64(file.api.client_secret)}`,
  'base64 without padding': (file) => `${unpadded(base64(password(file)))} ${unpadded(base64(file.api.client_secret))}`,
  base64url: (file) => `${url(base64(password(file)))} ${url(base64(compact(file)))} ${url(blob(file))}`,
  'base64 of `echo` (with a newline)': (file) =>
    [password(file), compact(file), pair(file)].map((text) => base64(`${text}\n`)).join(' '),
  'base64 wrapped at 76 columns': (file) =>
    [blob(file), base64(`${compact(file)}\n`), base64(`${blob(file)}\n`)].map((text) => wrapped(text, 76)).join('\n'),
  'base64 wrapped at 64 columns': (file) =>
    [blob(file), base64(`${compact(file)}\n`)].map((text) => wrapped(text, 64)).join('\n'),
  'base64 of base64': (file) =>
    [base64(blob(file)), base64(base64(password(file))), base64(`${base64(password(file))}\n`)].join(' '),
  '`user:password`': (file) => `${pair(file)} ${clientPair(file)}`,
  'base64 of `user:password` (basic authentication)': (file) =>
    [pair(file), clientPair(file)].map((text) => `Authorization: Basic ${base64(text)}`).join('\n'),
  URI: (file) =>
    `https://${encodeURIComponent(file.kafka.username)}:${encodeURIComponent(password(file))}@registry.example.com/?secret=${encodeURIComponent(file.api.client_secret)}`,
  'JSON string': (file) => JSON.stringify({ password: password(file), secret: file.api.client_secret }),
  'JAAS line': (file) =>
    `sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="${file.kafka.username}" password="${password(file)}";`,
  'shell trace (`set -x`)': (file) => `+ export 'P=${password(file)}' "S=${file.api.client_secret}"`,
  '`docker login` (config.json)': (file) => `${docker(pair(file))}\n${docker(clientPair(file))}`,
  'Kubernetes secret (`data:`)': (file) =>
    `  password: ${base64(password(file))}\n  key.json: ${base64(compact(file))}\n  credentials: ${base64(blob(file))}`,
  'Kubernetes image pull secret (`.dockerconfigjson`)': (file) =>
    `${base64(docker(pair(file)))} ${base64(docker(clientPair(file)))}`,
};

/** Forms that exact substrings cannot cover, listed as such. */
const UNCOVERED: Readonly<Record<string, Form>> = {
  'hexadecimal (`xxd -p`)': (file) => Buffer.from(password(file)).toString('hex'),
  'one character to a line (`fold -w1`)': (file) => [...password(file)].join('\n'),
  'reversed (`rev`)': (file) => [...password(file)].reverse().join(''),
  'cut in two by your own code': (file) => `${password(file).slice(0, 12)}\n${password(file).slice(12)}`,
  'base64 three times over': (file) => base64(base64(base64(` ${password(file)} `))),
};

let credentials: Credential[];

/** Masks as the shipped bundle registers them, for usernames and passwords of every length modulo three. */
beforeAll(async () => {
  const world = await openWorld();
  try {
    credentials = await Promise.all(
      [0, 1, 2, 3, 4, 5, 6, 7, 8].map(async (number) => {
        const file = credentialFile('orders-ci'.padEnd(9 + (number % 3), 'x'), Math.floor(number / 3));
        const secrets = [file.kafka.password, file.api.client_secret];
        const run = await world.run(
          { mode: 'lookup', 'streamkap-host': 'https://api.streamkap.com', 'project-key': compact(file) },
          { secrets, masked: [compact(file)] },
        );
        expect(run.outcome).toBe('success');
        const masker = new RunnerMasker();
        for (const mask of run.masks) masker.addMask(mask);
        return { file, masker };
      }),
    );
  } finally {
    await world.close();
  }
});

/** @returns the largest share over all credentials and both secrets that the form holds */
function worstShare(form: Form): number {
  const shares = credentials.flatMap(({ file, masker }) => {
    const withPassword = (secret: string) => form({ ...file, kafka: { ...file.kafka, password: secret } });
    const withClientSecret = (secret: string) => form({ ...file, api: { ...file.api, client_secret: secret } });
    return [
      [withPassword, file.kafka.password] as const,
      ...(withClientSecret('x') === withClientSecret('y') ? [] : [[withClientSecret, file.api.client_secret] as const]),
    ].map(([print, secret]) => readableShare(masker, print, secret));
  });
  return Math.max(...shares);
}

const percent = (share: number) => `${Math.ceil(share * 100)} %`;

describe('of a secret that the Action handed out, a later step can show', () => {
  test.each(Object.entries(COVERED))('nothing: %s', (_, form) => {
    expect(worstShare(form)).toBe(0);
  });

  test.each(Object.entries(UNCOVERED))('what no mask can cover: %s', (_, form) => {
    expect(worstShare(form)).toBeGreaterThan(0);
  });

  test('just what the table in docs/security.md says', async () => {
    const document = await readFile(new URL('../../../docs/security.md', import.meta.url), 'utf8');
    const rows = [...document.matchAll(/^\| (.+?) +\| +(\d+ %) +\|$/gm)].map(([, form, share]) => [form, share]);
    const measured = Object.entries({ ...COVERED, ...UNCOVERED }).map(([name, form]) => [
      name,
      percent(worstShare(form)),
    ]);
    expect(rows).toEqual(measured);
  });

  test('and the forms are what real tools print', () => {
    const [{ file } = { file: credentialFile('orders-ci', 0) }] = credentials;
    const sh = (script: string) =>
      execFileSync('sh', ['-c', script], { input: password(file), encoding: 'utf8' }).trimEnd();
    expect(sh('base64 -w0')).toBe(base64(password(file)));
    expect(sh('(cat; echo) | base64 -w0')).toBe(base64(`${password(file)}\n`));
    expect(sh('base64 -w0 | base64')).toBe(wrapped(base64(base64(password(file))), 76));
    expect(sh('fold -w1')).toBe([...password(file)].join('\n'));
  });
});

test('what is no secret stays readable, line by line', () => {
  for (const { file, masker } of credentials) {
    const readable = [
      ...JSON.stringify(file, null, 2)
        .split('\n')
        .filter((line) => !/password|client_secret/.test(line)),
      ...file.api.roles,
      ...file.kafka_acls.map((acl) => `topic ${acl.topic_name} ${acl.operation} ${acl.resource_pattern_type}`),
      `project-key-id=${file.project_key_id} username=${file.kafka.username} client-id=${file.api.client_id}`,
      `bootstrap.servers=${file.kafka.bootstrap_servers}`,
      'true false null 0 1 443 { } [ ] "kafka": {',
      'npm warn deprecated inflight@1.0.6: password secret token key credentials base64',
    ];
    expect(readable.filter((line) => masker.mask(line) !== line)).toEqual([]);
  }
});

/** @param longer by how many characters the password is longer than the shortest */
function credentialFile(username: string, longer: number) {
  return {
    type: 'streamkap_project_key',
    project_key_id: '68f0c0ffee68f0c0ffee68f0',
    project: { service_id: 'svc_production_eu', name: 'Production' },
    api: {
      client_id: crypto.randomUUID(),
      client_secret: crypto.randomUUID() + 'abc'.slice(longer),
      token_endpoint: 'https://api.streamkap.com/auth/access-token',
      api_url: 'https://api.streamkap.com',
      roles: ['Data Admin', 'Read Only'],
    },
    kafka: {
      username,
      password: `${generateKafkaPassword()}${'Ab1'.slice(longer)}`,
      bootstrap_servers: 'proxy-1.streamkap.net:32400,proxy-2.streamkap.net:32400',
      security_protocol: 'SASL_SSL',
      sasl_mechanism: 'PLAIN',
      schema_registry_url: null,
    },
    kafka_acls: [{ topic_name: 'orders.v1', operation: 'READ', resource_pattern_type: 'LITERAL', resource: 'TOPIC' }],
    created_at: '2026-10-01T12:00:00Z',
  };
}
