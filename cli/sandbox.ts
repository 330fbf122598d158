import { factsOf, startSandbox } from '../test/sandbox/sandbox.ts';

/**
 * `keyring sandbox`: starts the stand-ins, prints one line of JSON with their addresses and credentials, and runs until SIGTERM or
 * SIGINT. Returns when everything is stopped, so that the process ends with code 0 by itself.
 */
export async function runSandbox(): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve());
  });
  // Its one line names no Region, so whoever starts it may have one of their own.
  const sandbox = await startSandbox({ anyRegion: true });
  process.stdout.write(`${JSON.stringify(factsOf(sandbox))}\n`);
  await stopped;
  await sandbox.close();
}
