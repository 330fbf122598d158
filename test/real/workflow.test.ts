import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assertNoLeakInLog } from '../runner-harness/assert-no-leak.ts';
import { type ActResult, runAct } from './judges/act.ts';
import { projectFolder } from './judges/cache.ts';
import { run } from './judges/process.ts';
import { consumeScript } from './judges/python.ts';
import { makeClientsFolder } from './workflow/clients.ts';
import { startWorld, type World } from './workflow/world.ts';

const RECORDS = ['first', 'second'];
const SECRET_ID = 'ci/orders';

let clients: string;
beforeAll(async () => {
  clients = await makeClientsFolder();
});
afterAll(() => rm(clients, { recursive: true, force: true }));

/** A broker with records that `orders-ci` may read, in consumer groups whose names begin as given. */
async function worldWithRecords(groups: string): Promise<World> {
  const world = await startWorld();
  await world.kafka.createTopic('orders');
  await world.kafka.produce('orders', RECORDS);
  await world.kafka.addAcl({ username: 'orders-ci', name: 'orders' });
  await world.kafka.addAcl({ username: 'orders-ci', resource: 'GROUP', name: groups, pattern: 'PREFIXED' });
  return world;
}

/** The credential file under a staging label, as AWS holds it. */
function stored({ sandbox }: World, VersionStage: string): { text: string; password: string } {
  const { SecretString: text } = sandbox.secretsManager.call('GetSecretValue', { SecretId: SECRET_ID, VersionStage });
  return { text: String(text), password: JSON.parse(String(text)).kafka.password };
}

/** What a step printed, without act's frame; its commands (`⚙`) and the runner's remarks are left out. */
function printed(output: string, step: string): string[] {
  const lines = output.split('\n');
  const start = lines.findIndex((line) => line.endsWith(`⭐ Run Main ${step}`));
  if (start < 0) throw new Error(`the step "${step}" did not run`);
  const end = lines.findIndex((line, at) => at > start && line.includes('⭐ Run '));
  return lines
    .slice(start, end < 0 ? undefined : end)
    .flatMap((line) => /\]\s+(?:\||❗) {1,2}(.*)$/.exec(line)?.[1] ?? []);
}

/** The steps in their order, each with act's verdict. */
function outcomes(output: string): string[] {
  return [...output.matchAll(/(Success|Failure) - (Main|Post) (.+?)(?: \[[^\]]*\])?$/gm)].map((match) =>
    `${match[2]} ${match[3]}: ${match[1]}`.replace(/@[0-9a-f]{40}/, ''),
  );
}

