import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { ActionRun } from '../../runner-harness/run-action.ts';
import { assertWorks, errorOf, fileIn, KINDS, SECRET_ID, storedIn, type World, worldOfTest } from './fixture.ts';
import { FUNCTION_ARN, LOG, passwordOf, patches, rotatableWorld, rotate, starts } from './rotate-fixture.ts';

/** What must be true of every refusal before anything began. */
function expectUntouched(world: World, run: ActionRun): void {
  expect(run.outcome).toBe('failure');
  expect(errorOf(run)).toContain('Nothing was changed.');
  expect(run.outputs).toEqual({});
  expect(starts(world)).toEqual([]);
  expect(patches(world)).toEqual([]);
}

describe('mode rotate', () => {
  test('has the password changed by the function, proves the new one and hands it out', async () => {
    const { world, old } = await rotatableWorld();
    const run = await rotate(world);
    const now = fileIn(run);
    expect(run.outputs.result).toBe('rotated');
    expect(run.outputs.created).toBe('false');
    expect(now.project_key_id).toBe(old.project_key_id);
    expect(now.kafka?.password).not.toBe(old.kafka?.password);
    expect(storedIn(world)).toEqual(now);
    await assertWorks(world, now);
    expect(run.rawTranscript).toContain(
      `rotation of ${SECRET_ID} began, with version ${run.outputs['secret-version-id']}`,
    );
    expect(run.rawTranscript).toMatch(/Kafka login of orders-ci accepted by /);
    expect([starts(world).length, patches(world).length]).toEqual([1, 1]);
    expect(world.sandbox.secretsManager.labels(SECRET_ID)[run.outputs['secret-version-id'] ?? '']).toContain(
      'AWSCURRENT',
    );
  });

  test('masks the old password too, and neither is in any line', async () => {
    const { world, old } = await rotatableWorld();
    const run = await rotate(world);
    expect(run.masks).toContain(old.kafka?.password);
    expect(run.masks).toContain(fileIn(run).kafka?.password);
  });

  test('tells the job summary what happened', async () => {
    const { world } = await rotatableWorld();
    expect((await rotate(world)).summary).toContain('### Streamkap credential: rotated');
  });

  test('twice in a row makes two rotations', async () => {
    const { world } = await rotatableWorld();
    const [first, second] = [await rotate(world), await rotate(world)];
    expect(second.outputs['secret-version-id']).not.toBe(first.outputs['secret-version-id']);
    expect(fileIn(second).kafka?.password).not.toBe(fileIn(first).kafka?.password);
    await assertWorks(world, fileIn(second));
  });

  test('goes on where the answers of RotateSecret are lost, and starts no second rotation', async () => {
    const { world } = await rotatableWorld();
    world.sandbox.log.script({
      service: 'secretsmanager',
      operation: 'RotateSecret',
      times: 3,
      action: { kind: 'drop', when: 'after' },
    });
    const run = await rotate(world);
    expect(run.outputs.result).toBe('rotated');
    expect(patches(world)).toHaveLength(1);
    await assertWorks(world, fileIn(run));
  });

  test('of two keys that take turns hands out the other one; the one before still works', async () => {
    const { world, old } = await rotatableWorld('alternating');
    const run = await rotate(world);
    expect(fileIn(run).kafka?.username).toBe('orders-ci-b');
    await assertWorks(world, fileIn(run));
    await assertWorks(world, old);
    expect(world.calls().filter((call) => call.startsWith('lambda'))).toEqual([]);
  });
});

describe('a dry run of mode rotate', () => {
  test.each([
    ['single', 'gets a new Kafka password', 'is tried, and must be refused'],
    ['alternating', 'becomes the credential of the other key of the pair', 'is retired'],
  ] as const)('of strategy %s says what would be done, and nothing is', async (strategy, what, end) => {
    const { world, old } = await rotatableWorld(strategy);
    const run = await rotate(world, { 'dry-run': 'true', reason: 'compromise' });
    expect(run.outputs).toMatchObject({ result: 'planned', 'kafka-password': '', 'kafka-username': 'orders-ci' });
    expect(run.rawTranscript).toContain(`~ ci/orders: ${what}, by ${FUNCTION_ARN}`);
    expect(run.rawTranscript).toContain(`- ci/orders: the password of now ${end}`);
    expect(world.calls()).toEqual(['secretsmanager GetSecretValue ok', 'secretsmanager DescribeSecret ok']);
    await assertWorks(world, old);
  });

  test('fails as the rotation would', async () => {
    const world = await worldOfTest();
    await world.run(KINDS['Kafka-only']);
    world.forget();
    const run = await rotate(world, { 'dry-run': 'true' });
    expectUntouched(world, run);
    expect(errorOf(run)).toContain('[ROTATION_NOT_CONFIGURED]');
  });
});

