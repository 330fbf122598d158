import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { KINDS, openWorld, SECRET_ID, type World } from '../action/fixture.ts';
import { keyring } from './fixture.ts';

const ADMIN = ['--admin-secret-id', 'streamkap/admin'];

let world: World;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyring-audit-'));
  world = await openWorld();
  await world.run(KINDS['API + Kafka']);
});
afterAll(async () => {
  await world?.close();
  await rm(directory, { recursive: true, force: true });
});
beforeEach(() => world.forget());

async function fileOf(name: string, value: unknown): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, typeof value === 'string' ? value : JSON.stringify(value));
  return path;
}

const reportOf = (text: string) =>
  JSON.parse(text) as {
    head: { at: string };
    rows: {
      subject: string;
      name: string;
      heldBy?: string;
      findings: { id: string; kind: string; exception?: { owner: string } }[];
    }[];
    totals: { secrets: number; keys: number; findings: number; accepted: number };
  };

test('a key that nobody rotates is found, and no value but the admin credential is read', async () => {
  const { code, stdout, stderr } = await keyring(world, ['audit', ...ADMIN]);
  expect(code).toBe(1);
  const { rows, totals } = reportOf(stdout);
  expect(rows.map(({ subject, name, findings }) => [subject, name, findings.map(({ kind }) => kind)])).toEqual([
    ['secret', SECRET_ID, ['rotation-off']],
    ['secret', 'streamkap/admin', []],
    ['project-key', 'Orders CI', []],
    ['client-credential', expect.any(String), []],
  ]);
  expect(rows.map(({ heldBy }) => heldBy)).toEqual([undefined, undefined, SECRET_ID, 'streamkap/admin']);
  expect(totals).toMatchObject({ secrets: 2, keys: 2, findings: 1, accepted: 0 });
  expect(stderr).toBe('2 secrets, 2 keys: 1 finding (1 medium)\n');
  expect(world.calls()).toEqual([
    'secretsmanager GetSecretValue ok',
    'streamkap POST /auth/access-token 200',
    'streamkap GET /auth/whoami 200',
    'streamkap GET /project-keys 200',
    'streamkap GET /auth/client-credentials 200',
    'secretsmanager ListSecrets ok',
  ]);
});

test('a finding that somebody has accepted is shown, and does not fail the audit', async () => {
  const first = reportOf((await keyring(world, ['audit', ...ADMIN])).stdout);
  const id = first.rows.flatMap(({ findings }) => findings)[0]?.id;
  const register = [{ id, reason: 'rotated by hand until March', owner: 'data platform', expires: '2999-03-31' }];
  const exceptions = await fileOf('exceptions.json', register);
  const { code, stdout, stderr } = await keyring(world, ['audit', ...ADMIN, '--exceptions', exceptions]);
  expect(code).toBe(0);
  expect(reportOf(stdout).rows.flatMap(({ findings }) => findings)).toMatchObject([
    { id, exception: { owner: 'data platform' } },
  ]);
  expect(stderr).toContain('nothing found, 1 accepted');
});

test('a password that was changed behind our back is found by a login, where one is asked for', async () => {
  const username = 'orders-ci';
  const password = world.sandbox.kafkaUsers.passwordOf(username) ?? '';
  world.sandbox.kafkaUsers.set(username, 'changed-in-the-console-1!');
  try {
    const kinds = async (...args: string[]) =>
      reportOf((await keyring(world, ['audit', ...ADMIN, ...args])).stdout).rows.flatMap(({ findings }) =>
        findings.map(({ kind }) => kind),
      );
    expect(await kinds()).toEqual(['rotation-off']);
    expect(await kinds('--login')).toEqual(['drift', 'rotation-off']);
  } finally {
    world.sandbox.kafkaUsers.set(username, password);
  }
});

test('two reports on the same data are the same but for the time', async () => {
  const report = async () => (await keyring(world, ['audit', ...ADMIN])).stdout.replace(/"at":"[^"]+"/, '');
  expect(await report()).toBe(await report());
});

test('a report goes into a file, and nothing to standard output', async () => {
  const out = join(directory, 'report.csv');
  const { code, stdout } = await keyring(world, ['audit', ...ADMIN, '--format', 'csv', '--out', out]);
  expect([code, stdout]).toEqual([1, '']);
  const lines = (await readFile(out, 'utf8')).split('\r\n');
  expect(lines).toHaveLength(6);
  expect(lines[1]).toContain('rotation-off');
});

const WRONG: Readonly<Record<string, { args: () => Promise<string[]>; says: string }>> = {
  'no admin credential': { args: async () => [], says: '--admin-secret-id: is missing' },
  'a format that there is not': { args: async () => ['--format', 'xml'], says: 'Allowed choices are html, csv, json' },
  'a policy file that is not there': {
    args: async () => ['--policy', '/nowhere.json'],
    says: '--policy: /nowhere.json cannot be read',
  },
  'a policy that is not JSON': { args: async () => ['--policy', await fileOf('p.json', '{')], says: 'is not JSON' },
  'a policy with a misspelt field': {
    args: async () => ['--policy', await fileOf('p.json', { rotateWithinDay: 3 })],
    says: 'policy: the value: is not as it should be',
  },
  'an exception without an owner': {
    args: async () => ['--exceptions', await fileOf('e.json', [{ id: 'x', reason: 'y', expires: '2027-01-01' }])],
    says: 'exceptions: 0.owner',
  },
};

test.each(Object.entries(WRONG))('%s is exit code 2, and nothing is asked', async (_, { args, says }) => {
  const { code, stdout, stderr } = await keyring(world, ['audit', ...(await args())]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(says);
  expect(world.calls()).toEqual([]);
});

test('an AWS that does not answer is exit code 3: nobody can tell', async () => {
  const { code, stderr } = await keyring(world, ['audit', ...ADMIN], {
    AWS_ENDPOINT_URL_SECRETS_MANAGER: 'http://127.0.0.1:1',
  });
  expect(code).toBe(3);
  expect(stderr).toContain('AWS_UNREACHABLE');
});
