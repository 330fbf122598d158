import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assertNoLeakInLog } from '../runner-harness/assert-no-leak.ts';
import { type ActResult, runAct } from './judges/act.ts';
import { projectFolder } from './judges/cache.ts';
import { outcomes, printed } from './workflow/act-log.ts';
import { makeClientsFolder } from './workflow/clients.ts';
import { startWorld, type World } from './workflow/world.ts';

const RECORDS = ['first', 'second'];
const SECRET_ID = 'ci/orders';

let clients: string;
beforeAll(async () => {
  clients = await makeClientsFolder();
});
afterAll(() => rm(clients, { recursive: true, force: true }));

async function worldWithRecords(): Promise<World> {
  const world = await startWorld();
  await world.kafka.createTopic('orders');
  await world.kafka.produce('orders', RECORDS);
  return world;
}

/** The credential file under a staging label, as AWS holds it. */
function stored({ sandbox }: World, VersionStage: string): { text: string; password: string } {
  const { SecretString: text } = sandbox.secretsManager.call('GetSecretValue', { SecretId: SECRET_ID, VersionStage });
  return { text: String(text), password: JSON.parse(String(text)).kafka.password };
}

describe('the main job as a real workflow', () => {
  let world: World;
  let act: ActResult;
  beforeAll(async () => {
    world = await worldWithRecords();
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
