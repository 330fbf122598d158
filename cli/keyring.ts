#!/usr/bin/env node
import { Command } from 'commander';

const program = new Command('keyring')
  .description('Streamkap project keys for machines: see them made, used and rotated.')
  .showHelpAfterError()
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? 0 : 2);
  });

program
  .command('demo')
  .description(
    'run the main job on the embedded sandbox and tell what happened; exit code 1 when anything is not as it should be',
  )
  .option('--json', 'print the facts as JSON instead of the story')
  .action(async ({ json = false }: { json?: boolean }) => {
    const { runDemo } = await import('./demo.ts');
    process.exitCode = await runDemo({ json });
  });

program
  .command('sandbox')
  .description(
    'start the stand-ins for Streamkap, Secrets Manager and Kafka, print one line of JSON, run until SIGTERM',
  )
  .action(async () => {
    const { runSandbox } = await import('./sandbox.ts');
    await runSandbox();
  });

await program.parseAsync();
