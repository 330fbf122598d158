import { accessDenied, invalidRequest } from '../aws-error.ts';
import { Input } from '../input.ts';
import { readRules, scheduleNext } from '../schedule.ts';
import { CURRENT, holderOf, moveLabel, PENDING, type Secret, type Version } from '../secret.ts';
import { type AwsResponse, compact, liveSecret, type World } from '../world.ts';

/** Registers a rotation: its version id, which has no value yet, and the settings. The function is called later, by a driver. */
export function rotateSecret(world: World, raw: unknown): AwsResponse {
  const input = new Input(raw, [
    'SecretId',
    'ClientRequestToken',
    'RotationLambdaARN',
    'RotationRules',
    'RotateImmediately',
  ]);
  const secretId = input.secretId();
  const token = input.token() ?? world.randomId();
  const askedArn = input.string('RotationLambdaARN', { min: 0, max: 2048 });
  const rules = readRules(input);
  const testOnly = input.boolean('RotateImmediately') === false;
  const secret = liveSecret(world, secretId);
  const functionArn = askedArn ?? secret.rotation?.functionArn;
  const reply = { ARN: secret.arn, Name: secret.name, VersionId: token };
  if (functionArn === undefined || functionArn === '')
    throw invalidRequest('No Lambda rotation function ARN is associated with this secret.');
  if (!world.canInvoke(functionArn, secret.arn))
    throw accessDenied(
      'Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.',
    );
  const known = checkToken(secret, token);
  // The call again after its answer was lost and its rotation is over: nothing new.
  if (known !== undefined && !known.stages.includes(PENDING)) return reply;
  secret.rotation = {
    enabled: true,
    functionArn,
    rules: rules ?? secret.rotation?.rules ?? {},
    nextAt: secret.rotation?.nextAt,
  };
  scheduleNext(secret, world.now());
  secret.changedAt = world.now();
  if (known === undefined) registerVersion(world, secret, { token, testOnly });
  world.onRotate({ arn: secret.arn, token, testOnly: testOnly || known?.origin === 'test', functionArn });
  return reply;
}

/** The version that already has this id, if it may belong to this rotation. @throws AwsError when another rotation is open. */
function checkToken(secret: Secret, token: string): Version | undefined {
  const pending = holderOf(secret, PENDING);
  if (pending !== undefined && pending.id !== token && !pending.stages.includes(CURRENT))
    throw invalidRequest("A previous rotation isn't complete. That rotation will be reattempted.");
  const known = secret.versions.get(token);
  if (known?.origin === 'put' && known !== pending)
    throw invalidRequest(`ClientRequestToken ${token} is the id of a version that no rotation made.`);
  return known;
}

function registerVersion(
  world: World,
  secret: Secret,
  { token, testOnly }: { token: string; testOnly: boolean },
): void {
  const version: Version = {
    id: token,
    stages: [],
    value: testOnly && world.testVersion === 'copy' ? holderOf(secret, CURRENT)?.value : undefined,
    createdAt: world.now(),
    accessedAt: undefined,
    origin: testOnly ? 'test' : 'rotate',
  };
  secret.versions.set(token, version);
  moveLabel(secret, PENDING, version);
}

export function cancelRotateSecret(world: World, raw: unknown): AwsResponse {
  const secret = liveSecret(world, new Input(raw, ['SecretId']).secretId());
  if (secret.rotation === undefined)
    throw invalidRequest("You tried to cancel rotation on a secret that isn't configured for it.");
  secret.rotation.enabled = false;
  secret.rotation.nextAt = undefined;
  secret.changedAt = world.now();
  if (secret.run !== undefined) secret.run.ended ??= 'cancelled';
  const pending = holderOf(secret, PENDING);
  return compact({
    ARN: secret.arn,
    Name: secret.name,
    VersionId: pending?.stages.includes(CURRENT) === false ? pending.id : undefined,
  });
}
