import { join } from 'node:path';
import { RotateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type LoginResult, probeLogin } from '../core/login-probe/probe.ts';
import { assertNoLeak } from '../test/runner-harness/assert-no-leak.ts';
import { type ActionRun, runAction } from '../test/runner-harness/run-action.ts';
import { type Sandbox, startSandbox } from '../test/sandbox/sandbox.ts';
import { Story, type StoryOptions } from './story.ts';

const root = join(import.meta.dirname, '..');
const SECRET_ID = 'ci/orders';

/** What the demonstration established; `--json` prints it. Holds no secret. */
export interface DemoFacts {
  readonly projectKeyId: string;
  readonly kafkaUsername: string;
  readonly secretArn: string;
  /** Secrets that the masked transcripts of all runs were searched for, in every listed encoding. */
  readonly secretsSearchedFor: number;
  readonly masksRegistered: number;
  /** `POST /project-keys` calls that Streamkap saw. */
  readonly keysCreated: number;
  /** Calls that the second `ensure` made, to AWS and to Streamkap. */
  readonly secondEnsureCalls: { readonly aws: number; readonly streamkap: number };
  /** Password changes that Streamkap saw for one rotation. */
  readonly passwordChanges: number;
  readonly logins: Readonly<Record<'created' | 'oldAfterRotation' | 'newAfterRotation', LoginResult['outcome']>>;
}

/**
 * The main job on the embedded sandbox: the shipped Action makes a key, a step uses it, the shipped function rotates it, real logins
 * prove old and new.
 * @returns the process's exit code: 0, or 1 when anything is not as it should be
 */
export async function runDemo(options: StoryOptions): Promise<number> {
  const story = new Story(options);
  const sandbox = await startSandbox();
  try {
    story.finish(await tell(story, sandbox));
    return 0;
  } catch (error) {
    story.fail(error);
    return 1;
  } finally {
    await sandbox.close();
  }
}

async function tell(story: Story, sandbox: Sandbox): Promise<DemoFacts> {
  const { log } = sandbox;
  const created = await story.step('The Action makes a project key and stores it (mode: ensure)', async () => {
    const run = await useAction(sandbox, {
      name: 'Orders CI',
      'secret-id': SECRET_ID,
      'kafka-acls': ACLS,
      roles: 'Read Only',
    });
    story.expect('the step succeeds', run.outcome, 'success');
    story.expect('its result', run.outputs.result, 'created');
    story.expect('POST /project-keys calls', log.of('streamkap', 'POST /project-keys').length, 1);
    story.tell(
      `project key ${run.outputs['project-key-id']}, ${run.masks.length} masks registered before anything was printed`,
    );
    return run;
  });
  const login = await story.step('A later step logs in to Kafka with the outputs alone', async () => {
    const result = await logIn(sandbox, created);
    story.expect('the login', result.outcome, 'accepted');
    story.tell(`${created.outputs['kafka-username']} accepted in ${result.milliseconds} ms`);
    return result;
  });
  const found = await story.step('A second run finds the key', async () => {
    const before = log.calls.length;
    const run = await useAction(sandbox, {
      name: 'Orders CI',
      'secret-id': SECRET_ID,
      'kafka-acls': ACLS,
      roles: 'Read Only',
    });
    story.expect('its result', run.outputs.result, 'found');
    const calls = log.calls.slice(before);
    const count = { aws: calls.filter(isAws).length, streamkap: calls.filter(isStreamkap).length };
    story.expect('calls', count, { aws: 1, streamkap: 0 });
    story.tell('one call to AWS, none to Streamkap');
    return { run, count };
  });
  await story.step('Secrets Manager rotates the password through the shipped function', () => rotate(story, sandbox));
  const rotated = await story.step('The Action looks the new password up (mode: lookup)', async () => {
    const run = await useAction(sandbox, { mode: 'lookup', 'secret-id': SECRET_ID, 'verify-login': 'always' });
    story.expect('the step succeeds', run.outcome, 'success');
    story.expect('another password', run.outputs['kafka-password'] !== created.outputs['kafka-password'], true);
    return run;
  });
  const [old, fresh] = await story.step(
    'Real logins prove both: the old password is refused, the new one accepted',
    async () => {
      const both = [await logIn(sandbox, created), await logIn(sandbox, rotated)] as const;
      story.expect(
        'old, new',
        both.map(({ outcome }) => outcome),
        ['rejected', 'accepted'],
      );
      return both;
    },
  );
  const secrets = [...secretsOf(created, rotated), sandbox.admin.clientSecret];
  await story.step('No log, state or summary of any run holds a secret, in any encoding', async () => {
    for (const run of [created, found.run, rotated]) assertNoLeak(run, secrets);
    story.tell(`searched for ${secrets.length} secrets, their 12-character windows and encodings`);
  });
  return {
    projectKeyId: created.outputs['project-key-id'] ?? '',
    kafkaUsername: created.outputs['kafka-username'] ?? '',
    secretArn: created.outputs['secret-arn'] ?? '',
    secretsSearchedFor: secrets.length,
    masksRegistered: created.masks.length,
    keysCreated: log.of('streamkap', 'POST /project-keys').length,
    secondEnsureCalls: found.count,
    passwordChanges: log.of('streamkap', 'PATCH /project-keys/{id}').length,
    logins: { created: login.outcome, oldAfterRotation: old.outcome, newAfterRotation: fresh.outcome },
  };
}

