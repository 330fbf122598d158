import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describe, expect, test } from 'vitest';
import { awsFunctionInvoker } from '../../core/aws-function-invoker.ts';
import type { HttpRequest } from '../../core/http.ts';

/** @returns the one request that calling a function makes */
async function requestFor(functionArn: string, environment: NodeJS.ProcessEnv = {}): Promise<HttpRequest> {
  const requests: HttpRequest[] = [];
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' };
  const { config } = new SecretsManagerClient({ region: 'eu-central-1', credentials });
  const invoker = awsFunctionInvoker(config, environment, async (request) => {
    requests.push(request);
    return { status: 200, headers: {}, body: '{"outcome":"retired"}' };
  });
  const answer = await invoker.invoke(functionArn, { action: 'retire' }, 1_000);
  expect(answer).toEqual({ outcome: 'returned', value: { outcome: 'retired' } });
  const [request, ...more] = requests;
  if (!request || more.length > 0) throw new Error(`${requests.length} requests`);
  return request;
}

describe('a function is called at its own Region and partition', () => {
  test.each([
    ['arn:aws:lambda:eu-central-1:123456789012:function:f', 'lambda.eu-central-1.amazonaws.com', 'eu-central-1'],
    ['arn:aws-cn:lambda:cn-north-1:123456789012:function:f', 'lambda.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
    [
      'arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f',
      'lambda.us-gov-west-1.amazonaws.com',
      'us-gov-west-1',
    ],
  ])('%s', async (arn, host, region) => {
    const request = await requestFor(arn);
    const url = new URL(request.url);
    expect(url.origin).toBe(`https://${host}`);
    expect(decodeURIComponent(url.pathname)).toBe(`/2015-03-31/functions/${arn}/invocations`);
    expect(request.headers).toMatchObject({ host });
    expect(request.headers.authorization).toContain(`/${region}/lambda/aws4_request`);
  });

  test('unless the environment names an endpoint', async () => {
    const arn = 'arn:aws-cn:lambda:cn-north-1:123456789012:function:f';
    const { url } = await requestFor(arn, { AWS_ENDPOINT_URL_LAMBDA: 'http://127.0.0.1:9' });
    expect(new URL(url).origin).toBe('http://127.0.0.1:9');
  });
});