describe('mode rotate with reason compromise', () => {
  test('of one key shows by a login that the old password is refused', async () => {
    const { world } = await rotatableWorld();
    const run = await rotate(world, { reason: 'compromise' });
    expect(run.outputs.result).toBe('rotated');
    expect(run.rawTranscript).toMatch(/Kafka login of orders-ci with the old password refused by /);
    expect(world.calls().slice(-2)).toEqual(['kafka login accepted', 'kafka login rejected']);
    expect(world.calls().filter((call) => call.startsWith('lambda'))).toEqual([]);
  });

  test('of one key without a login warns that nothing was shown', async () => {
    const { world } = await rotatableWorld();
    const run = await rotate(world, { reason: 'compromise', 'verify-login': 'never' });
    expect(run.outputs.result).toBe('rotated');
    expect(run.annotations.warnings).toEqual([
      expect.stringContaining('that it is refused was not shown, because verify-login'),
    ]);
  });

  test('of two keys has the function retire the old one, which is refused from then on', async () => {
    const { world, old } = await rotatableWorld('alternating');
    const run = await rotate(world, { reason: 'compromise' });
    expect(run.outputs.result).toBe('rotated');
    expect(run.rawTranscript).toContain('the password of before is retired: its login is refused');
    expect(world.calls().filter((call) => call.startsWith('lambda'))).toEqual(['lambda Invoke ok']);
    expect(passwordOf(world)).not.toBe(old.kafka?.password);
    await assertWorks(world, fileIn(run));
    const standby = storedIn(world, `${SECRET_ID}/standby`) as unknown as typeof old;
    expect(passwordOf(world)).toBe(standby.kafka?.password);
  });

  test('of two keys calls again where the answer of the retirement is lost', async () => {
    const { world, old } = await rotatableWorld('alternating');
    world.sandbox.log.script({ service: 'lambda', operation: 'Invoke', action: { kind: 'drop', when: 'after' } });
    const run = await rotate(world, { reason: 'compromise' });
    expect(run.rawTranscript).toContain('the password of before is retired: it had been retired already');
    expect(passwordOf(world)).not.toBe(old.kafka?.password);
  });

  test.each([
    [
      'may not call the function',
      { status: 403, code: 'AccessDeniedException' },
      'the role in use lacks lambda:InvokeFunction',
      'Allow lambda:InvokeFunction on',
    ],
    ['finds no function', { status: 404, code: 'ResourceNotFoundException' }, 'does not exist', 'Deploy it anew'],
  ])('hands nothing out when the job %s, and says how to retire by hand', async (_, fault, problem, remedy) => {
    const { world, old } = await rotatableWorld('alternating');
    world.sandbox.log.script({
      service: 'lambda',
      operation: 'Invoke',
      action: { kind: 'status', when: 'before', ...fault },
    });
    const run = await rotate(world, { reason: 'compromise' });
    expect(run.outputs).toEqual({});
    const error = errorOf(run);
    expect(error).toContain('ci/orders-');
    expect(error).toContain('is rotated, but the password of before may still work');
    for (const part of [
      problem,
      remedy,
      `aws lambda invoke --function-name ${FUNCTION_ARN}`,
      'Something was changed. [RETIRE_FAILED]',
    ])
      expect(error).toContain(part);
    await assertWorks(world, old);
  });

  test('names the code with which the function refuses to retire', async () => {
    const { world, old } = await rotatableWorld('alternating');
    const { secretsManager } = world.sandbox;
    const call = secretsManager.call.bind(secretsManager);
    secretsManager.call = (operation, input) => {
      const isRetirement = world.sandbox.log.of('lambda', 'Invoke').length === 0 && operation === 'DescribeSecret';
      if (isRetirement) secretsManager.arrange(SECRET_ID, { nextRotationAt: Date.now() + 60_000 });
      return call(operation, input);
    };
    const run = await rotate(world, { reason: 'compromise' });
    expect(errorOf(run)).toContain('may still work: the function answered ROTATION_DUE.');
    expect(errorOf(run)).toContain('docs/rotate-alternating.md has the code.');
    expect(run.outputs).toEqual({});
    await assertWorks(world, old);
  });
});

