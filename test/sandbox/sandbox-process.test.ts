import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';

const ENTRY = new URL('../../cli/sandbox.ts', import.meta.url).href;
let child: ChildProcess | undefined;

afterEach(() => {
  child?.kill('SIGKILL');
});

/** Starts `keyring sandbox` and returns the first line it prints. */
async function start(): Promise<{ process: ChildProcess; line: string; lines: string[] }> {
  const script = `import { runSandbox } from ${JSON.stringify(ENTRY)}; await runSandbox();`;
  const started = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child = started;
  const lines: string[] = [];
  const reader = createInterface({ input: started.stdout });
  reader.on('line', (line) => lines.push(line));
  await once(reader, 'line');
  return { process: started, line: lines[0] ?? '', lines };
}

test.each([
  'SIGTERM',
  'SIGINT',
] as const)('the sandbox prints one line of JSON, serves, and ends with code 0 on %s', async (signal) => {
  const { process: sandbox, line, lines } = await start();
  const facts = JSON.parse(line) as Record<string, string> & { admin: Record<string, string> };
  expect(Object.keys(facts).sort()).toEqual([
    'admin',
    'adminSecretId',
    'caFile',
    'controlUrl',
    'kafkaBootstrap',
    'lambdaEndpoint',
    'secretsManagerEndpoint',
    'serviceId',
    'streamkapHost',
  ]);
  expect(Object.keys(facts.admin)).toEqual(['clientId', 'clientSecret']);
  expect((await fetch(`${facts.controlUrl}/health`)).status).toBe(200);

  const ended = once(sandbox, 'exit');
  sandbox.kill(signal);
  expect(await ended).toEqual([0, null]);
  expect(lines).toHaveLength(1);
  expect(existsSync(String(facts.caFile))).toBe(false);
  await expect(fetch(`${facts.controlUrl}/health`)).rejects.toThrow();
});
