import { randomUUID } from 'node:crypto';
import type { Template } from 'aws-cdk-lib/assertions';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { assertWorks, fileIn } from '../../e2e/action/fixture.ts';
import { kmsKeyArn } from '../fixture.ts';
import { everyGrant, PrivilegeBench } from './bench.ts';
import { covers, EXCEPTIONS } from './exceptions.ts';
import { AccessRecorder } from './recorder.ts';

const recorder = new AccessRecorder();
let template: Template;
let bench: PrivilegeBench;

beforeAll(() => {
  template = everyGrant();
});
beforeEach(async () => {
  bench = await PrivilegeBench.open(template, recorder);
});
afterEach(() => bench.close());

const ADMIN = 'streamkap/admin';
const PATCH = 'PATCH /project-keys/{id}';
const labels = (secretId: string) => Object.values(bench.sandbox.secretsManager.labels(secretId)).flat();
const passwordIn = (secretId: string) =>
  (JSON.parse(bench.sandbox.secretsManager.valueOf(secretId) ?? '{}') as { kafka: { password: string } }).kafka
    .password;

/** What every scenario ends with: nothing was asked for that the policies do not allow. */
afterEach(() => {
  expect([...recorder.missing]).toEqual([]);
});

describe('the function of the strategy single, under its role', () => {
  const FUNCTION = 'PasswordRotation';
  const ORDERS = 'team/keys/orders';

  it('is tested as its schedule is attached, rotates twice, and writes evidence and events', async () => {
    await bench.seed(FUNCTION, 'orders');
    for (let rotation = 1; rotation <= 2; rotation++) {
      expect(await bench.rotate(FUNCTION, ORDERS)).toEqual([]);
      expect(passwordIn(ORDERS)).toBe(bench.sandbox.kafkaUsers.passwordOf('orders'));
    }
    expect(bench.told.events).toBe(2);
    expect(bench.told.fragments).toBeGreaterThanOrEqual(4);
  });

  it('rotates a secret that was made elsewhere, under a KMS key of its own', async () => {
    await bench.seed(FUNCTION, 'adopted');
    expect(await bench.rotate(FUNCTION, 'team/keys/adopted')).toEqual([]);
    expect(passwordIn('team/keys/adopted')).toBe(bench.sandbox.kafkaUsers.passwordOf('adopted'));
  });

  it('finishes what an answer was lost of', async () => {
    await bench.seed(FUNCTION, 'orders');
    const lost = { service: 'streamkap', operation: PATCH, action: { kind: 'drop', when: 'after' } } as const;
    bench.sandbox.log.script(lost);
    await bench.rotate(FUNCTION, ORDERS);
    expect(passwordIn(ORDERS)).toBe(bench.sandbox.kafkaUsers.passwordOf('orders'));
  });

  it('sends a password again that Streamkap has taken and Kafka does not know of', async () => {
    await bench.seed(FUNCTION, 'orders');
    const late = { kind: 'propagation', delayMs: 3_600_000 } as const;
    bench.sandbox.log.script({ service: 'streamkap', operation: PATCH, action: late });
    expect((await bench.rotate(FUNCTION, ORDERS)).join()).toContain('NOT_APPLIED');
    expect(bench.sandbox.log.of('streamkap', PATCH)).toHaveLength(2);
    expect(passwordIn(ORDERS)).toBe(bench.sandbox.kafkaUsers.passwordOf('orders'));
  });

  it('names drift and changes nothing', async () => {
    await bench.seed(FUNCTION, 'orders');
    bench.sandbox.kafkaUsers.set('orders', 'Somebody-Elses!0000000001');
    const [failure] = await bench.rotate(FUNCTION, ORDERS);
    expect(failure).toContain('setSecret');
    expect(bench.sandbox.kafkaUsers.passwordOf('orders')).toBe('Somebody-Elses!0000000001');
  });

  it('says what a dry run would do', async () => {
    await bench.seed(FUNCTION, 'orders');
    expect(await bench.call(FUNCTION, { action: 'dry-run', secretId: ORDERS })).toMatchObject({
      outcome: 'would-rotate',
    });
  });
});

