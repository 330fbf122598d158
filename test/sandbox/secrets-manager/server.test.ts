import {
  BatchGetSecretValueCommand,
  CancelRotateSecretCommand,
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  RotateSecretCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { expect, test } from 'vitest';
import { FUNCTION_ARN, id, NAME } from './fixture.ts';
import type { RotationEvent } from './rotation-events.ts';
import { create, get, put, start, VALUE } from './server-fixture.ts';

test("the AWS SDK's own client creates, rolls, lists, tags, deletes and restores", async () => {
  const { client } = await start();
  const { ARN } = await client.send(create());
  expect(await client.send(get())).toMatchObject({ ARN, SecretString: VALUE, VersionStages: ['AWSCURRENT'] });
  expect((await client.send(get())).CreatedDate).toBeInstanceOf(Date);
  expect(await client.send(put())).toMatchObject({ VersionId: id('v1'), VersionStages: ['AWSPENDING'] });
  const move = { VersionStage: 'AWSCURRENT', RemoveFromVersionId: id('v0'), MoveToVersionId: id('v1') };
  await client.send(new UpdateSecretVersionStageCommand({ SecretId: ARN, ...move }));
  await client.send(
    new TagResourceCommand({
      SecretId: ARN,
      Tags: [
        { Key: 'a', Value: 'b' },
        { Key: 'c', Value: 'd' },
      ],
    }),
  );
  await client.send(new UntagResourceCommand({ SecretId: ARN, TagKeys: ['c'] }));
  expect(await client.send(new DescribeSecretCommand({ SecretId: ARN }))).toMatchObject({
    Tags: [{ Key: 'a', Value: 'b' }],
    VersionIdsToStages: { [id('v0')]: ['AWSPREVIOUS'], [id('v1')]: ['AWSCURRENT', 'AWSPENDING'] },
  });
  const SecretBinary = new Uint8Array([0, 1, 2]);
  await client.send(new UpdateSecretCommand({ SecretId: ARN, SecretBinary }));
  expect((await client.send(get())).SecretBinary).toEqual(SecretBinary);
  const versions = await client.send(new ListSecretVersionIdsCommand({ SecretId: ARN, IncludeDeprecated: true }));
  expect(versions.Versions).toHaveLength(3);
  expect((await client.send(new ListSecretsCommand({}))).SecretList).toMatchObject([{ Name: NAME }]);
  const batch = await client.send(new BatchGetSecretValueCommand({ SecretIdList: [NAME] }));
  expect(batch.SecretValues).toHaveLength(1);
  await client.send(new DeleteSecretCommand({ SecretId: ARN }));
  await expect(client.send(get())).rejects.toMatchObject({ name: 'InvalidRequestException' });
  await client.send(new RestoreSecretCommand({ SecretId: ARN }));
  await client.send(get());
});

test('errors reach the SDK under their class names, and the log under their codes', async () => {
  const { client, log } = await start();
  await expect(client.send(get())).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    $metadata: { httpStatusCode: 400 },
  });
  await client.send(create());
  const again = new CreateSecretCommand({ Name: NAME, ClientRequestToken: id('v0'), SecretString: 'other' });
  await expect(client.send(again)).rejects.toMatchObject({
    name: 'ResourceExistsException',
    message: expect.stringContaining(id('v0')),
  });
  await expect(client.send(new GetSecretValueCommand({ SecretId: 'a b' }))).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining('Invalid name'),
  });
  await expect(client.send(new CancelRotateSecretCommand({ SecretId: NAME }))).rejects.toMatchObject({
    name: 'InvalidRequestException',
  });
  expect(log.calls.map(({ operation, outcome, tookEffect }) => [operation, outcome, tookEffect])).toEqual([
    ['GetSecretValue', 'ResourceNotFoundException', false],
    ['CreateSecret', 'ok', true],
    ['CreateSecret', 'ResourceExistsException', false],
    ['GetSecretValue', 'ValidationException', false],
    ['CancelRotateSecret', 'InvalidRequestException', false],
  ]);
});

test('the log names the secret whether it was asked for by name or ARN, says what changed, and holds no value', async () => {
  const { client, log } = await start();
  const { ARN } = await client.send(create());
  await client.send(new GetSecretValueCommand({ SecretId: ARN }));
  await client.send(put());
  await client.send(put());
  await client.send(new BatchGetSecretValueCommand({ SecretIdList: [NAME, 'nowhere'] }));
  expect(log.calls.map(({ target, tookEffect }) => [target, tookEffect])).toEqual([
    [NAME, true],
    [NAME, false],
    [NAME, true],
    [NAME, false],
    [`${NAME},nowhere`, false],
  ]);
  expect(JSON.stringify(log.calls)).not.toContain(VALUE);
});

