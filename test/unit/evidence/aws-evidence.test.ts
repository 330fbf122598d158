import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { eventBridge, s3Evidence } from '../../../core/evidence/aws-evidence.ts';

interface Request {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: Record<string, unknown>;
  readonly body: string;
}

let server: Server;
let requests: Request[];
let answer: { status: number; body: string };

beforeEach(async () => {
  requests = [];
  answer = { status: 200, body: '' };
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url, headers } = request;
      requests.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
      response.writeHead(answer.status).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const error = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>m</Message></Error>`;
const at = '2026-01-01T00:00:00Z';
const detail = {
  schema: 'streamkap-keyring/credential-rotated/1',
  strategy: 'single',
  ...{ secretArn: 'arn:aws:secretsmanager:x:1:secret:s-1', token: 't', movedNow: true, at },
} as const;

describe('evidence in S3', () => {
  it('is put under its key, on the condition that nothing is there', async () => {
    await s3Evidence('evidence-bucket').put('orders-AbC/token/createSecret/r-1.json', '{"a":1}');
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({ method: 'PUT', headers: { 'if-none-match': '*' } });
    expect(requests[0]?.url).toContain('/evidence-bucket/orders-AbC/token/createSecret/r-1.json');
    expect(requests[0]?.body).toContain('{"a":1}');
  });

  it('that is there already is as good as written', async () => {
    answer = { status: 412, body: error('PreconditionFailed') };
    await s3Evidence('b').put('k', '{}');
    expect(requests).toHaveLength(1);
  });

  it('that is refused is an error', async () => {
    answer = { status: 403, body: error('AccessDenied') };
    await expect(s3Evidence('b').put('k', '{}')).rejects.toMatchObject({ name: 'AccessDenied' });
  });
});

describe('events on EventBridge', () => {
  it('name the secret as their resource, and go to the bus', async () => {
    answer = { status: 200, body: '{"FailedEntryCount":0,"Entries":[{"EventId":"e"}]}' };
    await eventBridge('keyring').send({ detailType: 'credential rotated', detail });
    const { Entries: entries } = JSON.parse(requests[0]?.body ?? '') as { Entries: Record<string, string>[] };
    expect(entries).toMatchObject([
      {
        ...{ EventBusName: 'keyring', Source: 'streamkap-keyring', DetailType: 'credential rotated' },
        Resources: [detail.secretArn],
      },
    ]);
    expect(JSON.parse(entries[0]?.Detail ?? '')).toEqual(detail);
  });

  it('that the bus did not take are an error', async () => {
    answer = { status: 200, body: '{"FailedEntryCount":1,"Entries":[{"ErrorCode":"ThrottlingException"}]}' };
    const sent = eventBridge('keyring').send({ detailType: 'credential rotated', detail });
    await expect(sent).rejects.toThrow('did not take');
  });
});
