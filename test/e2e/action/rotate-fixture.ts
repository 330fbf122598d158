import { randomUUID } from 'node:crypto';
import type { ActionRun } from '../../runner-harness/run-action.ts';
import type { SandboxOptions } from '../../sandbox/sandbox.ts';
import { fileIn, type Inputs, KINDS, ROTATION_FUNCTION_ARN, SECRET_ID, type World, worldOfTest } from './fixture.ts';

export const FUNCTION_ARN = ROTATION_FUNCTION_ARN;
export const BUNDLE = new URL('../../../functions/dist/rotate-password/index.mjs', import.meta.url).pathname;
export const LOG =
  'https://console.aws.amazon.com/cloudwatch/home?region=eu-central-1#logsV2:log-groups/log-group/$252Faws$252Flambda$252Frotate-password or `aws logs tail /aws/lambda/rotate-password --since 15m --region eu-central-1`';
export const ROTATE = { mode: 'rotate', 'secret-id': SECRET_ID } as const;

export type Strategy = 'single' | 'alternating';

/** A secret with a key's file, as `ensure` leaves it, its rotation set up and tested as a stack does it. */
export async function rotatableWorld(
  strategy: Strategy = 'single',
  options: Pick<SandboxOptions, 'now'> = {},
): Promise<{ world: World; old: ReturnType<typeof fileIn> }> {
  const world = await worldOfTest({ rotation: { maxSequences: 2 }, ...options });
  const { sandbox } = world;
  const old = fileIn(await world.run(KINDS['Kafka-only']));
  const aws = (operation: string, input: object) => sandbox.secretsManager.call(operation, input);
  aws('TagResource', { SecretId: SECRET_ID, Tags: [{ Key: 'streamkap:strategy', Value: strategy }] });
  if (strategy === 'alternating')
    aws('CreateSecret', { Name: `${SECRET_ID}/standby`, ClientRequestToken: randomUUID() });
  sandbox.setBundle({ bundle: BUNDLE, environment: { ROTATION_STRATEGY: strategy } });
  aws('RotateSecret', {
    ...{ SecretId: SECRET_ID, ClientRequestToken: randomUUID(), RotationLambdaARN: FUNCTION_ARN },
    ...{ RotationRules: { AutomaticallyAfterDays: 30 }, RotateImmediately: false },
  });
  await sandbox.secretsManagerServer.idle();
  world.forget();
  return { world, old };
}

/** Runs the Action and waits until no function runs any more. */
export async function rotate(world: World, inputs: Inputs = {}): Promise<ActionRun> {
  const run = await world.run({ ...ROTATE, ...inputs });
  await world.sandbox.secretsManagerServer.idle();
  return run;
}

export const starts = ({ sandbox }: World) => sandbox.log.of('secretsmanager', 'RotateSecret');
export const patches = ({ sandbox }: World) => sandbox.log.of('streamkap', 'PATCH /project-keys/{id}');
export const passwordOf = ({ sandbox }: World, username = 'orders-ci') => sandbox.kafkaUsers.passwordOf(username);