const AUTHORIZATION = `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/eu-central-1/secretsmanager/aws4_request, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`;

async function bare(
  url: string,
  headers: Record<string, string>,
  body: string,
): Promise<{ status: number; type: unknown; response: Response }> {
  const response = await fetch(url, { method: 'POST', headers, body });
  const { __type: type } = (await response.json()) as { __type?: unknown };
  return { status: response.status, type, response };
}

test('a bare request needs a signature, a target, JSON and a token; its refusal is not logged as a call', async () => {
  const { server, log, state } = await start();
  const headers = { authorization: AUTHORIZATION, 'x-amz-target': 'secretsmanager.CreateSecret' };
  const body = JSON.stringify({ Name: NAME, SecretString: VALUE, ClientRequestToken: id('v0') });
  const { authorization: _, ...unsigned } = headers;
  expect(await bare(server.url, unsigned, body)).toMatchObject({
    status: 400,
    type: 'MissingAuthenticationTokenException',
  });
  const badForm = { ...headers, authorization: 'Bearer abc' };
  expect(await bare(server.url, badForm, body)).toMatchObject({ status: 400, type: 'IncompleteSignatureException' });
  expect(await bare(server.url, { authorization: AUTHORIZATION }, body)).toMatchObject({
    type: 'UnknownOperationException',
  });
  expect(await bare(server.url, headers, '{"Name":')).toMatchObject({ status: 400, type: 'SerializationException' });
  expect(log.calls).toEqual([]);
  const noToken = JSON.stringify({ Name: NAME, SecretString: VALUE });
  expect(await bare(server.url, headers, noToken)).toMatchObject({ status: 400, type: 'InvalidRequestException' });
  expect(state.nameOf(NAME)).toBeUndefined();
  const { status, response } = await bare(server.url, headers, body);
  expect(status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/x-amz-json-1.1');
  expect(response.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
  expect(response.headers.get('date')).toBe('Fri, 02 Jan 2026 03:04:05 GMT');
});

test('RotateSecret over HTTP answers before the function is called, and the function may call back', async () => {
  const { client, server, log } = await start({ rotation: { pendingAfterSuccess: 'removed' } });
  await client.send(create());
  let answered = false;
  const events: RotationEvent[] = [];
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  server.setHandler(async (event) => {
    await gate;
    expect(answered).toBe(true);
    events.push(event);
    const { SecretId, ClientRequestToken, RotationToken } = event;
    if (event.Step === 'createSecret')
      await client.send(
        new PutSecretValueCommand({
          SecretId,
          ClientRequestToken,
          RotationToken,
          SecretString: 'new',
          VersionStages: ['AWSPENDING'],
        }),
      );
    if (event.Step === 'finishSecret') {
      const move = { VersionStage: 'AWSCURRENT', RemoveFromVersionId: id('v0'), MoveToVersionId: ClientRequestToken };
      await client.send(new UpdateSecretVersionStageCommand({ SecretId, ...move }));
    }
  });
  const reply = await client.send(new RotateSecretCommand({ SecretId: NAME, RotationLambdaARN: FUNCTION_ARN }));
  answered = true;
  expect(events).toEqual([]);
  release();
  await server.idle();
  expect(events.map((event) => event.Step)).toEqual(['createSecret', 'setSecret', 'testSecret', 'finishSecret']);
  expect(await client.send(get())).toMatchObject({ VersionId: reply.VersionId, VersionStages: ['AWSCURRENT'] });
  expect(server.driver()?.events.map((event) => event.eventName)).toEqual(['RotationStarted', 'RotationSucceeded']);
  expect(JSON.stringify(log.calls)).not.toContain(events[0]?.RotationToken);
});

test('without a handler RotateSecret registers its version and calls nothing', async () => {
  const { client, server, state } = await start();
  await client.send(create());
  const called: RotationEvent[] = [];
  server.setHandler(async (event) => void called.push(event));
  server.setHandler(undefined);
  const rotate = { SecretId: NAME, ClientRequestToken: id('k'), RotationLambdaARN: FUNCTION_ARN };
  await client.send(new RotateSecretCommand(rotate));
  await server.idle();
  expect(called).toEqual([]);
  expect(state.labels(NAME)).toEqual({ [id('v0')]: ['AWSCURRENT'], [id('k')]: ['AWSPENDING'] });
});
