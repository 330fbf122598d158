import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import https from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockAgent, fetch as undiciFetch } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { fetchTransport, type HttpRequest, type HttpTransport, nodeTransport } from '../../core/http.ts';
import { StreamkapClient } from '../../core/streamkap/client.ts';
import { CallLog } from '../sandbox/call-log.ts';
import { type Certificates, makeCertificates } from '../sandbox/certificates.ts';
import { MemoryKafkaUsers } from '../sandbox/kafka-users.ts';
import { startStreamkap } from '../sandbox/streamkap/server.ts';
import { StreamkapState } from '../sandbox/streamkap/state.ts';
import { ADMIN, errorOf, VirtualClock } from './streamkap-bench.ts';

const stops: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(
    () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  );
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function serve(listener: RequestListener): Promise<string> {
  return `http://${await listen(createServer(listener))}`;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

const GET = { method: 'GET', headers: {}, timeoutMs: 10_000 } as const;

const TRANSPORTS: [string, () => HttpTransport][] = [
  ['Node’s own client', () => nodeTransport({})],
  ['Node’s fetch', () => fetchTransport(fetch)],
  ['undici’s fetch', () => fetchTransport((url, init) => undiciFetch(url, init))],
];

describe.each(TRANSPORTS)('over %s', (_name, make) => {
  test('a call arrives as it was made, and its answer comes back as it was given', async () => {
    const seen: unknown[] = [];
    const url = await serve(async (request, response) => {
      const { method, url: path, headers } = request;
      seen.push({ method, path, authorization: headers.authorization, length: headers['content-length'] });
      response.writeHead(201, { 'X-Request-Id': 'req-1', 'content-type': 'application/json' });
      response.end(await bodyOf(request));
    });
    const call: HttpRequest = {
      method: 'POST',
      url: `${url}/project-keys?a=%2F`,
      headers: { authorization: 'Bearer t', 'content-type': 'application/json' },
      body: '{"name":"Schlüssel ✓"}',
      timeoutMs: 10_000,
    };
    const answer = await make()(call);
    expect(answer).toMatchObject({ status: 201, body: call.body });
    expect(answer.headers['x-request-id']).toBe('req-1');
    expect(seen).toEqual([
      {
        method: 'POST',
        path: '/project-keys?a=%2F',
        authorization: 'Bearer t',
        length: String(Buffer.byteLength(call.body ?? '')),
      },
    ]);
  });

  test('an error status is an answer, and an empty body is an empty text', async () => {
    const url = await serve((_request, response) => response.writeHead(503).end());
    for (const method of ['GET', 'DELETE'] as const)
      expect(await make()({ ...GET, method, url })).toMatchObject({ status: 503, body: '' });
  });

  test('a redirect is an answer too, and nobody goes there', async () => {
    const visited: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      visited.push(request.url);
      response.writeHead(307, { location: '/elsewhere' }).end();
    });
    const answer = await make()({ ...GET, url: `${url}/here`, method: 'POST', body: '{"secret":1}' });
    expect(answer.status).toBe(307);
    expect(visited).toEqual(['/here']);
  });

  test('no answer in time is an error, before and within the body', async () => {
    const silent = await serve(() => {});
    const halfway = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half');
    });
    for (const url of [silent, halfway]) {
      const clock = new VirtualClock();
      const client = clientAt(url, (request) => make()({ ...request, timeoutMs: 25 }), clock);
      const error = await errorOf(client.createProjectKey({ name: 'orders' }));
      expect(error.message).toBe('No answer from Streamkap to POST /auth/access-token (timed out)');
    }
  });

  test('any time limit will do, fractions and more than a timer can count included', async () => {
    const url = await serve((_request, response) => response.end('in time'));
    for (const timeoutMs of [1234.5678, 2 ** 33, Number.MAX_SAFE_INTEGER]) {
      expect((await make()({ ...GET, url, timeoutMs })).body).toBe('in time');
    }
  });

  test('a connection that breaks before or within the answer is an error', async () => {
    const before = await serve((request) => request.socket.resetAndDestroy());
    const within = await serve((request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => request.socket.destroy());
    });
    const closed = await serve(() => {});
    await stops.pop()?.();
    for (const url of [before, within, closed]) await expect(make()({ ...GET, url })).rejects.toThrow();
  });

  test('an answer of more than sixteen megabytes is cut off', async () => {
    const megabyte = Buffer.alloc(1024 * 1024, 'x');
    let sent = 0;
    const url = await serve((_request, response) => {
      const more = (): void => {
        while (sent < 64 && !response.destroyed) {
          sent++;
          if (!response.write(megabyte)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    });
    await expect(make()({ ...GET, url })).rejects.toThrow();
    expect(sent).toBeLessThan(64);
  });

  test('Streamkap’s client works against the stand-in', async () => {
    const { url, state } = await sandboxed();
    const client = clientAt(url, make(), new VirtualClock());
    const kafka_config = {
      username: 'orders',
      password: 'Correct!Horse9battery',
      kafka_acls: [],
      is_create_schema_registry: false,
    };
    const file = await client.createProjectKey({ name: 'orders', kafka_config });
    expect((await client.getProjectKey(file.project_key_id))?.kafka_username).toBe('orders');
    await client.deleteProjectKey(file.project_key_id);
    expect(await client.listProjectKeys()).toEqual([]);
    expect(state.projectKeys).toEqual([]);
  });
});

describe('Node’s own client', () => {
  test('keeps its connection for the next call', async () => {
    const server = createServer((_request, response) => response.end('ok'));
    let connections = 0;
    server.on('connection', () => connections++);
    const url = `http://${await listen(server)}`;
    const transport = nodeTransport({});
    for (let calls = 0; calls < 3; calls++) await transport({ ...GET, url });
    expect(connections).toBe(1);
  });

  test('does not keep the process alive with it', async () => {
    const server = createServer((_request, response) => response.end('ok'));
    // The server never lets go by itself, so only the client's end can be what ends the process.
    server.keepAliveTimeout = 0;
    const url = `http://${await listen(server)}`;
    const { code, stdout } = await callInChild([url], {});
    expect({ code, stdout }).toEqual({ code: 0, stdout: '200 ok' });
  });
});

test('undici’s mock agent can stand in for the network', async () => {
  const agent = new MockAgent();
  agent.disableNetConnect();
  stops.push(() => agent.close());
  const pool = agent.get('https://api.streamkap.test');
  pool.intercept({ method: 'POST', path: '/auth/access-token' }).reply(200, { accessToken: 'token-1', expiresIn: 600 });
  pool.intercept({ method: 'GET', path: '/project-keys' }).reply(502, '<html>hunter2-hunter2</html>');
  pool
    .intercept({ method: 'GET', path: '/project-keys', headers: { authorization: 'Bearer token-1' } })
    .reply(200, [], { headers: { 'x-request-id': 'r-1' } });
  const clock = new VirtualClock();
  const transport = fetchTransport((url, init) => undiciFetch(url, { ...init, dispatcher: agent }));
  const client = clientAt('https://api.streamkap.test', transport, clock);
  expect(await client.listProjectKeys()).toEqual([]);
  expect(clock.sleeps).toEqual([250]);
  agent.assertNoPendingInterceptors();
  expect(await errorOf(client.deleteProjectKey('key-1'))).toMatchObject({
    code: 'STREAMKAP_UNREACHABLE',
    changed: 'unknown',
  });
});

describe('the way out', () => {
  let certificates: Certificates;
  const caFile = join(tmpdir(), `keyring-http-test-ca-${process.pid}.pem`);
  beforeAll(async () => {
    certificates = await makeCertificates({ hosts: ['api.streamkap.test', '127.0.0.1'] });
    await writeFile(caFile, certificates.caPem);
  });
  afterAll(() => rm(caFile, { force: true }));

  /** An HTTPS server, and a proxy that takes every tunnel to it, whatever its name. */
  async function proxied() {
    const tunnels: string[] = [];
    const sockets = new Set<Socket>();
    const server = https.createServer({ key: certificates.keyPem, cert: certificates.certPem }, (request, response) => {
      response.end(`answer to ${request.headers.host}`);
    });
    const address = await listen(server);
    const proxy = createServer((_request, response) => response.writeHead(400).end());
    proxy.on('connect', (request: IncomingMessage, client: Socket) => {
      tunnels.push(request.url ?? '');
      const target = connect(Number(address.split(':')[1]), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        client.pipe(target).pipe(client);
      });
      for (const socket of [client, target]) sockets.add(socket.on('error', () => {}));
    });
    const proxyUrl = `http://${await listen(proxy)}`;
    stops.push(() => {
      for (const socket of sockets) socket.destroy();
    });
    return { address, proxyUrl, tunnels };
  }

  test.each([
    'HTTPS_PROXY',
    'https_proxy',
  ])('leads through the proxy of %s, and the name is resolved there', async (variable) => {
    const { proxyUrl, tunnels } = await proxied();
    const { stdout } = await callInChild(['https://api.streamkap.test/auth/whoami'], {
      [variable]: proxyUrl,
      NODE_EXTRA_CA_CERTS: caFile,
    });
    expect(stdout).toBe('200 answer to api.streamkap.test');
    expect(tunnels).toEqual(['api.streamkap.test:443']);
  });

  test('leads past the proxy to what NO_PROXY names', async () => {
    const { address, proxyUrl, tunnels } = await proxied();
    const { stdout } = await callInChild([`https://${address}/auth/whoami`], {
      HTTPS_PROXY: proxyUrl,
      NO_PROXY: 'internal.example,127.0.0.1',
      NODE_EXTRA_CA_CERTS: caFile,
    });
    expect(stdout).toBe(`200 answer to ${address}`);
    expect(tunnels).toEqual([]);
  });

  test('is only taken to a server whose certificate is trusted', async () => {
    const { address, proxyUrl, tunnels } = await proxied();
    const direct = await callInChild([`https://${address}/`], {});
    const tunnelled = await callInChild(['https://api.streamkap.test/'], { HTTPS_PROXY: proxyUrl });
    const otherName = await callInChild(['https://other.streamkap.test/'], {
      HTTPS_PROXY: proxyUrl,
      NODE_EXTRA_CA_CERTS: caFile,
    });
    expect(direct.stdout).toBe('failed: UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    expect(tunnelled.stdout).toBe('failed: UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    expect(otherName.stdout).toBe('failed: ERR_TLS_CERT_ALTNAME_INVALID');
    expect(tunnels).toHaveLength(2);
  });

  test('ends at a proxy that refuses, with nothing sent beyond it', async () => {
    const proxy = createServer();
    proxy.on('connect', (_request: IncomingMessage, client: Socket) =>
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'),
    );
    const { stdout } = await callInChild(['https://api.streamkap.test/'], {
      HTTPS_PROXY: `http://${await listen(proxy)}`,
    });
    expect(stdout).toMatch(/^failed: /);
  });
});

function clientAt(host: string, transport: HttpTransport, clock: VirtualClock): StreamkapClient {
  const credentials = { get: async () => ADMIN };
  return new StreamkapClient({ host, credentials, transport, clock, random: () => 0.5, redact: (text) => text });
}

async function sandboxed() {
  let ids = 0;
  const state = new StreamkapState({
    now: () => 1_000_000,
    randomId: () => `id-${String(++ids).padStart(8, '0')}`,
    kafkaUsers: new MemoryKafkaUsers(),
    bootstrapServers: 'orders.streamkap.invalid:32400',
    apiBaseUrl: 'https://api.streamkap.test',
    admin: ADMIN,
  });
  const server = await startStreamkap({ state, log: new CallLog() });
  stops.push(() => server.close());
  return { url: server.url, state };
}

const MODULE = join(import.meta.dirname, '../../core/http.ts');
const SCRIPT = `
  const { nodeTransport } = await import(process.argv[1]);
  const transport = nodeTransport(process.env);
  for (const url of process.argv.slice(2)) {
    try {
      const { status, body } = await transport({ method: 'GET', url, headers: {}, timeoutMs: 30000 });
      process.stdout.write(status + ' ' + body);
    } catch (error) {
      process.stdout.write('failed: ' + error.code);
    }
  }`;

/** Calls the URLs from a process of its own: Node reads its certificate authorities at its start. */
function callInChild(urls: string[], environment: Record<string, string>): Promise<{ code: unknown; stdout: string }> {
  return new Promise((resolve) => {
    const child = ['--input-type=module', '-e', SCRIPT, MODULE, ...urls];
    execFile(process.execPath, child, { env: environment }, (error, stdout) =>
      resolve({ code: error?.code ?? 0, stdout }),
    );
  });
}