describe('the main job as a real workflow', () => {
  let world: World;
  let act: ActResult;
  beforeAll(async () => {
    world = await worldWithRecords('console-consumer-');
    act = await runAct({
      repo: projectFolder,
      workflow: 'test/real/workflow/main-job.yml',
      event: 'workflow_dispatch',
      env: { ...world.environment, CLIENTS: clients },
      secrets: { STREAMKAP_SECRET: world.sandbox.admin.clientSecret },
    });
  });
  afterAll(() => world?.stop());

  test('it succeeds on Node 24, and only what holds the old password fails', () => {
    expect(outcomes(act.output), act.output).toEqual([
      'Main actions/checkout: Success',
      "Main Tell the job's Node and find the clients: Success",
      'Main Make the key: Success',
      'Main Log in with confluent-kafka: Success',
      "Main Read records with Kafka's console consumer: Success",
      'Main Leave a consumer running: Success',
      'Main Rotate the password: Success',
      "Main Wait for the running consumer's end: Success",
      'Main Log in with the old password: Failure',
      'Main Hand out the old credential: Failure',
      'Main Look the new password up: Success',
      'Main Log in with the new password: Success',
      'Main Read records with the new password: Success',
      'Main Judge: Success',
      'Post Look the new password up: Success',
      'Post Hand out the old credential: Success',
      'Post Make the key: Success',
    ]);
    expect(act.code).toBe(0);
    expect(printed(act.output, "Tell the job's Node and find the clients")).toEqual([
      expect.stringMatching(/^node v24\./),
    ]);
  });

  test("Kafka's own consumer reads the records with the Action's outputs, before and after the rotation", () => {
    for (const step of ["Read records with Kafka's console consumer", 'Read records with the new password'])
      expect(printed(act.output, step)).toEqual(
        expect.arrayContaining([...RECORDS, 'Processed a total of 2 messages']),
      );
  });

  test('the rotation cuts the session that a consumer had on the old password', () => {
    expect(printed(act.output, "Wait for the running consumer's end")).toEqual([
      'the running consumer has ended',
      'SaslAuthenticationException',
    ]);
    expect(world.disconnected).toEqual(['orders-ci']);
  });

  test('the probe and confluent-kafka agree about the right password and the wrong one', () => {
    const said = (step: string) => printed(act.output, step).join('\n');
    expect(said('Make the key')).toContain('Kafka login of orders-ci accepted');
    expect(said('Log in with confluent-kafka')).toContain('"outcome": "accepted"');

    expect(said('Log in with the old password')).toContain('"outcome": "rejected"');
    expect(said('Hand out the old credential')).toMatch(/Kafka login of orders-ci is rejected.*\[LOGIN_REJECTED\]/);

    expect(said('Look the new password up')).toContain('Kafka login of orders-ci accepted');
    expect(said('Log in with the new password')).toContain('"outcome": "accepted"');
  });

  test('one key is made and its password changed once, by the function under the emulator', () => {
    const { log, secretsManagerServer } = world.sandbox;
    expect(log.of('streamkap', 'POST /project-keys')).toHaveLength(1);
    expect(log.of('streamkap', 'PATCH /project-keys/{id}')).toHaveLength(1);
    expect(log.calls.filter(({ operation }) => operation.startsWith('DELETE'))).toEqual([]);
    const driver = secretsManagerServer.driver();
    expect(driver?.events.map(({ eventName }) => eventName)).toEqual(['RotationStarted', 'RotationSucceeded']);
    expect(world.lambda.log().match(/"step":"\w+"/g)).toEqual(
      ['createSecret', 'setSecret', 'testSecret', 'finishSecret'].map((step) => `"step":"${step}"`),
    );
    expect(stored(world, 'AWSCURRENT').password).not.toBe(stored(world, 'AWSPREVIOUS').password);
  });

  test('the function tells how long the stored password was refused', () => {
    const gap = /"consumer_gap_ms":(\d+)/.exec(world.lambda.log())?.[1];
    expect(gap).toBeDefined();
    process.stderr.write(`consumer gap, from the password change to AWSCURRENT: ${gap} ms\n`);
  });

  /** All lines are searched, `::set-output::` and `::add-mask::` too: act masks what it echoes of them. */
  test("no secret shows in act's log or the function's, whole, in part or encoded", () => {
    const passwords = ['AWSPREVIOUS', 'AWSCURRENT'].map((label) => stored(world, label).password);
    const secrets = [...passwords, world.sandbox.admin.clientSecret];
    assertNoLeakInLog(act.output, secrets);
    assertNoLeakInLog(world.lambda.log(), secrets);
  });

  /**
   * act replaces one mask after the other, so a mask that lies within another's text spoils that one: of the base64 of the
   * credential file it shows the parts around the password. GitHub's runner masks all that any mask covers. Here the parts must at
   * least hold no more of a password than the character or two whose bits they share.
   */
  test('the parts of a credential file that act leaves unmasked hold nothing of a password', () => {
    const lines = act.output.split('\n').filter((line) => line.includes('::set-output:: credentials='));
    expect(lines).toHaveLength(2);
    const parts = lines.flatMap((line) => (line.split('credentials=')[1] ?? '').split('***'));
    const shown = parts.flatMap((part) => ['', 'A', 'AA', 'AAA'].map((shift) => decoded(shift + part)));
    for (const label of ['AWSPREVIOUS', 'AWSCURRENT']) {
      const { password } = stored(world, label);
      const pieces = Array.from({ length: password.length - 3 }, (_, at) => password.slice(at, at + 4));
      expect(pieces.filter((piece) => shown.some((text) => text.includes(piece))).length).toBe(0);
    }
  });
});