describe('the function of the strategy alternating, under its role', () => {
  const FUNCTION = 'AlternatingRotation';
  const PAIR = 'team/keys/pair';

  it('makes the second key, takes turns, and retires the outgoing password of one secret and of all', async () => {
    await bench.seed(FUNCTION, 'pair');
    for (let rotation = 1; rotation <= 3; rotation++) expect(await bench.rotate(FUNCTION, PAIR)).toEqual([]);
    expect(passwordIn(PAIR)).toBe(bench.sandbox.kafkaUsers.passwordOf('pair-b'));
    expect(await bench.call(FUNCTION, { action: 'retire', secretId: PAIR })).toMatchObject({ outcome: 'retired' });
    expect(await bench.call(FUNCTION, { action: 'retire' })).toMatchObject({ outcome: 'done', secrets: 1 });
  });

  it('finds the file of the idle key where the standby has lost it', async () => {
    await bench.seed(FUNCTION, 'pair');
    for (let rotation = 1; rotation <= 2; rotation++) expect(await bench.rotate(FUNCTION, PAIR)).toEqual([]);
    bench.aws('DeleteSecret', { SecretId: `${PAIR}/standby`, ForceDeleteWithoutRecovery: true });
    bench.aws('CreateSecret', { Name: `${PAIR}/standby`, ClientRequestToken: randomUUID() });
    expect(await bench.rotate(FUNCTION, PAIR)).toEqual([]);
  });

  it('says what a dry run would do, before the second key is born and after', async () => {
    await bench.seed(FUNCTION, 'pair');
    const asked = { action: 'dry-run', secretId: PAIR };
    expect(await bench.call(FUNCTION, asked)).toMatchObject({ outcome: 'would-rotate' });
    await bench.rotate(FUNCTION, PAIR);
    expect(await bench.call(FUNCTION, asked)).toMatchObject({ outcome: 'would-rotate' });
  });
});

describe('the function of the admin credential, under its role', () => {
  const FUNCTION = 'AdminRotation';

  it('is tested as its schedule is attached, rotates three times, and deletes what is superseded', async () => {
    await bench.attach(FUNCTION, FUNCTION);
    for (let rotation = 1; rotation <= 3; rotation++) expect(await bench.rotate(FUNCTION, ADMIN)).toEqual([]);
    expect(bench.sandbox.log.of('streamkap', 'DELETE /auth/client-credentials/{client_id}')).toHaveLength(2);
    expect(bench.told.fragments).toBeGreaterThanOrEqual(6);
  });

  it('goes on after a lost answer, and says what a dry run would do', async () => {
    await bench.attach(FUNCTION, FUNCTION);
    const operation = 'POST /auth/client-credentials';
    bench.sandbox.log.script({ service: 'streamkap', operation, action: { kind: 'drop', when: 'after' } });
    await bench.rotate(FUNCTION, ADMIN);
    expect(labels(ADMIN)).toContain('AWSPREVIOUS');
    expect(await bench.call(FUNCTION, { action: 'dry-run', secretId: ADMIN })).toMatchObject({
      outcome: 'would-rotate',
    });
  });
});

