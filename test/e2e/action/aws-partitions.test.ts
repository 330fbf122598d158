import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeCertificates } from '../../sandbox/certificates.ts';
import { assertWorks, fileIn, KINDS, SECRET_ID, storedIn, worldOfTest } from './fixture.ts';
import { serveOverTls, startProxy } from './tls-front.ts';

const PARTITIONS = [
  ['eu-central-1', 'aws', 'secretsmanager.eu-central-1.amazonaws.com'],
  ['cn-north-1', 'aws-cn', 'secretsmanager.cn-north-1.amazonaws.com.cn'],
  ['us-gov-west-1', 'aws-us-gov', 'secretsmanager.us-gov-west-1.amazonaws.com'],
] as const;

describe.each(PARTITIONS)('in %s', (region, partition, host) => {
  test('a key is made, stored, and found again by the ARN of its secret', async () => {
    const world = await worldOfTest({ secretsManager: { region } });
    const made = await world.run(KINDS['Kafka-only']);
    const arn = made.outputs['secret-arn'] ?? '';
    expect(arn).toMatch(
      new RegExp(`^arn:${partition}:secretsmanager:${region}:123456789012:secret:${SECRET_ID}-\\w{6}$`),
    );
    expect(storedIn(world)).toEqual(fileIn(made));
    world.forget();
    const found = await world.run({ ...KINDS['Kafka-only'], 'secret-id': arn });
    expect(found.outputs).toMatchObject({ result: 'found', 'secret-arn': arn, credentials: made.outputs.credentials });
    expect(world.calls()).toEqual(['secretsmanager GetSecretValue ok']);
    await assertWorks(world, fileIn(found));
  });

  test(`Secrets Manager is called at https://${host}, and nowhere else`, async () => {
    const certificates = await makeCertificates({ hosts: [host] });
    const world = await worldOfTest({ secretsManager: { region } });
    const { caFile, secretsManagerEndpoint } = world.sandbox;
    const port = await serveOverTls(certificates, () => secretsManagerEndpoint);
    const proxy = await startProxy(() => port);
    const authorities = join(caFile, '..', 'authorities.pem');
    await writeFile(authorities, `${await readFile(caFile, 'utf8')}\n${certificates.caPem}`);
    const env = {
      ...{ AWS_ENDPOINT_URL_SECRETS_MANAGER: undefined, HTTPS_PROXY: proxy.url, NODE_EXTRA_CA_CERTS: authorities },
    };
    const run = await world.run(KINDS['Kafka-only'], { env });
    expect(run.annotations.errors).toEqual([]);
    expect(run.outputs.result).toBe('created');
    expect(run.outputs['secret-arn']).toContain(`arn:${partition}:secretsmanager:${region}:`);
    expect(new Set(proxy.asked)).toEqual(new Set([`CONNECT ${host}:443`]));
  });
});