function decoded(text: string): string {
  return Buffer.from(text, 'base64').toString('latin1');
}

describe('the workflow that users copy', () => {
  let world: World;
  let repo: string;
  beforeAll(async () => {
    world = await worldWithRecords('orders-ci-');
    repo = await mkdtemp(join(tmpdir(), 'keyring-example-'));
  });
  afterAll(async () => {
    await world?.stop();
    await rm(repo, { recursive: true, force: true });
  });

  test('it reads records with a program that knows only the variables, and finds its key in the second run', async () => {
    const workflow = '.github/workflows/read-orders.yml';
    const localRepositories = await makeRepository(workflow);
    const options = { repo, workflow, localRepositories, env: world.environment };
    const secrets = { STREAMKAP_SECRET: world.sandbox.admin.clientSecret };
    for (const result of ['created', 'found']) {
      const { code, output } = await runAct({ ...options, secrets });
      expect(code, output).toBe(0);
      expect(output).toContain(`::set-output:: result=${result}\n`);
      expect(printed(output, 'Read orders')).toEqual(RECORDS);
      assertNoLeakInLog(output, [stored(world, 'AWSCURRENT').password, world.sandbox.admin.clientSecret]);
    }
    expect(world.sandbox.log.of('streamkap', 'POST /project-keys')).toHaveLength(1);
  });

  /** The example as it is but for Streamkap's address; AWS's action is replaced by one that sets what the stand-in takes. */
  async function makeRepository(workflow: string): Promise<Record<string, string>> {
    expect((await run('git', ['init', '-q', repo], { timeoutMs: 10_000 })).code).toBe(0);
    const example = await readFile(join(projectFolder, 'examples/workflow.yml'), 'utf8');
    const host = `          streamkap-host: ${world.sandbox.streamkapHost}\n`;
    await mkdir(join(repo, '.github/workflows'), { recursive: true });
    await writeFile(join(repo, workflow), example.replace('          secret-id:', `${host}$&`));
    await writeFile(
      join(repo, 'consume.sh'),
      `#!/bin/sh\nexec '${clients}/python3' '${consumeScript}' orders ${RECORDS.length} orders-ci-1\n`,
    );
    await chmod(join(repo, 'consume.sh'), 0o755);
    const aws = join(repo, 'aws-stand-in');
    await mkdir(aws);
    await writeFile(join(aws, 'action.yml'), AWS_STAND_IN);
    const references = [...example.matchAll(/uses: ([\w./-]+@\w+)/g)].map((match) => match[1] ?? '');
    const [, awsReference = '', ours = ''] = references;
    expect(awsReference).toMatch(/^aws-actions\/configure-aws-credentials@[0-9a-f]{40}$/);
    expect(ours).toBe('OWNER/streamkap-keyring@v1');
    // act copies a whole folder, so it gets what the Action is made of and not the checkout's node_modules.
    const action = join(repo, 'keyring');
    for (const part of ['action.yml', 'action/dist'])
      await cp(join(projectFolder, part), join(action, part), { recursive: true });
    return { [awsReference]: aws, [ours]: action };
  }
});

/** Refuses to go on without what the real one needs. */
const AWS_STAND_IN = `name: stand-in
description: Checks its inputs; the sandbox's AWS credentials are in the environment already.
inputs:
  role-to-assume:
    description: as the real one's
  aws-region:
    description: as the real one's
runs:
  using: composite
  steps:
    - shell: bash
      run: test "$ROLE $REGION" = "arn:aws:iam::123456789012:role/orders-ci $AWS_REGION"
      env:
        ROLE: \${{ inputs.role-to-assume }}
        REGION: \${{ inputs.aws-region }}
`;
