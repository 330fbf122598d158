import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectFolder } from '../judges/cache.ts';
import { linesOf, outcomes } from '../workflow/act-log.ts';
import { Examples } from './fixture.ts';

const examples = Examples.forThisFile();

const FUNCTION_ARN = 'arn:aws:lambda:eu-central-1:123456789012:function:rotate-password';
const DAY_MS = 86_400_000;

/** A key in the secret `ci/<name>`, whose first rotation, by the shipped function, has ended. */
async function rotatedKey(name: string): Promise<void> {
  const { sandbox } = examples;
  const password = `First-Password!000000000000-${name}`;
  const kafka_config = { username: name, password, is_create_schema_registry: false, kafka_acls: [] };
  const SecretString = JSON.stringify(sandbox.streamkap.seedProjectKey({ name, kafka_config }));
  const { secretsManager, secretsManagerServer } = sandbox;
  secretsManager.call('CreateSecret', { Name: `ci/${name}`, ClientRequestToken: randomUUID(), SecretString });
  secretsManager.call('RotateSecret', {
    ...{ SecretId: `ci/${name}`, ClientRequestToken: randomUUID(), RotationLambdaARN: FUNCTION_ARN },
    RotationRules: { AutomaticallyAfterDays: 30 },
  });
  await secretsManagerServer.idle();
}

const EXAMPLES_SECRETS = '[ci/orders, ci/payments, ci/shipments]';
const SECRETS = ['orders', 'payments', 'shipments', 'refunds'];

test('nightly-rotation-check.yml passes a secret that is rotated, and fails one that was changed past AWS, one that is overdue, and one whose rotation is off', async () => {
  const { sandbox, kafka } = examples;
  const bundle = join(projectFolder, 'functions/dist/rotate-password/index.mjs');
  sandbox.setBundle({ bundle, environment: {} });
  for (const name of SECRETS) await rotatedKey(name);
  expect(
    sandbox.secretsManagerServer.driver()?.events.filter(({ eventName }) => eventName === 'RotationSucceeded'),
  ).toHaveLength(4);
  kafka.users.set('payments', 'Changed-Past-Aws!00000000000001');
  sandbox.secretsManager.arrange('ci/shipments', { nextRotationAt: Date.now() - DAY_MS });
  sandbox.secretsManager.call('CancelRotateSecret', { SecretId: 'ci/refunds' });
  const before = sandbox.log.calls.length;

  const secrets = `[${SECRETS.map((name) => `ci/${name}`).join(', ')}]`;
  await examples.copy({
    workflows: { 'nightly-rotation-check.yml': (text) => text.replace(EXAMPLES_SECRETS, secrets) },
  });
  const { code, output } = await examples.run('nightly-rotation-check.yml', { event: 'schedule' });
  expect(code, output).toBe(1);
  const checksOf = (name: string) =>
    outcomes(output, `Check ci/${name}-`).filter((line) => /^Main (Log in|Compare)/.test(line));
  const said = (name: string) => linesOf(output, `Check ci/${name}-`).join('\n');

  const LOGIN = 'Main Log in with the stored key';
  const SCHEDULE = 'Main Compare the rotation with its schedule';
  expect(checksOf('orders')).toEqual([`${LOGIN}: Success`, `${SCHEDULE}: Success`]);
  expect(said('orders')).toMatch(/ci\/orders will be rotated by \d{4}-\d{2}-\d{2}T/);

  expect(checksOf('payments')).toEqual([`${LOGIN}: Failure`, `${SCHEDULE}: Success`]);
  expect(said('payments')).toMatch(/Kafka login of payments is rejected.*\[LOGIN_REJECTED\]/);

  expect(checksOf('shipments')).toEqual([`${LOGIN}: Success`, `${SCHEDULE}: Failure`]);
  expect(said('shipments')).toMatch(/ci\/shipments was to be rotated by \d{4}-\d{2}-\d{2}T.* and was not/);

  expect(checksOf('refunds')).toEqual([`${LOGIN}: Success`, `${SCHEDULE}: Failure`]);
  expect(said('refunds')).toContain('ci/refunds is not rotated: automatic rotation is off');

  const calls = sandbox.log.calls.slice(before);
  expect(calls.filter(({ service }) => service === 'streamkap')).toEqual([]);
  expect(new Set(calls.map(({ operation }) => operation))).toEqual(new Set(['GetSecretValue', 'DescribeSecret']));
});
