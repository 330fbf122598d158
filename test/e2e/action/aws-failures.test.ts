import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startEndpoint } from '../../sandbox/aws-endpoint.ts';
import { errorOf, KINDS, type RunOptions, SECRET_ID, type World, worldOfTest } from './fixture.ts';
import { FUNCTION_ARN, passwordOf, patches, rotatableWorld, rotate } from './rotate-fixture.ts';

const LOOKUP = { mode: 'lookup', 'secret-id': SECRET_ID };
const USER = 'arn:aws:sts::123456789012:assumed-role/orders-ci/GitHubActions';
const SECRET_ARN = `arn:aws:secretsmanager:eu-central-1:123456789012:secret:${SECRET_ID}-AbCdEf`;
const KEY_ARN = 'arn:aws:kms:eu-central-1:123456789012:key/0d990263-018e-4e65-a703-eff731de951e';

/** A world in which IAM refuses one action, in AWS's own words. */
async function worldDenying(operation: string, message: string): Promise<World> {
  const world = await worldOfTest();
  world.sandbox.secretsManagerServer.setDeny(({ action }) =>
    action === `secretsmanager:${operation}` ? message : undefined,
  );
  return world;
}

function assertNothingChanged({ sandbox }: World): void {
  expect(sandbox.log.calls.filter((call) => call.tookEffect)).toEqual([]);
  expect(sandbox.streamkap.projectKeys).toEqual([]);
}

describe('what IAM refuses', () => {
  const denied = (action: string, on: string, why: string) =>
    `User: ${USER} is not authorized to perform: ${action} on resource: ${on} ${why}`;
  const noAllow = (action: string) => `because no identity-based policy allows the ${action} action`;
  const GET = 'secretsmanager:GetSecretValue';

  test.each([
    [
      'the action that the role lacks and the ARN that AWS names',
      'GetSecretValue',
      denied(GET, SECRET_ARN, noAllow(GET)),
      `the role in use lacks ${GET}. Allow ${GET} on ${SECRET_ARN} to the role in use`,
    ],
    [
      'the name of a secret where AWS names no more',
      'GetSecretValue',
      denied(GET, SECRET_ID, noAllow(GET)),
      `the role in use lacks ${GET}. Allow ${GET} on ${SECRET_ID} to the role in use`,
    ],
    [
      'the tagging that a new secret needs as well',
      'CreateSecret',
      denied('secretsmanager:TagResource', SECRET_ID, noAllow('secretsmanager:TagResource')),
      `CreateSecret on ${SECRET_ID} failed: the role in use lacks secretsmanager:TagResource. Allow secretsmanager:TagResource on`,
    ],
    [
      'the kind of policy that denies it',
      'GetSecretValue',
      denied(GET, SECRET_ARN, 'with an explicit deny in a resource-based policy'),
      `a resource-based policy denies ${GET} to the role in use. Take ${GET} on ${SECRET_ARN} out of what`,
    ],
    [
      'a boundary of permissions',
      'GetSecretValue',
      denied(GET, SECRET_ARN, 'with an explicit deny in a permissions boundary'),
      `a permissions boundary denies ${GET} to the role in use.`,
    ],
  ])('is told with %s, and nothing was changed', async (_what, operation, message, says) => {
    const world = await worldDenying(operation, message);
    const run = await world.run(KINDS['API + Kafka']);
    expect(errorOf(run)).toContain(says);
    expect(errorOf(run)).toMatch(/Nothing was changed\. \[AWS_ACCESS_DENIED\]$/);
    expect(run.rawTranscript).not.toContain(USER);
    expect(run.outputs).toEqual({});
    assertNothingChanged(world);
  });

  test('is told with the KMS key that AWS names', async () => {
    const message = denied('kms:Decrypt', KEY_ARN, noAllow('kms:Decrypt'));
    const world = await worldDenying('GetSecretValue', message);
    const run = await world.run(LOOKUP);
    expect(errorOf(run)).toMatch(
      new RegExp(
        `Allow kms:Decrypt on the KMS key ${KEY_ARN} to the role in use\\. Nothing was ch.* \\[KMS_DENIED\\]$`,
      ),
    );
    expect(run.rawTranscript).not.toContain(USER);
  });
});

