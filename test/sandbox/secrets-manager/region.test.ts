import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describe, expect, onTestFinished, test } from 'vitest';
import { emptyAccount, NAME } from './fixture.ts';
import { create, get, start } from './server-fixture.ts';

function clientOf(endpoint: string, region: string): SecretsManagerClient {
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' };
  const client = new SecretsManagerClient({ endpoint, region, credentials, maxAttempts: 1 });
  onTestFinished(() => client.destroy());
  return client;
}

describe('a request that is signed for another Region', () => {
  test('is refused before anything is looked at', async () => {
    const { client, server, log } = await start();
    await client.send(create());
    log.calls.splice(0);
    await expect(clientOf(server.url, 'us-east-1').send(get())).rejects.toMatchObject({
      name: 'InvalidSignatureException',
      message: "Credential should be scoped to a valid region, not 'us-east-1'. ",
      $metadata: { httpStatusCode: 400 },
    });
    expect(log.calls).toEqual([]);
  });

  test('is taken where the stand-in is told to', async () => {
    const { client, server } = await start({ anyRegion: true });
    await client.send(create());
    expect(await clientOf(server.url, 'us-east-1').send(get())).toMatchObject({ Name: NAME });
  });
});

test.each([
  ['eu-central-1', 'aws'],
  ['cn-north-1', 'aws-cn'],
  ['us-gov-west-1', 'aws-us-gov'],
])('a secret in %s has an ARN of the partition %s, and is found by it and by no other', async (region, partition) => {
  const { state } = emptyAccount({ region });
  const { server } = await start({ state });
  const client = clientOf(server.url, region);
  const { ARN = '' } = await client.send(create());
  expect(ARN).toMatch(new RegExp(`^arn:${partition}:secretsmanager:${region}:123456789012:secret:`));
  expect(await client.send(new GetSecretValueCommand({ SecretId: ARN }))).toMatchObject({ ARN });
  const elsewhere = ARN.replace(/^arn:[a-z-]+:/, partition === 'aws' ? 'arn:aws-cn:' : 'arn:aws:');
  await expect(client.send(new GetSecretValueCommand({ SecretId: elsewhere }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  });
});
