import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectFolder } from '../judges/cache.ts';
import { mustRun } from '../judges/process.ts';
import { AWS_CONFIG } from './clients.ts';

export interface RepositoryPlan {
  /** Files of `examples/`, which lie in `.github/workflows` then, and what is done to each on the way. */
  readonly workflows: Readonly<Record<string, (text: string) => string>>;
  /** The user's programs: name and shell script. */
  readonly programs?: Readonly<Record<string, string>>;
  readonly streamkapHost: string;
  /** What a job has once it has assumed a role: `AWS_REGION` and credentials. */
  readonly aws: Readonly<Record<string, string | undefined>>;
  /** A folder for PATH with what a runner image has and this machine need not have. */
  readonly clients: string;
}

export interface UserRepository {
  readonly folder: string;
  /** For act, so that no `uses:` is fetched. */
  readonly localRepositories: Readonly<Record<string, string>>;
  remove(): Promise<void>;
}

export const AS_IT_IS = (text: string): string => text;

const AWS_ACTION = /^aws-actions\/configure-aws-credentials@[0-9a-f]{40}$/;
const OWN_ACTION = 'OWNER/streamkap-keyring@v1';
const CHECKOUT = /^actions\/checkout@[0-9a-f]{40}$/; // act does that itself

/**
 * Makes the repository of somebody who copied examples. They stay as they are but for what the plan does to them and Streamkap's
 * address; AWS's action is one that takes its inputs and gives the stand-in's credentials, ours is this checkout's.
 * @throws when an example uses an action that is none of these
 */
export async function makeRepository(plan: RepositoryPlan): Promise<UserRepository> {
  const folder = await mkdtemp(join(tmpdir(), 'keyring-example-'));
  await mustRun('git', ['init', '-q', folder], { timeoutMs: 10_000 });
  const remote = ['-C', folder, 'remote', 'add', 'origin', 'https://github.com/acme/orders.git'];
  await mustRun('git', remote, { timeoutMs: 10_000 });
  await writeProgram(join(folder, '.gitignore'), '/aws-stand-in/\n/keyring/\n');
  for (const [name, script] of Object.entries(plan.programs ?? {})) await writeProgram(join(folder, name), script);
  const commit = ['commit', '-q', '--allow-empty', '-m', 'Begin'];
  const author = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
  await mustRun('git', ['-C', folder, ...author, ...commit], { timeoutMs: 10_000 });
  await mkdir(join(folder, '.github/workflows'), { recursive: true });
  const actions = { aws: join(folder, 'aws-stand-in'), own: join(folder, 'keyring') };
  const localRepositories: Record<string, string> = {};
  for (const [name, edit] of Object.entries(plan.workflows)) {
    const text = edit(await readFile(join(projectFolder, 'examples', name), 'utf8'));
    for (const reference of referencesIn(text)) {
      if (AWS_ACTION.test(reference)) localRepositories[reference] = actions.aws;
      else if (reference === OWN_ACTION) localRepositories[reference] = actions.own;
      else if (!CHECKOUT.test(reference)) throw new Error(`examples/${name} uses ${reference}, which has no stand-in`);
    }
    const address = `streamkap-host: ${plan.streamkapHost}`;
    await writeFile(join(folder, '.github/workflows', name), text.replace(/^( +)client-id:/gm, `$1${address}\n$&`));
  }
  await mkdir(actions.aws);
  await writeFile(join(actions.aws, 'action.yml'), awsStandIn(plan));
  // act copies a whole folder, so it gets what the Action is made of and not the checkout's node_modules.
  for (const part of ['action.yml', 'action/dist'])
    await cp(join(projectFolder, part), join(actions.own, part), { recursive: true });
  return { folder, localRepositories, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Actions of other repositories. */
function referencesIn(workflow: string): string[] {
  return [...workflow.matchAll(/^ *(?:- )?uses: ([^.\s]\S*)/gm)].map((match) => match[1] ?? '');
}

async function writeProgram(path: string, script: string): Promise<void> {
  await writeFile(path, script);
  await chmod(path, 0o755);
}

/** Refuses to go on without what the real one needs. The credentials are the sandbox's: anybody may know them. */
function awsStandIn({ aws, clients }: RepositoryPlan): string {
  const { AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = aws;
  return `name: stand-in
description: Checks its inputs and gives the credentials that the sandbox takes.
inputs:
  role-to-assume:
    description: as the real one's
  aws-region:
    description: as the real one's
runs:
  using: composite
  steps:
    - shell: bash
      run: |
        [[ $ROLE =~ ^arn:aws:iam::[0-9]{12}:role/[a-z-]+$ && $REGION = ${AWS_REGION} ]]
        echo '${clients}' >> "$GITHUB_PATH"
        {
          echo 'AWS_CONFIG_FILE=${join(clients, AWS_CONFIG)}'
          echo "AWS_REGION=$REGION"
          echo "AWS_DEFAULT_REGION=$REGION"
          echo AWS_ACCESS_KEY_ID=${AWS_ACCESS_KEY_ID}
          echo AWS_SECRET_ACCESS_KEY=${AWS_SECRET_ACCESS_KEY}
        } >> "$GITHUB_ENV"
      env:
        ROLE: \${{ inputs.role-to-assume }}
        REGION: \${{ inputs.aws-region }}
`;
}