describe('what IAM refuses of a rotation', () => {
  const INVOKE = 'lambda:InvokeFunction';
  const message = `User: ${USER} is not authorized to perform: ${INVOKE} on resource: ${FUNCTION_ARN} because no identity-based policy allows the ${INVOKE} action`;

  test('is told with the function that the role may not have called, and no rotation began', async () => {
    const { world, old } = await rotatableWorld();
    world.sandbox.secretsManagerServer.setDeny(({ action }) => (action === INVOKE ? message : undefined));
    const run = await rotate(world);
    expect(errorOf(run)).toMatch(
      new RegExp(
        `RotateSecret on ${SECRET_ID} failed: the role in use lacks ${INVOKE}\\. Allow ${INVOKE} on ${FUNCTION_ARN} to the role in use.* Nothing was changed\\. \\[AWS_ACCESS_DENIED\\]$`,
      ),
    );
    expect(patches(world)).toEqual([]);
    expect(passwordOf(world)).toBe(old.kafka?.password);
    expect(run.outputs).toEqual({});
  });
});

describe('a wrong Region', () => {
  test('is told as one where the endpoint lies in another, and nothing is read', async () => {
    const world = await worldOfTest();
    const run = await world.run(KINDS['API + Kafka'], { env: { AWS_REGION: 'us-east-1' } });
    expect(errorOf(run)).toMatch(
      /the Region in AWS_REGION is not that of the service that was asked\. Correct AWS_REGION .*Nothing was changed\. \[AWS_WRONG_REGION\]$/,
    );
    expect(world.calls()).toEqual([]);
    assertNothingChanged(world);
  });

  test('is told as one where it is no Region at all', async () => {
    const world = await worldOfTest();
    const env = { AWS_REGION: 'eu central 1', AWS_ENDPOINT_URL_SECRETS_MANAGER: undefined };
    const run = await world.run(LOOKUP, { env });
    expect(errorOf(run)).toMatch(/Correct AWS_REGION .*Nothing was changed\. \[AWS_WRONG_REGION\]$/);
  });

  test('in which the secret is not says which was asked', async () => {
    const world = await worldOfTest();
    const run = await world.run(LOOKUP);
    expect(errorOf(run)).toMatch(
      /There is no secret ci\/orders\. .* AWS_REGION is eu-central-1\. Nothing was changed\. \[SECRET_NOT_FOUND\]$/,
    );
  });

  test('of an ARN is told before AWS is asked', async () => {
    const world = await worldOfTest();
    const run = await world.run({ ...LOOKUP, 'secret-id': SECRET_ARN }, { env: { AWS_REGION: 'eu-west-1' } });
    expect(errorOf(run)).toMatch(
      /secret-id: is the ARN of a secret in eu-central-1, but AWS_REGION is eu-west-1\. .*\[INVALID_INPUT\]$/,
    );
    expect(world.calls()).toEqual([]);
  });
});

/** The variables of a pod whose token may be exchanged for a role's session, at an STS that answers what it is told. */
async function webIdentity(answer: { status: number; body: string }): Promise<NonNullable<RunOptions['env']>> {
  const directory = await mkdtemp(join(tmpdir(), 'token-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const tokenFile = join(directory, 'token');
  await writeFile(tokenFile, 'header.payload.signature');
  const sts = await startEndpoint(() => answer);
  onTestFinished(() => sts.stop());
  return {
    ...{ AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined, AWS_ENDPOINT_URL_STS: sts.url },
    ...{ AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/orders-ci', AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile },
  };
}

test('a role whose trust policy refuses the job is told as such, not as a role that lacks an action', async () => {
  const body =
    '<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>Not authorized to perform sts:AssumeRoleWithWebIdentity</Message></Error></ErrorResponse>';
  const world = await worldOfTest();
  const run = await world.run(LOOKUP, { env: await webIdentity({ status: 403, body }) });
  expect(errorOf(run)).toMatch(
    /the role of the web identity token may not be assumed with it\. Check AWS_ROLE_ARN, and the role's trust policy.*Nothing was changed\. \[AWS_BAD_CREDENTIALS\]$/,
  );
  expect(world.calls()).toEqual([]);
});
