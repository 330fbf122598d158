import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { fileIn, KINDS, openWorld, SECRET_ID, storedIn, type World } from '../action/fixture.ts';
import { keyring } from './fixture.ts';

const ADMIN = ['--admin-secret-id', 'streamkap/admin'];
const { 'secret-id': _, ...UNSTORED } = KINDS['API + Kafka'];

let world: World;
let directory: string;
let path: string;
let key: ReturnType<typeof fileIn>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyring-adopt-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));
beforeEach(async () => {
  world = await openWorld();
  // A key that somebody made and keeps in a file.
  key = fileIn(await world.run({ ...UNSTORED, mode: 'create' }));
  path = join(directory, 'key.json');
  await writeFile(path, JSON.stringify(key), { mode: 0o600 });
  world.forget();
});
afterEach(() => world.close());

const adopt = (...args: string[]) => keyring(world, ['adopt', SECRET_ID, ...ADMIN, ...args]);
const tags = () => world.sandbox.secretsManager.call('DescribeSecret', { SecretId: SECRET_ID }).Tags;
const changes = () => world.calls().filter((call) => /^streamkap (POST|PATCH|DELETE) \/project-keys/.test(call));

test('a key in a file is stored in a secret that is made for it, and nothing changes at Streamkap', async () => {
  const { code, stderr } = await adopt('--file', path);
  expect([code, stderr]).toEqual([0, expect.stringContaining(`the file of ${key.project_key_id} was stored`)]);
  expect(storedIn(world)).toEqual(key);
  expect(tags()).toEqual(
    expect.arrayContaining([
      { Key: 'managed-by', Value: 'streamkap-keyring' },
      { Key: 'streamkap:project-key-id', Value: key.project_key_id },
    ]),
  );
  expect(changes()).toEqual([]);
});

test('a secret that a stack made without a value is filled', async () => {
  world.sandbox.secretsManager.call('CreateSecret', { Name: SECRET_ID, Tags: [{ Key: 'team', Value: 'data' }] });
  expect((await adopt('--file', path)).code).toBe(0);
  expect(storedIn(world)).toEqual(key);
  expect(tags()).toEqual(expect.arrayContaining([{ Key: 'team', Value: 'data' }]));
});

test('the Action finds what was adopted, and makes no other key', async () => {
  await adopt('--file', path);
  world.forget();
  const run = await world.run(KINDS['API + Kafka']);
  expect(run.outputs.result).toBe('found');
  expect(fileIn(run).project_key_id).toBe(key.project_key_id);
  expect(changes()).toEqual([]);
});

test('tags that are missing are added to a secret that holds its file, and the audit has nothing more to say of them', async () => {
  world.sandbox.secretsManager.call('CreateSecret', {
    Name: SECRET_ID,
    SecretString: JSON.stringify(key),
    Tags: [{ Key: 'streamkap:project-key-id', Value: key.project_key_id }],
  });
  const kinds = async () => {
    const { stdout } = await keyring(world, ['audit', ...ADMIN]);
    return JSON.parse(stdout).rows.flatMap(
      ({ findings }: { findings: { kind: string; remedy: { command: string } }[] }) => findings,
    );
  };
  const missing = (await kinds()).find(({ kind }: { kind: string }) => kind === 'tag-missing');
  expect(missing.remedy.command).toBe(`keyring adopt ${SECRET_ID}`);
  const { code, stderr } = await keyring(world, [...missing.remedy.command.split(' ').slice(1), ...ADMIN]);
  expect([code, stderr]).toEqual([0, expect.stringContaining('tagged with managed-by, streamkap:service-id')]);
  expect((await kinds()).map(({ kind }: { kind: string }) => kind)).not.toContain('tag-missing');
  world.forget();
  expect((await adopt()).stderr).toContain('nothing was changed');
  expect(world.calls().filter((call) => /TagResource|Put|Create/.test(call))).toEqual([]);
});

const REFUSED: Readonly<Record<string, { prepare: () => Promise<string[]>; code: number; says: string }>> = {
  'no file, and a secret that is not there': { prepare: async () => [], code: 2, says: '--file: is missing' },
  'a file that is not there': { prepare: async () => ['--file', '/nowhere'], code: 2, says: '/nowhere cannot be read' },
  'a file that is no credential file': {
    prepare: async () => {
      await writeFile(path, '{"client_id":"x"}');
      return ['--file', path];
    },
    code: 2,
    says: '--file: ',
  },
  'a secret with a value of somebody else': {
    prepare: async () => {
      world.sandbox.secretsManager.call('CreateSecret', { Name: SECRET_ID, SecretString: 'postgres://somewhere' });
      return ['--file', path];
    },
    code: 3,
    says: 'SECRET_HAS_FOREIGN_VALUE',
  },
  'a secret with another key': {
    prepare: async () => {
      const other = { ...key, project_key_id: 'pk-other' };
      world.sandbox.secretsManager.call('CreateSecret', { Name: SECRET_ID, SecretString: JSON.stringify(other) });
      return ['--file', path];
    },
    code: 3,
    says: 'SECRET_HAS_ANOTHER_KEY',
  },
  'a key that is gone at Streamkap': {
    prepare: async () => {
      await writeFile(path, JSON.stringify({ ...key, project_key_id: 'pk-gone' }));
      return ['--file', path];
    },
    code: 3,
    says: 'PROJECT_KEY_NOT_ACTIVE',
  },
  'a password that Kafka refuses': {
    prepare: async () => {
      world.sandbox.kafkaUsers.set('orders-ci', 'Another-Password!000000000000001');
      return ['--file', path];
    },
    code: 3,
    says: 'LOGIN_REJECTED',
  },
};

test.each(Object.entries(REFUSED))('%s is refused, and nothing is stored', async (_, { prepare, code, says }) => {
  const args = await prepare();
  world.forget();
  const finished = await adopt(...args);
  expect(finished.code).toBe(code);
  expect(finished.stderr).toContain(says);
  expect(world.calls().filter((call) => /Create|Put|Tag|Update/.test(call))).toEqual([]);
  expect(changes()).toEqual([]);
});
