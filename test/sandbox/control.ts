import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { z } from 'zod';
import type { BundleHandler } from './bundle-handler.ts';
import type { CallLog, Fault } from './call-log.ts';
import { complaint, FAULTS, HANDLER, TENANT } from './control-input.ts';
import type { SandboxBundle } from './handler-slot.ts';
import type { SecretsManagerServer } from './secrets-manager/server.ts';
import type { StreamkapState } from './streamkap/state.ts';

const BODY_LIMIT_BYTES = 1_048_576;

/** What the control server steers. */
export interface Controlled {
  readonly log: CallLog;
  readonly streamkap: StreamkapState;
  readonly secretsManagerServer: SecretsManagerServer;
  /** Makes RotateSecret call this bundle with the sandbox's addresses in its environment, or nothing. */
  setBundle(options: SandboxBundle | undefined): void;
  bundle(): BundleHandler | undefined;
}

interface Reply {
  readonly status: number;
  readonly body?: unknown;
}

type Route = (world: Controlled, body: unknown) => Reply | Promise<Reply>;

const DONE: Reply = { status: 204 };

const ROUTES: Readonly<Record<string, Route>> = {
  'GET /health': () => ({ status: 200, body: { status: 'ok' } }),
  'GET /calls': ({ log }) => ({ status: 200, body: log.calls }),
  'DELETE /calls': ({ log }) => {
    log.calls.length = 0;
    return DONE;
  },
  'POST /faults': ({ log }, body) =>
    checked(FAULTS, body, (faults) => {
      for (const fault of faults) log.script(fault as Fault);
    }),
  'DELETE /faults': ({ log }) => {
    log.clearFaults();
    return DONE;
  },
  'POST /handler': (world, body) =>
    checked(HANDLER, body, ({ bundle, env, pendingAfterSuccess, timeoutMs }) => {
      const limits = timeoutMs === undefined ? {} : { timeoutMs };
      world.setBundle(bundle === null ? undefined : { bundle, environment: env, pendingAfterSuccess, ...limits });
    }),
  'POST /tenant': ({ streamkap }, body) =>
    checked(TENANT, body, ({ failNextCreates, failNextDeletes, revokeTokens }) => {
      if (failNextCreates !== undefined) streamkap.failNextCreates(failNextCreates);
      if (failNextDeletes !== undefined) streamkap.failNextDeletes(failNextDeletes);
      if (revokeTokens) streamkap.revokeTokens();
    }),
  'GET /rotations': async ({ secretsManagerServer, bundle }) => {
    await secretsManagerServer.idle();
    const events = secretsManagerServer.driver()?.events ?? [];
    return { status: 200, body: { events, runs: bundle()?.runs ?? [] } };
  },
};

function checked<T>(schema: z.ZodType<T>, body: unknown, run: (value: T) => void): Reply {
  const parsed = schema.safeParse(body);
  if (!parsed.success) return { status: 400, body: { error: complaint(parsed.error) } };
  run(parsed.data);
  return DONE;
}

/** Serves the controls of README.md on loopback. */
export async function startControl(world: Controlled): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    answer(world, request).then(
      (reply) => send(response, reply),
      () => send(response, { status: 500, body: { error: 'the sandbox failed' } }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(world: Controlled, request: IncomingMessage): Promise<Reply> {
  const run = ROUTES[`${request.method} ${request.url}`];
  if (run === undefined) return { status: 404, body: { error: `there is only ${Object.keys(ROUTES).join(', ')}` } };
  const text = await textOf(request);
  if (request.method !== 'POST') return run(world, undefined);
  try {
    return await run(world, JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) return { status: 400, body: { error: 'body: not JSON' } };
    throw error;
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT_BYTES) throw new Error('request too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, { status, body }: Reply): void {
  response.writeHead(status, body === undefined ? {} : { 'content-type': 'application/json' });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}