describe('mode rotate refuses, with nothing changed,', () => {
  test('a secret that is not there', async () => {
    const world = await worldOfTest();
    const run = await rotate(world);
    expectUntouched(world, run);
    expect(errorOf(run)).toContain('There is no secret ci/orders.');
    expect(errorOf(run)).toContain('[SECRET_NOT_FOUND]');
  });

  test('a secret without a value', async () => {
    const world = await worldOfTest();
    world.sandbox.secretsManager.call('CreateSecret', { Name: SECRET_ID, ClientRequestToken: randomUUID() });
    const run = await rotate(world);
    expectUntouched(world, run);
    expect(errorOf(run)).toContain('has no credential yet');
    expect(errorOf(run)).toContain('Run mode "ensure" with this secret-id first.');
    expect(errorOf(run)).toContain('[NOT_PROVISIONED]');
  });

  test('a value that is no credential file, and shows nothing of it', async () => {
    const world = await worldOfTest();
    const value = '{"user":"x","note":"not-for-anybody-to-see"}';
    world.sandbox.secretsManager.call('CreateSecret', {
      Name: SECRET_ID,
      ClientRequestToken: randomUUID(),
      SecretString: value,
    });
    const run = await rotate(world);
    expectUntouched(world, run);
    expect(errorOf(run)).toContain('[SECRET_HAS_FOREIGN_VALUE]');
    expect(run.rawTranscript).not.toContain('not-for-anybody-to-see');
  });

  test('a secret whose rotation is not set up', async () => {
    const world = await worldOfTest();
    await world.run(KINDS['Kafka-only']);
    world.forget();
    const run = await rotate(world);
    expectUntouched(world, run);
    expect(errorOf(run)).toContain('No rotation is set up for ci/orders.');
    expect(errorOf(run)).toContain('docs/deploy.md');
    expect(errorOf(run)).toContain('[ROTATION_NOT_CONFIGURED]');
  });

  test('a rotation that was switched off: RotateSecret would switch it on', async () => {
    const { world } = await rotatableWorld();
    world.sandbox.secretsManager.call('CancelRotateSecret', { SecretId: SECRET_ID });
    const run = await rotate(world);
    expectUntouched(world, run);
    expect(errorOf(run)).toContain('Rotation of ci/orders is switched off.');
    expect(errorOf(run)).toContain('[ROTATION_DISABLED]');
  });

  test('a rotation that is pending, with its labels, a login, the log and the way out', async () => {
    const { world } = await rotatableWorld();
    const token = randomUUID();
    world.sandbox.setBundle(undefined);
    world.sandbox.secretsManager.call('RotateSecret', { SecretId: SECRET_ID, ClientRequestToken: token });
    world.forget();
    const run = await rotate(world);
    expectUntouched(world, run);
    const error = errorOf(run);
    expect(error).toContain(`A rotation of ci/orders is not complete: `);
    expect(error).toContain(`${token} (AWSPENDING)`);
    expect(error).toContain('Kafka accepts the current password: consumers are as before.');
    expect(error).toContain(LOG);
    expect(error).toContain(`--version-stage AWSPENDING --remove-from-version-id ${token}`);
    expect(error).toContain('[ROTATION_PENDING]');
  });

  test('a pending rotation whose password alone works, and warns not to clear its label', async () => {
    const { world, old } = await rotatableWorld();
    const { secretsManager, secretsManagerServer } = world.sandbox;
    const token = randomUUID();
    const call = secretsManager.call.bind(secretsManager);
    secretsManager.call = (operation, input) => {
      const { MoveToVersionId: to, VersionStage: label } = input as { MoveToVersionId?: string; VersionStage?: string };
      if (operation === 'UpdateSecretVersionStage' && label === 'AWSCURRENT' && to) throw new Error('AWS fails');
      return call(operation, input);
    };
    secretsManager.call('RotateSecret', { SecretId: SECRET_ID, ClientRequestToken: token });
    await secretsManagerServer.idle();
    expect(passwordOf(world)).not.toBe(old.kafka?.password);
    world.forget();
    const run = await rotate(world);
    expectUntouched(world, run);
    const error = errorOf(run);
    expect(error).toContain('[ROTATION_PENDING]');
    expect(error).toContain(
      'Kafka accepts the pending password only: consumers that log in anew are refused until the rotation ends. Do not clear the label.',
    );
    expect(error).not.toContain('--remove-from-version-id');
    expect(run.masks).toContain(passwordOf(world));
  });

  test('another key than the one that was meant', async () => {
    const { world } = await rotatableWorld();
    const run = await rotate(world, { 'project-key-id': 'pk_other' });
    expectUntouched(world, run);
    expect(errorOf(run)).toContain('project-key-id: the credential is for another project key');
  });

  test('a role that may not rotate, and names the permission', async () => {
    const { world } = await rotatableWorld();
    const action = { kind: 'status', when: 'before', status: 400, code: 'AccessDeniedException' } as const;
    world.sandbox.log.script({ service: 'secretsmanager', operation: 'RotateSecret', action });
    const run = await rotate(world);
    expect(errorOf(run)).toContain('Allow secretsmanager:RotateSecret on ci/orders');
    expect(errorOf(run)).toContain('Nothing was changed.');
    expect(patches(world)).toEqual([]);
  });

  test.each([
    [{ 'secret-id': '' }, 'secret-id: is empty, and mode "rotate" needs it'],
    [{ 'project-key': '{}' }, 'project-key: is given, but mode "rotate" rotates secrets only'],
    [{ reason: 'leak' }, 'reason: "leak" is not one of its values. reason is one of compromise.'],
    [{ mode: 'lookup', reason: 'compromise' }, 'reason: is given, but mode "lookup" does not rotate'],
  ])('the inputs %j', async (inputs, problem) => {
    const world = await worldOfTest();
    const run = await rotate(world, inputs);
    expectUntouched(world, run);
    expect(errorOf(run)).toContain(problem);
    expect(world.calls()).toEqual([]);
  });
});

