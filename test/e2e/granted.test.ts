import { describe, expect, it } from 'vitest';
import { GrantWatch } from './granted.ts';

const FUNCTION_ARN = 'arn:aws:lambda:eu-central-1:123456789012:function:rotate-password';
const SECRET = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:ci/orders-a1B2c3';
const ROTATED = { 'secretsmanager:resource/AllowRotationLambdaArn': [FUNCTION_ARN] };

function ask(
  accessKeyId: string,
  action: string,
  context: Readonly<Record<string, readonly string[]>> = {},
): () => void {
  const watch = new GrantWatch(FUNCTION_ARN);
  expect(watch.deny({ accessKeyId, action, resource: SECRET, context })).toBeUndefined();
  return () => watch.assertGranted();
}

describe('a watch over what a test asks AWS for', () => {
  it.each([
    ['what the role has', 'PasswordRotation', 'secretsmanager:PutSecretValue', ROTATED],
    [
      'tags that the role may set',
      'GitHubAccess',
      'secretsmanager:TagResource',
      { 'aws:TagKeys': ['streamkap:run-url'] },
    ],
    ['whatever the test asks itself', 'AKIASANDBOXSANDBOX00', 'secretsmanager:DeleteSecret', {}],
  ])('minds nothing of %s', (_, who, action, context) => {
    expect(ask(who, action, context)).not.toThrow();
  });

  it.each([
    ['an action that no policy names', 'PasswordRotation', 'secretsmanager:DeleteSecret', ROTATED],
    ['a secret that the function does not rotate', 'PasswordRotation', 'secretsmanager:PutSecretValue', {}],
    ['an action of another function', 'PasswordRotation', 'secretsmanager:ListSecretVersionIds', ROTATED],
    ['a tag that no policy names', 'GitHubAccess', 'secretsmanager:TagResource', { 'aws:TagKeys': ['streamkap:new'] }],
  ])('tells %s', (_, who, action, context) => {
    expect(ask(who, action, context)).toThrow(`not granted by the stack: ${who} ${action} on ${SECRET}`);
  });
});