describe("the Action under GitHubAccess's role", () => {
  const KAFKA = { name: 'Orders CI', 'kafka-acls': '- {topic_name: orders, operation: READ}' };
  const FROM_AWS = { 'admin-secret-id': ADMIN, 'client-id': '', 'client-secret': '' };

  it.each(['orders', 'adopted'] as const)('that reads looks up %s', async (name) => {
    await bench.seed('PasswordRotation', name);
    const run = await bench.run('reading', {
      mode: 'lookup',
      'secret-id': `team/keys/${name}`,
      'verify-login': 'always',
    });
    expect(run.outputs.result).toBe('found');
    await assertWorks(bench.world, fileIn(run));
  });

  it('that fills makes the key by the admin credential from AWS, finds it, changes it and plans', async () => {
    const inputs = { ...KAFKA, ...FROM_AWS, 'secret-id': 'team/keys/empty' };
    const made = await bench.run('filling', inputs);
    expect(made.outputs.result).toBe('created');
    expect(made.annotations.warnings).toEqual([]);
    expect((await bench.run('filling', inputs)).outputs.result).toBe('found');
    const more = { ...inputs, roles: 'Read Only', update: 'true' };
    expect((await bench.run('filling', { ...more, 'dry-run': 'true' })).outputs.result).toBe('planned');
    const updated = await bench.run('filling', more);
    expect(updated.outputs.result).toBe('updated');
    await assertWorks(bench.world, fileIn(updated));
  });

  it('that fills stores a client credential too, and tags the secret', async () => {
    const inputs = { kind: 'client-credential', roles: 'Read Only', 'secret-id': 'team/keys/empty', ...FROM_AWS };
    const run = await bench.run('filling', inputs);
    expect(run.outputs.result).toBe('created');
    expect(run.annotations.warnings).toEqual([]);
    const { Tags } = bench.aws('DescribeSecret', { SecretId: 'team/keys/empty' });
    expect(Tags).toContainEqual({ Key: 'streamkap:kind', Value: 'client-credential' });
  });

  it.each([
    {},
    { reason: 'compromise' },
    { 'dry-run': 'true' },
  ])('that rotates has one key rotated: %j', async (rest) => {
    await bench.seed('PasswordRotation', 'orders');
    const run = await bench.run('rotating', { mode: 'rotate', 'secret-id': 'team/keys/orders', ...rest });
    expect(run.outcome).toBe('success');
    expect(run.outputs.result).toBe('dry-run' in rest ? 'planned' : 'rotated');
  });

  it('that rotates has two keys take turns, and the outgoing password retired', async () => {
    await bench.seed('AlternatingRotation', 'pair');
    const run = await bench.run('rotating', { mode: 'rotate', 'secret-id': 'team/keys/pair', reason: 'compromise' });
    expect(run.outputs).toMatchObject({ result: 'rotated', 'kafka-username': 'pair-b' });
    expect(bench.sandbox.log.of('lambda', 'Invoke')).toHaveLength(1);
  });

  it.each([
    'ci/orders',
    'nightly',
  ])('that makes secrets makes %s with its tags and KMS key, and finds and changes it', async (name) => {
    const inputs = { ...KAFKA, 'secret-id': name, tags: 'team: data', 'kms-key-id': kmsKeyArn('ci') };
    const made = await bench.run('making', inputs);
    expect(made.outputs.result).toBe('created');
    expect(made.annotations.warnings).toEqual([]);
    expect((await bench.run('making', { mode: 'lookup', 'secret-id': name })).outputs.result).toBe('found');
    expect((await bench.run('making', { ...inputs, roles: 'Read Only', update: 'true' })).outputs.result).toBe(
      'updated',
    );
  });
});

describe('all these scenarios together', () => {
  it('needed everything that the policies grant, but for what is listed with a reason', () => {
    expect(recorder.count()).toBeGreaterThan(60);
    const unexplained = recorder.unused().filter((grant) => !EXCEPTIONS.some((exception) => covers(exception, grant)));
    expect(unexplained).toEqual([]);
  });

  it('were not seen to need what is listed as granted without it', () => {
    const unused = recorder.unused();
    for (const exception of EXCEPTIONS) {
      for (const action of exception.actions) {
        const excused = unused.filter((grant) => grant.action === action && covers(exception, grant));
        expect(excused, `${action}: ${exception.reason}`).not.toEqual([]);
      }
    }
  });
});