describe('a rotation that does not end', () => {
  test('is told by its labels, a login and the address of the log', async () => {
    const { world, old } = await rotatableWorld();
    world.sandbox.setBundle(undefined);
    const run = await rotate(world, { 'wait-timeout-seconds': '1' });
    const error = errorOf(run);
    expect(run.outputs).toEqual({});
    expect(error).toContain('The rotation of ci/orders has not ended in 1 s: nothing is stored yet; ');
    expect(error).toMatch(/[0-9a-f-]{36} \(AWSPENDING\)/);
    expect(error).toContain('Kafka accepts the current password: consumers are as before.');
    expect(error).toContain(LOG);
    expect(error).toContain('Something was changed. [ROTATION_UNFINISHED]');
    await assertWorks(world, old);
  });

  test('is told as stopped when the secret is changed by hand meanwhile', async () => {
    const { world, old } = await rotatableWorld();
    const { streamkap, secretsManager } = world.sandbox;
    const handle = streamkap.handle.bind(streamkap);
    streamkap.handle = (request, delayMs) => {
      if (request.method === 'PATCH') {
        const SecretString = JSON.stringify({ ...old, note: 'by hand' });
        secretsManager.call('PutSecretValue', { SecretId: SECRET_ID, ClientRequestToken: randomUUID(), SecretString });
      }
      return handle(request, delayMs);
    };
    const run = await rotate(world, { 'wait-timeout-seconds': '600' });
    expect(run.outputs).toEqual({});
    expect(errorOf(run)).toContain('was stopped: cancelled, or the secret was changed by hand meanwhile');
    expect(errorOf(run)).toContain(LOG);
    expect(errorOf(run)).toContain('[ROTATION_ABANDONED]');
  });
});
