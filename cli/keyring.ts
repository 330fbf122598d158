#!/usr/bin/env node
import { Command, Option } from 'commander';
import { type CommandContext, runCommand } from './command.ts';

const REGION = ['--region <region>', 'AWS Region; without it, what AWS_REGION or the profile says'] as const;
const ADMIN_SECRET_ID = [
  '--admin-secret-id <id>',
  'secret with the admin credential; without it, STREAMKAP_CLIENT_ID and STREAMKAP_SECRET',
] as const;

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

program
  .command('audit')
  .description(
    'join the secrets of an AWS account and Region with the keys of a Streamkap project, and report what the policy does not allow; ' +
      'exit code 0: nothing found, 1: findings, 2: wrong option or file, 3: could not tell',
  )
  .option(...REGION)
  .addOption(new Option('--format <format>', 'of the report').choices(['html', 'csv', 'json']).default('json'))
  .option('--json', 'the same as --format json')
  .option('--out <file>', 'where to write the report; without it, standard output')
  .option(...ADMIN_SECRET_ID)
  .option('--policy <file>', 'JSON with the intervals that are asked for')
  .option('--exceptions <file>', 'JSON with findings that somebody has accepted')
  .option('--evidence-bucket <name>', 'S3 bucket with the evidence of rotations')
  .option('--login', 'log in to Kafka once with each stored password, which reads the values')
  .action(async (options) => {
    const { runAudit } = await import('./audit.ts');
    await run((context) => runAudit({ ...options, ...(options.json ? { format: 'json' } : {}) }, context));
  });

program
  .command('adopt')
  .description(
    'take a key that exists into a secret: store its credential file, or tag the secret that has it; changes nothing at Streamkap; ' +
      'exit code 0: done, 2: wrong option or file, 3: refused or could not tell',
  )
  .argument('<secret>', 'name or ARN of the secret; made where there is none')
  .option('--file <file>', 'credential file, or - for standard input; without it, the secret has to hold one')
  .option(...REGION)
  .option(...ADMIN_SECRET_ID)
  .option('--kms-key-id <id>', 'KMS key for a secret that is made')
  .option('--json', 'print the facts as JSON')
  .action(async (secret, options) => {
    const { runAdopt } = await import('./adopt.ts');
    await run((context) => runAdopt(secret, options, context));
  });

program
  .command('decommission')
  .description(
    'delete a key at Streamkap that no secret of the account and Region holds; asks first; ' +
      'exit code 0: gone, 2: wrong option or nobody to ask, 3: refused or could not tell',
  )
  .option('--project-key-id <id>', 'the project key')
  .option('--client-id <id>', 'or the client credential')
  .option(...REGION)
  .option(...ADMIN_SECRET_ID)
  .option('--yes', 'do it without asking')
  .action(async (options) => {
    const { runDecommission } = await import('./decommission.ts');
    await run((context) => runDecommission(options, context));
  });

program
  .command('doctor')
  .description(
    'tell what state a secret and its key are in, what is safe, and the next command; changes nothing; ' +
      'exit code 0: healthy, 1: not healthy, 2: wrong option, 3: could not tell',
  )
  .argument('<secret>', 'name or ARN of the secret that holds the credential file')
  .option(...REGION)
  .option(...ADMIN_SECRET_ID)
  .option('--json', 'print the facts as JSON')
  .action(async (secret, options) => {
    const { runDoctor } = await import('./doctor.ts');
    await run((context) => runDoctor(secret, options, context));
  });

program
  .command('reconcile')
  .description(
    'bring a secret whose rotation stopped half-way, or whose password was changed elsewhere, in step again; tells what it would do, asks, ' +
      'and proves it by a login; exit code 0: healthy now, 1: not healthy, 2: wrong option or nobody to ask, 3: could not tell',
  )
  .argument('<secret>', 'name or ARN of the secret that holds the credential file')
  .option(...REGION)
  .option(...ADMIN_SECRET_ID)
  .option('--yes', 'do it without asking')
  .option('--json', 'print the facts as JSON')
  .action(async (secret, options) => {
    const { runReconcile } = await import('./reconcile.ts');
    await run((context) => runReconcile(secret, options, context));
  });

program
  .command('rotate')
  .description(
    'have the function of a secret rotate it now; exit code 0: begun, or with --wait current; 1: refused, failed or the old one still works; ' +
      '2: wrong option; 3: not ended, or could not tell',
  )
  .argument('<secret>', 'name or ARN of the secret')
  .option(...REGION)
  .option('--wait', 'until the new password is current, 15 minutes at most')
  .addOption(
    new Option('--reason <reason>', 'compromise: the old password is put to an end too').choices(['compromise']),
  )
  .option('--json', 'print the facts as JSON')
  .action(async (secret, options) => {
    const { runRotate } = await import('./rotate.ts');
    await run((context) => runRotate(secret, options, context));
  });

async function run(command: (context: CommandContext) => Promise<number>): Promise<void> {
  process.exitCode = await runCommand(command, { environment: process.env, stderr: process.stderr });
}

await program.parseAsync();
