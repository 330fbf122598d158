import { describe, expect, test } from 'vitest';
import { withTables } from '../../../scripts/write-action-tables.ts';
import type { ActionRun } from '../../runner-harness/run-action.ts';
import { runSteps, type StepsRun } from './documented-steps.ts';
import { allow, contextOf, DOCUMENT, jobsOf, rotatable, stepsOf, USES, withKey } from './documented-world.ts';
import { assertWorks, fileIn, SECRET_ID, storedIn, type World, worldOfTest } from './fixture.ts';

function only(run: StepsRun): ActionRun {
  const [action, ...more] = run.actions;
  if (!action || more.length > 0) throw new Error(`${run.actions.length} steps of this Action`);
  expect(action.annotations.errors).toEqual([]);
  expect(action.outcome).toBe('success');
  expect(action.post?.outcome).toBe('success');
  return action;
}

/** Runs a piece of YAML as it stands, in a world where a key like the one that it names may be there already. */
async function use(title: string, { needs, world }: { needs: string; world?: World }) {
  const there = world ?? (await worldOfTest());
  there.forget();
  allow(there, needs);
  const run = await runSteps(there, stepsOf(title), contextOf(there));
  return { world: there, run, action: only(run) };
}

const LOGGED_IN = 'consume.sh logged in as orders-ci';

