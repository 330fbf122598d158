import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { KINDS, SECRET_ID, type World, worldOfTest } from './fixture.ts';

const ASKED = { ...KINDS['Kafka-only'], description: 'For the nightly import' };
const URL = 'https://github.com/octo-org/orders/actions/runs/1658821493/attempts/3';

test('a key says in its description, and its secret in tags, which run of which repository made it, and for whom', async () => {
  const world = await worldOfTest();
  const run = await world.run(ASKED, { env: { GITHUB_RUN_ATTEMPT: '3' } });
  expect(run.outcome).toBe('success');
  expect(descriptionIn(world)).toMatch(
    `For the nightly import [made by octo-org/orders, ${URL}, attempt 3, by octocat] [keyring:`,
  );
  expect(tagsIn(world)).toMatchObject({
    'streamkap:repository': 'octo-org/orders',
    'streamkap:run-url': URL,
    'streamkap:run-attempt': '3',
    'streamkap:actor': 'octocat',
  });
});

test('a later run that finds the key leaves both as they are, and does not take the origin for a difference', async () => {
  const world = await worldOfTest();
  await world.run(ASKED);
  const before = [descriptionIn(world), tagsIn(world)];
  const env = { GITHUB_ACTOR: 'somebody-else', GITHUB_RUN_ID: '7' };
  const found = await world.run({ ...ASKED, 'verify-login': 'always' }, { env });
  const updated = await world.run({ ...ASKED, update: 'true' }, { env });
  expect([found, updated].map((run) => [run.outputs.result, run.annotations.warnings])).toEqual([
    ['found', []],
    ['found', []],
  ]);
  expect([descriptionIn(world), tagsIn(world)]).toEqual(before);
});

test('an ephemeral key says it too, before its own marker', async () => {
  const world = await worldOfTest();
  const descriptions: string[] = [];
  const inputs = { mode: 'create', name: 'Nightly', roles: 'Read Only', ephemeral: 'true' };
  await world.run(inputs, { afterMain: () => void descriptions.push(descriptionIn(world)) });
  expect(descriptions).toEqual([
    expect.stringMatching(/^\[made by octo-org\/orders, .*, by octocat\] \[keyring:\S+ until \S+ for \S+\]$/),
  ]);
});

test('hostile names forge no marker, speak no command to the runner, and cost neither key nor tags', async () => {
  const world = await worldOfTest();
  const env = {
    GITHUB_ACTOR: 'x] [keyring:3f0b8a9e-1c2d-4e5f-8a7b-9c0d1e2f3a4b.1]\n::add-mask::octo',
    GITHUB_REF: 'refs/heads/$(id)\n::set-output name=x::y',
    GITHUB_REPOSITORY: 'octo<script>/orders?#',
    GITHUB_SERVER_URL: 'javascript:alert(1)',
  };
  const run = await world.run(ASKED, { env });
  expect(run.annotations).toMatchObject({ errors: [], warnings: [] });
  expect(run.masks).not.toContain('octo');
  expect(descriptionIn(world)).toMatch(
    /^For the nightly import \[made by octo-script\/orders, attempt 1, by x-keyring:3f0b8a9e-[^\]]*\] \[keyring:[0-9a-f-]{36}\.1\]$/,
  );
  expect(tagsIn(world)).toMatchObject({ 'streamkap:repository': 'octo-script/orders' });
  expect(tagsIn(world)).not.toHaveProperty(['streamkap:run-url']);
  expect((await world.run(ASKED, { env })).outputs.result).toBe('found');
});

test.each([
  ['no repository is known', (_event: string) => ({ GITHUB_REPOSITORY: '' })],
  ['the event file is broken', (event: string) => ({ GITHUB_EVENT_PATH: event })],
])('where %s the key is made all the same, with a warning that quotes nothing', async (_what, envWith) => {
  const directory = mkdtempSync(join(tmpdir(), 'event-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'event.json');
  writeFileSync(path, '{"head_commit": {"message": "quoted-from-the-event');
  const world = await worldOfTest();
  const run = await world.run(ASKED, { env: envWith(path) });
  expect(run.outputs.result).toBe('created');
  expect(run.annotations.warnings).toEqual([expect.stringMatching(/^GitHub did not say which run this is/)]);
  expect(run.rawTranscript).not.toContain('quoted-from-the-event');
  expect(descriptionIn(world)).toMatch(/^For the nightly import \[keyring:/);
  expect(Object.keys(tagsIn(world)).filter((key) => /repository|run|actor/.test(key))).toEqual([]);
});

function descriptionIn({ sandbox }: World): string {
  return sandbox.streamkap.projectKeys[0]?.description ?? '';
}

function tagsIn({ sandbox }: World): Record<string, string> {
  const { Tags } = sandbox.secretsManager.call('DescribeSecret', { SecretId: SECRET_ID });
  return Object.fromEntries((Tags as { Key: string; Value: string }[]).map(({ Key, Value }) => [Key, Value]));
}
