import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ActionRun, Directories } from '../../runner-harness/run-action.ts';
import { errorOf, fileIn, type Inputs, KINDS, type RunOptions, type World, worldOfTest } from './fixture.ts';

const HOSTILE = String.raw`Pa"ss\wo'rd$HOME=1#2!3`;

function folderOfTest(): string {
  const folder = mkdtempSync(join(tmpdir(), 'keyring-config-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

interface Left {
  readonly text: string | undefined;
  readonly mode: number;
  /** What lies in the folder. */
  readonly names: readonly string[];
}

/** Runs both stages with one folder as workspace. @returns the run, and what lay in the folder after each */
async function runWith(world: World, inputs: Inputs, options: RunOptions = {}) {
  const workspace = options.workspace ?? folderOfTest();
  const look = (name: string): Left => {
    const names = readdirSync(workspace).sort();
    const there = names.includes(name) && lstatSync(join(workspace, name)).isFile();
    const mode = there ? statSync(join(workspace, name)).mode & 0o777 : 0;
    return { names, mode, text: there ? readFileSync(join(workspace, name), 'utf8') : undefined };
  };
  const name = inputs['config-file'] ?? '';
  let main: Left = { text: undefined, mode: 0, names: [] };
  let post = main;
  const run: ActionRun = await world.run(inputs, {
    ...options,
    workspace,
    afterMain: async (stage, directories) => {
      main = look(name);
      await options.afterMain?.(stage, directories);
    },
    afterPost: () => {
      post = look(name);
    },
  });
  return { run, main, post, workspace };
}

/** A passed-in credential: no stand-in is asked. */
function passedIn(world: World, kafka: object = {}): { inputs: Inputs; options: RunOptions } {
  const file = JSON.stringify({
    type: 'streamkap_project_key',
    project_key_id: 'pk_64f1c0ffee',
    project: { service_id: 'svc', name: 'Production' },
    kafka: { username: 'orders-ci', password: HOSTILE, bootstrap_servers: world.sandbox.kafkaBootstrap, ...kafka },
  });
  return {
    inputs: { mode: 'lookup', 'project-key': file, 'config-file': 'key.conf' },
    options: { secrets: [HOSTILE], masked: [file] },
  };
}

describe('config-file', () => {
  test('is there for later steps, for this user alone, and gone when the job has ended', async () => {
    const world = await worldOfTest();
    const { run, main, post } = await runWith(world, { ...KINDS['Kafka-only'], 'config-file': 'client.properties' });
    const { username, password } = fileIn(run).kafka ?? { username: '', password: '' };
    expect(main.mode).toBe(0o600);
    expect(main.names).toEqual(['client.properties']);
    expect(main.text).toContain(
      `bootstrap.servers=${world.sandbox.kafkaBootstrap}\nsecurity.protocol=SASL_SSL\nsasl.mechanism=PLAIN\n`,
    );
    expect(main.text).toContain(`required username="${username}" password="${password}";\n`);
    expect(post.names).toEqual([]);
    expect(run.post?.annotations).toEqual({ errors: [], warnings: [], notices: [] });
    expect(run.state.configFile).toContain('client.properties');
  });

  test('stays when keep-config-file is true, and the post stage has nothing to do', async () => {
    const world = await worldOfTest();
    const { run, main, post } = await runWith(world, {
      ...KINDS['Kafka-only'],
      'config-file': 'client.properties',
      'keep-config-file': 'true',
    });
    expect(post).toEqual(main);
    expect(run.state).toEqual({});
    expect(run.post?.rawTranscript).toBe('');
  });

  test('is removed although a later step failed the job or added lines to it', async () => {
    const world = await worldOfTest();
    const { post } = await runWith(
      world,
      { ...KINDS['Kafka-only'], 'config-file': 'a' },
      {
        afterMain: (_, { workspace }) => writeFileSync(join(workspace, 'a'), 'group.id=orders\n', { flag: 'a' }),
      },
    );
    expect(post.names).toEqual([]);
  });

  test.each([
    ['another file', ({ workspace }: Directories) => writeFileSync(join(workspace, 'a'), 'mine\n')],
    [
      'a link',
      ({ workspace }: Directories) => {
        renameSync(join(workspace, 'a'), join(workspace, 'b'));
        symlinkSync(join(workspace, 'b'), join(workspace, 'a'));
      },
    ],
  ])('is left, with a warning, where a later step put %s in its place', async (_, change) => {
    const world = await worldOfTest();
    const { run, post } = await runWith(
      world,
      { ...KINDS['Kafka-only'], 'config-file': 'a' },
      {
        afterMain: (_stage, directories) => change(directories),
      },
    );
    expect(post.names).toContain('a');
    expect(run.post?.annotations.warnings).toEqual([
      expect.stringContaining('/a is not the file that this step wrote any more'),
    ]);
  });

  test('nobody minds a file that a later step removed', async () => {
    const world = await worldOfTest();
    const { run } = await runWith(
      world,
      { ...KINDS['Kafka-only'], 'config-file': 'a' },
      {
        afterMain: (_, { workspace }) => rmSync(join(workspace, 'a')),
      },
    );
    expect(run.post?.rawTranscript).toBe('');
  });

  test('of an earlier step is replaced whole', async () => {
    const world = await worldOfTest();
    const workspace = folderOfTest();
    const kept = { 'config-file': 'a', 'keep-config-file': 'true' };
    await runWith(world, { ...KINDS['Kafka-only'], ...kept, 'config-format': 'json' }, { workspace });
    const { main } = await runWith(
      world,
      { ...KINDS['Kafka-only'], ...kept, 'config-format': 'librdkafka' },
      { workspace },
    );
    expect(main.names).toEqual(['a']);
    expect(main.text?.split('\n')).toHaveLength(7);
  });

  test.each([
    [
      'a file that somebody else wrote',
      (folder: string) => writeFileSync(join(folder, 'a'), 'mine\n'),
      'a',
      'exists already',
    ],
    [
      'a link to a file elsewhere',
      (folder: string) => symlinkSync('/nowhere/a', join(folder, 'a')),
      'a',
      'exists already',
    ],
    ['a folder that is a link', (folder: string) => symlinkSync(tmpdir(), join(folder, 'to')), 'to/a', 'symbolic link'],
    ['a folder that is not there', () => undefined, 'to/a', 'does not exist'],
    ['a place outside', () => undefined, '../a', 'neither in the workspace nor in RUNNER_TEMP'],
  ])('is refused before anything is made: %s', async (_, prepare, path, problem) => {
    const world = await worldOfTest();
    const workspace = folderOfTest();
    prepare(workspace);
    const before = readdirSync(workspace);
    const { run } = await runWith(world, { ...KINDS['Kafka-only'], 'config-file': path }, { workspace });
    expect(run.outcome).toBe('failure');
    expect(errorOf(run)).toContain(`config-file: `);
    expect(errorOf(run)).toContain(problem);
    expect(errorOf(run)).toContain('Nothing was changed.');
    expect(world.calls()).toEqual([]);
    expect(readdirSync(workspace)).toEqual(before);
    expect(run.state).toEqual({});
  });

  test('in RUNNER_TEMP is written too', async () => {
    const world = await worldOfTest();
    const runnerTemp = folderOfTest();
    const { run } = await runWith(
      world,
      { ...KINDS['Kafka-only'], 'config-file': join(runnerTemp, 'a') },
      { runnerTemp },
    );
    expect(run.outcome).toBe('success');
    expect(run.rawTranscript).toContain(`wrote the credential to ${join(runnerTemp, 'a')}, until the job ends`);
    expect(readdirSync(runnerTemp)).not.toContain('a');
  });
});

describe('config-format', () => {
  test.each([
    'java-properties',
    'librdkafka',
  ])('%s is refused for a key without Kafka access before it is made', async (format) => {
    const world = await worldOfTest();
    const { run, main } = await runWith(world, { ...KINDS['API-only'], 'config-file': 'a', 'config-format': format });
    expect(errorOf(run)).toContain(`config-format: "${format}" is for Kafka clients`);
    expect(world.sandbox.streamkap.projectKeys).toEqual([]);
    expect(main.names).toEqual([]);
    expect(run.outputs).toEqual({});
  });

  test('is one of four', async () => {
    const world = await worldOfTest();
    const { run } = await runWith(world, { ...KINDS['Kafka-only'], 'config-file': 'a', 'config-format': 'yaml' });
    expect(errorOf(run)).toContain('config-format is one of java-properties, librdkafka, json, env.');
    expect(world.calls()).toEqual([]);
  });

  test('env and json hold the credential of an API-only key', async () => {
    const world = await worldOfTest();
    const env = await runWith(world, { ...KINDS['API-only'], 'config-file': 'a', 'config-format': 'env' });
    const { api } = fileIn(env.run);
    expect(env.main.text).toContain(
      `STREAMKAP_CLIENT_ID='${api?.client_id}'\nSTREAMKAP_SECRET='${api?.client_secret}'\n`,
    );
    expect(env.main.text).not.toContain('KAFKA');
    const json = await runWith(world, { ...KINDS['API-only'], 'config-file': 'a', 'config-format': 'json' });
    expect(JSON.parse(json.main.text ?? '')).toMatchObject(fileIn(json.run));
  });

  test('env is read by a shell under the prefix that was asked for', async () => {
    const world = await worldOfTest();
    const { inputs, options } = passedIn(world);
    const { main } = await runWith(world, { ...inputs, 'config-format': 'env', 'env-prefix': 'ORDERS_' }, options);
    const folder = folderOfTest();
    writeFileSync(join(folder, 'key.env'), main.text ?? '');
    const seen = execFileSync('/bin/sh', ['-c', 'set -a; . ./key.env; exec env -0'], {
      cwd: folder,
      env: {},
    }).toString();
    expect(seen.split('\0')).toContain(`ORDERS_KAFKA_PASSWORD=${HOSTILE}`);
  });

  test.each([
    'java-properties',
    'librdkafka',
    'json',
    'env',
  ])('%s with hostile characters shows nothing when a step prints the file', async (format) => {
    const world = await worldOfTest();
    const { inputs, options } = passedIn(world);
    const { run, main } = await runWith(world, { ...inputs, 'config-format': format }, options);
    expect(run.outcome).toBe('success');
    const lines = (main.text ?? '').split('\n').filter((line) => /KAFKA_PASSWORD|password/i.test(line));
    expect(lines).toHaveLength(1);
    for (const line of [...lines, Buffer.from(main.text ?? '').toString('base64')]) {
      const shown = run.masks.reduce((text, mask) => text.replaceAll(mask, '***'), line);
      expect(shown).toContain('***');
      for (const part of ['Pa"', 'ss\\', "wo'", 'rd$H', Buffer.from(HOSTILE).toString('base64').slice(4, 12)])
        expect(shown).not.toContain(part);
    }
  });
});

describe('a file that appears while the key is being made', () => {
  const meanwhile = async (inputs: Inputs) => {
    const world = await worldOfTest();
    const workspace = folderOfTest();
    const { streamkap } = world.sandbox;
    const handle = streamkap.handle.bind(streamkap);
    streamkap.handle = (request, delayMs) => {
      if (request.method === 'POST' && request.path === '/project-keys') writeFileSync(join(workspace, 'a'), 'mine\n');
      return handle(request, delayMs);
    };
    const { run } = await runWith(world, { ...inputs, 'config-file': 'a' }, { workspace });
    expect(errorOf(run)).toContain('config-file: exists already and was not written by this Action.');
    expect(errorOf(run)).toContain('Something was changed. [CONFIG_FILE_NOT_WRITTEN]');
    expect(run.outputs).toEqual({});
    expect(readFileSync(join(workspace, 'a'), 'utf8')).toBe('mine\n');
    expect(readdirSync(workspace)).toEqual(['a']);
    return world;
  };

  test('is left alone; the key is stored, and the next run finds it', async () => {
    const world = await meanwhile(KINDS['Kafka-only']);
    expect((await world.run(KINDS['Kafka-only'])).outputs.result).toBe('found');
  });

  test('is left alone; a key that is kept nowhere is deleted again', async () => {
    const { 'secret-id': _, ...asked } = KINDS['Kafka-only'];
    const world = await meanwhile({ ...asked, mode: 'create' });
    expect(world.sandbox.streamkap.projectKeys.filter(({ status }) => status === 'active')).toEqual([]);
  });
});