const ACLS = '- { topic_name: orders, operation: READ }';

/** The shipped bundle, run by the runner's contract. */
function useAction(sandbox: Sandbox, inputs: Record<string, string>): Promise<ActionRun> {
  const { admin, environment, streamkapHost } = sandbox;
  return runAction({
    bundleDir: join(root, 'action/dist'),
    actionYml: join(root, 'action.yml'),
    inputs: {
      'streamkap-host': streamkapHost,
      'client-id': admin.clientId,
      'client-secret': admin.clientSecret,
      ...inputs,
    },
    env: environment,
    secrets: [admin.clientSecret],
  });
}

async function rotate(story: Story, sandbox: Sandbox): Promise<void> {
  sandbox.setBundle({ bundle: join(root, 'functions/dist/rotate-password/index.mjs'), environment: {} });
  const { environment, secretsManagerServer: server, log } = sandbox;
  const aws = new SecretsManagerClient({
    region: environment.AWS_REGION ?? '',
    endpoint: sandbox.secretsManagerEndpoint,
    credentials: {
      accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? '',
    },
  });
  const RotationLambdaARN = 'arn:aws:lambda:eu-central-1:123456789012:function:rotate-password';
  await aws.send(
    new RotateSecretCommand({ SecretId: SECRET_ID, RotationLambdaARN, RotationRules: { AutomaticallyAfterDays: 30 } }),
  );
  await server.idle();
  aws.destroy();
  const events = server.driver()?.events.map(({ eventName }) => eventName) ?? [];
  story.expect('the rotation', events.at(-1), 'RotationSucceeded');
  story.expect('password changes at Streamkap', log.of('streamkap', 'PATCH /project-keys/{id}').length, 1);
  const awsCalls = log.calls.filter(isAws).length;
  story.tell(
    `createSecret, setSecret, testSecret, finishSecret; one password change (${awsCalls} Secrets Manager calls so far)`,
  );
}

/** What a workflow step would do that was given nothing but the Action's outputs. */
async function logIn({ caFile }: Sandbox, { outputs }: ActionRun): Promise<LoginResult> {
  const { readFile } = await import('node:fs/promises');
  return probeLogin(
    {
      bootstrapServers: outputs['kafka-bootstrap-servers'] ?? '',
      username: outputs['kafka-username'] ?? '',
      password: outputs['kafka-password'] ?? '',
      mechanism: outputs['kafka-sasl-mechanism'] ?? '',
      securityProtocol: outputs['kafka-security-protocol'] ?? '',
      timeoutMs: 5_000,
    },
    { ca: await readFile(caFile, 'utf8') },
  );
}

function secretsOf(...runs: ActionRun[]): string[] {
  const values = runs.flatMap(({ outputs }) => [outputs['kafka-password'], outputs['api-client-secret']]);
  return [...new Set(values.filter((value) => value !== undefined && value !== ''))].map(String);
}

const isAws = ({ service }: { service: string }) => service === 'secretsmanager';
const isStreamkap = ({ service }: { service: string }) => service === 'streamkap';
