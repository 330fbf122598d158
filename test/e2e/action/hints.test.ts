import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { errorOf, KINDS, type RunOptions, SECRET_ID, type World, worldOfTest } from './fixture.ts';

const LOOKUP = { mode: 'lookup', 'secret-id': SECRET_ID };
const FORK = /This run is for a pull request from a fork: GitHub gives it neither secrets nor an OIDC token\./;
const OIDC = /add `permissions: id-token: write`/;
const NO_ADMIN = { STREAMKAP_CLIENT_ID: undefined, STREAMKAP_SECRET: undefined };
const NO_AWS = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };

/** @returns the variables of a pull request's run whose head lies in the given repository */
async function pullRequestFrom(head: unknown): Promise<NonNullable<RunOptions['env']>> {
  const directory = await mkdtemp(join(tmpdir(), 'event-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const path = join(directory, 'event.json');
  await writeFile(path, JSON.stringify({ pull_request: { head, base: { repo: { full_name: 'octo-org/orders' } } } }));
  return { GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH: path };
}

function assertNothingChanged({ sandbox }: World): void {
  expect(sandbox.log.calls.filter((call) => call.tookEffect)).toEqual([]);
  expect(sandbox.streamkap.projectKeys).toEqual([]);
}

describe('a job without its secrets', () => {
  test('of a pull request from a fork is told that forks get none', async () => {
    const fork = { repo: { full_name: 'somebody/orders', fork: true } };
    const world = await worldOfTest();
    const env = { ...(await pullRequestFrom(fork)), ...NO_AWS, ...NO_ADMIN };
    const unset = await world.run({ mode: 'lookup', 'project-key': '' }, { env });
    expect(errorOf(unset)).toMatch(FORK);
    const noAws = await world.run(LOOKUP, { env });
    expect(errorOf(noAws)).toMatch(FORK);
    expect(errorOf(noAws)).toMatch(/\[AWS_NO_CREDENTIALS\]$/);
    const noAdmin = await world.run(KINDS['Kafka-only'], { env: { ...env, ...world.sandbox.environment } });
    expect(errorOf(noAdmin)).toMatch(FORK);
    expect(errorOf(noAdmin)).toMatch(/\[ADMIN_CREDENTIAL_MISSING\]$/);
    assertNothingChanged(world);
  });

  test('of a fork that was deleted meanwhile is told so too', async () => {
    const world = await worldOfTest();
    const env = { ...(await pullRequestFrom({ repo: null })), ...NO_ADMIN };
    const run = await world.run(KINDS['Kafka-only'], { env });
    expect(errorOf(run)).toMatch(FORK);
  });

  test('of a pull request from the same repository is not told about forks', async () => {
    const own = { repo: { full_name: 'octo-org/orders', fork: false } };
    const world = await worldOfTest();
    const run = await world.run(KINDS['Kafka-only'], { env: { ...(await pullRequestFrom(own)), ...NO_ADMIN } });
    expect(errorOf(run)).not.toMatch(FORK);
    expect(errorOf(run)).toMatch(
      /A GitHub secret that is not set arrives as an empty string; .*\[ADMIN_CREDENTIAL_MISSING\]$/,
    );
    expect(world.calls()).toEqual(['secretsmanager GetSecretValue ResourceNotFoundException']);
    assertNothingChanged(world);
  });

  test('an event file that is missing or no JSON gives no hint and no other error', async () => {
    const world = await worldOfTest();
    const env = { GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH: '/nonexistent/event.json', ...NO_ADMIN };
    const run = await world.run(KINDS['Kafka-only'], { env });
    expect(errorOf(run)).toMatch(/\[ADMIN_CREDENTIAL_MISSING\]$/);
    expect(errorOf(run)).not.toMatch(FORK);
  });

  test('an empty client-secret is named, and nothing is called', async () => {
    const world = await worldOfTest();
    const inputs = { ...KINDS['Kafka-only'], 'client-id': 'c-1', 'client-secret': '' };
    const run = await world.run(inputs, { env: NO_ADMIN });
    expect(errorOf(run)).toMatch(
      /client-secret: is empty, but client-id is given\. .*arrives as an empty string\..*\[INVALID_INPUT\]$/,
    );
    expect(world.calls()).toEqual([]);
  });
});

describe('a job without AWS credentials', () => {
  test('is told about id-token: write where it has no OIDC token', async () => {
    const world = await worldOfTest();
    const run = await world.run(LOOKUP, { env: NO_AWS });
    expect(errorOf(run)).toMatch(
      /This job has no OIDC token: add `permissions: id-token: write` to it\..*\[AWS_NO_CREDENTIALS\]$/,
    );
    expect(world.calls()).toEqual([]);
  });

  test('is told to configure them where it could have had a token', async () => {
    const world = await worldOfTest();
    const env = { ...NO_AWS, ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.actions.example/' };
    const run = await world.run(LOOKUP, { env });
    expect(errorOf(run)).toMatch(/aws-actions\/configure-aws-credentials.*\[AWS_NO_CREDENTIALS\]$/);
    expect(errorOf(run)).not.toMatch(/This job has no OIDC token/);
    expect(world.calls()).toEqual([]);
  });

  test('or without a Region is told which variable to set', async () => {
    const world = await worldOfTest();
    const run = await world.run(LOOKUP, { env: { AWS_REGION: undefined } });
    expect(errorOf(run)).toMatch(/no AWS Region is set\. Set AWS_REGION.*\[AWS_NO_REGION\]$/);
    expect(errorOf(run)).not.toMatch(OIDC);
    expect(world.calls()).toEqual([]);
  });
});

describe('a role that may not', () => {
  const denied = { kind: 'status', when: 'before', status: 400, code: 'AccessDeniedException' } as const;

  test.each([
    ['GetSecretValue', 'no', []],
    ['CreateSecret', 'no', []],
  ])('%s is told which action it lacks, and nothing was changed', async (operation) => {
    const world = await worldOfTest();
    world.sandbox.log.script({ service: 'secretsmanager', operation, action: denied });
    const run = await world.run(KINDS['API + Kafka']);
    expect(errorOf(run)).toMatch(
      new RegExp(
        `lacks secretsmanager:${operation}\\. Allow secretsmanager:${operation} on ci/orders .*Nothing was changed\\. \\[AWS_ACCESS_DENIED\\]$`,
      ),
    );
    assertNothingChanged(world);
  });

  test('store the file is told so, and that the next run goes on', async () => {
    const world = await worldOfTest();
    world.sandbox.log.script({ service: 'secretsmanager', operation: 'PutSecretValue', action: denied });
    const run = await world.run(KINDS['API + Kafka']);
    expect(errorOf(run)).toMatch(
      /was made, but its file could not be stored: .*lacks secretsmanager:PutSecretValue.*Something was changed\..*\[AWS_ACCESS_DENIED\]$/,
    );
    expect(run.outputs).toEqual({});
    const next = await world.run({ ...KINDS['API + Kafka'], 'wait-timeout-seconds': '0' });
    expect(next.outcome).toBe('success');
    expect(world.sandbox.streamkap.projectKeys.map((key) => key.id)).toEqual([next.outputs['project-key-id']]);
  });

  test('tag the secret still gets its credential, with a warning', async () => {
    const world = await worldOfTest();
    world.sandbox.log.script({ service: 'secretsmanager', operation: 'TagResource', action: denied });
    const run = await world.run(KINDS['API + Kafka']);
    expect(run.outputs.result).toBe('created');
    expect(run.annotations.warnings).toEqual([
      expect.stringMatching(/^The secret was not tagged: .*secretsmanager:TagResource/),
    ]);
  });

  test.each(['denied', 'disabled'] as const)('use the KMS key (%s) is told so', async (mode) => {
    const world = await worldOfTest();
    world.sandbox.secretsManager.call('CreateSecret', { Name: SECRET_ID, SecretString: '{}' });
    world.sandbox.secretsManagerServer.setKms(mode);
    const reading = await world.run(LOOKUP);
    expect(errorOf(reading)).toMatch(
      /Allow kms:Decrypt on the secret's KMS key.*Nothing was changed\. \[KMS_DENIED\]$/,
    );
    assertNothingChanged(world);
  });

  test('encrypt with the KMS key of a new secret is told so, and no key is made', async () => {
    const world = await worldOfTest();
    const action = { kind: 'status', when: 'before', status: 400, code: 'EncryptionFailure' } as const;
    world.sandbox.log.script({ service: 'secretsmanager', operation: 'CreateSecret', action });
    const writing = await world.run({ ...KINDS['Kafka-only'], 'kms-key-id': 'alias/orders' });
    expect(errorOf(writing)).toMatch(
      /Allow kms:GenerateDataKey and kms:Decrypt.*Nothing was changed\. \[KMS_DENIED\]$/,
    );
    assertNothingChanged(world);
  });
});

test('a rate limit of AWS is waited out by a few repetitions, then it is an error that may be tried again', async () => {
  const world = await worldOfTest();
  const { log } = world.sandbox;
  const action = { kind: 'status', when: 'before', status: 400, code: 'ThrottlingException' } as const;
  log.script({ service: 'secretsmanager', operation: 'GetSecretValue', times: 3, action });
  const run = await world.run(LOOKUP);
  expect(errorOf(run)).toMatch(
    /AWS limits the rate of calls\..*Nothing was changed\. It may be tried again\. \[AWS_THROTTLED\]$/,
  );
  expect(log.of('secretsmanager', 'GetSecretValue')).toHaveLength(3);
});

test('credentials that AWS no longer accepts are named as such', async () => {
  const world = await worldOfTest();
  const action = { kind: 'status', when: 'before', status: 400, code: 'ExpiredTokenException' } as const;
  world.sandbox.log.script({ service: 'secretsmanager', operation: 'GetSecretValue', action });
  const run = await world.run(LOOKUP);
  expect(errorOf(run)).toMatch(
    /AWS does not accept the credentials \(ExpiredTokenException\).*\[AWS_BAD_CREDENTIALS\]$/,
  );
});

test('an admin credential that Streamkap does not know is an error before anything is changed', async () => {
  const world = await worldOfTest();
  const env = { STREAMKAP_SECRET: 'not-the-right-secret' };
  const run = await world.run(KINDS['API + Kafka'], { env, secrets: ['not-the-right-secret'] });
  expect(errorOf(run)).toMatch(/Check the admin credential.*Nothing was changed\. \[STREAMKAP_UNAUTHENTICATED\]$/);
  assertNothingChanged(world);
});

test.each([
  'GITHUB_OUTPUT',
  'GITHUB_ENV',
  'GITHUB_STATE',
] as const)('a runner without %s gets an error, not a secret printed to the log', async (name) => {
  const world = await worldOfTest();
  const run = await world.run(KINDS['API + Kafka'], { omitFiles: [name] });
  expect(errorOf(run)).toMatch(new RegExp(`${name}: is not set to a file, so outputs would be printed to the log`));
  expect(world.calls()).toEqual([]);
  expect(run.outputs).toEqual({});
});