/** Each by the heading it is for. */
const PROOFS: Readonly<Record<string, () => Promise<void>>> = {
  'AWS without a stored key': async () => {
    const world = await withKey();
    const { orders } = jobsOf('AWS without a stored key');
    expect(orders?.permissions).toEqual({ 'id-token': 'write' });
    const [configure] = orders?.steps ?? [];
    expect(configure?.with?.['aws-region']).toBe(world.sandbox.environment.AWS_REGION);
    allow(world, 'look up');
    const run = await runSteps(world, orders?.steps ?? [], contextOf(world));
    expect(only(run).outputs.result).toBe('found');
    expect(run.printed).toContain(LOGGED_IN);
  },
  'Make a key once, find it ever after': async () => {
    const title = 'Make a key once, find it ever after';
    const { world, run, action } = await use(title, { needs: 'make' });
    expect(action.outputs.result).toBe('created');
    expect(run.printed).toContain(LOGGED_IN);
    const again = await use(title, { needs: 'look up', world });
    expect(again.action.outputs).toMatchObject({ result: 'found', credentials: action.outputs.credentials });
    expect(world.sandbox.log.calls.filter(({ service }) => service === 'streamkap')).toEqual([]);
    expect(world.sandbox.streamkap.projectKeys).toHaveLength(1);
  },
  'Make a key that must be new': async () => {
    const { world, action } = await use('Make a key that must be new', { needs: 'make' });
    expect(action.outputs).toMatchObject({ result: 'created', created: 'true' });
    expect(action.outputs['schema-registry-url']).not.toBe('');
    const [secret] = [world.sandbox.secretsManager.call('DescribeSecret', { SecretId: SECRET_ID })];
    expect(secret).toMatchObject({
      KmsKeyId: 'alias/orders',
      Tags: expect.arrayContaining([{ Key: 'team', Value: 'data' }]),
    });
    expect(action.outputs['kafka-username']).toBe('orders-writer');
    expect(world.sandbox.streamkap.projectKeys[0]?.description).toMatch(/^Writes test orders\b/);
    expect(world.sandbox.log.of('kafka', 'login')).toEqual([]);
  },
  'Look a key up': async () => {
    const { world, action } = await use('Look a key up', { needs: 'look up', world: await withKey() });
    expect(action.outputs.result).toBe('found');
    expect(world.calls()).toEqual(['secretsmanager GetSecretValue ok', expect.stringMatching(/^kafka login /)]);
  },
  'Look a key up without AWS': async () => {
    const world = await withKey();
    world.forget();
    const context = { ...contextOf(world), 'secrets.PROJECT_KEY': JSON.stringify(storedIn(world)) };
    const action = only(await runSteps(world, stepsOf('Look a key up without AWS'), context));
    expect(fileIn(action)).toEqual(storedIn(world));
    expect(world.calls()).toEqual([]);
  },
  "A key for Streamkap's API": async () => {
    const { run, action } = await use("A key for Streamkap's API", { needs: 'make' });
    expect(action.outputs).toMatchObject({ result: 'created', 'kafka-username': '' });
    expect(fileIn(action)).toMatchObject({ tool_profile: 'read-only', blocked_tools: ['delete_topic'] });
    expect(run.printed).toContain(`call-api.sh got a token for ${action.outputs['api-client-id']}`);
  },
  'A key with single permissions': async () => {
    const { action } = await use('A key with single permissions', { needs: 'make' });
    expect(fileIn(action)).toMatchObject({ allowed_tools: ['list_topics', 'read_topic'], kafka_acls: [] });
    expect(fileIn(action).api).not.toBeNull();
    expect(action.annotations.warnings).toEqual([expect.stringMatching(/^kafka-acls is empty/)]);
  },
  'An API token that is no project key': async () => {
    const { world, run, action } = await use('An API token that is no project key', { needs: 'make' });
    expect(action.outputs).toMatchObject({ result: 'created', 'project-key-id': '' });
    expect(run.printed).toContain(`call-api.sh got a token for ${action.outputs['api-client-id']}`);
    expect(world.sandbox.streamkap.projectKeys).toEqual([]);
  },
  'Change a key that exists': async () => {
    const world = await withKey();
    const before = storedIn(world);
    const { action } = await use('Change a key that exists', { needs: 'change', world });
    expect(action.outputs).toMatchObject({ result: 'updated', 'project-key-id': before.project_key_id });
    expect(fileIn(action).api).not.toBeNull();
    await assertWorks(world, fileIn(action));
  },
  'A key for this job alone': async () => {
    const world = await worldOfTest();
    world.sandbox.secretsManagerServer.setDeny(() => 'no AWS is needed');
    const run = await runSteps(world, stepsOf('A key for this job alone'), contextOf(world));
    expect(only(run).outputs['expires-at']).not.toBe('');
    expect(run.printed).toMatch(/consume\.sh logged in as orders-integrat/);
    expect(only(run).post?.rawTranscript).toContain('deleted the ephemeral project key');
    expect(world.sandbox.log.calls.filter(({ service }) => service === 'secretsmanager')).toEqual([]);
  },
  'A new password now': async () => {
    const world = await rotatable();
    const before = storedIn(world);
    const { action } = await use('A new password now', { needs: 'rotate', world });
    expect(action.outputs.result).toBe('rotated');
    expect(fileIn(action).kafka?.password).not.toBe((before.kafka as { password: string }).password);
    await assertWorks(world, fileIn(action));
  },
  'A new password because the old one leaked': async () => {
    const { world, action } = await use('A new password because the old one leaked', {
      ...{ needs: 'rotate', world: await rotatable() },
    });
    expect(action.outputs.result).toBe('rotated');
    expect(action.rawTranscript).toMatch(/Kafka login of orders-ci with the old password refused by /);
    await assertWorks(world, fileIn(action));
  },
  "A file for Kafka's own clients": () => fileIsRead("A file for Kafka's own clients", 'kafka-console-consumer.sh'),
  'A file for librdkafka': () => fileIsRead('A file for librdkafka', 'kcat'),
  'A file for a shell': () => fileIsRead('A file for a shell', 'consume.sh'),
  'A file in JSON': () => fileIsRead('A file in JSON', 'consume.sh'),
  'Variables for all later steps': () => fileIsRead('Variables for all later steps', 'consume.sh'),
  'See what a run would do': async () => {
    const world = await withKey();
    const before = world.sandbox.secretsManager.snapshot({ dates: false });
    const { action } = await use('See what a run would do', { needs: 'see', world });
    expect(action.outputs).toMatchObject({ result: 'planned', credentials: '', 'kafka-password': '' });
    expect(action.rawTranscript).toMatch(/^\+ .*payments/m);
    expect(action.summary).toContain('```diff');
    expect(world.sandbox.secretsManager.snapshot({ dates: false })).toBe(before);
    expect(world.sandbox.log.of('streamkap', 'PATCH /project-keys/{id}')).toEqual([]);
  },
  'The API token from AWS too': async () => {
    const { world, action } = await use('The API token from AWS too', { needs: 'make' });
    expect(action.outputs.result).toBe('created');
    await assertWorks(world, fileIn(action));
  },
  'One key for several jobs': async () => {
    const world = await worldOfTest();
    const { prepare, test: share } = jobsOf('One key for several jobs');
    allow(world, 'make');
    const first = await runSteps(world, prepare?.steps ?? [], contextOf(world));
    const { jobOutputs } = only(first);
    expect(prepare?.outputs).toEqual({
      'secret-arn': `\${{ steps.key.outputs.secret-arn }}`,
      'project-key-id': `\${{ steps.key.outputs.project-key-id }}`,
    });
    const handed = Object.keys(prepare?.outputs ?? {}).map((name) => [
      `needs.prepare.outputs.${name}`,
      jobOutputs[name],
    ]);
    allow(world, 'look up');
    for (const part of share?.strategy?.matrix.part ?? []) {
      const context = { ...contextOf(world), ...Object.fromEntries(handed), 'matrix.part': String(part) };
      const run = await runSteps(world, share?.steps ?? [], context);
      expect(only(run).outputs).toMatchObject({ result: 'found', credentials: only(first).outputs.credentials });
      expect(run.printed).toContain(LOGGED_IN);
    }
    expect(share?.strategy?.matrix.part?.length).toBeGreaterThan(1);
    expect(world.sandbox.streamkap.projectKeys).toHaveLength(1);
  },
};

/** Looks the key up, has the program read what was handed out, and nothing of a file is left when the job has ended. */
async function fileIsRead(title: string, program: string): Promise<void> {
  const { run, action, world } = await use(title, { needs: 'look up', world: await withKey() });
  expect(run.printed).toContain(`${program} logged in as orders-ci`);
  for (const secret of world.secrets()) expect(run.printed).not.toContain(secret);
  expect(action.post?.rawTranscript).toMatch(stepsOf(title)[0]?.with?.['config-file'] ? /removed/ : /^$/);
}

describe('a use that docs/action.md shows', () => {
  test.each(USES.map(({ title }) => [title]))('does what it says: %s', async (title) => {
    const proof = PROOFS[title];
    if (!proof) throw new Error(`no test runs the YAML of "${title}"`);
    await proof();
  });

  test('has an example of every input', () => {
    const steps = USES.flatMap(({ yaml }) =>
      'jobs' in yaml ? Object.values(yaml.jobs).flatMap((job) => job.steps) : yaml,
    );
    const shown = new Set(steps.flatMap((step) => Object.keys(step.with ?? {})));
    const [, table = ''] = DOCUMENT.split('<!-- inputs of action.yml -->');
    const inputs = [...table.matchAll(/^\| `([a-z-]+)` \|.*\|.*\|$/gm)].map(([, name]) => name);
    expect(inputs.length).toBeGreaterThan(35);
    expect(inputs.slice(0, inputs.indexOf('tags') + 1).filter((name) => !shown.has(name ?? ''))).toEqual([]);
  });

  test('is run, and every test of one has its YAML', () => {
    expect(USES.map(({ title }) => title).sort()).toEqual(Object.keys(PROOFS).sort());
  });
});

test('the tables of inputs and outputs say what action.yml says', () => {
  expect(withTables(DOCUMENT), 'run: node scripts/write-action-tables.ts').toBe(DOCUMENT);
});
